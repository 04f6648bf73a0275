"""How far back a rule looks: what happened earlier cannot change its answer any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from regulars.rules.model import (
    Aggregate,
    Between,
    Did,
    Endmost,
    InAudience,
    InList,
    InPulse,
    InStage,
    NotFollowed,
    Rule,
    Sequence,
    Window,
    Within,
    walk,
)
from regulars.shared.durations import at_most

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_ZONES: Final = timedelta(hours=26)
"""A day begins somewhere on earth so long before it begins elsewhere, at most."""


def asks_since(rule: Rule, at: datetime) -> datetime:
    """The earliest time of an event that can matter to the rule at this instant or later: `BEGINNING` where it asks for
    all of the past, the instant itself where it asks for no event. What is mentioned and not written out may ask for
    all."""
    return min((_since(part, at) for part in walk(rule)), default=at)


def _since(rule: Rule, at: datetime) -> datetime:
    match rule:
        case Did(window=window) | Aggregate(of=Did(window=window)) | Endmost(of=Did(window=window)):
            return _start(window, at)
        case NotFollowed(did=Did(window=window)) | Sequence(window=window):
            return _start(window, at)
        case InPulse() | InList() | InStage() | InAudience():
            return BEGINNING
        case _:
            return at


def _start(window: Window | None, at: datetime) -> datetime:
    match window:
        case Within(duration):
            length = at_most(duration)
            return at - length if at - BEGINNING > length else BEGINNING
        case Between(datetime() as first):
            return min(first, at)
        case Between(date() as first):
            return min(datetime.combine(first, time(), UTC) - _ZONES, at)
        case _:
            return BEGINNING
