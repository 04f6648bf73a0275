"""The readable form of a rule, as a person would say it. `sentence.py` reads it back to the same rule.

country is "DE" and did "Order Completed" where category is "beauty", revenue at least 50 at least 2 times
in the last 90 days and not did "Page Viewed" in the last 30 days
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from regulars.rules import model
from regulars.rules.model import (
    Aggregate,
    All,
    AnyAct,
    Between,
    Bucket,
    DaysAhead,
    Did,
    End,
    Endmost,
    EventNames,
    Everyone,
    How,
    InAudience,
    InList,
    InPulse,
    InStage,
    Named,
    Not,
    NotFollowed,
    Operator,
    Prefixed,
    PropertyTest,
    Rule,
    Sequence,
    Some,
    Test,
    Trait,
    UsualGap,
    Window,
    Within,
)
from regulars.rules.tree.writing import moment_text
from regulars.rules.values import Kind, Value
from regulars.shared.durations import Calendar, Period, Span
from regulars.shared.forms import number_text

WORDS: Final[Mapping[Operator, str]] = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.EXISTS: "exists",
    Operator.ABSENT: "is absent",
    Operator.AT_LEAST: "at least",
    Operator.MORE_THAN: "more than",
    Operator.AT_MOST: "at most",
    Operator.LESS_THAN: "less than",
    Operator.BEFORE: "before",
    Operator.AFTER: "after",
    Operator.WITHIN_LAST: "within the last",
    Operator.NOT_WITHIN_LAST: "not within the last",
    Operator.ANNIVERSARY_IN: "has its anniversary in the next",
}
"""Of the present day, week, month or year, `the last` is left out: within today."""
AGGREGATES: Final[Mapping[How, str]] = {
    How.SUM: "sum of",
    How.AVG: "average of",
    How.MIN: "minimum of",
    How.MAX: "maximum of",
    How.DISTINCT: "number of different",
}
ENDS: Final[Mapping[End, str]] = {End.LAST: "the last", End.FIRST: "the first"}
ANNIVERSARY_TODAY: Final = "has its anniversary today"

UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

BARE: Final = re.compile(r"[^\W\d][\w$.-]*")
"""A name that needs no quotes, unless it is one of RESERVED."""
RESERVED: Final = frozenset(
    word for operator, words in WORDS.items() if operator not in model.OF_DAYS for word in words.split()
) | frozenset(
    (
        "all",
        "and",
        "any",
        "anything",
        "between",
        "did",
        "everyone",
        "exactly",
        "false",
        "in",
        "or",
        "pulse",
        "true",
        "where",
    )
)
"""The other words of the language mean what they mean only where they stand, and are names elsewhere."""


def to_text(rule: Rule) -> str:
    match rule:
        case All(of):
            return _joined("and", "all of", of)
        case Some(of):
            return _joined("or", "any of", of)
        case Not(of):
            return f"not {_within(of)}"
        case Everyone():
            return "everyone"
        case Trait(key, test, held_for):
            held = "" if held_for is None else f" held for {duration_text(held_for)}"
            return f"{name_text(key)} {_test(test)}{held}"
        case Did():
            return _did(rule)
        case Aggregate(how, name, of_events, test):
            return f"{AGGREGATES[how]} {name_text(name)} over ({_did(of_events)}) {_test(test)}"
        case Endmost(end, of_events, has):
            return f"{ENDS[end]} ({_did(of_events)}) has {_property_tests(has)}"
        case NotFollowed(did, by, gap):
            return f"{_did(did)} then not {_did(by)} for {duration_text(gap)}"
        case Sequence(steps, window):
            return " ".join((f"sequence ({' then '.join(_did(step) for step in steps)})", *_window(window)))
        case InList(slug):
            return f"in list {_quoted(slug)}"
        case Bucket(name, share):
            return f"in bucket {_quoted(name)} share {_share(share)}"
        case InPulse(pulse, usual):
            return f"pulse is {_quoted(pulse)}{_usual_gap(usual)}"
        case InStage(slug):
            return f"in stage {_quoted(slug)}"
        case InAudience(slug):
            return f"in audience {_quoted(slug)}"


def _joined(word: str, lonely: str, parts: tuple[Rule, ...]) -> str:
    if len(parts) == 1:
        return f"{lonely} ({to_text(parts[0])})"
    return f" {word} ".join(_within(part) for part in parts)


def _within(part: Rule) -> str:
    text = to_text(part)
    return f"({text})" if isinstance(part, All | Some) and len(part.of) > 1 else text


def _did(rule: Did) -> str:
    words = ["did", _events(rule.events)]
    if rule.where:
        words += ["where", _property_tests(rule.where)]
    if rule.times != model.once:
        n = rule.times.n
        words.append(f"{rule.times.bound.replace('_', ' ')} {n} {'time' if n == 1 else 'times'}")
    return " ".join((*words, *_window(rule.window)))


def _window(window: Window | None) -> tuple[str, ...]:
    match window:
        case Within(Calendar(Period()) as period):
            return (_calendar(period),)
        case Within(duration):
            return (f"in the last {_span(duration)}",)
        case Between(first, last):
            return (f"between {moment_text(first)} and {moment_text(last)}",)
        case None:
            return ()


def _property_tests(tests: tuple[PropertyTest, ...]) -> str:
    return ", ".join(f"{name_text(one.property)} {_test(one.test)}" for one in tests)


def _events(events: EventNames) -> str:
    match events:
        case Named((name,)):
            return _quoted(name)
        case Named(names):
            return f"one of ({', '.join(_quoted(name) for name in names)})"
        case Prefixed(prefix):
            return f"anything starting with {_quoted(prefix)}"
        case AnyAct():
            return "anything"


def _test(test: Test) -> str:
    words = WORDS[test.operator]
    match test.operand:
        case None:
            return words
        case Value():
            return f"{words} {value_text(test.operand)}"
        case tuple():
            return f"{words} ({', '.join(value_text(value) for value in test.operand)})"
        case Calendar(Period()):
            return f"{words.removesuffix(' the last')} {_calendar(test.operand)}"
        case timedelta() | Calendar():
            return f"{words} {_span(test.operand)}"
        case date():
            return f"{words} {moment_text(test.operand)}"
        case DaysAhead(0, zone):
            return f"{ANNIVERSARY_TODAY}{_in_zone(zone)}"
        case DaysAhead(days, zone):
            return f"{words} {_counted(days, 'day')}{_in_zone(zone)}"


def value_text(value: Value) -> str:
    return _quoted(value.text) if value.kind is Kind.TEXT else value.text


def name_text(name: str) -> str:
    return name if BARE.fullmatch(name) and name not in RESERVED else _quoted(name)


def duration_text(duration: timedelta) -> str:
    """Days rather than weeks: people compare them with "30 days"."""
    seconds = duration // timedelta(seconds=1)
    unit, length = next(((unit, length) for unit, length in UNITS if seconds % length == 0 and seconds), UNITS[-1])
    return _counted(seconds // length, unit)


def _span(span: Span) -> str:
    return duration_text(span) if isinstance(span, timedelta) else _calendar(span)


def _calendar(span: Calendar) -> str:
    match span.length:
        case Period() as period:
            length = str(period)
        case months if months % 12 == 0:
            length = _counted(months // 12, "year")
        case months:
            length = _counted(months, "month")
    return f"{length}{_in_zone(span.zone)}"


def _in_zone(zone: str | None) -> str:
    return "" if zone is None else f" in zone {_quoted(zone)}"


def _counted(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def _usual_gap(usual: UsualGap | None) -> str:
    return "" if usual is None else f" with usual gap {_counted(usual.days, 'day')}{_in_zone(usual.zone)}"


def _share(share: float) -> str:
    return number_text(int(share) if share.is_integer() else share)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
