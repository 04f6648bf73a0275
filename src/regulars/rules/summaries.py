"""Summaries: of each leaf the few of a customer's events that still matter, so that a tick never rereads history.

A summary is a list of entries, one an event that the leaf looks at: its time and, where the leaf wants one, its order
and a value. What is kept of them (`Kept.how`) is a function of the set of entries alone, and keeping what is kept of
one set together with another set keeps the same as keeping both at once. So new events can be folded in, late ones
too, and what was folded event by event equals what the whole history gives.

Most leaves ask for nothing but the latest time or the few latest. Those of all leaves stand in one array, each in its
slots, and one statement folds a tick's events into it. All else is kept in a document, under the leaf's key.

Where so many are asked for, ever or within a window, and there are, one more does not change the answer: whoever has
done something this month and does it again need not be judged for it. It only puts off when time alone will. Customers
of whom a tick has no other events are calm.

That nothing is kept of is the order of events (`Unfollowed`, `Ordered`), a rhythm (`Rhythm`) and how long a trait has
held: those leaves are read from the history, of the customers of one tick alone.

A summary holds for every instant that no event of the customer lies after. Whoever has an event that was recorded
before its time is therefore judged from the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from regulars.rules import fragments
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.facts import Source, Wanted, matchings_of, seen
from regulars.rules.leaves import Latest, Marked, Matching, Measured, microsecond
from regulars.rules.model import AnyAct, End, How, Named, Prefixed
from regulars.rules.resolve import Mentions
from regulars.shared.durations import Span, at_most

KeptLeaf = Latest | Measured | Marked

_FORM: Final = 3
"""Of the entries. Summaries in another are made anew."""

_TOTALS: Final = {How.SUM: "sum", How.AVG: "sum", How.MIN: "least", How.MAX: "greatest", How.DISTINCT: "distinct"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a leaf's entries, by `how`:

    `latest`: so `many` of the latest times · `last`, `first`: that entry · `window`: those less than `window_us` before
    the latest · `sum`, `least`, `greatest`: all values made one · `distinct`: the first of each."""

    leaf: KeptLeaf
    how: str
    many: int = 0
    window_us: int = 0
    slot: int = 0
    """Where the latest of its times stands in the array, the others after it, '-infinity' for none; 0: in the
    document."""

    @property
    def key(self) -> str:
        """Under which a summary holds it: the same for what is kept alike, in every process."""
        return f"{fragments.name_of(self.leaf)[:10]}{self.many or ''}"


def kept(wanted: Wanted) -> dict[KeptLeaf, Kept]:
    """What is kept of each leaf of some rules. Of the latest, a few more than are asked for, so that a rule that asks
    for one more needs nothing new."""
    found: dict[KeptLeaf, Kept] = {}
    for latest, n in wanted.latest.items():
        found[latest] = Kept(latest, "latest", next(many for many in (1, 4, 16, 64, 256, 1_024) if many >= n))
    slot = 1
    for one in sorted(found.values(), key=lambda one: (one.many, one.key)):
        if one.many <= slots_of_leaf_max and slot + one.many - 1 <= slots_max:
            found[one.leaf] = replace(one, slot=slot)
            slot += one.many
    for leaf in wanted.others:
        found[leaf] = _kept(leaf)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """How the leaves of some rules are kept, and what folds events into that.

    `times`: see `times_sql`, and `calm`: the same, which takes who is calm out of the tick's scope; `of_times` is what
    leaves with slots look at. `entries`, `of_entries`: the same of those that are kept in the document, `written`."""

    name: str
    kept: Mapping[KeptLeaf, Kept]
    slots: int
    times: str
    calm: str
    of_times: Mentions
    written: Sequence[Kept]
    entries: str
    of_entries: Mentions
    number: int = 0
    """Which set of leaves it is of all that were ever in force, one after the other."""


def planned(wanted: Wanted) -> Plan:
    """Raises ValueError in the unheard-of case that two leaves share a key."""
    all_kept = kept(wanted)
    timed = sorted((one for one in all_kept.values() if one.slot), key=lambda one: one.slot)
    written = [one for one in all_kept.values() if not one.slot]
    slots = {one.leaf for one in timed}
    others = [leaf.of for leaf in (*wanted.latest, *wanted.others) if leaf not in slots]
    others += [matching for leaf in wanted.orders for matching in matchings_of(leaf)]
    return Plan(
        plan_name(all_kept.values()), all_kept, sum(one.many for one in timed),
        f"{times_sql(timed)} {_FOLD_ALL}", f"{times_sql(timed, wanted.asked, others)} {_FOLD_AND_LEAVE_CALM}",
        _looked_at(timed), written, entries_sql(written), _looked_at(written),
    )  # fmt: skip


def _looked_at(leaves: Iterable[Kept]) -> Mentions:
    of = [one.leaf.of.events for one in leaves]
    return Mentions(
        events=frozenset(name for one in of if isinstance(one, Named) for name in one.names),
        prefixes=frozenset(one.prefix for one in of if isinstance(one, Prefixed)),
        any_event=any(isinstance(one, AnyAct) for one in of),
    )


slots_of_leaf_max: Final = 16
slots_max: Final = 500
"""An array is read and written whole: a rule that asks for a hundred times must not make every tick carry them. What
does not fit into a page beside its document would be unpacked for each slot again."""


def plan_name(leaves: Iterable[Kept]) -> str:
    """The same for the same leaves kept alike, in the same form. Raises ValueError in the unheard-of case that two
    share a key."""
    placed = sorted((one.key, one.slot) for one in leaves)
    if len(dict(placed)) < len(placed):
        raise ValueError("two leaves share a key")
    return fragments.name_of((_FORM, *placed))


def _kept(leaf: Measured | Marked) -> Kept:
    if isinstance(leaf, Marked) and leaf.end is End.LAST:
        return Kept(leaf, "last")  # Whether it is in the window is seen from its time.
    if leaf.within is not None:
        return Kept(leaf, "window", window_us=at_most(leaf.within) // microsecond)
    return Kept(leaf, "first" if isinstance(leaf, Marked) else _TOTALS[leaf.how])


def times_sql(
    leaves: Sequence[Kept],
    asked: Mapping[Latest, Iterable[tuple[int, Span | None]]] = MappingProxyType({}),
    others: Sequence[Matching] = (),
) -> str:
    """Folds the events in `events` of the customers in `scope`, who have summaries, into their times: of these leaves,
    in the order of their slots. It is the middle of a WITH, of which `known` has these customers, and whether they are
    calm, by what is asked of these leaves, and what other leaves look at."""
    names = [fragments.counts(postgresql, Matching(one, (), None, None)) for one in fragments.mentioned(others)]
    news = [*(_news_of(one) for one in leaves), f"bool_or({' OR '.join(names) or 'false'}) AS others"]
    single = ", ".join(f'greatest(s.times[{one.slot}], "t0".n{one.slot})' for one in leaves if one.many == 1)
    times = " || ".join([f"ARRAY[{single}]::timestamptz[]", *(_folded(one) for one in leaves if one.many > 1)])
    slots: dict[KeptLeaf, Kept] = {one.leaf: one for one in leaves}
    stand = [_stands(slots[leaf], wanted) for leaf, wanted in asked.items() if leaf in slots]
    calm = " AND ".join(['NOT "t0".others', *stand])
    return (
        f"seen AS ({_seen_sql(leaves, others)}), "  # noqa: S608 - pieces without values
        f'news AS (SELECT "t0"."customer_id", "t0"."at", {", ".join(news)} FROM seen AS "t0" GROUP BY 1, 2), '
        f'known AS (SELECT "t0"."customer_id", s.ctid AS place, {times} AS times, {calm} AS calm FROM news AS "t0" '
        'JOIN summaries AS s ON s.customer_id = "t0"."customer_id" AND NOT s.by_history), '
        "folded AS (UPDATE summaries AS s SET times = k.times FROM known AS k "
        "WHERE s.ctid = k.place AND s.times <> k.times)"
    )


_FOLD_ALL: Final = "SELECT FROM known"
_FOLD_AND_LEAVE_CALM: Final = (
    "DELETE FROM pg_temp.scope AS o USING known AS k WHERE k.calm AND NOT o.surely AND o.customer_id = k.customer_id"
)


def _news_of(one: Kept) -> str:
    test = fragments.counts(postgresql, one.leaf.of)
    if one.many == 1:
        return f'max("t0"."time") FILTER (WHERE {test}) AS n{one.slot}'
    latest = f'(array_agg("t0"."time" ORDER BY "t0"."time" DESC) FILTER (WHERE {test}))[:{one.many}]'
    return f"{latest} AS n{one.slot}"


def _folded(one: Kept) -> str:
    """Times later than all known, as nearly all are, go before them; only where that is not so are they sorted."""
    news, known = f'"t0".n{one.slot}', f"s.times[{one.slot}:{one.slot + one.many - 1}]"
    both = f"{news} || {known}"
    return (
        f"CASE WHEN {news} IS NULL THEN {known} "  # noqa: S608 - numbers of slots
        f"WHEN ({news})[cardinality({news})] >= s.times[{one.slot}] THEN ({both})[:{one.many}] "
        f"ELSE ARRAY(SELECT time FROM unnest({both}) AS t (time) ORDER BY time DESC LIMIT {one.many}) END"
    )


def _stands(one: Kept, asked: Iterable[tuple[int, Span | None]]) -> str:
    """Whether there was nothing new, or as many as are asked for before it."""
    held = []
    for n, within in sorted(asked, key=repr):
        start = "> '-infinity'" if within is None else f">= {fragments.start_of(postgresql, within)}"
        held.append(f"s.times[{one.slot + n - 1}] {start}")
    return f'("t0".n{one.slot} IS NULL OR ({" AND ".join(held)}))'


def entries_sql(leaves: Sequence[Kept]) -> str:
    """Every entry of the events in `events` of the customers in `scope`: `leaf` (its place among these), `customer_id`,
    `us` (microseconds since 1970), `seq`, `value` (jsonb). It begins like the other."""
    if not leaves:
        return ""
    each = " UNION ALL ".join(_entries_of(place, one) for place, one in enumerate(leaves))
    return f"seen AS MATERIALIZED ({_seen_sql(leaves)}) {each}"


_US: Final = '(extract(epoch FROM "t0"."time") * 1000000)::bigint'


@lru_cache(fragments.pieces_kept)
def _entries_of(place: int, one: Kept) -> str:
    leaf = one.leaf
    match leaf:
        case Latest(of):
            test, seq, value = fragments.counts(postgresql, of), "NULL::bigint", "NULL::jsonb"
        case Marked(of, by=by):
            test, seq = fragments.counts(postgresql, of), '"t0"."seq"'
            value = f"to_jsonb({fragments.counts(postgresql, by)})"
        case Measured():
            test, number = fragments.measured_entry(postgresql, leaf)
            seq, value = "NULL::bigint", f"to_jsonb({number})"
    return (
        f'SELECT {place} AS leaf, "t0"."customer_id", {_US} AS us, {seq} AS seq, {value} AS value '  # noqa: S608
        f'FROM seen AS "t0" WHERE {test}'
    )


def _seen_sql(leaves: Iterable[Kept], others: Iterable[Matching] = ()) -> str:
    """The events that any of these looks at, and those of `others`."""
    matchings = [*others]
    forms: set[tuple[str, str]] = set()
    for one in leaves:
        leaf = one.leaf
        matchings.append(leaf.of)
        forms |= fragments.forms_of(leaf.of)
        if isinstance(leaf, Measured):
            forms.add((leaf.property, fragments.form_measured(leaf.how)))
        elif isinstance(leaf, Marked):
            forms |= fragments.forms_of(leaf.by)
    return seen(postgresql, matchings, forms, (), None, distinct=False)  # The scope names nobody twice.


def source(leaves: Mapping[KeptLeaf, Kept], wanted: Wanted) -> Source:
    """The facts of kept leaves, as phase 2 reads them, from the relation `summaries(customer_id, times, facts)`, where
    `facts` holds under a leaf's key what is kept of it: a number, an entry [us, seq, value], or a list of times or
    entries, the latest first."""
    pieces: dict[str, str] = {}
    kinds: list[str] = []
    for leaf, one in leaves.items():
        facts, name = f'f."{one.key}"', fragments.name_of(leaf)
        if not one.slot:
            kinds.append(f'"{one.key}" {_KINDS.get(one.how, "jsonb")}')
        pieces[f"n_{name}"] = "NULL::timestamptz"
        match leaf:
            case Latest():
                n = wanted.latest[leaf]
                pieces[f"t_{name}"] = _slots(one.slot, n) if one.slot else _times(facts, n)
            case Measured():
                pieces[f"v_{name}"] = _measured(leaf, facts)
                if leaf.within is not None:
                    pieces[f"o_{name}"] = _inside(f"min({_instant(_ENTRY_US)})", facts, leaf.within)
            case Marked():
                pieces[f"m_{name}"] = _of_end(leaf, one, "({} ->> 2)::boolean", facts)
                pieces[f"t_{name}"] = _of_end(leaf, one, _instant("({} -> 0)::bigint"), facts)
    columns = ", ".join(f'{piece} AS "{name}"' for name, piece in pieces.items())
    # Taken apart once; each key looked up by itself would read the whole document again.
    apart = f" CROSS JOIN LATERAL jsonb_to_record(s.facts) AS f ({', '.join(kinds)})" if kinds else ""
    return Source(
        tuple(pieces),
        f'SELECT "t0"."customer_id", "t0"."at", {columns} FROM "scope" AS "t0"'  # noqa: S608 - pieces without values
        f' JOIN summaries AS s ON s.customer_id = "t0"."customer_id"{apart}',
    )


_KINDS: Final = {"sum": "numeric", "least": "double precision", "greatest": "double precision"}
_ENTRY_US: Final = "(e -> 0)::bigint"
_MEASURES: Final = {
    How.SUM: "sum((e -> 2)::numeric)",
    How.AVG: "sum((e -> 2)::numeric)",
    How.MIN: "min((e -> 2)::double precision)",
    How.MAX: "max((e -> 2)::double precision)",
    How.DISTINCT: "count(DISTINCT e ->> 2)",
}


def _slots(slot: int, n: int) -> str:
    if n == 1:
        return f"nullif(s.times[{slot}], '-infinity')"
    return f"array_remove(s.times[{slot}:{slot + n - 1}], '-infinity')"


def _times(facts: str, n: int) -> str:
    if n == 1:
        return _instant(f"({facts} -> 0)::bigint")
    return f"ARRAY(SELECT {_instant('e::bigint')} FROM jsonb_array_elements({facts}) AS e)"  # noqa: S608 - as above


def _measured(leaf: Measured, facts: str) -> str:
    if leaf.within is not None:
        return _inside(_MEASURES[leaf.how], facts, leaf.within)
    return f"jsonb_array_length({facts})" if leaf.how is How.DISTINCT else facts


def _of_end(leaf: Marked, one: Kept, what: str, facts: str) -> str:
    """Of the last or first entry that is in the window."""
    if one.how == "window":
        return _inside(what.format("e"), facts, leaf.within, f"ORDER BY {_ENTRY_US}, (e -> 1)::bigint LIMIT 1")
    if leaf.within is None:
        return what.format(facts)
    start = fragments.start_of(postgresql, leaf.within)
    return f"CASE WHEN {_instant(f'({facts} -> 0)::bigint')} >= {start} THEN {what.format(facts)} END"


def _instant(us: str) -> str:
    return f"(timestamptz 'epoch' + {us} * interval '1 microsecond')"


def _inside(what: str, entries: str, within: Span | None, then: str = "") -> str:
    where = "" if within is None else f"WHERE {_instant(_ENTRY_US)} >= {fragments.start_of(postgresql, within)}"
    return f"(SELECT {what} FROM jsonb_array_elements({entries}) AS e {where} {then})"  # noqa: S608 - as above
