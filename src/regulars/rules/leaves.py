"""What a rule comes down to: a formula over atoms, each of which reads one leaf.

A leaf is what must be known about a customer's history, an atom is a question about it at an instant. They are kept
apart because a leaf is the part that is worth storing: "the 3 latest orders over 50" answers "3 in 30 days", "2 in
a year" and "ever" alike, and is a summary that new events can be folded into. Whatever means the same becomes the
same atom: values as their text forms, negative operators as the negation of the positive one, dates as instants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias

from regulars.rules.model import (
    All,
    Between,
    Bound,
    Did,
    EventNames,
    Everyone,
    InAudience,
    InStage,
    Moment,
    Named,
    Not,
    Operator,
    PropertyTest,
    Rule,
    Some,
    Test,
    Trait,
    Within,
)
from regulars.rules.values import Value

microsecond: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A positive test of one value: the operator is never a negative one, nor `is`, which is `in` one text."""

    operator: Operator
    operand: tuple[str, ...] | float | datetime | timedelta | None


@dataclass(frozen=True, slots=True)
class Where:
    property: str
    test: ValueTest
    negated: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """A leaf: the events that count. The span is of event times, both ends included."""

    events: EventNames
    where: tuple[Where, ...]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """At least n matching events at or before the instant, within that long of it."""

    leaf: Matching
    n: int
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class TraitIs:
    key: str
    test: ValueTest


Atom: TypeAlias = Happened | TraitIs


@dataclass(frozen=True, slots=True)
class Truth:
    pass


@dataclass(frozen=True, slots=True)
class Negation:
    of: Formula


@dataclass(frozen=True, slots=True)
class Junction:
    """All of them, or (`every` false) at least one."""

    every: bool
    of: tuple[Formula, ...]


Formula: TypeAlias = Atom | Truth | Negation | Junction

_NEGATIVE: Final[Mapping[Operator, Operator]] = {
    Operator.IS_NOT: Operator.IN,
    Operator.NOT_IN: Operator.IN,
    Operator.ABSENT: Operator.EXISTS,
    Operator.NOT_WITHIN_LAST: Operator.WITHIN_LAST,
}


def formula(rule: Rule, zone: tzinfo) -> Formula:
    """Stages and audiences must have been resolved. The memo keeps rules that share whole branches from being read
    twice."""
    memo: dict[int, Formula] = {}

    def of(node: Rule) -> Formula:
        found = memo.get(id(node))
        if found is None:
            found = memo[id(node)] = read(node)
        return found

    def read(node: Rule) -> Formula:
        match node:
            case All(parts):
                return _junction(True, [of(part) for part in parts])
            case Some(parts):
                return _junction(False, [of(part) for part in parts])
            case Not(part):
                return _not(of(part))
            case Everyone():
                return Truth()
            case Trait(key, test):
                positive, negated = _value_test(test, zone)
                return _negated_if(negated, TraitIs(key, positive))
            case Did():
                return _did(node, zone)
            case InStage(slug) | InAudience(slug):
                raise ValueError(f"resolve the rule first: it still mentions {slug!r}")

    return of(rule)


def with_instants(rule: Rule, zone: tzinfo) -> Rule:
    """The rule with every bare date as the instants it begins and ends with, so that no zone matters to it any more."""
    match rule:
        case All(parts):
            return All(tuple(with_instants(part, zone) for part in parts))
        case Some(parts):
            return Some(tuple(with_instants(part, zone) for part in parts))
        case Not(part):
            return Not(with_instants(part, zone))
        case Trait(key, Test(Operator.BEFORE | Operator.AFTER as operator, date() as moment)):
            edge = _start if operator is Operator.BEFORE else _end
            return Trait(key, Test(operator, edge(moment, zone)))
        case Did(window=Between(first, last)):
            return replace(rule, window=Between(_start(first, zone), _end(last, zone)))
        case _:
            return rule


def _did(rule: Did, zone: tzinfo) -> Formula:
    events = rule.events
    if isinstance(events, Named):
        events = Named(tuple(sorted(set(events.names))))
    where = tuple(sorted({_where(one, zone) for one in rule.where}, key=repr))
    first = last = within = None
    match rule.window:
        case Within(duration):
            within = duration
        case Between(begin, end):
            first, last = _start(begin, zone), _end(end, zone)
        case None:
            pass
    leaf = Matching(events, where, first, last)

    def at_least(n: int) -> Formula:
        return Happened(leaf, n, within) if n else Truth()

    n = rule.times.n
    match rule.times.bound:
        case Bound.AT_LEAST:
            return at_least(n)
        case Bound.AT_MOST:
            return _not(at_least(n + 1))
        case Bound.EXACTLY:
            return _junction(True, [at_least(n), _not(at_least(n + 1))])


def _where(condition: PropertyTest, zone: tzinfo) -> Where:
    positive, negated = _value_test(condition.test, zone)
    return Where(condition.property, positive, negated)


def _value_test(test: Test, zone: tzinfo) -> tuple[ValueTest, bool]:
    operator, operand = test.operator, test.operand
    positive = Operator.IN if operator is Operator.IS else _NEGATIVE.get(operator, operator)
    match operand:
        case tuple():
            return ValueTest(positive, tuple(sorted({value.text for value in operand}))), positive is not operator
        case Value():
            if positive in _NUMERIC:
                return ValueTest(positive, operand.number), False
            return ValueTest(positive, (operand.text,)), operator in _NEGATIVE
        case date():
            edge = _start(operand, zone) if operator is Operator.BEFORE else _end(operand, zone)
            return ValueTest(positive, edge), False
        case timedelta() | None:
            return ValueTest(positive, operand), operator in _NEGATIVE


_NUMERIC: Final = (Operator.AT_LEAST, Operator.MORE_THAN, Operator.AT_MOST, Operator.LESS_THAN)


def _junction(every: bool, parts: list[Formula]) -> Formula:
    """Flat, each part once. What everyone is decides a junction or leaves it."""
    flat: list[Formula] = []
    for part in parts:
        flat.extend(part.of if isinstance(part, Junction) and part.every is every else [part])
    decided: Formula = Negation(Truth()) if every else Truth()
    left = [part for part in dict.fromkeys(flat) if part != _not(decided)]
    if decided in left:
        return decided
    if not left:
        return _not(decided)
    return left[0] if len(left) == 1 else Junction(every, tuple(left))


def _not(part: Formula) -> Formula:
    return part.of if isinstance(part, Negation) else Negation(part)


def _negated_if(negated: bool, part: Formula) -> Formula:
    return _not(part) if negated else part


def _start(moment: Moment, zone: tzinfo) -> datetime:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return _midnight(moment, zone)


def _end(moment: Moment, zone: tzinfo) -> datetime:
    """The last microsecond that belongs to it."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return _midnight(moment + timedelta(days=1), zone) - microsecond


@lru_cache(maxsize=10_000)
def _midnight(day: date, zone: tzinfo) -> datetime:
    """Where the clocks skip midnight, the day begins at the first instant that carries its date."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
