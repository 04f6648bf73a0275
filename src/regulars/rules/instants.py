"""Lengths of time, and the stretches they make before an instant, as Ibis expressions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import ibis
import ibis.expr.types as ir

from regulars.rules.engines.base import INSTANT, Engine
from regulars.rules.leaves import microsecond
from regulars.shared.durations import Calendar, Period, Span

_PERIODS: Final = {
    Period.TODAY: ("D", ibis.interval(days=1)),
    Period.THIS_WEEK: ("W", ibis.interval(days=7)),
    Period.THIS_MONTH: ("M", ibis.interval(months=1)),
    Period.THIS_YEAR: ("Y", ibis.interval(years=1)),
}


def never_in(engine: Engine) -> ir.TimestampScalar:
    return ibis.literal(engine.never, type=INSTANT)


def length(duration: timedelta) -> ir.IntervalScalar:
    """In microseconds, never days: a day of an interval is a calendar day of the session's time zone."""
    return ibis.interval(microseconds=duration // microsecond)


def begin(engine: Engine, at: ir.TimestampValue, span: Span) -> ir.TimestampValue:
    """The earliest time that is within a span of an instant."""
    if isinstance(span, timedelta):
        return at - length(span)
    day, zone = engine.day(at, _zone(span)), _zone(span)
    if isinstance(span.length, Period):
        return engine.midnight(day.truncate(_PERIODS[span.length][0]), zone)
    return engine.midnight(day - ibis.interval(months=span.length), zone)


def leaves_at(engine: Engine, time: ir.TimestampValue, span: Span) -> ir.TimestampValue:
    """The first instant that no longer has a time within a span of it."""
    if isinstance(span, timedelta):
        return time + length(span + microsecond)
    day, zone = engine.day(time, _zone(span)), _zone(span)
    if isinstance(span.length, Period):
        unit, step = _PERIODS[span.length]
        return engine.midnight(day.truncate(unit) + step, zone)
    # The first day whose day so many months before is a later one. Where that month has no such day, it is the first
    # of the next.
    after = day + ibis.interval(days=1)
    later = after + ibis.interval(months=span.length)
    return engine.midnight(ibis.ifelse(later.day() < after.day(), later + ibis.interval(days=1), later), zone)


def _zone(span: Calendar) -> str:
    return span.zone or "UTC"
