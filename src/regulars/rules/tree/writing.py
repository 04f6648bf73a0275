"""A rule as its JSON tree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from regulars.rules import model
from regulars.rules.model import (
    Aggregate,
    All,
    AnyAct,
    Between,
    Bucket,
    DaysAhead,
    Did,
    Endmost,
    Everyone,
    InAudience,
    InList,
    InPulse,
    InStage,
    Moment,
    Named,
    Not,
    NotFollowed,
    Operand,
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
from regulars.rules.values import Value
from regulars.shared.durations import Calendar, format_duration, format_span

Tree = dict[str, object]


def to_tree(rule: Rule) -> Tree:
    """`parse_tree` of it gives the same rule."""
    match rule:
        case All(of):
            return {"all": [to_tree(one) for one in of]}
        case Some(of):
            return {"any": [to_tree(one) for one in of]}
        case Not(one):
            return {"not": to_tree(one)}
        case Everyone():
            return {"everyone": True}
        case Trait(key, test, held_for):
            held = {} if held_for is None else {"held_for": format_duration(held_for)}
            return {"trait": key, **_test(test), **held}
        case Did():
            return _did(rule)
        case Aggregate(how, name, of_events, test):
            return {str(how): name, "of": _did(of_events), **_test(test)}
        case Endmost(end, of_events, has):
            return {str(end): _did(of_events), "has": _property_tests(has)}
        case NotFollowed(did, by, gap):
            return {**_did(did), "then_not": _did(by), "for": format_duration(gap)}
        case Sequence(steps, window):
            return {"sequence": [_did(step) for step in steps], **_window(window)}
        case InList(slug):
            return {"list": slug}
        case Bucket(name, share):
            return {"bucket": name, "share": share}
        case InPulse(pulse, usual):
            return {"pulse": str(pulse), **({} if usual is None else {"usual_gap": _days(usual)})}
        case InStage(slug):
            return {"stage": slug}
        case InAudience(slug):
            return {"audience": slug}


def moment_text(moment: Moment) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _did(rule: Did) -> Tree:
    tree: Tree = {}
    match rule.events:
        case Named(names):
            tree["did"] = names[0] if len(names) == 1 else list(names)
        case Prefixed(prefix):
            tree["did"] = {"prefix": prefix}
        case AnyAct():
            tree["did"] = {"any": True}
    if rule.where:
        tree["where"] = _property_tests(rule.where)
    if rule.times != model.once:
        tree["times"] = {str(rule.times.bound): rule.times.n}
    return {**tree, **_window(rule.window)}


def _window(window: Window | None) -> Tree:
    match window:
        case Within(duration):
            return {"within": format_span(duration)}
        case Between(first, last):
            return {"between": [moment_text(first), moment_text(last)]}
        case None:
            return {}


def _property_tests(tests: tuple[PropertyTest, ...]) -> list[Tree]:
    return [{"property": one.property, **_test(one.test)} for one in tests]


def _test(test: Test) -> Tree:
    return {str(test.operator): _operand(test.operand)}


def _operand(operand: Operand) -> object:
    match operand:
        case Value():
            return operand.json
        case tuple():
            return [value.json for value in operand]
        case date():
            return moment_text(operand)
        case timedelta() | Calendar():
            return format_span(operand)
        case DaysAhead():
            return _days(operand)
        case None:
            return True


def _days(given: DaysAhead | UsualGap) -> int | str:
    return given.days if given.zone is None else f"{given.days}d@{given.zone}"
