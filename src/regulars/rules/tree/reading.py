"""A rule from its JSON tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from regulars.rules import model
from regulars.rules.model import (
    Aggregate,
    All,
    Bucket,
    Did,
    End,
    Endmost,
    Everyone,
    How,
    InAudience,
    InList,
    InPulse,
    InStage,
    Not,
    NotFollowed,
    Operator,
    Pulse,
    Rule,
    RuleNotUnderstood,
    Sequence,
    Some,
    Trait,
)
from regulars.rules.tree import operands
from regulars.rules.tree.checks import Node, a_list, a_name, an_object, into, keys, needs, not_both, shown, true

_JOINED: Final = ("all", "any")
_NUMBER_OPERATORS: Final = tuple(operator for operator in Operator if operator in model.OF_NUMBER)
_WHICH: Final = ("did", "where")
_WINDOW: Final = ("within", "between")


def parse_tree(tree: object, *, nodes_max: int = model.nodes_max, depth_max: int = model.depth_max) -> Rule:
    """Raises RuleNotUnderstood, which points at the place by a JSON pointer."""
    return _Reader(nodes_max, depth_max).rule(tree, "", depth=1)


class _Reader:
    """Counts the nodes of one tree as it reads them; the `did`s inside other conditions are nodes as well."""

    def __init__(self, nodes_max: int, depth_max: int) -> None:
        self.nodes = 0
        self.nodes_max = nodes_max
        self.depth_max = depth_max

    def rule(self, tree: object, pointer: str, depth: int) -> Rule:
        self._count(pointer, depth)
        node = an_object(tree, pointer, "a rule")
        kind = _kind(node, pointer)
        return _READ[kind](self, node, kind, pointer, depth)

    def _count(self, pointer: str, depth: int) -> None:
        self.nodes += 1
        if self.nodes > self.nodes_max:
            raise RuleNotUnderstood(f"a rule has at most {self.nodes_max} nodes", pointer=pointer)
        if depth > self.depth_max:
            raise RuleNotUnderstood(f"a rule nests at most {self.depth_max} deep", pointer=pointer)

    def joined(self, node: Node, kind: str, pointer: str, depth: int) -> All | Some:
        keys(node, pointer, (kind,))
        inside = f"{pointer}/{kind}"
        of = tuple(
            self.rule(one, f"{inside}/{place}", depth + 1)
            for place, one in enumerate(a_list(node[kind], inside, self.nodes_max))
        )
        return All(of) if kind == "all" else Some(of)

    def negated(self, node: Node, kind: str, pointer: str, depth: int) -> Not:
        keys(node, pointer, (kind,))
        return Not(self.rule(node[kind], f"{pointer}/{kind}", depth + 1))

    def everyone(self, node: Node, kind: str, pointer: str, depth: int) -> Everyone:
        keys(node, pointer, (kind,))
        true(node[kind], f"{pointer}/{kind}")
        return Everyone()

    def trait(self, node: Node, kind: str, pointer: str, depth: int) -> Trait:
        key = a_name(node[kind], f"{pointer}/{kind}")
        test = operands.value_test(node, pointer, kind, model.TRAIT_OPERATORS, ("held_for",))
        return Trait(key, test, operands.held_for(node, pointer, test))

    def did(self, node: Node, kind: str, pointer: str, depth: int) -> Did | NotFollowed:
        followed = ("then_not", "for")
        keys(node, pointer, (*_WHICH, "times", *_WINDOW, *followed))
        if node.keys().isdisjoint(followed):
            return self._events(node, pointer, (*_WHICH, "times", *_WINDOW))
        needs(node, pointer, "then_not", "for")
        needs(node, pointer, "for", "then_not")
        not_both(node, pointer, "times", "then_not")
        alone = {key: value for key, value in node.items() if key not in followed}
        did = self._events(alone, pointer, (*_WHICH, *_WINDOW))
        by = self._inner(node["then_not"], f"{pointer}/then_not", depth, _WHICH)
        return NotFollowed(did, by, operands.duration(node["for"], f"{pointer}/for"))

    def aggregate(self, node: Node, kind: str, pointer: str, depth: int) -> Aggregate:
        what = a_name(node[kind], f"{pointer}/{kind}")
        test = operands.value_test(node, pointer, kind, _NUMBER_OPERATORS, ("of",), what="number")
        needs(node, pointer, kind, "of")
        if kind == How.AVG:
            operands.in_millionths(test, pointer)
        return Aggregate(How(kind), what, self._inner(node["of"], f"{pointer}/of", depth, (*_WHICH, *_WINDOW)), test)

    def endmost(self, node: Node, kind: str, pointer: str, depth: int) -> Endmost:
        keys(node, pointer, (kind, "has"))
        needs(node, pointer, kind, "has")
        of = self._inner(node[kind], f"{pointer}/{kind}", depth, (*_WHICH, *_WINDOW))
        return Endmost(End(kind), of, operands.property_tests(node["has"], f"{pointer}/has"))

    def sequence(self, node: Node, kind: str, pointer: str, depth: int) -> Sequence:
        keys(node, pointer, (kind, *_WINDOW))
        inside = f"{pointer}/{kind}"
        steps = a_list(node[kind], inside, model.steps_max)
        if len(steps) < model.steps_min:
            raise RuleNotUnderstood(
                "a sequence of one is no sequence",
                pointer=inside,
                expected=(f"{model.steps_min} to {model.steps_max} steps",),
            )
        of = tuple(self._inner(one, f"{inside}/{place}", depth, _WHICH) for place, one in enumerate(steps))
        return Sequence(of, operands.window(node, pointer))

    def member(self, node: Node, kind: str, pointer: str, depth: int) -> InList | InStage | InAudience:
        keys(node, pointer, (kind,))
        slug = a_name(node[kind], f"{pointer}/{kind}")
        match kind:
            case "list":
                return InList(slug)
            case "stage":
                return InStage(slug)
            case _:
                return InAudience(slug)

    def bucket(self, node: Node, kind: str, pointer: str, depth: int) -> Bucket:
        keys(node, pointer, (kind, "share"))
        needs(node, pointer, kind, "share")
        name = a_name(node[kind], f"{pointer}/{kind}")
        return Bucket(name, operands.share(node["share"], f"{pointer}/share"))

    def pulse(self, node: Node, kind: str, pointer: str, depth: int) -> InPulse:
        keys(node, pointer, (kind, "usual_gap"))
        name = a_name(node[kind], f"{pointer}/{kind}")
        known = tuple(map(str, Pulse))
        if name not in known:
            raise RuleNotUnderstood(
                f"there is no pulse {shown(name)}",
                pointer=f"{pointer}/{kind}",
                expected=known,
                nearest=model.nearest(name, known),
            )
        usual = operands.usual_gap(node["usual_gap"], f"{pointer}/usual_gap") if "usual_gap" in node else None
        return InPulse(Pulse(name), usual)

    def _inner(self, tree: object, pointer: str, depth: int, known: tuple[str, ...]) -> Did:
        """A `did` that another node asks about: it says only `known`."""
        self._count(pointer, depth + 1)
        node = an_object(tree, pointer, "a rule about events")
        if "did" not in node:
            _no_such_node(node, pointer, ("did",))
        return self._events(node, pointer, known)

    def _events(self, node: Node, pointer: str, known: tuple[str, ...]) -> Did:
        keys(node, pointer, known)
        return Did(
            operands.events(node["did"], f"{pointer}/did"),
            operands.property_tests(node["where"], f"{pointer}/where") if "where" in node else (),
            operands.times(node["times"], f"{pointer}/times") if "times" in node else model.once,
            operands.window(node, pointer),
        )


_READ: Final[Mapping[str, Callable[[_Reader, Node, str, str, int], Rule]]] = {
    **dict.fromkeys(_JOINED, _Reader.joined),
    "not": _Reader.negated,
    "everyone": _Reader.everyone,
    "trait": _Reader.trait,
    "did": _Reader.did,
    **dict.fromkeys(map(str, How), _Reader.aggregate),
    **dict.fromkeys(map(str, End), _Reader.endmost),
    "sequence": _Reader.sequence,
    "list": _Reader.member,
    "bucket": _Reader.bucket,
    "pulse": _Reader.pulse,
    "stage": _Reader.member,
    "audience": _Reader.member,
}
NODES: Final = tuple(_READ)


def _kind(node: Node, pointer: str) -> str:
    kinds = [key for key in NODES if key in node]
    if len(kinds) > 1:
        raise RuleNotUnderstood(f"{kinds[0]!r} and {kinds[1]!r} cannot stand in one node", pointer=pointer)
    if not kinds:
        _no_such_node(node, pointer, NODES)
    return kinds[0]


def _no_such_node(node: Node, pointer: str, known: tuple[str, ...]) -> NoReturn:
    if not node:
        raise RuleNotUnderstood("an empty node says nothing", pointer=pointer, expected=known)
    key = next(iter(node))
    raise RuleNotUnderstood(
        f"{key[:100]!r} is not understood",
        pointer=into(pointer, key),
        expected=known,
        nearest=model.nearest(key, known),
    )
