"""What a request carries: bytes, maybe packed, with one message or many."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from regulars.domains.events.model import BodyTooLarge, BodyUnreadable
from regulars.domains.events.policy.flaws import find_flaw, levels_max
from regulars.domains.events.policy.instants import no_instant, parse_instant
from regulars.shared.errors import Fault

body_bytes_max: Final = 500 * 1024
messages_max: Final = 2_500
shared_context_bytes_max: Final = 4 * 1024
_MAGIC: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A batch. Each message stays as it was sent, so that its size is its own and its faults are nobody else's."""

    messages: Sequence[bytes]
    write_key: str | None
    sent_at: datetime | None
    context: Mapping[str, Any] | None


class _Sent(msgspec.Struct, frozen=True, rename="camel"):
    """A batch as its sender writes it."""

    batch: list[msgspec.Raw]
    write_key: str | None = None
    sent_at: str | None = None
    context: dict[str, Any] | None = None


_decoder: Final = msgspec.json.Decoder(_Sent)


def unpack(body: bytes) -> bytes:
    """Told by its first two bytes, because senders lie about the content type. Stops at the ceiling, so that a small
    body cannot fill the memory."""
    if not body.startswith(_MAGIC):
        _check_size(len(body))
        return body.removeprefix(_BOM)
    parts: list[bytes] = []
    room = body_bytes_max + 1
    while body:
        packed = zlib.decompressobj(wbits=31)
        try:
            part = packed.decompress(body, room)
        except zlib.error as error:
            raise BodyUnreadable(f"This begins like gzip and is none: {error}.") from None
        room -= len(part)
        parts.append(part)
        if room == 0:
            _check_size(body_bytes_max + 1)
        if not packed.eof:
            raise BodyUnreadable("The gzip data ends too early.")
        body = packed.unused_data.lstrip(b"\x00")
    return b"".join(parts).removeprefix(_BOM)


def open_batch(body: bytes) -> Envelope:
    """Raises BodyUnreadable for what is wrong with the batch itself, and BodyTooLarge."""
    try:
        sent = _decoder.decode(body)
    except msgspec.ValidationError as error:
        said, _, place = str(error).replace("`", "").partition(" - at $")
        raise _unreadable(f"{said}.", place.replace(".", "/")) from None
    except (ValueError, RecursionError):
        sent = _open_slowly(body)
    if len(sent.batch) > messages_max:
        raise BodyTooLarge(f"A batch may hold {messages_max} messages; this one holds {len(sent.batch)}.")
    if sent.context:
        _check_context(sent.context)
    sent_at = parse_instant(sent.sent_at) if sent.sent_at is not None else None
    if sent.sent_at is not None and sent_at is None:
        raise _unreadable(no_instant(sent.sent_at), "/sentAt")
    return Envelope([bytes(message) for message in sent.batch], sent.write_key, sent_at, sent.context)


def malformed(body: bytes) -> BodyUnreadable:
    """Says where the JSON breaks."""
    try:
        json.loads(body)
    except RecursionError:
        return BodyUnreadable(f"This is nested too deeply; {levels_max} levels are plenty.")
    except UnicodeDecodeError as error:
        return BodyUnreadable(f"This is not UTF-8: byte {error.start} cannot be read.")
    except json.JSONDecodeError as error:
        said = re.sub(r"[.:]$", "", error.msg)
        return BodyUnreadable(f"This is not JSON: {said} at line {error.lineno}, column {error.colno}.")
    except ValueError as error:
        return BodyUnreadable(f"This is not JSON: {error}.")
    return BodyUnreadable("This is not JSON.")


def _open_slowly(body: bytes) -> _Sent:
    """A lone surrogate in one message breaks the quick reading of all. The others must not suffer: each message is
    written out again by itself, and read by itself."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed(body) from None
    if not isinstance(given, dict) or not isinstance(given.get("batch"), list):
        raise BodyUnreadable("A batch is an object with a list named batch.")
    key, sent_at, context = given.get("writeKey"), given.get("sentAt"), given.get("context")
    return _Sent(
        [msgspec.Raw(json.dumps(item, separators=(",", ":")).encode()) for item in given["batch"]],
        key if isinstance(key, str) else None,
        sent_at if isinstance(sent_at, str) else None,
        context if isinstance(context, dict) else None,
    )


def _check_context(context: dict[str, Any]) -> None:
    """It is written into every message of the batch, so it must be small and sound."""
    try:
        raw = json.dumps(context, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except RecursionError:
        raise _unreadable(f"This is nested too deeply; {levels_max} levels are plenty.", "/context") from None
    if len(raw) > shared_context_bytes_max:
        raise BodyTooLarge(f"The context of a batch may have {shared_context_bytes_max} bytes.")
    if flaw := find_flaw(raw):
        raise _unreadable(flaw.reason, f"/context{flaw.pointer}")


def _unreadable(said: str, pointer: str) -> BodyUnreadable:
    return BodyUnreadable(said, faults=[Fault(pointer, said)])


def _check_size(size: int) -> None:
    if size > body_bytes_max:
        raise BodyTooLarge(f"One request may carry {body_bytes_max} bytes, unpacked.")
