"""The JSON tree of a rule, read strictly: an unknown key is an error that names the nearest known one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from regulars.rules import model
from regulars.rules.model import (
    All,
    AnyAct,
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
    Operand,
    Operator,
    Prefixed,
    PropertyTest,
    Rule,
    RuleNotUnderstood,
    Some,
    Test,
    Times,
    Trait,
    Within,
)
from regulars.rules.values import Value, clean_text, value_of
from regulars.shared.durations import UnknownDuration, format_duration, parse_duration
from regulars.shared.forms import NotAValueError

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
Kind = TypeVar("Kind")

NODES: Final = ("all", "any", "not", "everyone", "trait", "did", "stage", "audience")

_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d))?", re.ASCII
)
_years: Final = range(1000, 9000)


def parse_tree(tree: object, *, nodes_max: int = model.nodes_max, depth_max: int = model.depth_max) -> Rule:
    """Raises RuleNotUnderstood, which points at the place by a JSON pointer."""
    return _Reader(nodes_max, depth_max).rule(tree, "", depth=1)


def to_tree(rule: Rule) -> dict[str, object]:
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
        case InStage(slug):
            return {"stage": slug}
        case InAudience(slug):
            return {"audience": slug}
        case Trait(key, test):
            return {"trait": key, **_test_tree(test)}
        case Did():
            return _did_tree(rule)


class _Reader:
    """Counts the nodes of one tree as it reads them."""

    def __init__(self, nodes_max: int, depth_max: int) -> None:
        self.nodes = 0
        self.nodes_max = nodes_max
        self.depth_max = depth_max

    def rule(self, tree: object, pointer: str, depth: int) -> Rule:
        self.nodes += 1
        if self.nodes > self.nodes_max:
            raise RuleNotUnderstood(f"a rule has at most {self.nodes_max} nodes", pointer=pointer)
        if depth > self.depth_max:
            raise RuleNotUnderstood(f"a rule nests at most {self.depth_max} deep", pointer=pointer)
        node = _object(tree, pointer, "a rule")
        kind = _kind(node, pointer)
        inside = f"{pointer}/{kind}"
        match kind:
            case "all" | "any":
                _keys(node, pointer, (kind,))
                of = tuple(
                    self.rule(one, f"{inside}/{place}", depth + 1)
                    for place, one in enumerate(_list(node[kind], inside, self.nodes_max))
                )
                return All(of) if kind == "all" else Some(of)
            case "not":
                _keys(node, pointer, (kind,))
                return Not(self.rule(node[kind], inside, depth + 1))
            case "everyone":
                _keys(node, pointer, (kind,))
                _true(node[kind], inside)
                return Everyone()
            case "stage":
                _keys(node, pointer, (kind,))
                return InStage(_name(node[kind], inside))
            case "audience":
                _keys(node, pointer, (kind,))
                return InAudience(_name(node[kind], inside))
            case "trait":
                key = _name(node[kind], inside)
                return Trait(key, _test(node, pointer, kind, model.TRAIT_OPERATORS))
            case _:
                return _did(node, pointer)


def _kind(node: Mapping[str, object], pointer: str) -> str:
    kinds = [key for key in NODES if key in node]
    if len(kinds) > 1:
        raise RuleNotUnderstood(f"{kinds[0]!r} and {kinds[1]!r} cannot stand in one node", pointer=pointer)
    if not kinds:
        if not node:
            raise RuleNotUnderstood("an empty node says nothing", pointer=pointer, expected=NODES)
        key = next(iter(node))
        raise RuleNotUnderstood(
            f"{key[:100]!r} is not understood",
            pointer=_into(pointer, key),
            expected=NODES,
            nearest=model.nearest(key, NODES),
        )
    return kinds[0]


def _did(node: Mapping[str, object], pointer: str) -> Did:
    _keys(node, pointer, ("did", "where", "times", "within", "between"))
    where = _list(node["where"], f"{pointer}/where", model.conditions_of_event_max) if "where" in node else []
    if "within" in node and "between" in node:
        raise RuleNotUnderstood("'within' and 'between' cannot stand in one node", pointer=pointer)
    window: Within | Between | None = None
    if "within" in node:
        window = Within(_duration(node["within"], f"{pointer}/within"))
    elif "between" in node:
        window = _between(node["between"], f"{pointer}/between")
    return Did(
        _events(node["did"], f"{pointer}/did"),
        tuple(_property_test(one, f"{pointer}/where/{place}") for place, one in enumerate(where)),
        _times(node["times"], f"{pointer}/times") if "times" in node else model.once,
        window,
    )


def _events(tree: object, pointer: str) -> EventNames:
    if isinstance(tree, str):
        return Named((_name(tree, pointer),))
    if isinstance(tree, list | tuple):
        names = _list(tree, pointer, model.values_max)
        return Named(tuple(_name(name, f"{pointer}/{place}") for place, name in enumerate(names)))
    if isinstance(tree, Mapping):
        _keys(tree, pointer, ("prefix", "any"))
        if set(tree) == {"prefix"}:
            return Prefixed(_name(tree["prefix"], f"{pointer}/prefix"))
        if set(tree) == {"any"}:
            _true(tree["any"], f"{pointer}/any")
            return AnyAct()
    raise RuleNotUnderstood(
        "this names no event",
        pointer=pointer,
        expected=("a name", "a list of names", '{"prefix": ".."}', '{"any": true}'),
    )


def _property_test(tree: object, pointer: str) -> PropertyTest:
    node = _object(tree, pointer, "a property condition")
    if "property" not in node:
        key = next(iter(node), "")
        raise RuleNotUnderstood(
            "this names no property", pointer=pointer, expected=("property",), nearest=model.nearest(key, ("property",))
        )
    path = _name(node["property"], f"{pointer}/property")
    return PropertyTest(path, _test(node, pointer, "property", model.PROPERTY_OPERATORS))


def _test(node: Mapping[str, object], pointer: str, kind: str, operators: Sequence[Operator]) -> Test:
    known = [str(operator) for operator in operators]
    _keys(node, pointer, (kind, *known))
    given = [key for key in node if key != kind]
    if len(given) != 1:
        problem = (
            f"{given[0]!r} and {given[1]!r} cannot stand in one condition" if given else f"this {kind} has no operator"
        )
        raise RuleNotUnderstood(problem, pointer=pointer, expected=() if given else known)
    operator = Operator(given[0])
    return Test(operator, _operand(operator, node[operator], f"{pointer}/{operator}"))


def _operand(operator: Operator, tree: object, pointer: str) -> Operand:
    if operator in model.OF_VALUE:
        return _value(tree, pointer)
    if operator in model.OF_VALUES:
        values = _list(tree, pointer, model.values_max)
        return tuple(_value(value, f"{pointer}/{place}") for place, value in enumerate(values))
    if operator in model.OF_NUMBER:
        if isinstance(tree, bool) or not isinstance(tree, int | float):
            raise RuleNotUnderstood(f"{_shown(tree)} is not a number", pointer=pointer, expected=("a number",))
        return _value(tree, pointer)
    if operator in model.OF_MOMENT:
        return _moment(tree, pointer)
    if operator in model.OF_DURATION:
        return _duration(tree, pointer)
    _true(tree, pointer)
    return None


def _times(tree: object, pointer: str) -> Times:
    node = _object(tree, pointer, "a number of times")
    _keys(node, pointer, tuple(Bound))
    if len(node) != 1:
        raise RuleNotUnderstood("a number of times has one bound", pointer=pointer, expected=tuple(Bound))
    bound = Bound(next(iter(node)))
    n, least = node[bound], 1 if bound is Bound.AT_LEAST else 0
    if isinstance(n, bool) or not isinstance(n, int) or not least <= n <= model.times_max:
        raise RuleNotUnderstood(
            f"{_shown(n)} is not such a number",
            pointer=f"{pointer}/{bound}",
            expected=(f"a whole number from {least} to {model.times_max}",),
        )
    return Times(bound, n)


def _between(tree: object, pointer: str) -> Between:
    ends = _list(tree, pointer, 2)
    if len(ends) != 2:
        raise RuleNotUnderstood("'between' has two ends", pointer=pointer, expected=("[first, last]",))
    first, last = (_moment(end, f"{pointer}/{place}") for place, end in enumerate(ends))
    if type(first) is type(last) and first > last:
        raise RuleNotUnderstood("'between' ends before it begins", pointer=pointer)
    return Between(first, last)


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
    raise RuleNotUnderstood(f"{_shown(tree)} is neither a date nor an instant", pointer=pointer, expected=expected)


def _duration(tree: object, pointer: str) -> timedelta:
    try:
        return parse_duration(tree)
    except UnknownDuration as problem:
        raise RuleNotUnderstood(problem.detail.rstrip("."), pointer=pointer) from None


def _value(tree: object, pointer: str) -> Value:
    return _clean(value_of, tree, pointer)


def _name(tree: object, pointer: str) -> str:
    if not isinstance(tree, str) or not tree:
        raise RuleNotUnderstood(f"{_shown(tree)} is not a name", pointer=pointer, expected=("a text",))
    return _clean(clean_text, tree, pointer)


Given = TypeVar("Given")


def _clean(read: Callable[[Given], Kind], tree: Given, pointer: str) -> Kind:
    try:
        return read(tree)
    except NotAValueError as problem:
        raise RuleNotUnderstood(f"{_shown(tree)} {problem}", pointer=pointer) from None


def _object(tree: object, pointer: str, what: str) -> Mapping[str, object]:
    if not isinstance(tree, Mapping) or not all(isinstance(key, str) for key in tree):
        raise RuleNotUnderstood(f"{_shown(tree)} is not {what}", pointer=pointer, expected=("an object",))
    return tree


def _list(tree: object, pointer: str, ceiling: int) -> Sequence[object]:
    if not isinstance(tree, list | tuple) or not tree:
        raise RuleNotUnderstood(f"{_shown(tree)} is not a list with something in it", pointer=pointer)
    if len(tree) > ceiling:
        raise RuleNotUnderstood(f"this list has {len(tree)} entries, {ceiling} are allowed", pointer=pointer)
    return tree


def _true(tree: object, pointer: str) -> None:
    if tree is not True:
        raise RuleNotUnderstood(f"{_shown(tree)} is not understood", pointer=pointer, expected=("true",))


def _keys(node: Mapping[str, object], pointer: str, known: Iterable[str]) -> None:
    words = tuple(str(word) for word in known)
    for key in node:
        if key not in words:
            raise RuleNotUnderstood(
                f"{key[:100]!r} is not understood here",
                pointer=_into(pointer, key),
                expected=words,
                nearest=model.nearest(key, words),
            )


def _into(pointer: str, key: str) -> str:
    return f"{pointer}/{key[:100].replace('~', '~0').replace('/', '~1')}"


def _shown(tree: object) -> str:
    kinds = {dict: "an object", list: "a list", type(None): "null", bool: "true" if tree is True else "false"}
    text = kinds.get(type(tree)) or (
        repr(tree) if isinstance(tree, str) else format(tree) if isinstance(tree, float) else ""
    )
    if not text:
        text = "a number" if isinstance(tree, int) and abs(tree) > 10**15 else str(tree)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _did_tree(rule: Did) -> dict[str, object]:
    tree: dict[str, object] = {}
    match rule.events:
        case Named(names):
            tree["did"] = names[0] if len(names) == 1 else list(names)
        case Prefixed(prefix):
            tree["did"] = {"prefix": prefix}
        case AnyAct():
            tree["did"] = {"any": True}
    if rule.where:
        tree["where"] = [{"property": one.property, **_test_tree(one.test)} for one in rule.where]
    if rule.times != model.once:
        tree["times"] = {str(rule.times.bound): rule.times.n}
    match rule.window:
        case Within(duration):
            tree["within"] = format_duration(duration)
        case Between(first, last):
            tree["between"] = [moment_text(first), moment_text(last)]
        case None:
            pass
    return tree


def _test_tree(test: Test) -> dict[str, object]:
    return {str(test.operator): _operand_tree(test.operand)}


def _operand_tree(operand: Operand) -> object:
    match operand:
        case Value():
            return operand.json
        case tuple():
            return [value.json for value in operand]
        case date():
            return moment_text(operand)
        case timedelta():
            return format_duration(operand)
        case None:
            return True


def moment_text(moment: Moment) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
