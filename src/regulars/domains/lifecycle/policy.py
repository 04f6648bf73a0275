"""What a definition must say, and how answers at instants become moves between stages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from regulars.domains.lifecycle.model import UNKNOWN, Lifecycle, LifecycleMalformed, Move, Stage
from regulars.rules.model import Everyone, Rule, RuleNotUnderstood
from regulars.rules.sentence import parse_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.shared.errors import Fault
from regulars.shared.slugs import SLUG_FORM, is_slug

stages_max: Final = 20
metrics_max: Final = 20
name_chars_max: Final = 120
description_chars_max: Final = 2_000

METRIC: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")

Direction = Literal["forward", "skip", "back"]


def read_lifecycle(slug: str, given: object) -> Lifecycle:
    """A lifecycle from its definition: {name, description?, stages: [{slug, name, description?, enter, metrics?}]}.

    `enter` is a rule's tree or text. Raises LifecycleMalformed with every fault there is, each with its place."""
    return _Reader().lifecycle(slug, given)


def definition_of(lifecycle: Lifecycle) -> dict[str, Any]:
    """The stored form: `read_lifecycle` of it gives the same lifecycle."""
    return {
        "name": lifecycle.name,
        "description": lifecycle.description,
        "stages": [
            {
                "slug": stage.slug,
                "name": stage.name,
                "description": stage.description,
                "enter": to_tree(stage.enter),
                "metrics": list(stage.metrics),
            }
            for stage in lifecycle.stages
        ],
    }


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def lifecycle(self, slug: str, given: object) -> Lifecycle:
        node = self._object(given, "", ("slug", "name", "description", "stages"))
        if not is_slug(slug):
            self._fault("/slug", f"is {SLUG_FORM}")
        if node.get("slug", slug) != slug:
            self._fault("/slug", f"differs from {slug!r}, which is being written")
        name = self._text(node, "", "name", name_chars_max)
        description = self._text(node, "", "description", description_chars_max, needed=False)
        stages = node.get("stages")
        if not isinstance(stages, list) or not 1 <= len(stages) <= stages_max:
            self._fault("/stages", f"is a list of 1 to {stages_max} stages")
            stages = []
        read = tuple(self._stage(stage, f"/stages/{place}") for place, stage in enumerate(stages))
        for place, stage in enumerate(read):
            if stage.slug and stage.slug in [other.slug for other in read[:place]]:
                self._fault(f"/stages/{place}/slug", f"{stage.slug!r} is taken by an earlier stage")
        if self.faults:
            raise LifecycleMalformed(faults=self.faults)
        return Lifecycle(slug, name, description, read)

    def _stage(self, given: object, pointer: str) -> Stage:
        node = self._object(given, pointer, ("slug", "name", "description", "enter", "metrics"))
        slug = node.get("slug", "")
        if not is_slug(slug) or slug == UNKNOWN:
            self._fault(f"{pointer}/slug", f"is {SLUG_FORM}, and not {UNKNOWN!r}")
            slug = ""
        metrics = node.get("metrics", [])
        if not isinstance(metrics, list) or len(metrics) > metrics_max or not all(map(_is_metric, metrics)):
            self._fault(f"{pointer}/metrics", f"is a list of at most {metrics_max} names such as repeat_purchase_rate")
            metrics = []
        return Stage(
            slug,
            self._text(node, pointer, "name", name_chars_max),
            self._text(node, pointer, "description", description_chars_max, needed=False),
            self._rule(node.get("enter"), f"{pointer}/enter"),
            tuple(metrics),
        )

    def _rule(self, given: object, pointer: str) -> Rule:
        try:
            return parse_text(given) if isinstance(given, str) else parse_tree(given)
        except RuleNotUnderstood as error:
            self.faults.extend(Fault(f"{pointer}{fault.pointer}", fault.detail) for fault in error.faults)
            return Everyone()

    def _object(self, given: object, pointer: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self._fault(pointer, "is not an object")
            return {}
        for key in given:
            if key not in known:
                self._fault(f"{pointer}/{str(key)[:100]}", f"is not known here; known are {', '.join(known)}")
        return given

    def _text(self, node: Mapping[str, Any], pointer: str, key: str, chars_max: int, *, needed: bool = True) -> str:
        text = node.get(key, None if needed else "")
        if not isinstance(text, str) or len(text) > chars_max or (needed and not text.strip()):
            self._fault(f"{pointer}/{key}", f"is a text of {'1' if needed else '0'} to {chars_max} characters")
            return ""
        return text.strip()

    def _fault(self, pointer: str, detail: str) -> None:
        self.faults.append(Fault(pointer, detail))


def _is_metric(given: object) -> bool:
    return isinstance(given, str) and METRIC.fullmatch(given) is not None


def direction(from_stage: str, to_stage: str, order: Sequence[str]) -> Direction:
    """To the next stage is forward, past one or more is a skip, to an earlier one is back. Unknown comes before all."""
    places = {slug: place for place, slug in enumerate([UNKNOWN, *order])}
    gap = places.get(to_stage, 0) - places.get(from_stage, 0)
    return "back" if gap <= 0 else "forward" if gap == 1 else "skip"


def reasons(because: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """The stored reason of a move, or of being in a stage, as sentences."""
    found = []
    stopped, rule = because.get("stopped"), because.get("rule")
    if stopped:
        found.append(f"{names.get(stopped['rule'], stopped['rule'])} no longer holds: {stopped['text']}")
    if rule:
        found.append(f"{names.get(rule, rule)} holds: {because.get('text', '')}")
    return found


def because_of(move: Move, texts: Mapping[str, str]) -> dict[str, Any]:
    """The reason of a move, as it is stored."""
    because: dict[str, Any] = {}
    if move.to_stage != UNKNOWN:
        because |= {"rule": move.to_stage, "text": texts[move.to_stage]}
    if move.stopped:
        because["stopped"] = {"rule": move.from_stage, "text": texts[move.from_stage]}
    return because


def stage_of(holds: Sequence[bool], order: Sequence[str]) -> str:
    """The last stage in the order whose rule holds."""
    return next((slug for slug, held in zip(reversed(order), reversed(holds), strict=True) if held), UNKNOWN)


def moves_between(stages: Iterable[tuple[datetime, str]], order: Sequence[str]) -> list[Move]:
    """From where a customer was at ascending instants to their moves. Before the first they were unknown, nobody
    knows since when."""
    places = {slug: place for place, slug in enumerate([UNKNOWN, *order])}
    found: list[Move] = []
    current, since = UNKNOWN, None
    for at, stage in stages:
        if stage != current:
            dwell_s = None if since is None else (at - since).total_seconds()
            found.append(Move(at, current, stage, dwell_s, stopped=places[stage] < places[current]))
            current, since = stage, at
    return found


class Unfolding:
    """The past of some customers, unfolded from what the rules answer at a growing set of instants.

    Something can change when an event or a trait arrives that the rules mention, and at every `changes_at` that falls
    before the next of those. When nothing more is open, every rule's answer is constant between neighbouring instants,
    because each answer was asked until when it stays true; so `moves` are exact. No instant lies after `until`.
    """

    def __init__(self, instants: Mapping[UUID, Iterable[datetime]], order: Sequence[str], *, until: datetime) -> None:
        self._order = tuple(order)
        self._until = until
        self._arrivals = {one: sorted({at for at in given if at <= until}) for one, given in instants.items()}
        self._stages: dict[UUID, dict[datetime, str]] = {one: {} for one in self._arrivals}
        self._open = {(one, at) for one, arrivals in self._arrivals.items() for at in arrivals}

    def take_open(self) -> list[tuple[UUID, datetime]]:
        """Instants to ask about, each handed out once."""
        points = sorted(self._open, key=lambda point: (point[0].bytes, point[1]))
        self._open.clear()
        return points

    def learn(self, customer: UUID, at: datetime, holds: Sequence[bool], changes_at: Sequence[datetime | None]) -> None:
        """One answer of all stages' rules, in the lifecycle's order."""
        known = self._stages[customer]
        known[at] = stage_of(holds, self._order)
        arrivals = self._arrivals[customer]
        place = bisect_right(arrivals, at)
        end = arrivals[place] if place < len(arrivals) else None
        for change in changes_at:
            if change is None or change > self._until or (end is not None and change >= end):
                continue
            if change <= at:
                raise ValueError(f"an answer for {at} claims to end at {change}")
            if change not in known:
                self._open.add((customer, change))

    def moves(self, customer: UUID) -> list[Move]:
        return moves_between(sorted(self._stages[customer].items()), self._order)

    def arrived(self, customer: UUID, at: datetime) -> bool:
        """Whether something happened to the customer at this very instant, or time alone made it special."""
        arrivals = self._arrivals[customer]
        place = bisect_right(arrivals, at)
        return place > 0 and arrivals[place - 1] == at

    @property
    def customers(self) -> Iterator[UUID]:
        return iter(self._arrivals)


def until_seen(unfolding: Unfolding, customer: UUID, seen: str) -> list[Move] | None:
    """The moves that lead to the stage the ticks have seen the customer in. Moves by time alone at the end are left
    for the tick that has yet to see them; None if what the ticks saw cannot be reached so."""
    moves = unfolding.moves(customer)
    while (moves[-1].to_stage if moves else UNKNOWN) != seen:
        if not moves or unfolding.arrived(customer, moves[-1].at):
            return None
        moves.pop()
    return moves
