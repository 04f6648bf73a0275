"""Turns a row, or the rows of one order, into the calls a client would have made. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from regulars.providers.files.fields import BadValueError, Field, as_text, plain, stamp
from regulars.providers.files.mapping import FileMapping, Test
from regulars.providers.files.model import Call, Rejected, Row, Skipped, nearest

_TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
message_id_bytes_max: Final = 100


def to_calls(
    mapping: FileMapping, rows: Sequence[Row], *, position: int, identity: str, at: datetime, zone: tzinfo
) -> tuple[Call, ...] | Rejected | Skipped:
    """The calls of one row (or of the rows of one order), each with a message id that is the same at every import.

    `at` is the time of a customer row that has none; `zone` that of times without one.
    """
    row = _Values(mapping, rows[0], zone)
    row_id = f"import-{identity[:16]}-{mapping.fingerprint}-{position}"
    try:
        if mapping.calls:
            return (_ready(mapping, rows[0], row_id),)
        for test in mapping.skip_when:
            if _holds(test, row):
                return Skipped(f"{_named(test.field.columns)} {test.test.replace('_', ' ')} {', '.join(test.values)}")
        who, timestamp = _who(row), _timestamp(row, at)
        if mapping.kind == "customers":
            return (_identify(row, who, timestamp, row.text(mapping.message_id) or row_id),)
        spoken = _track(row, rows, who, timestamp, row_id)
        identify = _identify(row, who, timestamp, f"{row_id}-who")
    except BadValueError as problem:
        return Rejected(f"{str(problem).rstrip('.')}.", plain(rows[0] if len(rows) == 1 else list(rows)))
    return (identify, spoken) if identify["traits"] or "consents" in identify else (spoken,)


@dataclass(frozen=True, slots=True)
class _Values:
    """One row, seen through the mapping."""

    mapping: FileMapping
    row: Row
    zone: tzinfo

    def get(self, field: Field | None) -> object:
        return field.read(self.row, blank=self.mapping.blank, zone=self.zone) if field else None

    def text(self, field: Field | None) -> str | None:
        value = self.get(field)
        return None if value is None else as_text(value)

    def table(self, fields: Sequence[tuple[str, Field]]) -> dict[str, object]:
        """What is not blank, JSON-ready."""
        found = ((name, self.get(field)) for name, field in fields)
        return {
            name: stamp(value) if isinstance(value, datetime) else value for name, value in found if value is not None
        }


def _timestamp(row: _Values, at: datetime) -> str:
    time = row.mapping.time
    when = row.get(time)
    if not isinstance(when, datetime):
        if row.mapping.kind != "customers":
            raise BadValueError(f"{_named(time.columns if time else ())}: the time is missing")
        return stamp(at)
    try:
        return stamp(when + timedelta(days=row.mapping.shift_days))
    except OverflowError:
        raise BadValueError(f"{when} is out of the calendar when moved by {row.mapping.shift_days} days") from None


def _track(row: _Values, rows: Sequence[Row], who: Mapping[str, str], timestamp: str, row_id: str) -> Call:
    mapping, event = row.mapping, _event(row)
    properties = row.table(mapping.properties) | dict(mapping.constants)
    if mapping.lines:
        lines = (_Values(mapping, one, row.zone).table(mapping.lines.fields) for one in rows)
        properties[mapping.lines.into] = [line for line in lines if line]
    message_id = row.text(mapping.message_id)
    if mapping.order_id:
        order_id = row.text(mapping.order_id)
        if order_id is None:
            raise BadValueError(f"{_named(mapping.order_id.columns)}: the order's number is missing")
        properties.setdefault("order_id", order_id)
        message_id = message_id or _order_message_id(event, order_id)
    call: Call = {"type": "track", "messageId": message_id or row_id, "timestamp": timestamp, "event": event}
    return {**call, **who, "properties": _nested(properties)}


def _identify(row: _Values, who: Mapping[str, str], timestamp: str, message_id: str) -> Call:
    call: Call = {"type": "identify", "messageId": message_id, "timestamp": timestamp}
    traits = row.table(row.mapping.traits)
    if row.mapping.kind == "customers":
        traits |= dict(row.mapping.constants)
    reached = {key: who[key] for key in ("email", "phone") if key in who}
    call |= {**who, "traits": {**reached, **_nested(traits)}}
    consents = _consents(row)
    return call | {"consents": consents} if consents else call


def _who(row: _Values) -> dict[str, str]:
    names = {"user_id": "userId", "anonymous_id": "anonymousId"}
    who = {names.get(name, name): as_text(value) for name, value in row.table(row.mapping.customer).items()}
    if not who:
        columns = [column for _, field in row.mapping.customer for column in field.columns]
        raise BadValueError(f"{_named(columns)}: nothing says which customer this is")
    if "email" in who:
        if not _ADDRESS.fullmatch(who["email"]):
            raise BadValueError(f"{who['email'][:80]!r} is not an e-mail address")
        who["email"] = who["email"].lower()
    return who


def _event(row: _Values) -> str:
    field, names = row.mapping.event.field, dict(row.mapping.event.names)
    if field is None:
        return row.mapping.event.constant
    said = row.text(field)
    if said is None:
        raise BadValueError(f"{_named(field.columns)}: the event's name is missing")
    if names and said not in names:
        raise BadValueError(f"{_named(field.columns)}: {said[:80]!r} names no event.{nearest(said, names)}")
    return names.get(said, said)


def _consents(row: _Values) -> list[dict[str, str]]:
    answers = []
    for consent in row.mapping.consents:
        said = row.text(consent.field)
        if said is None:
            continue
        if said.casefold() not in (*consent.yes, *consent.no):
            raise BadValueError(f"{_named(consent.field.columns)}: {said[:80]!r} is neither among `yes` nor `no`")
        answer = "yes" if said.casefold() in consent.yes else "no"
        answers.append({"channel": consent.channel, "topic": consent.topic, "answer": answer})
    return answers


def _holds(test: Test, row: _Values) -> bool:
    text = row.text(test.field) or ""
    match test.test:
        case "blank":
            return not text
        case "not_blank":
            return bool(text)
        case "is" | "in":
            return text in test.values
        case "is_not" | "not_in":
            return text not in test.values
        case _:
            return text.startswith(test.values)


def _ready(mapping: FileMapping, row: Row, row_id: str) -> Call:
    call: Call = {key: plain(value) for key, value in row.items() if value is not None}
    if call.get("type") not in _TYPES:
        known = nearest(str(call.get("type")), _TYPES)
        raise BadValueError(f"type: {str(call.get('type'))[:40]!r} is none of {', '.join(_TYPES)}.{known}")
    call.setdefault("messageId", call.pop("message_id", None) or f"import-{row_id}")
    if mapping.shift_days:
        for key in ("timestamp", "originalTimestamp", "sentAt", "receivedAt"):
            if isinstance(written := call.get(key), str):
                call[key] = _shifted(key, written, mapping.shift_days)
    return call


def _shifted(key: str, written: str, days: int) -> str:
    try:
        return stamp(datetime.fromisoformat(written) + timedelta(days=days))
    except (ValueError, OverflowError):
        raise BadValueError(f"{key}: {written[:40]!r} is not a time that can be moved") from None


def _order_message_id(event: str, order_id: str) -> str:
    message_id = f"{event.lower().replace(' ', '-')}-{order_id}"
    if len(message_id.encode()) > message_id_bytes_max:
        return f"order-{hashlib.sha256(message_id.encode()).hexdigest()}"
    return message_id


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    """`address.country` becomes country inside address."""
    nested: dict[str, object] = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        inside = nested
        for parent in parents:
            step = inside.setdefault(parent, {})
            if not isinstance(step, dict):
                raise BadValueError(f"{name}: {parent!r} is a value and cannot hold others")
            inside = step
        inside[leaf] = value
    return nested


def _named(columns: Sequence[str]) -> str:
    return " or ".join(columns)
