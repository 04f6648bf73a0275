"""Summaries: of each leaf the few of a customer's events that still matter, so that a tick never rereads history.

A summary is a list of entries, one an event that the leaf looks at: its time and, where the leaf wants one, its order
and a value. What is kept of them (`Kept.how`) is a function of the set of entries alone, and keeping what is kept of
one set together with another set keeps the same as keeping both at once. So new events can be folded in, late ones
too, and what was folded event by event equals what the whole history gives.

That nothing is kept of is the order of events (`Unfollowed`, `Ordered`) and how long a trait has held: those leaves
are read from the history, of the customers of one tick alone.

A summary holds for every instant that no event of the customer lies after. Whoever has an event that was recorded
before its time is therefore judged from the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from regulars.rules import fragments
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.facts import Source, Wanted, seen
from regulars.rules.leaves import Latest, Marked, Measured, microsecond
from regulars.rules.model import End, How
from regulars.shared.durations import Calendar, Period, Span

KeptLeaf = Latest | Measured | Marked

_PERIOD_DAYS: Final = {Period.TODAY: 2, Period.THIS_WEEK: 8, Period.THIS_MONTH: 32, Period.THIS_YEAR: 367}
_TOTALS: Final = {How.SUM: "sum", How.AVG: "sum", How.MIN: "least", How.MAX: "greatest", How.DISTINCT: "distinct"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a leaf's entries, by `how`:

    `latest`: so `many` latest times · `last`, `first`: that entry · `window`: those less than `window_us` before the
    latest · `sum`, `least`, `greatest`: all made one · `distinct`: the first of each value."""

    leaf: KeptLeaf
    how: str
    many: int = 0
    window_us: int = 0

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
    for leaf in wanted.others:
        found[leaf] = _kept(leaf)
    return found


def plan_name(leaves: Iterable[Kept]) -> str:
    """The same for the same leaves kept alike. Raises ValueError in the unheard-of case that two share a key."""
    keys = sorted(one.key for one in leaves)
    if len(set(keys)) < len(keys):
        raise ValueError("two leaves share a key")
    return fragments.name_of(tuple(keys))


def _kept(leaf: Measured | Marked) -> Kept:
    if isinstance(leaf, Marked) and leaf.end is End.LAST:
        return Kept(leaf, "last")  # Whether it is in the window is seen from its time.
    if leaf.within is not None:
        return Kept(leaf, "window", window_us=_at_most(leaf.within) // microsecond)
    return Kept(leaf, "first" if isinstance(leaf, Marked) else _TOTALS[leaf.how])


def _at_most(span: Span) -> timedelta:
    """How long a span is at most."""
    match span:
        case Calendar(Period() as period):
            return timedelta(days=_PERIOD_DAYS[period])
        case Calendar(int() as months):
            return timedelta(days=31 * months + 2)
        case timedelta():
            return span
    raise AssertionError(span)


def entries_sql(leaves: Sequence[Kept]) -> str:
    """Every entry of the events in `events` of the customers in `scope`: `leaf` (its place among these), `customer_id`,
    `us` (microseconds since 1970), `seq`, `value` (jsonb)."""
    if not leaves:
        return _NO_ENTRIES
    each = " UNION ALL ".join(_entries_of(place, one) for place, one in enumerate(leaves))
    return f"WITH seen AS MATERIALIZED ({_seen_sql(leaves)}) {each}"


_US: Final = '(extract(epoch FROM "t0"."time") * 1000000)::bigint'
_NO_ENTRIES: Final = (
    "SELECT 0 AS leaf, NULL::uuid AS customer_id, 0::bigint AS us, NULL::bigint AS seq, NULL::jsonb AS value "
    "WHERE false"
)


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


def _seen_sql(leaves: Iterable[Kept]) -> str:
    matchings = []
    forms: set[tuple[str, str]] = set()
    for one in leaves:
        leaf = one.leaf
        matchings.append(leaf.of)
        forms |= fragments.forms_of(leaf.of)
        if isinstance(leaf, Measured):
            forms.add((leaf.property, fragments.form_measured(leaf.how)))
        elif isinstance(leaf, Marked):
            forms |= fragments.forms_of(leaf.by)
    return seen(postgresql, matchings, forms, (), None)


def source(leaves: Mapping[KeptLeaf, Kept], wanted: Wanted) -> Source:
    """The facts of kept leaves, as phase 2 reads them, from the relation `summaries(customer_id, facts)`, where
    `facts` holds under each leaf's key its entries, the latest first: of `latest` the times, else [us, seq, value]."""
    pieces: dict[str, str] = {}
    for leaf, one in leaves.items():
        entries = f"s.facts -> '{one.key}'"
        name = fragments.name_of(leaf)
        pieces[f"n_{name}"] = "NULL::timestamptz"
        match leaf:
            case Latest():
                pieces[f"t_{name}"] = _times(entries, listed=wanted.latest[leaf] > 1)
            case Measured():
                pieces[f"v_{name}"] = _inside(_MEASURES[leaf.how], entries, leaf.within)
                if leaf.within is not None:
                    pieces[f"o_{name}"] = _inside(f"min({_instant(_ENTRY_US)})", entries, leaf.within)
            case Marked():
                order = "DESC" if leaf.end is End.LAST else "ASC"
                first = f"ORDER BY ({_ENTRY_US}) {order}, (e ->> 1)::bigint {order} LIMIT 1"
                pieces[f"m_{name}"] = _inside("(e ->> 2)::boolean", entries, leaf.within, first)
                pieces[f"t_{name}"] = _inside(_instant(_ENTRY_US), entries, leaf.within, first)
    columns = ", ".join(f'{piece} AS "{name}"' for name, piece in pieces.items())
    return Source(
        tuple(pieces),
        f'SELECT "t0"."customer_id", "t0"."at", {columns} FROM "scope" AS "t0"'  # noqa: S608 - pieces without values
        ' JOIN summaries AS s ON s.customer_id = "t0"."customer_id"',
    )


_ENTRY_US: Final = "(e ->> 0)::bigint"
_MEASURES: Final = {
    How.SUM: "sum((e ->> 2)::numeric)",
    How.AVG: "sum((e ->> 2)::numeric)",
    How.MIN: "min((e ->> 2)::double precision)",
    How.MAX: "max((e ->> 2)::double precision)",
    How.DISTINCT: "count(DISTINCT e ->> 2)",
}


def _times(entries: str, *, listed: bool) -> str:
    if not listed:
        return _instant(f"({entries} ->> 0)::bigint")
    each = _instant("(e #>> '{}')::bigint")
    return f"ARRAY(SELECT {each} FROM jsonb_array_elements({entries}) AS e)"  # noqa: S608 - pieces without values


def _instant(us: str) -> str:
    return f"(timestamptz 'epoch' + {us} * interval '1 microsecond')"


def _inside(what: str, entries: str, within: Span | None, then: str = "") -> str:
    where = "" if within is None else f"WHERE {_instant(_ENTRY_US)} >= {fragments.start_of(postgresql, within)}"
    return f"(SELECT {what} FROM jsonb_array_elements({entries}) AS e {where} {then})"  # noqa: S608 - as above
