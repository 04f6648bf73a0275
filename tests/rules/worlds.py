"""Made rules and histories.

The vocabulary is small on purpose: what matters is that events, conditions and windows meet, and meet on their
edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.rules import plain
from tests.rules.plain import Event, History, TraitValue
from tests.rules.plain_times import TICK, begin

START = datetime(2026, 3, 27, 22, 0, tzinfo=UTC)
"""Two days before the clocks change in Berlin, so that windows of days span it."""


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


edges = st.sampled_from([timedelta(), TICK, -TICK])
steps = st.sampled_from([0, 1, 2, 60, 61, 120, 1440, 1441, 2880, 4320])
"""60 and 2880 minutes after START it is midnight in Berlin; then a Monday begins."""
near = st.builds(lambda step, edge: START + minutes(step) + edge, steps, edges)
far = st.builds(
    lambda day, edge: day + edge,
    st.sampled_from(
        [
            datetime(2026, 2, 27, 23, tzinfo=UTC),  # in Berlin the last day of February begins
            datetime(2026, 2, 28, 23, tzinfo=UTC),  # March
            datetime(2025, 12, 31, 23, tzinfo=UTC),  # the year
            datetime(2025, 3, 27, 23, tzinfo=UTC),  # the 28th of March, a year before
        ]
    ),
    edges,
)
instants = st.one_of(near, near, near, far)
names = st.sampled_from(["Order Completed", "Page Viewed", "Order's é%"])
keys = st.sampled_from(["country", "tags", "seen.at"])
paths = st.sampled_from(["category", "revenue", "color", "a.b", "a"])
needles = st.sampled_from(["DE", "D", "10", 10, 10.0, True, "", "é%s", "it's", '["DE"]', "a\\b", "2026"])
plain_values = st.one_of(
    needles, st.sampled_from(["2026-03-28T01:00:00Z", "2026-03-28T22:01:00.000001Z", "1e400", "-.5", 9])
)
numbers = st.sampled_from([0, -5, 0.1, 0.2, 0.3, 9, 10, 10.5, -0.000001, 1e-7, 10**12, 10**12 + 1, "2.5", " 1", True])
birthdays = st.sampled_from(
    [
        "1990-03-28",
        "1990-03-30T23:59:59Z",
        "2000-02-29",
        "1990-01-01",
        "1990-12-31",
        "1990-02-30",
        "0000-03-28",
        "1990-3-28",
    ]
)
values = st.one_of(
    plain_values,
    st.lists(needles | st.none(), max_size=3),
    st.sampled_from([None, {"b": 10}, {"b": "DE"}, [["DE"]], '["DE", "x"', "10 "]),
)
exact_spans = st.sampled_from(["1m", "60m", "1d", "2d"])
calendar_spans = st.builds(
    lambda length, zone: f"{length}{zone}",
    st.sampled_from(["today", "this week", "this month", "this year", "1mo", "3mo", "1y"]),
    st.sampled_from(["", "", "@Europe/Berlin", "@Asia/Tokyo"]),
)
spans = st.one_of(exact_spans, exact_spans, calendar_spans)
moments = st.one_of(
    st.sampled_from(["2026-03-28", "2026-03-29", "2026-03-30"]),
    instants.map(lambda at: at.isoformat().replace("+00:00", "Z")),
)
slugs = st.sampled_from(["fair", "fair-2026", "é%"])
acts = st.builds(
    Event,
    names,
    instants,
    st.dictionaries(st.sampled_from(["category", "revenue", "color", "a", "a.b"]), values | numbers, max_size=3),
    st.booleans(),
)
said_of_lists = st.builds(
    Event,
    st.sampled_from(["List Joined", "List Left"]),
    instants,
    st.fixed_dictionaries({"list": slugs}, optional={"a": needles}),
    st.just(False),
)
histories = st.builds(
    History,
    st.lists(st.one_of(acts, acts, acts, said_of_lists), max_size=7),
    st.lists(
        st.tuples(keys, instants, st.one_of(values.filter(lambda value: value is not None), birthdays)), max_size=5
    ).map(lambda rows: [TraitValue(key, at, seq, value) for seq, (key, at, value) in enumerate(rows)]),
)


of_numbers = ("at_least", "more_than", "at_most", "less_than")


def _tests(kind: str, names_of: st.SearchStrategy[str], *, times: bool) -> st.SearchStrategy[dict[str, Any]]:
    operators: list[tuple[str, st.SearchStrategy[Any]]] = [
        *((operator, needles) for operator in ("is", "is_not", "contains", "starts_with")),
        *((operator, st.lists(needles, min_size=1, max_size=2)) for operator in ("in", "not_in")),
        *((operator, st.just(True)) for operator in ("exists", "absent")),
        *((operator, st.sampled_from([9, 10, 10.5])) for operator in of_numbers),
    ]
    if times:
        operators += [(operator, moments) for operator in ("before", "after")]
        operators += [(operator, spans) for operator in ("within_last", "not_within_last")]
        operators += [("anniversary_in", st.sampled_from([0, 1, 2, 30, 365, "1d@Asia/Tokyo"]))]
    return st.one_of(*(st.fixed_dictionaries({kind: names_of, operator: operand}) for operator, operand in operators))


def _in_order(ends: list[str]) -> bool:
    return begin(ends[0], UTC) <= begin(ends[1], UTC)


events = st.one_of(
    names,
    st.lists(names, min_size=1, max_size=2),
    st.just({"any": True}),
    st.sampled_from([{"prefix": "Order"}, {"prefix": "Order'"}]),
)
wheres = st.lists(_tests("property", paths, times=False), min_size=1, max_size=2)
betweens = st.lists(moments, min_size=2, max_size=2).filter(_in_order)


def _one_window(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key != "between" or "within" not in tree}


dids = st.fixed_dictionaries(
    {"did": events},
    optional={
        "where": wheres,
        "times": st.one_of(
            st.fixed_dictionaries({"at_least": st.integers(1, 3)}),
            st.fixed_dictionaries({"exactly": st.integers(0, 2)}),
            st.fixed_dictionaries({"at_most": st.integers(0, 2)}),
        ),
        "within": spans,
        "between": betweens,
    },
).map(_one_window)
windowed = st.fixed_dictionaries({"did": events}, optional={"where": wheres, "within": spans, "between": betweens}).map(
    _one_window
)
which = st.one_of(
    st.fixed_dictionaries({"did": events}), st.fixed_dictionaries({"did": events}, optional={"where": wheres})
)

traits = _tests("trait", keys, times=True)
held = st.builds(
    lambda tree, length: {**tree, "held_for": length},
    traits.filter(
        lambda tree: not tree.keys() & {"is_not", "not_in", "absent", "before", "after", "anniversary_in"}
    ).filter(lambda tree: not tree.keys() & {"within_last", "not_within_last"}),
    exact_spans | st.just("0s"),
)
aggregates = st.builds(
    lambda how, path, of, operator, bound: {how: path, "of": of, operator: bound},
    st.sampled_from(["sum", "sum", "avg", "min", "max", "distinct"]),
    paths,
    windowed,
    st.sampled_from(of_numbers),
    st.sampled_from([0, 1, 2, 0.3, -5, 10, 10.5, 0.000001, 10**12]),
)
endmosts = st.builds(lambda end, of, has: {end: of, "has": has}, st.sampled_from(["last", "first"]), windowed, wheres)
followed = st.builds(
    lambda did, by, gap: {**did, "then_not": by, "for": gap}, windowed, which, exact_spans | st.just("0s")
)
sequences = st.builds(
    lambda steps, window: {"sequence": steps, **window},
    st.lists(which, min_size=2, max_size=3),
    st.one_of(st.just({}), spans.map(lambda span: {"within": span}), betweens.map(lambda ends: {"between": ends})),
)
lists = slugs.map(lambda slug: {"list": slug})
buckets = st.builds(
    lambda name, share: {"bucket": name, "share": share},
    st.sampled_from(["summer", "é 'x'"]),
    st.sampled_from([0, 0.1, 0.5, 1]),
)
pulses = st.fixed_dictionaries(
    {"pulse": st.sampled_from(["new", "active", "slipping", "lapsed", "returned"])},
    optional={"usual_gap": st.sampled_from([1, 2, 60, "1d@Asia/Tokyo", "3d@America/New_York"])},
)

leaves = st.one_of(dids, dids, traits, held, aggregates, endmosts, followed, sequences, lists, buckets, pulses)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda of: {"all": of}), some.map(lambda of: {"any": of}), inner.map(lambda of: {"not": of})
    )


rules = st.recursive(leaves | st.just({"everyone": True}), _nested, max_leaves=5)
rules_with_mentions = st.recursive(
    st.one_of(
        leaves, st.sampled_from([{"stage": "first"}, {"stage": "second"}, {"audience": "vip"}, {"audience": "big"}])
    ),
    _nested,
    max_leaves=4,
)
worlds = st.builds(
    lambda vip, big, first, second: plain.World(
        audiences={"big": big, "vip": {"all": [{"audience": "big"}, vip]}}, stages={"first": first, "second": second}
    ),
    leaves,
    leaves,
    leaves,
    leaves,
)
asked_everywhere: st.SearchStrategy[list[datetime]] = st.lists(instants, min_size=1, max_size=4, unique=True)
