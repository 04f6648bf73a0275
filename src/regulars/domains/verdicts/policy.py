"""Which rules mean what: mentions written out, and who must be registered anew when a rule changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from regulars.domains.verdicts.model import Definition, Owner, RuleInForce
from regulars.rules.compile import lots
from regulars.rules.formulas import with_instants
from regulars.rules.model import All, InList, InStage, Not, Rule, RuleNotUnderstood, Some, nearest, walk
from regulars.rules.resolve import Mentions, mentions, resolve, written_out_depth_max, written_out_nodes_max
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree


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

    def written_out(self, rule: Rule, *, audience: str | None = None) -> Rule:
        """The rule over events and traits alone. Raises where it mentions what is not there, or itself."""
        return resolve(rule, audiences=self._audiences, stages=self._stages, name=audience)

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


def meaning(book: Book, one: Definition, zone: ZoneInfo) -> tuple[Rule, bool]:
    """What a definition in this book means for good, and whether only in this time zone. Raises TooWide."""
    written_out = book.written_out(one.rule, audience=one.part if one.owner == "audience" else None)
    fixed = with_instants(written_out, zone)
    lots({"0": fixed}, rules_max=1)
    return fixed, fixed != written_out


def stands(live: RuleInForce | None, one: Definition, meaning: Rule) -> bool:
    """Whether the version in force is this definition with this meaning, so that no new one is needed."""
    return live is not None and live.tree == to_tree(one.rule) and live.written_out == to_tree(meaning)


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


def spoken_of(rules: Iterable[Rule]) -> Mentions:
    """What these rules, with all mentions written out, speak of together."""
    each = [mentions(rule) for rule in rules]
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
