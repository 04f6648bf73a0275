"""What stands beside an operator, and when and how often events count: the parts of nodes that hold no rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from regulars.rules import model
from regulars.rules.model import (
    AnyAct,
    Between,
    Bound,
    DaysAhead,
    EventNames,
    Moment,
    Named,
    Operand,
    Operator,
    Prefixed,
    PropertyTest,
    RuleNotUnderstood,
    Test,
    Times,
    UsualGap,
    Window,
    Within,
)
from regulars.rules.tree.checks import (
    Node,
    a_list,
    a_name,
    a_number,
    a_value,
    a_whole_number,
    an_object,
    keys,
    not_both,
    shown,
    true,
)
from regulars.rules.values import Value
from regulars.shared.durations import Span, UnknownDuration, check_zone, parse_duration, parse_span

_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d))?", re.ASCII
)
_DAYS: Final = re.compile(r"(\d{1,3})d(?:@([A-Za-z0-9_+/-]{1,60}))?", re.ASCII)
_years: Final = range(1000, 9000)


def events(tree: object, pointer: str) -> EventNames:
    if isinstance(tree, str):
        return Named((a_name(tree, pointer),))
    if isinstance(tree, list | tuple):
        names = a_list(tree, pointer, model.values_max)
        return Named(tuple(a_name(name, f"{pointer}/{place}") for place, name in enumerate(names)))
    if isinstance(tree, Mapping):
        keys(tree, pointer, ("prefix", "any"))
        if set(tree) == {"prefix"}:
            return Prefixed(a_name(tree["prefix"], f"{pointer}/prefix"))
        if set(tree) == {"any"}:
            true(tree["any"], f"{pointer}/any")
            return AnyAct()
    raise RuleNotUnderstood(
        "this names no event",
        pointer=pointer,
        expected=("a name", "a list of names", '{"prefix": ".."}', '{"any": true}'),
    )


def property_tests(tree: object, pointer: str) -> tuple[PropertyTest, ...]:
    tests = a_list(tree, pointer, model.conditions_of_event_max)
    return tuple(_property_test(one, f"{pointer}/{place}") for place, one in enumerate(tests))


def _property_test(tree: object, pointer: str) -> PropertyTest:
    node = an_object(tree, pointer, "a property condition")
    if "property" not in node:
        key = next(iter(node), "")
        raise RuleNotUnderstood(
            "this names no property", pointer=pointer, expected=("property",), nearest=model.nearest(key, ("property",))
        )
    path = a_name(node["property"], f"{pointer}/property")
    return PropertyTest(path, value_test(node, pointer, "property", model.PROPERTY_OPERATORS))


def value_test(
    node: Node, pointer: str, kind: str, operators: Sequence[Operator], beside: Iterable[str] = (), what: str = ""
) -> Test:
    """The one operator of the node. `beside`: what else may stand in it."""
    known = [str(operator) for operator in operators]
    others = (kind, *beside)
    keys(node, pointer, (*others, *known))
    given = [key for key in node if key not in others]
    if len(given) != 1:
        problem = (
            f"{given[0]!r} and {given[1]!r} cannot stand in one condition"
            if given
            else f"this {what or kind} has no operator"
        )
        raise RuleNotUnderstood(problem, pointer=pointer, expected=() if given else known)
    operator = Operator(given[0])
    return Test(operator, _operand(operator, node[operator], f"{pointer}/{operator}"))


def in_millionths(of: Test, pointer: str) -> None:
    """Averages are compared so: only then is there one answer, whoever adds."""
    assert isinstance(of.operand, Value)
    if len(of.operand.text.partition(".")[2].rstrip("0")) > model.decimals_of_average_max:
        raise RuleNotUnderstood(
            f"{of.operand.text} is too fine for an average",
            pointer=f"{pointer}/{of.operator}",
            expected=(f"a number with at most {model.decimals_of_average_max} decimals",),
        )


def held_for(node: Node, pointer: str, of: Test) -> timedelta | None:
    if "held_for" not in node:
        return None
    inside = f"{pointer}/held_for"
    if of.operator not in model.HELD:
        raise RuleNotUnderstood(
            f"'held_for' cannot stand beside {str(of.operator)!r}",
            pointer=inside,
            expected=[str(operator) for operator in Operator if operator in model.HELD],
        )
    return duration(node["held_for"], inside)


def _operand(operator: Operator, tree: object, pointer: str) -> Operand:
    if operator in model.OF_VALUE:
        return a_value(tree, pointer)
    if operator in model.OF_VALUES:
        values = a_list(tree, pointer, model.values_max)
        return tuple(a_value(value, f"{pointer}/{place}") for place, value in enumerate(values))
    if operator in model.OF_NUMBER:
        return a_value(a_number(tree, pointer), pointer)
    if operator in model.OF_MOMENT:
        return _moment(tree, pointer)
    if operator in model.OF_DURATION:
        return _span(tree, pointer)
    if operator in model.OF_DAYS:
        return _days_ahead(tree, pointer)
    true(tree, pointer)
    return None


def times(tree: object, pointer: str) -> Times:
    node = an_object(tree, pointer, "a number of times")
    keys(node, pointer, tuple(Bound))
    if len(node) != 1:
        raise RuleNotUnderstood("a number of times has one bound", pointer=pointer, expected=tuple(Bound))
    bound = Bound(next(iter(node)))
    least = 1 if bound is Bound.AT_LEAST else 0
    return Times(bound, a_whole_number(node[bound], f"{pointer}/{bound}", least, model.times_max))


def window(node: Node, pointer: str) -> Window | None:
    not_both(node, pointer, "within", "between")
    if "within" in node:
        return Within(_span(node["within"], f"{pointer}/within"))
    if "between" in node:
        return _between(node["between"], f"{pointer}/between")
    return None


def _between(tree: object, pointer: str) -> Between:
    ends = a_list(tree, pointer, 2)
    if len(ends) != 2:
        raise RuleNotUnderstood("'between' has two ends", pointer=pointer, expected=("[first, last]",))
    first, last = (_moment(end, f"{pointer}/{place}") for place, end in enumerate(ends))
    if type(first) is type(last) and first > last:
        raise RuleNotUnderstood("'between' ends before it begins", pointer=pointer)
    return Between(first, last)


def share(tree: object, pointer: str) -> float:
    number = a_number(tree, pointer, "a number from 0 to 1")
    if not 0 <= number <= 1:
        raise RuleNotUnderstood(f"{shown(tree)} is not a share", pointer=pointer, expected=("a number from 0 to 1",))
    return float(number)


def duration(tree: object, pointer: str) -> timedelta:
    """An exact one."""
    try:
        return parse_duration(tree)
    except UnknownDuration as problem:
        raise RuleNotUnderstood(problem.detail.rstrip("."), pointer=pointer) from None


def _span(tree: object, pointer: str) -> Span:
    try:
        return parse_span(tree)
    except UnknownDuration as problem:
        raise RuleNotUnderstood(problem.detail.rstrip("."), pointer=pointer) from None


def _days_ahead(tree: object, pointer: str) -> DaysAhead:
    return DaysAhead(*_days_in_zone(tree, pointer, 0, model.days_ahead_max))


def usual_gap(tree: object, pointer: str) -> UsualGap:
    return UsualGap(*_days_in_zone(tree, pointer, 1, model.usual_gap_days_max))


def _days_in_zone(tree: object, pointer: str, least: int, most: int) -> tuple[int, str | None]:
    match = _DAYS.fullmatch(tree) if isinstance(tree, str) else None
    if match is None:
        return a_whole_number(tree, pointer, least, most), None
    try:
        if match[2] is not None:
            check_zone(match[2])
    except UnknownDuration as problem:
        raise RuleNotUnderstood(problem.detail.rstrip("."), pointer=pointer) from None
    return a_whole_number(int(match[1]), pointer, least, most), match[2]


def _moment(tree: object, pointer: str) -> Moment:
    expected = ("a date such as 2026-01-31", "an instant with its offset such as 2026-01-31T09:00:00Z")
    match = _INSTANT.fullmatch(tree) if isinstance(tree, str) else None
    try:
        if match is not None and int(match[1][:4]) in _years:
            if match[2] is None:
                return date.fromisoformat(match[1])
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3]}").astimezone(UTC)
    except ValueError:
        pass
    raise RuleNotUnderstood(f"{shown(tree)} is neither a date nor an instant", pointer=pointer, expected=expected)
