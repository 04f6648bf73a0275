"""Which rules mean what: mentions written out, and who must be registered anew when a rule changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regulars.domains.verdicts.model import AsksBeforeLog, Company, Definition, Owner, RuleInForce
from regulars.rules.compile import lots
from regulars.rules.formulas import with_instants
from regulars.rules.model import All, InList, InStage, Not, Rule, RuleNotUnderstood, Some, nearest, walk
from regulars.rules.reach import asks_since
from regulars.rules.resolve import Mentions, mentions, resolve, written_out_depth_max, written_out_nodes_max
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.shared.forms import number_text


class Book:
    """A set of definitions that may mention one another."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._definitions = {definition.key: definition for definition in definitions}
        stages = [one for one in self._definitions.values() if one.owner == "stage"]
        stages.sort(key=lambda one: (one.position or 0, one.part))
        self._stages = {stage_slug(one.part): one.rule for one in stages}
        self._audiences = {one.part: one.rule for one in self._definitions.values() if one.owner == "audience"}

    def __contains__(self, key: tuple[Owner, str]) -> bool:
        return key in self._definitions

    @property
    def audiences(self) -> Sequence[str]:
        return sorted(self._audiences)

    @property
    def stages(self) -> Sequence[str]:
        return list(self._stages)

    def written_out(self, rule: Rule, *, audience: str | None = None, usual_gap: int | None = None) -> Rule:
        """The rule over events and traits alone. Raises where it mentions what is not there, or itself."""
        return resolve(rule, audiences=self._audiences, stages=self._stages, name=audience, usual_gap=usual_gap)

    def fixed(self, rule: Rule, company: Company, *, audience: str | None = None) -> Rule:
        """The same with nothing left unsaid: what the rule means for good."""
        written_out = self.written_out(rule, audience=audience, usual_gap=company.usual_gap)
        return with_instants(written_out, company.zone)

    def definitions(self, keys: Iterable[tuple[Owner, str]]) -> list[Definition]:
        return [self._definitions[key] for key in keys]

    def with_changes(self, definitions: Iterable[Definition], withdrawn: Iterable[tuple[Owner, str]]) -> Book:
        gone = set(withdrawn)
        kept = [one for key, one in self._definitions.items() if key not in gone]
        return Book([*kept, *definitions])

    def check(self, definitions: Iterable[Definition]) -> None:
        """Raises when one of these rules, which are in this book, mentions what is not there, or itself.

        A stage's own rule may mention stages before it, never itself or a later one: that would be a cycle."""
        for one in definitions:
            match one.owner:
                case "audience":
                    self.written_out(one.rule, audience=one.part)
                case "stage":
                    self.written_out(one.rule)
                    self.stage(stage_slug(one.part))
                case _:
                    self.written_out(one.rule)

    def stage(self, slug: str) -> Rule:
        return self.written_out(InStage(slug))

    def dependents(self, changed: Iterable[tuple[Owner, str]]) -> list[Definition]:
        """All that mention any of these, directly or through others. Every stage counts as mentioned where one is:
        being in a stage means that no later stage's rule holds."""
        reached = set(changed)
        found: dict[tuple[Owner, str], Definition] = {}
        growing = True
        while growing:
            growing = False
            for key, one in self._definitions.items():
                if key not in reached and _mentions_any(one.rule, reached):
                    found[key] = one
                    reached.add(key)
                    growing = True
        return list(found.values())


def stage_slug(part: str) -> str:
    """The stage in ('stage', 'lifecycle/stage')."""
    return part.rpartition("/")[2]


def definition_of(row: RuleInForce) -> Definition:
    return Definition(row.owner, row.part, parse_tree(row.tree), row.position)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a rule means for good, and whether only in the company's time zone, and with its usual gap."""

    rule: Rule
    local: bool
    rhythmic: bool


def meaning(book: Book, one: Definition, company: Company) -> Meaning:
    """What a definition in this book means. Raises TooWide."""
    audience = one.part if one.owner == "audience" else None
    fixed = book.fixed(one.rule, company, audience=audience)
    lots({"0": fixed}, rules_max=1)
    paced = book.written_out(one.rule, audience=audience, usual_gap=company.usual_gap)
    return Meaning(fixed, fixed != paced, paced != book.written_out(one.rule, audience=audience))


def asked_since(rows: Sequence[RuleInForce], at: datetime) -> tuple[datetime, str]:
    """The earliest event that a rule in force or coming can ask for, now or later, and which rule that is."""
    found = [
        (asks_since(rule, at), f"the {row.owner} {row.part!r}")
        for row, rule in zip(rows, meanings(rows).values(), strict=True)
    ]
    return min(found, default=(at, "no rule"))


def check_asks(one: Definition, rule: Rule, at: datetime, log_begins: datetime | None) -> None:
    """Raises AsksBeforeLog: ticks could not answer, since months were taken out of the log."""
    if log_begins is None or asks_since(rule, at) >= log_begins:
        return
    raise AsksBeforeLog(
        f"The rule of the {one.owner} {one.part!r} asks for events from before {log_begins:%Y-%m-%d}, when the log "
        "begins: older months were taken out of it (REGULARS_LOG_MONTHS). Say how far back it looks, as in "
        '"in the last 365 days".'
    )


def stands(live: RuleInForce | None, one: Definition, meaning: Meaning) -> bool:
    """Whether the version in force is this definition with this meaning, so that no new one is needed."""
    return live is not None and live.tree == to_tree(one.rule) and live.written_out == to_tree(meaning.rule)


def newest(rows: Sequence[RuleInForce]) -> Book:
    """What will count once every coming version has been filled."""
    live = {(row.owner, row.part): definition_of(row) for row in rows if row.state == "live"}
    coming = {(row.owner, row.part): definition_of(row) for row in rows if row.state != "live"}
    return Book({**live, **coming}.values())


def meanings(rows: Sequence[RuleInForce]) -> dict[str, Rule]:
    """What each version means, by its id."""
    return {
        str(row.id): parse_tree(row.written_out, nodes_max=written_out_nodes_max, depth_max=written_out_depth_max)
        for row in rows
    }


def together(each: Collection[Mentions]) -> Mentions:
    """What rules, with all their mentions written out, speak of together."""
    return Mentions(
        events=frozenset().union(*(one.events for one in each)),
        prefixes=frozenset().union(*(one.prefixes for one in each)),
        any_event=any(one.any_event for one in each),
        traits=frozenset().union(*(one.traits for one in each)),
    )


def _mentions_any(rule: Rule, keys: Iterable[tuple[Owner, str]]) -> bool:
    named = mentions(rule)
    return any(
        (owner == "audience" and part in named.audiences) or (owner == "stage" and bool(named.stages))
        for owner, part in keys
    )


def told(looked_at: object) -> str | None:
    """What a condition looked at, in words where it is more than one thing."""
    match looked_at:
        case Mapping():
            return f"latest act {looked_at['latest']}, usual gap {days_text(usual_gap_of(looked_at))}"
        case int() | float():
            return number_text(looked_at)
        case _:
            return None if looked_at is None else str(looked_at)


def usual_gap_of(looked_at: Mapping[str, Any]) -> timedelta:
    return timedelta(microseconds=looked_at["usual_gap_us"])


def days_text(gap: timedelta) -> str:
    """To a tenth of a day."""
    tenths = round(gap / timedelta(days=1), 1)
    number = number_text(int(tenths) if tenths.is_integer() else tenths)
    return f"{number} day{'' if tenths == 1 else 's'}"


def lists_in(rule: Rule) -> set[str]:
    """The static lists a rule mentions."""
    return {node.slug for node in walk(rule) if isinstance(node, InList)}


def check_lists(rule: Rule, known: Sequence[str], pointer: str = "") -> None:
    """Raises RuleNotUnderstood, with the place, where a rule mentions a static list that is not there."""
    match rule:
        case All(of):
            for place, one in enumerate(of):
                check_lists(one, known, f"{pointer}/all/{place}")
        case Some(of):
            for place, one in enumerate(of):
                check_lists(one, known, f"{pointer}/any/{place}")
        case Not(of):
            check_lists(of, known, f"{pointer}/not")
        case InList(slug) if slug not in known:
            problem, meant = f"there is no list {slug!r}", nearest(slug, known)
            raise RuleNotUnderstood(problem, pointer=f"{pointer}/list", nearest=meant)
