"""Lists are paged by cursor: the position of the last item seen, opaque to whoever carries it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from regulars.shared.errors import Malformed

page_size_default: Final = 50
page_size_max: Final = 200

T = TypeVar("T")
# JSON can spell what no database can hold.
_SPOKEN: Final = re.compile("[^\\0\ud800-\udfff]*")


class UnknownCursor(Malformed):
    """This cursor was not made by this list; start from the beginning."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: str | None


def encode_cursor(*position: str | int | float) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[object, ...]:
    """The position in the cursor, one value of each kind named, in order."""
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise UnknownCursor from None
    fits = isinstance(position, list) and len(position) == len(kinds)
    if not fits or any(type(value) is not kind for value, kind in zip(position, kinds, strict=True)):
        raise UnknownCursor
    if any(isinstance(value, str) and not _SPOKEN.fullmatch(value) for value in position):
        raise UnknownCursor
    return tuple(position)


def encode_place(at: datetime, id: UUID) -> str:
    """The position of an item in a list by time."""
    return encode_cursor(at.isoformat(), id.hex)


def decode_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, digits = decode_cursor(cursor, str, str)
    try:
        return _instant(at), UUID(hex=str(digits))
    except ValueError:
        raise UnknownCursor from None


def decode_numbered_place(cursor: str | None) -> tuple[datetime, int] | None:
    """The same where items have numbers."""
    if cursor is None:
        return None
    at, number = decode_cursor(cursor, str, int)
    try:
        return _instant(at), int(str(number))
    except ValueError:
        raise UnknownCursor from None


def _instant(text: object) -> datetime:
    at = datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def page_of(rows: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """A page from one row more than the limit: the surplus row only tells that there is a next page."""
    items = rows[:limit]
    return Page(items, cursor_of(items[-1]) if len(rows) > limit and items else None)
