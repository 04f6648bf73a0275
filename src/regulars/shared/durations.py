"""Lengths of time as people write them. Exact ones: `90s`, `15m`, `1h`, `7d`, `2w`. By the calendar: `3mo`, `1y`,
`today`, `this week`, `this month`, `this year`, in the company's time zone or, said so, in another:
`today@Asia/Tokyo`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Final, TypeAlias
from zoneinfo import available_timezones

from regulars.shared.errors import Malformed

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
MONTHS: Final = {"mo": 1, "y": 12}
LONGEST: Final = timedelta(days=36_525)
months_max: Final = 1_200
_FORM: Final = re.compile(r"([0-9]{1,10})(s|m|h|d|w)")
_CALENDAR: Final = re.compile(
    r"(?:([0-9]{1,4})(mo|y)|(today|this week|this month|this year))(?:@([A-Za-z0-9_+/-]{1,60}))?"
)


class Period(StrEnum):
    """The present day, week (from Monday), month or year, from its first midnight on."""

    TODAY = "today"
    THIS_WEEK = "this week"
    THIS_MONTH = "this month"
    THIS_YEAR = "this year"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whole days up to now. So many months: from the midnight that began the same day of the month then, or where
    that month is too short, its last day. `zone` unsaid is the company's."""

    length: int | Period
    zone: str | None = None


Span: TypeAlias = timedelta | Calendar


class UnknownDuration(Malformed):
    """A duration is a whole number and one of s, m, h, d, w: 30m, 7d."""


def parse_duration(text: object) -> timedelta:
    """An exact length of time. Raises UnknownDuration."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnknownDuration(f"{str(text)[:40]!r} is not a duration: write a whole number and s, m, h, d or w (7d).")
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds > LONGEST.total_seconds():
        raise UnknownDuration(f"{text!r} is longer than a hundred years.")
    return timedelta(seconds=seconds)


def parse_span(text: object) -> Span:
    """A length of time, exact or by the calendar. Raises UnknownDuration."""
    match = _CALENDAR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        try:
            return parse_duration(text)
        except UnknownDuration as problem:
            more = "" if "hundred" in problem.detail else " By the calendar: 3mo, 1y, today, this week, month or year."
            raise UnknownDuration(f"{problem.detail}{more}") from None
    number, unit, period, zone = match.groups()
    if zone is not None:
        check_zone(zone)
    if period is not None:
        return Calendar(Period(period), zone)
    months = int(number) * MONTHS[unit]
    if not 1 <= months <= months_max:
        raise UnknownDuration(f"{text!r} is not from one month to a hundred years.")
    return Calendar(months, zone)


def check_zone(zone: str) -> None:
    """That every engine knows it too. Raises UnknownDuration."""
    if zone not in _zones():
        raise UnknownDuration(f"There is no time zone {zone!r}; zones are named as Europe/Berlin.")


@cache
def _zones() -> frozenset[str]:
    """`localtime` is what one machine calls its own."""
    return frozenset(available_timezones() - {"localtime"})


def format_duration(duration: timedelta) -> str:
    """The shortest form that parses back to the same duration. Whole seconds only."""
    seconds = int(duration.total_seconds())
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % UNITS[unit] == 0:
            return f"{seconds // UNITS[unit]}{unit}"
    return f"{seconds}s"


def format_span(span: Span) -> str:
    """Parses back to the same span."""
    if isinstance(span, timedelta):
        return format_duration(span)
    zone = f"@{span.zone}" if span.zone else ""
    match span.length:
        case Period():
            return f"{span.length}{zone}"
        case months if months % 12 == 0:
            return f"{months // 12}y{zone}"
        case months:
            return f"{months}mo{zone}"


_PERIOD_DAYS: Final = {Period.TODAY: 2, Period.THIS_WEEK: 8, Period.THIS_MONTH: 32, Period.THIS_YEAR: 367}


def at_most(span: Span) -> timedelta:
    """How long a span is at most."""
    match span:
        case Calendar(Period() as period):
            return timedelta(days=_PERIOD_DAYS[period])
        case Calendar(int() as months):
            return timedelta(days=31 * months + 2)
        case timedelta():
            return span
    raise AssertionError(span)
