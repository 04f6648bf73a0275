"""When something happened, given clocks that disagree."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
earliest: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> datetime | None:
    """An ISO 8601 date or date and time, as UTC; what names no zone is UTC. None if it is not one."""
    if len(text) > 40 or not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def no_instant(text: str) -> str:
    """What to tell somebody who sent this as a time."""
    return f"{text[:60]!r} is no ISO 8601 time, such as 2026-03-02T09:00:00Z."


def corrected(original_at: datetime | None, sent_at: datetime | None, received_at: datetime) -> datetime:
    """The event's time by our clock: as long before its arrival as the sender says it was before its sending.

    Without a sending time the sender's clock must be believed. Nothing happens after it was received.
    Source: the Segment specification, timestamp = receivedAt - (sentAt - originalTimestamp).
    """
    if original_at is None:
        return received_at
    if sent_at is None:
        return min(original_at, received_at)
    try:
        return min(received_at - (sent_at - original_at), received_at)
    except OverflowError:
        return min(original_at, received_at)
