"""Where a page of a list goes on: the instant and the id (or number) of the last line shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from regulars.domains.events.policy.instants import parse_instant
from regulars.shared.paging import UnknownCursor, decode_cursor


def instant_of(text: object) -> datetime | None:
    if text is None:
        return None
    moment = parse_instant(str(text))
    if moment is None:
        raise UnknownCursor
    return moment


def place_of(after: str | None) -> tuple[datetime | None, UUID | None]:
    if after is None:
        return None, None
    at, digits = decode_cursor(after, str, str)
    try:
        return instant_of(at), UUID(hex=str(digits))
    except ValueError:
        raise UnknownCursor from None
