"""From a rule to its formula over atoms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Final, TypeVar

from regulars.rules.leaves import (
    Beats,
    Came,
    Compares,
    Formula,
    Happened,
    Held,
    InShare,
    IsMarked,
    Junction,
    Lacked,
    Latest,
    Marked,
    Matching,
    Measured,
    Negation,
    Ordered,
    Rhythm,
    TraitIs,
    Truth,
    Unfollowed,
    ValueTest,
    Where,
    micros_per_unit,
    microsecond,
    summed_max,
)
from regulars.rules.model import (
    JOINED,
    LEFT,
    Aggregate,
    All,
    Between,
    Bound,
    Bucket,
    DaysAhead,
    Did,
    End,
    Endmost,
    Everyone,
    How,
    InAudience,
    InList,
    InPulse,
    InStage,
    Moment,
    Named,
    Not,
    NotFollowed,
    Operator,
    PropertyTest,
    Rule,
    Sequence,
    Some,
    Test,
    Trait,
    UsualGap,
    Within,
)
from regulars.rules.values import Value
from regulars.shared.durations import Calendar, Span

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
            case InStage(slug) | InAudience(slug):
                raise ValueError(f"resolve the rule first: it still mentions {slug!r}")
            case _:
                return _condition(node, zone)

    return of(rule)


def _condition(node: Rule, zone: tzinfo) -> Formula:
    match node:
        case Trait(key, test, held_for):
            positive, negated = _value_test(test, zone)
            atom = TraitIs(key, positive) if held_for is None else Held(key, positive, held_for)
            return _negated_if(negated, atom)
        case Did():
            return _did(node, zone)
        case Aggregate():
            return _aggregate(node, zone)
        case Endmost(end, of, has):
            matching = _matching(of, zone)
            by = Matching(matching.events, _wheres(has, zone), None, None)
            return IsMarked(Marked(matching, end, by, _length(of.window, zone)))
        case NotFollowed(did, by, gap):
            leaf = Unfollowed(_matching(did, zone), _matching(by, zone), gap)
            return Lacked(leaf, _length(did.window, zone))
        case Sequence(steps, window):
            first, last = _span(window, zone)
            ordered = Ordered(tuple(replace(_matching(step, zone), first=first, last=last) for step in steps))
            return Came(ordered, _length(window, zone))
        case InList(slug):
            said = Matching(Named((JOINED, LEFT)), (Where("list", ValueTest(Operator.IN, (slug,)), False),), None, None)
            return IsMarked(Marked(said, End.LAST, Matching(Named((JOINED,)), (), None, None), None))
        case InPulse(pulse, usual):
            if usual is None:
                raise ValueError("resolve the rule first: it does not say its usual gap")
            return Beats(Rhythm(usual.days, _in_zone(usual, zone).zone or "UTC"), pulse)
        case Bucket(name, share):
            digits = math.ceil(share * 2**32)
            if digits <= 0:
                return Negation(Truth())
            return Truth() if digits >= 2**32 else InShare(name, f"{digits:08x}")
    raise AssertionError(node)


def with_instants(rule: Rule, zone: tzinfo) -> Rule:
    """The rule with every bare date as the instants it begins and ends with and every stretch of the calendar with its
    time zone, so that the company's zone does not matter to it any more."""

    def fixed(did: Did) -> Did:
        return replace(did, window=_fixed(did.window, zone))

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
        case Trait(key, Test(operator, Calendar() | DaysAhead() as operand)):
            return Trait(key, Test(operator, _in_zone(operand, zone)))
        case Did():
            return fixed(rule)
        case Aggregate(of=of) | Endmost(of=of):
            return replace(rule, of=fixed(of))
        case NotFollowed(did=did):
            return replace(rule, did=fixed(did))
        case Sequence(window=window):
            return replace(rule, window=_fixed(window, zone))
        case InPulse(usual_gap=UsualGap() as usual):
            return replace(rule, usual_gap=_in_zone(usual, zone))
        case _:
            return rule


def _fixed(window: Within | Between | None, zone: tzinfo) -> Within | Between | None:
    match window:
        case Between(first, last):
            return Between(_start(first, zone), _end(last, zone))
        case Within(Calendar() as span):
            return Within(_in_zone(span, zone))
        case _:
            return window


_Zoned = TypeVar("_Zoned", bound=Calendar | DaysAhead | UsualGap)


def _in_zone(span: _Zoned, zone: tzinfo) -> _Zoned:
    return span if span.zone else replace(span, zone=getattr(zone, "key", "UTC"))


def _did(rule: Did, zone: tzinfo) -> Formula:
    leaf, within = Latest(_matching(rule, zone)), _length(rule.window, zone)

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


def _matching(rule: Did, zone: tzinfo) -> Matching:
    events = rule.events
    if isinstance(events, Named):
        events = Named(tuple(sorted(set(events.names))))
    first, last = _span(rule.window, zone)
    return Matching(events, _wheres(rule.where, zone), first, last)


def _wheres(conditions: Iterable[PropertyTest], zone: tzinfo) -> tuple[Where, ...]:
    return tuple(sorted({_where(one, zone) for one in conditions}, key=repr))


def _span(window: Within | Between | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    if isinstance(window, Between):
        return _start(window.first, zone), _end(window.last, zone)
    return None, None


def _length(window: Within | Between | None, zone: tzinfo) -> Span | None:
    if not isinstance(window, Within):
        return None
    return _in_zone(window.duration, zone) if isinstance(window.duration, Calendar) else window.duration


_exact: Final = Context(prec=400)


def _aggregate(rule: Aggregate, zone: tzinfo) -> Formula:
    """Whole millionths decide a sum: a bound between two of them is as good as the nearer one on its side."""
    of, within = _matching(rule.of, zone), _length(rule.of.window, zone)
    operator, operand = rule.test.operator, rule.test.operand
    assert isinstance(operand, Value)
    if rule.how not in (How.SUM, How.AVG):
        return Compares(Measured(of, rule.how, rule.property, within), operator, operand.number)
    exact = _exact.multiply(Decimal(operand.text), Decimal(micros_per_unit))
    if rule.how is How.AVG:
        most = (summed_max + 1) * micros_per_unit
        level = int(max(Decimal(-most), min(Decimal(most), exact)).to_integral_value(context=_exact))
        return Compares(Measured(of, rule.how, rule.property, within, level), operator, 0)
    upwards = operator in (Operator.AT_LEAST, Operator.LESS_THAN)
    most_digits = Decimal(10**37)
    whole = max(-most_digits, min(most_digits, exact)).to_integral_value(
        rounding=ROUND_CEILING if upwards else ROUND_FLOOR, context=_exact
    )
    return Compares(Measured(of, rule.how, rule.property, within), operator, int(whole))


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
        case Calendar() | DaysAhead():
            return ValueTest(positive, _in_zone(operand, zone)), operator in _NEGATIVE
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
