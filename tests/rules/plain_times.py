"""How the plain reading reads lengths of time, days and anniversaries."""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

TICK = timedelta(microseconds=1)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
CALENDAR = r"(?:\d+(?:mo|y)|today|this week|this month|this year)(?:@[^\"]+)?"


def duration(text: str) -> timedelta:
    return timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])


def begin(moment: str, zone: tzinfo) -> datetime:
    if "T" in moment:
        return datetime.fromisoformat(moment)
    return midnight(date.fromisoformat(moment), zone)


def end(moment: str, zone: tzinfo) -> datetime:
    if "T" in moment:
        return datetime.fromisoformat(moment)
    return begin((date.fromisoformat(moment) + timedelta(days=1)).isoformat(), zone) - TICK


def low(text: str, at: datetime, zone: tzinfo) -> datetime:
    """The first instant of a window that ends at this one."""
    if not re.fullmatch(CALENDAR, text):
        return at - duration(text)
    length, _, other = text.partition("@")
    zone = ZoneInfo(other) if other else zone
    return midnight(first_day(length, at.astimezone(zone).date()), zone)


def first_day(length: str, day: date) -> date:
    match length:
        case "today":
            return day
        case "this week":
            return day - timedelta(days=day.weekday())
        case "this month":
            return day.replace(day=1)
        case "this year":
            return day.replace(month=1, day=1)
    months = int(length[:-2]) if length.endswith("mo") else 12 * int(length[:-1])
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant that carries the date."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@cache
def left_behind(text: str, when: datetime, zone: tzinfo) -> datetime:
    """The first midnight at which the window no longer reaches so far back."""
    length, _, other = text.partition("@")
    zone = ZoneInfo(other) if other else zone
    day = when.astimezone(zone).date()
    months = int(re.sub(r"\D", "", length) or 1) * (12 if length.endswith("y") else 1)
    days = [day + timedelta(days=n) for n in range(32 * months + 370)]
    place = bisect_left(days, True, key=lambda one: midnight(first_day(length, one), zone) > when)
    return midnight(days[place], zone)


def days_ahead(operand: Any, zone: tzinfo) -> tuple[int, tzinfo]:
    days, _, other = str(operand).partition("@")
    return int(days.removesuffix("d")), ZoneInfo(other) if other else zone


def has_anniversary(text: str, days: int, zone: tzinfo, at: datetime) -> bool:
    born = day_of(text)
    today = at.astimezone(zone).date()
    coming = [today + timedelta(days=n) for n in range(days + 1)]
    return born is not None and any(day == in_year(born, day.year) for day in coming)


def day_of(text: str) -> date | None:
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        # The calendar has a year 0, and it is a leap year; Python's has not.
        return date.fromisoformat(text[:10] if text[:4] != "0000" else f"2000{text[4:10]}")
    except ValueError:
        return None


def in_year(born: date, year: int) -> date:
    leap_day = (born.month, born.day) == (2, 29) and not calendar.isleap(year)
    return date(year, 2, 28) if leap_day else born.replace(year=year)
