"""Phase 1: the facts of every leaf, straight from the history. One pass over the events of the scope and one over its
trait values, however many rules there are; a leaf about the order of events takes a pass of its own.

Here the pieces of `fragments.py` are put together by column names; no value of a rule passes through this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from regulars.rules import fragments
from regulars.rules.engines.base import Engine
from regulars.rules.leaves import (
    Atom,
    Beats,
    Came,
    Compares,
    EventLeaf,
    Happened,
    Held,
    InShare,
    IsMarked,
    Lacked,
    Latest,
    Marked,
    Matching,
    Measured,
    Ordered,
    Rhythm,
    TraitIs,
    Unfollowed,
    acts,
)
from regulars.rules.model import EventNames
from regulars.rules.rhythm import of_rhythm
from regulars.shared.durations import Span, at_most

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Wanted:
    """The leaves that some atoms read. Of the latest, how many times at most, and how many are asked for within which
    windows; None: ever."""

    latest: dict[Latest, int] = field(default_factory=dict)
    asked: dict[Latest, set[tuple[int, Span | None]]] = field(default_factory=dict)
    others: dict[Measured | Marked, None] = field(default_factory=dict)
    orders: dict[Unfollowed | Ordered | Rhythm, None] = field(default_factory=dict)
    traits: dict[tuple[str, str], None] = field(default_factory=dict)
    held: dict[TraitIs, None] = field(default_factory=dict)

    @classmethod
    def of(cls, atoms: Iterable[Atom]) -> Wanted:
        wanted = cls()
        for atom in atoms:
            match atom:
                case TraitIs(key, test):
                    wanted.traits[key, fragments.form_read(test)] = None
                case Held(key, test):
                    wanted.traits[key, fragments.form_read(test)] = None
                    wanted.held[TraitIs(key, test)] = None
                case Happened(leaf, n, within):
                    wanted.latest[leaf] = max(n, wanted.latest.get(leaf, 0))
                    wanted.asked.setdefault(leaf, set()).add((n, within))
                case Compares(measured):
                    wanted.others[measured] = None
                case IsMarked(marked):
                    wanted.others[marked] = None
                case Lacked(unfollowed):
                    wanted.orders[unfollowed] = None
                case Came(ordered):
                    wanted.orders[ordered] = None
                case Beats(rhythm):
                    wanted.orders[rhythm] = None
                case InShare():
                    pass
        return wanted

    def by_events(self) -> list[Wanted]:
        """The leaves that share one pass, those that look at the same names together."""
        parts: dict[EventNames, Wanted] = {}
        for latest, n in self.latest.items():
            part = parts.setdefault(latest.of.events, Wanted())
            part.latest[latest] = n
            part.asked[latest] = self.asked[latest]
        for leaf in self.others:
            parts.setdefault(leaf.of.events, Wanted()).others[leaf] = None
        return list(parts.values())

    @property
    def widest(self) -> timedelta | None:
        """What happened longer ago than this counts for none of the leaves that share a pass; None: all may count."""
        windows = {within for asked in self.asked.values() for _, within in asked}
        windows |= {leaf.within for leaf in self.others}
        return None if None in windows else max((at_most(one) for one in windows if one is not None), default=None)

    def matchings(self) -> list[Matching]:
        """What the leaves that share one pass look at."""
        return [leaf.of for leaf in (*self.latest, *self.others)]


def matchings_of(leaf: EventLeaf) -> tuple[Matching, ...]:
    """All whose events the leaf looks at."""
    match leaf:
        case Unfollowed(of, by):
            return of, by
        case Ordered(steps):
            return steps
        case Rhythm():
            return (acts,)
        case _:
            return (leaf.of,)


def facts(engine: Engine, wanted: Wanted, everyone_at: datetime | None, kept: Source | None = None) -> str:
    """One row per row of scope, also for customers of whom nothing is known. `kept` has what would share the one pass
    over the events."""
    scope = '"scope"'
    if everyone_at is not None:
        instant = fragments.instant(engine, everyone_at)
        scope = f'(SELECT "customer_id", {instant} AS "at" FROM "customers")'  # noqa: S608 - pieces that Ibis wrote
    events = of_events(engine, wanted, everyone_at) if kept is None else [kept]
    orders = [_of_order(engine, order, everyone_at) for order in wanted.orders]
    return joined(scope, [*events, *orders, *of_traits(engine, wanted, scope)])


@dataclass(frozen=True, slots=True)
class Source:
    """A query that yields, for some rows of the scope, one row with these columns."""

    columns: tuple[str, ...]
    sql: str
    at_one_instant: bool = False
    """It has no `at`: the scope has but one."""


def joined(scope: str, sources: Sequence[Source]) -> str:
    # Said in full: of columns that both sides of a join have, ClickHouse keeps the side in the name.
    columns, relation = ['"t0"."customer_id" AS "customer_id"', '"t0"."at" AS "at"'], f'{scope} AS "t0"'
    for place, source in enumerate(sources, start=1):
        columns.extend(f'"t{place}"."{name}"' for name in source.columns)
        relation += f' LEFT JOIN ({source.sql}) AS "t{place}" ON "t0"."customer_id" = "t{place}"."customer_id"'
        if not source.at_one_instant:
            relation += f' AND "t0"."at" = "t{place}"."at"'
    return f"SELECT {', '.join(columns)} FROM {relation}"  # noqa: S608 - pieces that Ibis wrote


def of_events(engine: Engine, wanted: Wanted, everyone_at: datetime | None) -> list[Source]:
    """Over everyone at one instant, leaves that count events of other names take passes of their own: a pass that
    looks at few rows for few leaves costs an engine of columns less than one in which every row is asked about every
    leaf. Later events are few; theirs is one pass."""
    if not wanted.latest and not wanted.others:
        return []
    if everyone_at is None:
        past, future = _pieces(engine, wanted, apart=False)
        return [_grouped({**past, **future}, _seen(engine, wanted, None, future=None))]
    sources = []
    for part in wanted.by_events():
        past, _ = _pieces(engine, part, apart=True)
        sources.append(_grouped(past, _seen(engine, part, everyone_at, future=False), at_one_instant=True))
    _, future = _pieces(engine, wanted, apart=True)
    return [*sources, _grouped(future, _seen(engine, wanted, everyone_at, future=True), at_one_instant=True)]


def _pieces(engine: Engine, wanted: Wanted, *, apart: bool) -> tuple[dict[str, str], dict[str, str]]:
    """The aggregates of the events up to the instant, and of the later ones."""
    found = [fragments.latest_facts(engine, leaf, n, apart=apart) for leaf, n in wanted.latest.items()]
    for leaf in wanted.others:
        if isinstance(leaf, Measured):
            found.append(fragments.measured_facts(engine, leaf, apart=apart))
        else:
            found.append(fragments.marked_facts(engine, leaf, apart=apart))
    past = {name: piece for part, _ in found for name, piece in part.items()}
    future = {name: piece for _, part in found for name, piece in part.items()}
    return past, future


def _seen(engine: Engine, wanted: Wanted, everyone_at: datetime | None, *, future: bool | None) -> str:
    # Read once for all leaves: taking a property out of its document costs more than testing it.
    forms = {form for matching in wanted.matchings() for form in fragments.forms_of(matching)}
    starts: set[Span] = set()
    for leaf in wanted.others:
        if isinstance(leaf, Measured):
            forms.add((leaf.property, fragments.form_measured(leaf.how)))
        else:
            forms |= fragments.forms_of(leaf.by)
        if leaf.within is not None:
            starts.add(leaf.within)
    # A customer named twice by scope would have each event counted twice; for the latest alone that is no matter.
    distinct = bool(wanted.others) or max(wanted.latest.values(), default=1) > 1
    if everyone_at is None:
        return seen(engine, wanted.matchings(), forms, starts, None, distinct=distinct)
    first = None
    if not future and wanted.widest is not None and wanted.widest < everyone_at - _EPOCH:
        first = everyone_at - wanted.widest
    return seen(engine, wanted.matchings(), forms, starts, everyone_at, future=future, first=first)


def seen(
    engine: Engine,
    matchings: Iterable[Matching],
    forms: Iterable[tuple[str, str]],
    starts: Iterable[Span],
    everyone_at: datetime | None,
    *,
    future: bool | None = None,
    first: datetime | None = None,
    distinct: bool = True,
) -> str:
    """The events that any of these counts, with the properties and the starts of windows that tests read.

    Of everyone at one instant: of the later events, or the others, or all; and not those before `first`."""
    mentioned = fragments.mentioned(matchings)
    if everyone_at is None:
        events = fragments.seen_events(engine, mentioned, distinct=distinct)
    else:
        instant = fragments.instant(engine, everyone_at)
        events = select(["*", f'{instant} AS "at"'], fragments.seen_of_everyone(engine, mentioned))
        if future is not None:
            events += f' WHERE "t0"."time" {">" if future else "<="} {instant}'
        if first is not None:
            events += f' AND "t0"."time" >= {fragments.instant(engine, first)}'
    more: dict[str, str] = {}
    for path, form in sorted(forms):
        more.update(fragments.property_form(engine, path, form))
    more.update((fragments.start_name(span), fragments.start_of(engine, span)) for span in sorted(starts, key=repr))
    if not more:
        return events
    return select(["*", *(f'{piece} AS "{name}"' for name, piece in more.items())], events) + engine.fence


def _grouped(pieces: Mapping[str, str], seen: str, *, at_one_instant: bool = False) -> Source:
    key = ['"t0"."customer_id"'] if at_one_instant else ['"t0"."customer_id"', '"t0"."at"']
    columns = [*key, *(f'{piece} AS "{name}"' for name, piece in pieces.items())]
    grouping = "1" if at_one_instant else "1, 2"
    return Source(tuple(pieces), f"{select(columns, seen)} GROUP BY {grouping}", at_one_instant)


def _of_order(engine: Engine, leaf: Unfollowed | Ordered | Rhythm, everyone_at: datetime | None) -> Source:
    """One row for each time at which anything happened that the leaf looks at; then the order of times is clear."""
    matchings = matchings_of(leaf)
    forms = {form for matching in matchings for form in fragments.forms_of(matching)}
    events = seen(engine, matchings, forms, (), everyone_at)
    if isinstance(leaf, Unfollowed):
        return _of_unfollowed(engine, leaf, events)
    if isinstance(leaf, Rhythm):
        return Source(*of_rhythm(engine, leaf, events))
    return _of_chain(engine, leaf, events)


_PLACE = '"t0"."customer_id", "t0"."at", "t0"."time"'
_OVER = 'OVER (PARTITION BY "t0"."customer_id", "t0"."at" ORDER BY "t0"."time" ROWS BETWEEN'


def _of_unfollowed(engine: Engine, leaf: Unfollowed, events: str) -> Source:
    counts, by = fragments.counts(engine, leaf.of), fragments.counts(engine, leaf.by)
    name = fragments.name_of(leaf)
    flags = (
        f'max(CASE WHEN {counts} THEN 1 ELSE 0 END) AS "of"',
        f'max(CASE WHEN {by} THEN 1 ELSE 0 END) AS "by"',
        f'max(CASE WHEN {by} AND NOT ({counts}) THEN 1 ELSE 0 END) AS "other"',
    )
    times = f"{select([_PLACE, *flags], events)} GROUP BY 1, 2, 3"
    later = f'min(CASE WHEN "t0"."by" = 1 THEN "t0"."time" END) {_OVER} 1 FOLLOWING AND UNBOUNDED FOLLOWING)'
    followed = select([_PLACE, '"t0"."of"', '"t0"."other"', f'{later} AS "later"'], times)
    up = fragments.time_is_up(engine, leaf.gap)
    alone = f'"t0"."of" = 1 AND "t0"."other" = 0 AND ("t0"."later" IS NULL OR "t0"."later" > {up})'
    ends = select([_PLACE, f'CASE WHEN {alone} THEN {up} END AS "up"'], followed)
    facts = {
        f"t_{name}": 'max(CASE WHEN "t0"."up" <= "t0"."at" THEN "t0"."time" END)',
        f"n_{name}": 'min(CASE WHEN "t0"."up" > "t0"."at" THEN "t0"."up" END)',
    }
    return _grouped(facts, ends)


def _of_chain(engine: Engine, leaf: Ordered, events: str) -> Source:
    """From step to step, the latest start of a chain that has come so far."""
    name = fragments.name_of(leaf)
    flags = [
        f'max(CASE WHEN {fragments.counts(engine, step)} THEN 1 ELSE 0 END) AS "s{place}"'
        for place, step in enumerate(leaf.steps)
    ]
    rows = f"{select([_PLACE, *flags], events)} GROUP BY 1, 2, 3"
    before = '"t0"."time"'
    for place in range(len(leaf.steps)):
        kept = [f'"t0"."s{later}"' for later in range(place + 1, len(leaf.steps))]
        start = f'CASE WHEN "t0"."s{place}" = 1 THEN {before} END'
        final = [f'"t0"."s{place}" AS "final"'] if place == len(leaf.steps) - 1 else []
        rows = select([_PLACE, *kept, *final, f'{start} AS "start"'], rows)
        if not final:
            best = f'max("t0"."start") {_OVER} UNBOUNDED PRECEDING AND 1 PRECEDING)'
            rows = select([_PLACE, *kept, f'{best} AS "before"'], rows)
            before = '"t0"."before"'
    facts = {
        f"t_{name}": 'max(CASE WHEN "t0"."time" <= "t0"."at" THEN "t0"."start" END)',
        f"n_{name}": 'min(CASE WHEN "t0"."time" > "t0"."at" AND "t0"."final" = 1 THEN "t0"."time" END)',
    }
    return _grouped(facts, rows)


def of_traits(engine: Engine, wanted: Wanted, scope: str) -> list[Source]:
    if not wanted.traits:
        return []
    pieces: dict[str, str] = {}
    for key, form in sorted(wanted.traits):
        pieces.update(fragments.trait_facts(engine, key, form))
    seen = fragments.seen_traits(engine, tuple(sorted({key for key, _ in wanted.traits})))
    if scope != '"scope"':
        seen = f'WITH "scope" AS (SELECT * FROM {scope} AS "t0") {seen}'  # noqa: S608 - pieces that Ibis wrote
    return [_grouped(pieces, seen), *(_of_run(engine, held, seen) for held in wanted.held)]


def _of_run(engine: Engine, held: TraitIs, seen: str) -> Source:
    """The first passing value after the last that did not pass."""
    counted, passing = fragments.trait_passes(engine, held.key, held.test)
    columns = [_PLACE, f'CASE WHEN {passing} THEN 1 ELSE 0 END AS "passing"']
    values = f"{select(columns, seen)} WHERE {counted}"
    over = 'OVER (PARTITION BY "t0"."customer_id", "t0"."at")'
    failed = f'max(CASE WHEN "t0"."passing" = 0 THEN "t0"."time" END) {over} AS "failed"'
    runs = select([_PLACE, '"t0"."passing"', failed], values)
    since = (
        'min(CASE WHEN "t0"."passing" = 1 AND ("t0"."failed" IS NULL OR "t0"."time" > "t0"."failed")'
        ' THEN "t0"."time" END)'
    )
    return _grouped({f"r_{fragments.name_of(held)}": since}, runs)


def select(columns: Iterable[str], relation: str) -> str:
    return f'SELECT {", ".join(columns)} FROM ({relation}) AS "t0"'  # noqa: S608 - pieces that Ibis wrote
