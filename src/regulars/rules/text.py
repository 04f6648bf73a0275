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
    All,
    AnyAct,
    Between,
    Did,
    EventNames,
    Everyone,
    InAudience,
    InStage,
    Named,
    Not,
    Operator,
    Prefixed,
    Rule,
    Some,
    Test,
    Trait,
    Within,
)
from regulars.rules.tree import moment_text
from regulars.rules.values import Kind, Value

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
}

UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

BARE: Final = re.compile(r"[^\W\d][\w$.-]*")
"""A name that needs no quotes, unless it is one of RESERVED."""
RESERVED: Final = frozenset(word for words in WORDS.values() for word in words.split()) | frozenset(
    ("all", "and", "any", "anything", "between", "did", "everyone", "exactly", "false", "in", "or", "true", "where")
)


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
        case Trait(key, test):
            return f"{name_text(key)} {_test(test)}"
        case InStage(slug):
            return f"in stage {_quoted(slug)}"
        case InAudience(slug):
            return f"in audience {_quoted(slug)}"
        case Did():
            return _did(rule)


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
        words += ["where", ", ".join(f"{name_text(one.property)} {_test(one.test)}" for one in rule.where)]
    if rule.times != model.once:
        n = rule.times.n
        words.append(f"{rule.times.bound.replace('_', ' ')} {n} {'time' if n == 1 else 'times'}")
    match rule.window:
        case Within(duration):
            words.append(f"in the last {duration_text(duration)}")
        case Between(first, last):
            words.append(f"between {moment_text(first)} and {moment_text(last)}")
        case None:
            pass
    return " ".join(words)


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
        case timedelta():
            return f"{words} {duration_text(test.operand)}"
        case date():
            return f"{words} {moment_text(test.operand)}"


def value_text(value: Value) -> str:
    return _quoted(value.text) if value.kind is Kind.TEXT else value.text


def name_text(name: str) -> str:
    return name if BARE.fullmatch(name) and name not in RESERVED else _quoted(name)


def duration_text(duration: timedelta) -> str:
    """Days rather than weeks: people compare them with "30 days"."""
    seconds = duration // timedelta(seconds=1)
    unit, length = next(((unit, length) for unit, length in UNITS if seconds % length == 0 and seconds), UNITS[-1])
    n = seconds // length
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
