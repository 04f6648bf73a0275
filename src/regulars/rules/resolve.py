"""Replaces what a rule mentions by rules about events and traits, so that an answer depends on history and instant
alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from regulars.rules.model import (
    JOINED,
    LEFT,
    All,
    AnyAct,
    InAudience,
    InList,
    InPulse,
    InStage,
    Named,
    Not,
    Prefixed,
    Rule,
    RuleNotUnderstood,
    Some,
    Trait,
    UsualGap,
    dids,
    nearest,
    walk,
)

written_out_nodes_max: Final = 5_000
written_out_depth_max: Final = 100


class MentionsItself(RuleNotUnderstood):
    """A rule cannot depend on itself."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a rule names. `any_event` also covers every act of the customer's own; prefixes are not in `events`. Lists
    are events as well: those that make and end membership."""

    events: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    any_event: bool = False
    traits: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()


def mentions(rule: Rule) -> Mentions:
    """Of the rule as it stands: of a resolved rule, also what its audiences and stages come down to."""
    events: set[str] = set()
    prefixes: set[str] = set()
    any_event = False
    traits: set[str] = set()
    audiences: set[str] = set()
    stages: set[str] = set()
    lists: set[str] = set()
    for node in walk(rule):
        for did in dids(node):
            match did.events:
                case Named(names):
                    events.update(names)
                case Prefixed(prefix):
                    prefixes.add(prefix)
                case AnyAct():
                    any_event = True
        match node:
            case Trait(key):
                traits.add(key)
            case InAudience(slug):
                audiences.add(slug)
            case InStage(slug):
                stages.add(slug)
            case InList(slug):
                lists.add(slug)
                events.update((JOINED, LEFT))
            case InPulse():
                any_event = True
            case _:
                pass
    return Mentions(
        events=frozenset(events),
        prefixes=frozenset(prefixes),
        any_event=any_event,
        traits=frozenset(traits),
        audiences=frozenset(audiences),
        stages=frozenset(stages),
        lists=frozenset(lists),
    )


def resolve(
    rule: Rule,
    *,
    audiences: Mapping[str, Rule],
    stages: Mapping[str, Rule],
    name: str | None = None,
    usual_gap: int | None = None,
) -> Rule:
    """The rule with every audience and stage written out. `stages` are those of the lifecycle, in its order.
    `usual_gap`: the company's, in days, by which the pulse is judged where a rule does not say its own.

    Being in a stage is: its rule holds, and no later stage's does. `name` is the audience that the rule defines, if
    any: mentioning it is a cycle even before it is saved. Raises RuleNotUnderstood for a name that does not exist
    and for a rule that becomes too big, MentionsItself for a cycle, with its path (`vip -> big -> vip`)."""
    reader = _Resolver(audiences, stages, usual_gap)
    if name is None:
        return reader.rule(rule, "")[0]
    return reader.written_out(_Mention("audience", name), rule, "")[0]


@dataclass(frozen=True, slots=True)
class _Mention:
    kind: str
    slug: str


_Sized: TypeAlias = tuple[Rule, int, int]
"""A rule, the nodes it has when written out, and its depth."""


@dataclass(slots=True)
class _Resolver:
    audiences: Mapping[str, Rule]
    stages: Mapping[str, Rule]
    usual_gap: int | None = None
    path: list[_Mention] = field(default_factory=list)
    done: dict[_Mention, _Sized] = field(default_factory=dict)

    def rule(self, rule: Rule, pointer: str) -> _Sized:
        match rule:
            case All(of):
                parts = [self.rule(one, f"{pointer}/all/{place}") for place, one in enumerate(of)]
                return self._sized(All(tuple(part for part, _, _ in parts)), parts, pointer)
            case Some(of):
                parts = [self.rule(one, f"{pointer}/any/{place}") for place, one in enumerate(of)]
                return self._sized(Some(tuple(part for part, _, _ in parts)), parts, pointer)
            case Not(of):
                part = self.rule(of, f"{pointer}/not")
                return self._sized(Not(part[0]), [part], pointer)
            case InAudience(slug):
                return self._mentioned(_Mention("audience", slug), self.audiences, f"{pointer}/audience")
            case InStage(slug):
                return self._mentioned(_Mention("stage", slug), self.stages, f"{pointer}/stage")
            case InPulse(pulse, None) if self.usual_gap is not None:
                return InPulse(pulse, UsualGap(self.usual_gap)), 1, 1
            case _:
                inside = [did for did in dids(rule) if did is not rule]
                return rule, 1 + len(inside), 2 if inside else 1

    def _sized(self, rule: Rule, parts: list[_Sized], pointer: str) -> _Sized:
        nodes, depth = 1 + sum(nodes for _, nodes, _ in parts), 1 + max(depth for _, _, depth in parts)
        if nodes > written_out_nodes_max or depth > written_out_depth_max:
            raise RuleNotUnderstood(
                f"with its audiences and stages written out, this rule has more than {written_out_nodes_max} nodes"
                f" or nests more than {written_out_depth_max} deep",
                pointer=self._outermost(pointer),
            )
        return rule, nodes, depth

    def _mentioned(self, mention: _Mention, known: Mapping[str, Rule], pointer: str) -> _Sized:
        if mention.slug not in known and mention not in self.path:
            raise RuleNotUnderstood(
                f"there is no {mention.kind} {mention.slug!r}",
                pointer=self._outermost(pointer),
                nearest=nearest(mention.slug, known),
            )
        if mention in self.path:
            cycle = [*self.path[self.path.index(mention) :], mention]
            raise MentionsItself(
                f"this rule depends on itself: {' -> '.join(one.slug for one in cycle)}",
                pointer=self._outermost(pointer),
            )
        return self.written_out(mention, known[mention.slug], pointer)

    def written_out(self, mention: _Mention, rule: Rule, pointer: str) -> _Sized:
        if mention not in self.done:
            self.path.append(mention)
            found = self.rule(rule, pointer)
            if mention.kind == "stage":
                found = self._and_no_later(mention, found, pointer)
            self.path.pop()
            self.done[mention] = found
        return self.done[mention]

    def _and_no_later(self, mention: _Mention, own: _Sized, pointer: str) -> _Sized:
        order = list(self.stages)
        later = []
        for slug in order[order.index(mention.slug) + 1 :]:
            self.path.append(_Mention("rule of stage", slug))
            later.append(self.rule(self.stages[slug], pointer))
            self.path.pop()
        if not later:
            return own
        some = self._sized(Some(tuple(rule for rule, _, _ in later)), later, pointer)
        none = self._sized(Not(some[0]), [some], pointer)
        return self._sized(All((own[0], none[0])), [own, none], pointer)

    def _outermost(self, pointer: str) -> str:
        """Inside another audience's rule a place in this one means nothing."""
        return pointer if not self.path else ""
