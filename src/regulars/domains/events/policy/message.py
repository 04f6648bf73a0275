"""One call of the Segment specification becomes one row of the inbox, or is refused with its reason.

Runs for every event there is: what most messages need is done in few steps, what is rare is found slowly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from regulars.domains.events.model import CAUSED, CAUSED_PREFIX, CONSENT_ANSWERS, KINDS, InboxRow, Rejection
from regulars.domains.events.policy.flaws import find_flaw, is_sound
from regulars.domains.events.policy.identifiers import chars_max, is_blocked, mail_of, phone_of, text_of
from regulars.domains.events.policy.instants import corrected, earliest, no_instant, parse_instant
from regulars.domains.events.policy.traits import flat_traits

message_bytes_max: Final = 32 * 1024
name_chars_max: Final = 200
consents_max: Final = 20
_CAUSED: Final = frozenset(name.lower() for name in CAUSED)
_FIXED_NAMES: Final = {
    "identify": "Identified",
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "group": "Grouped",
    "alias": "Aliased",
}
_CONSENT_PART: Final = re.compile(r"[a-z0-9_-]{1,60}")
_PLACE: Final = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)

Identifier = str | int | float | None
Whole = dict[str, Any] | list[Any] | None


class Call(msgspec.Struct, rename="camel"):
    """A message as senders write it. Fields it does not name are theirs to send and ours to ignore."""

    type: str | None = None
    message_id: str | int | None = None
    user_id: Identifier = None
    anonymous_id: Identifier = None
    previous_id: Identifier = None
    group_id: Identifier = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: Whole = None
    traits: Whole = None
    context: Whole = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    write_key: str | None = None
    email: Any = None
    phone: Any = None
    consents: Any = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of every message of one request.

    `sent_at` and `context` stand on a batch and hold where a message says nothing itself. The timestamps of history are
    data: no clock corrects them. What is `trusted`, because the company itself imports it, names its customers by
    `email` and `phone` too and may bring `consents`; a write key is known to every browser, so it may not.
    """

    received_at: datetime
    source: str
    make_message_id: Callable[[], str]
    historical: bool = False
    trusted: bool = False
    sent_at: datetime | None = None
    context: Mapping[str, Any] | None = None


class _Keyed(msgspec.Struct, rename="camel"):
    write_key: Any = None


class _Unfit(Exception):
    def __init__(self, code: str, reason: str, pointer: str) -> None:
        self.rejection = Rejection(code, reason, pointer)


_decoder: Final = msgspec.json.Decoder(Call)
_key_decoder: Final = msgspec.json.Decoder(_Keyed)


def key_in(raw: bytes) -> str | None:
    """The write key of a message whatever else is wrong with it."""
    try:
        key = _key_decoder.decode(raw).write_key
    except (ValueError, RecursionError):
        return None
    return key if isinstance(key, str) else None


def read_sent(raw: bytes, kind: str | None, arrival: Arrival) -> InboxRow | Rejection:
    """`kind` is what the address said; in a batch each message says it itself."""
    call = decode_call(raw)
    return call if isinstance(call, Rejection) else read_message(raw, call, kind, arrival)


def decode_call(raw: bytes) -> Call | Rejection:
    """The message's fields, each of its type."""
    if len(raw) > message_bytes_max:
        reason = f"A message may have {message_bytes_max} bytes; this one has {len(raw)}."
        return Rejection("message_too_large", reason, "")
    if b"\\u0000" in raw and (flaw := find_flaw(raw)):
        return flaw
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:
        return find_flaw(raw) or _wrong_type(error)
    except RecursionError:
        return find_flaw(raw) or Rejection("too_deep", "This message is nested too deeply.", "")
    except ValueError as error:
        return find_flaw(raw) or Rejection("malformed_json", f"This is not JSON: {error}.", "")


def read_message(raw: bytes, call: Call, kind: str | None, arrival: Arrival) -> InboxRow | Rejection:
    """A call that was decoded: what the inbox holds of it, or why it is refused."""
    try:
        return _row(raw, call, kind or _kind_of(call), arrival)
    except _Unfit as unfit:
        name = call.message_id
        return msgspec.structs.replace(unfit.rejection, message_id=None if name is None else str(name)[:chars_max])


def _row(raw: bytes, call: Call, kind: str, arrival: Arrival) -> InboxRow:
    properties = _whole(call.properties, "properties", raw)
    context = _whole(call.context, "context", raw)
    if arrival.context:
        context = {**arrival.context, **context}
    original_at = _instant(call.original_timestamp, "originalTimestamp") or _instant(call.timestamp, "timestamp")
    sent_at = _instant(call.sent_at, "sentAt") or arrival.sent_at
    at = corrected(original_at, None if arrival.historical else sent_at, arrival.received_at)
    if at < earliest or (original_at and original_at < earliest):
        field = "originalTimestamp" if call.original_timestamp else "timestamp"
        raise _Unfit("timestamp_too_old", "Nothing is recorded that happened before 1970.", f"/{field}")
    traits: dict[str, Any] = {}
    if kind in ("identify", "group"):
        traits = _whole(call.traits, "traits", raw)
    if kind == "identify" and type(around := context.get("traits")) is dict:
        traits = {**around, **traits}
    name = _FIXED_NAMES.get(kind) or _event_name(call)
    identified = traits if kind == "identify" else {}
    user_id, anonymous_id, email, phone = _identifiers(call, identified, trusted=arrival.trusted)
    return InboxRow(
        message_id=_message_id(call) or arrival.make_message_id(),
        kind=kind,
        name=name,
        at=at,
        received_at=arrival.received_at,
        original_at=original_at,
        sent_at=sent_at,
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=_previous_id(call, user_id) if kind == "alias" else None,
        email=email,
        phone=phone,
        by_customer=True,
        historical=arrival.historical,
        source=arrival.source,
        properties=_properties(call, kind, properties, traits),
        traits=_flat(identified, call) if identified else {},
        consents=_consents(call, name, properties, arrival),
        context=context,
    )


def _kind_of(call: Call) -> str:
    if call.type is None:
        raise _Unfit("type_missing", f"A message in a batch has a type: {', '.join(KINDS)}.", "/type")
    if call.type not in KINDS:
        raise _Unfit("type_unknown", f"{call.type[:40]!r} is no type; the types are {', '.join(KINDS)}.", "/type")
    return call.type


def _whole(value: Whole, field: str, raw: bytes) -> dict[str, Any]:
    """An object. An empty list is what PHP makes of an empty one."""
    if not value:
        return {}
    if type(value) is not dict:
        raise _Unfit("wrong_type", f"Expected an object for {field}, got an array.", f"/{field}")
    if not is_sound(value):
        flaw = find_flaw(raw) or Rejection("too_deep", "This is nested too deeply.", f"/{field}")
        raise _Unfit(flaw.code, flaw.reason, flaw.pointer)
    return value


def _instant(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    moment = parse_instant(text)
    if moment is None:
        raise _Unfit("timestamp_unreadable", no_instant(text), f"/{field}")
    return moment


def _message_id(call: Call) -> str | None:
    given = call.message_id
    if given is None:
        return None
    name = str(given).strip()
    if len(name) > chars_max:
        raise _Unfit("message_id_too_long", f"A messageId has {chars_max} characters at most.", "/messageId")
    if name.startswith(CAUSED_PREFIX):
        raise _Unfit("message_id_reserved", f"Only Regulars itself makes ids with {CAUSED_PREFIX!r}.", "/messageId")
    return name or None


def _event_name(call: Call) -> str:
    name = (call.event or "").strip()
    if not name:
        raise _Unfit("event_missing", "A track call names its event.", "/event")
    if len(name) > name_chars_max:
        raise _Unfit("event_too_long", f"The name of an event has {name_chars_max} characters at most.", "/event")
    if name.lower() in _CAUSED:
        reason = f"{name!r} is recorded when Regulars itself makes it happen; from outside it would be a forgery."
        raise _Unfit("event_reserved", reason, "/event")
    return name


def _identifiers(
    call: Call, traits: Mapping[str, Any], *, trusted: bool
) -> tuple[str | None, str | None, str | None, str | None]:
    """At least one of them. A blocked value is dropped, and named if nothing is left."""
    user_id = _identifier(call.user_id, "userId")
    anonymous_id = _identifier(call.anonymous_id, "anonymousId")
    email = mail_of(traits.get("email")) or (mail_of(call.email) if trusted else None)
    phone = phone_of(traits.get("phone")) or (phone_of(call.phone) if trusted else None)
    if user_id or anonymous_id or email or phone:
        return user_id or None, anonymous_id or None, email, phone
    for value, field in ((call.user_id, "userId"), (call.anonymous_id, "anonymousId")):
        if value is not None:
            raise _blocked(value, field)
    raise _Unfit("identifier_missing", "A message names its customer by userId or anonymousId; this one does not.", "")


def _identifier(value: Identifier, field: str) -> str | None:
    """The identifier, or None if there is none to go by."""
    if value is None:
        return None
    identifier = text_of(value)
    if len(identifier) > chars_max:
        raise _Unfit("identifier_too_long", f"An identifier has {chars_max} characters at most.", f"/{field}")
    return None if is_blocked(identifier) else identifier


def _blocked(value: str | int | float, field: str) -> _Unfit:
    reason = f"{field} {str(value)[:60]!r} is a placeholder, not a person: it would make strangers one customer."
    return _Unfit("identifier_blocked", reason, f"/{field}")


def _previous_id(call: Call, user_id: str | None) -> str | None:
    """None if the customer is the same already: such an alias changes nothing."""
    if user_id is None:
        if call.user_id is not None:
            raise _blocked(call.user_id, "userId")
        raise _Unfit("user_id_missing", "An alias says by userId who previousId is.", "/userId")
    if call.previous_id is None:
        raise _Unfit("previous_id_missing", "An alias says by previousId who the customer was.", "/previousId")
    previous = _identifier(call.previous_id, "previousId")
    if previous is None:
        raise _blocked(call.previous_id, "previousId")
    return None if previous == user_id else previous


def _properties(call: Call, kind: str, properties: dict[str, Any], traits: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case "page" | "screen":
            said = {"name": call.name, "category": call.category}
            return {**properties, **{key: value for key, value in said.items() if value}}
        case "group":
            group = text_of(call.group_id) if call.group_id is not None else ""
            if not group or len(group) > chars_max:
                raise _Unfit("group_id_missing", f"A group has an id of 1 to {chars_max} characters.", "/groupId")
            return {**properties, "group_id": group, **({"traits": dict(traits)} if traits else {})}
        case "track":
            return properties
        case _:
            return {}


def _flat(traits: Mapping[str, Any], call: Call) -> dict[str, dict[str, Any]]:
    flat = flat_traits(traits)
    if isinstance(flat, Rejection):
        above = "/traits" if call.traits else "/context/traits"
        raise _Unfit(flat.code, flat.reason, above + flat.pointer)
    return flat


def _consents(call: Call, name: str, properties: Mapping[str, Any], arrival: Arrival) -> list[dict[str, str]]:
    answer = CONSENT_ANSWERS.get(name)
    if answer is not None:
        return [_consent(properties, answer, "/properties")]
    if not arrival.trusted or call.consents is None:
        return []
    if type(call.consents) is not list or len(call.consents) > consents_max:
        raise _Unfit("wrong_type", f"Expected a list of up to {consents_max} consents.", "/consents")
    consents = []
    for index, given in enumerate(call.consents):
        if type(given) is not dict or given.get("answer") not in ("yes", "no"):
            raise _Unfit("consent_unclear", "A consent is answered yes or no.", f"/consents/{index}/answer")
        consents.append(_consent(given, given["answer"], f"/consents/{index}"))
    return consents


def _consent(given: Mapping[str, Any], answer: str, pointer: str) -> dict[str, str]:
    """For marketing by e-mail unless it says otherwise."""
    consent = {"answer": answer}
    for part, unsaid in (("channel", "email"), ("topic", "marketing")):
        value = given.get(part)
        text = unsaid if value is None else value.strip().lower() if type(value) is str else ""
        if not _CONSENT_PART.fullmatch(text):
            reason = f"The {part} of a consent is a word of up to 60 letters, digits, - and _."
            raise _Unfit("consent_unclear", reason, f"{pointer}/{part}")
        consent[part] = text
    return consent


def _wrong_type(error: msgspec.ValidationError) -> Rejection:
    match = _PLACE.fullmatch(str(error))
    said, place = (match[1], match[2] or "") if match else (str(error), "")
    pointer = re.sub(r"\[(\d+)\]", r"/\1", place.replace("[...]", "")).replace(".", "/")
    return Rejection("wrong_type", f"{said}.".replace("`", ""), pointer)
