"""The pieces of SQL that hold a rule's values: what Ibis writes for one leaf or one test, written once and kept.

Ibis needs a few milliseconds for each; a rule that is being edited changes one piece at a time, and many rules
share theirs. A piece is an expression over a relation that is called `t0` where it is used. Its columns are named
after what they hold (`name_of`), so that a piece means the same in every query.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules import model
from regulars.rules.engines.base import INSTANT, SCOPE, TRAIT_VALUES, Engine
from regulars.rules.instants import begin, length, never_in
from regulars.rules.leaves import (
    Latest,
    Marked,
    Matching,
    Measured,
    ValueTest,
    Where,
    micros_per_unit,
    summed_max,
)
from regulars.rules.model import AnyAct, End, EventNames, How, Named, Operator, Prefixed
from regulars.shared.durations import Span

pieces_kept: Final = 10_000

FORMS: Final = {"text": dt.string, "number": dt.float64, "instant": INSTANT}
_SEEN: Final = {"at": INSTANT, "time": INSTANT, "seq": dt.int64, "name": dt.string, "by_customer": dt.boolean}


@lru_cache(pieces_kept)
def name_of(part: object) -> str:
    """The same for parts that mean the same, in every process: also the name under which a leaf's summary is
    stored."""
    return blake2b(repr(part).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def form_read(test: ValueTest) -> str:
    if test.operator in model.OF_NUMBER:
        return "number"
    return "instant" if test.operator in model.OF_MOMENT | model.OF_DURATION else "text"


def form_measured(how: How) -> str:
    return "text" if how is How.DISTINCT else "number"


@lru_cache
def never(engine: Engine) -> str:
    return pieces(engine, SCOPE.select(never=never_in(engine)))["never"]


@lru_cache
def instant(engine: Engine, at: datetime) -> str:
    return engine.instant(at)


@lru_cache(pieces_kept)
def seen_events(engine: Engine, mentioned: tuple[EventNames, ...], *, distinct: bool) -> str:
    """Each row of scope with each event of that customer that any leaf could count, also the later ones."""
    scope = SCOPE.distinct() if distinct else SCOPE
    events = engine.events.filter(ibis.or_(*(_named(engine.events, names) for names in mentioned)))
    about = {name: events[name] for name in events.columns if name not in SCOPE.columns}
    joined = scope.join(events, scope.customer_id == events.customer_id)
    return engine.sql(joined.select(customer_id=scope.customer_id, at=scope.at, time=events.at, **about))


@lru_cache(pieces_kept)
def seen_of_everyone(engine: Engine, mentioned: tuple[EventNames, ...]) -> str:
    """Each event that any leaf could count, of everyone, also the later ones."""
    events = engine.events.filter(ibis.or_(*(_named(engine.events, names) for names in mentioned)))
    about = {name: events[name] for name in events.columns if name not in SCOPE.columns}
    return engine.sql(events.select(customer_id=events.customer_id, time=events.at, **about))


@lru_cache(pieces_kept)
def start_of(engine: Engine, span: Span) -> str:
    """The earliest time within a span of the instant `at`."""
    return pieces(engine, SCOPE.select(start=begin(engine, SCOPE.at, span)))["start"]


@lru_cache(pieces_kept)
def property_form(engine: Engine, path: str, form: str) -> dict[str, str]:
    """`p`: a property of a seen event, as the tests of all leaves read it."""
    seen = ibis.table(engine.columns, name="seen")
    read = engine.number if form == "number" else engine.text
    return pieces(engine, seen.select(**{_property_name(path, form): read(seen, path)}))


def start_name(span: Span) -> str:
    return f"w_{name_of(span)}"


def forms_of(matching: Matching) -> set[tuple[str, str]]:
    """The properties that its tests read, each with the form they read."""
    return {(where.property, form_read(where.test)) for where in matching.where}


@lru_cache(pieces_kept)
def counts(engine: Engine, matching: Matching) -> str:
    """Whether a seen event counts."""
    seen = _seen(matching)
    return pieces(engine, seen.select(counts=_counts(engine, seen, matching)))["counts"]


@lru_cache(pieces_kept)
def latest_facts(engine: Engine, leaf: Latest, n: int, *, apart: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Of the events up to the instant, `t`: the n latest matching times (not a list if n is 1). Of the later ones,
    `n`: the earliest. `apart`: see `_parts`."""
    seen = _seen(leaf.of)
    past, future = _parts(engine, seen, leaf.of, apart=apart)
    name = name_of(leaf)
    times = seen.time.max(where=past) if n == 1 else engine.latest(seen.time, n, where=past)
    return _aggregates(engine, seen, {f"t_{name}": times}), _next(engine, seen, name, future)


@lru_cache(pieces_kept)
def measured_facts(engine: Engine, leaf: Measured, *, apart: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Of the events up to the instant, `v`: the number; `o`: the oldest time in it. Of the later ones, `n`: the
    earliest that will count."""
    seen, fits, value = _measurable(engine, leaf)
    past, future = _parts(engine, seen, leaf.of, fits, apart=apart)
    inside = _inside(seen, past, leaf.within)
    name = name_of(leaf)
    facts = {f"v_{name}": _measure(engine, leaf, value, inside)}
    if leaf.within is not None:
        facts[f"o_{name}"] = seen.time.min(where=inside)
    return _aggregates(engine, seen, facts), _next(engine, seen, name, future)


@lru_cache(pieces_kept)
def measured_entry(engine: Engine, leaf: Measured) -> tuple[str, str]:
    """Of a seen event: whether it counts, and what it adds."""
    seen, fits, value = _measurable(engine, leaf)
    matches = ibis.and_(*_tests(engine, seen, leaf.of), fits)
    if leaf.how in (How.SUM, How.AVG):
        value = _millionths(leaf, value, matches)
    found = pieces(engine, seen.select(counts=matches, value=value))
    return found["counts"], found["value"]


def _measurable(engine: Engine, leaf: Measured) -> tuple[ir.Table, ir.BooleanValue, ir.Value]:
    form = form_measured(leaf.how)
    seen = _seen(leaf.of, {(leaf.property, form)}, leaf.within)
    value = seen[_property_name(leaf.property, form)]
    fits = value.notnull()
    if leaf.how in (How.SUM, How.AVG):
        fits &= value.abs() <= summed_max
    return seen, fits, value


def _millionths(leaf: Measured, value: ir.Value, matches: ir.BooleanValue | None) -> ir.IntegerValue:
    """What does not match need not fit an integer."""
    matching = value if matches is None else ibis.ifelse(matches, value, 0.0)
    whole = (matching * float(micros_per_unit) + 0.5).floor().cast(dt.int64)
    return whole - leaf.level if leaf.level else whole


def _measure(engine: Engine, leaf: Measured, value: ir.Value, inside: ir.BooleanValue | None) -> ir.Value:
    match leaf.how:
        case How.SUM | How.AVG:
            return engine.total(_millionths(leaf, value, inside), inside)
        case How.MIN:
            return value.min(where=inside)
        case How.MAX:
            return value.max(where=inside)
        case How.DISTINCT:
            return value.nunique(where=inside)


@lru_cache(pieces_kept)
def marked_facts(engine: Engine, leaf: Marked, *, apart: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Of the events up to the instant, `m`: whether the one that counts is one of `by`; `t`: its time. Of the later
    ones, `n`: the earliest that matches."""
    seen = _seen(leaf.of, forms_of(leaf.by), leaf.within)
    past, future = _parts(engine, seen, leaf.of, apart=apart)
    inside = _inside(seen, past, leaf.within)
    last = leaf.end is End.LAST
    mark = _counts(engine, seen, leaf.by)
    name = name_of(leaf)
    facts = {
        f"m_{name}": engine.marked(mark, seen.time, seen.seq, inside, last=last),
        f"t_{name}": seen.time.max(where=inside) if last else seen.time.min(where=inside),
    }
    return _aggregates(engine, seen, facts), _next(engine, seen, name, future)


def _parts(
    engine: Engine, seen: ir.Table, of: Matching, *more: ir.BooleanValue, apart: bool
) -> tuple[ir.BooleanValue | None, ir.BooleanValue]:
    """Of the matching events, those up to the instant (None: all rows) and those after it. `apart`: the rows are
    either the one or the other already, and those up to the instant all have such names."""
    tests = [*_tests(engine, seen, of), *more]
    if apart:
        return (ibis.and_(*tests[1:]) if tests[1:] else None), ibis.and_(*tests)
    return ibis.and_(*tests, seen.time <= seen.at), ibis.and_(*tests, seen.time > seen.at)


def _inside(seen: ir.Table, past: ir.BooleanValue | None, within: Span | None) -> ir.BooleanValue | None:
    if within is None:
        return past
    inside = seen.time >= seen[start_name(within)]
    return inside if past is None else past & inside


def _next(engine: Engine, seen: ir.Table, name: str, matches: ir.BooleanValue) -> dict[str, str]:
    return _aggregates(engine, seen, {f"n_{name}": seen.time.min(where=matches)})


def _aggregates(engine: Engine, seen: ir.Table, facts: dict[str, ir.Value]) -> dict[str, str]:
    return pieces(engine, seen.aggregate(**facts))


@lru_cache(pieces_kept)
def seen_traits(engine: Engine, keys: tuple[str, ...]) -> str:
    """Each row of scope with each value of these traits; of a key's values so far, the one that counts has place 0.
    A value that another one at the same time replaced has never counted: it does not stand."""
    values = TRAIT_VALUES.filter(TRAIT_VALUES.key.isin(keys))
    scoped = SCOPE.join(values, SCOPE.customer_id == values.customer_id).select(
        customer_id=SCOPE.customer_id,
        at=SCOPE.at,
        time=values.at,
        past=values.at <= SCOPE.at,
        **{name: values[name] for name in ("key", "seq", *FORMS)},
    )
    latest_first = ibis.window(
        group_by=[scoped.customer_id, scoped.at, scoped.key, scoped.past],
        order_by=[ibis.desc(scoped.time), ibis.desc(scoped.seq)],
    )
    same_time = ibis.window(group_by=[scoped.customer_id, scoped.at, scoped.key, scoped.time])
    return engine.sql(
        scoped.mutate(place=ibis.row_number().over(latest_first), stands=scoped.seq == scoped.seq.max().over(same_time))
    )


_OF_TRAIT: Final = {
    "key": dt.string, "time": INSTANT, "past": dt.boolean, "place": dt.int64, "stands": dt.boolean, **FORMS,
}  # fmt: skip


@lru_cache(pieces_kept)
def trait_facts(engine: Engine, key: str, form: str) -> dict[str, str]:
    """`v`: the value as of the instant, in that form; `n`: when the next value takes over."""
    seen = ibis.table(_OF_TRAIT, name="seen")
    of_key = seen.key == key
    current = of_key & seen.past & (seen.place == 0) & (seen.text != "")
    name = name_of(key)
    return _aggregates(
        engine,
        seen,
        {f"v_{name}_{form}": seen[form].max(where=current), f"n_{name}": seen.time.min(where=of_key & ~seen.past)},
    )


@lru_cache(pieces_kept)
def trait_passes(engine: Engine, key: str, test: ValueTest) -> tuple[str, str]:
    """Of a value that was in force up to the instant: is it of this trait, and does it pass."""
    seen = ibis.table(_OF_TRAIT, name="seen")
    counted = (seen.key == key) & seen.past & seen.stands
    passing = passes(engine, test, seen[form_read(test)]).fill_null(False) & (seen.text != "")
    found = pieces(engine, seen.select(counted=counted, passing=passing))
    return found["counted"], found["passing"]


def pieces(engine: Engine, table: ir.Table) -> dict[str, str]:
    return engine.columns_sql(table)


def _property_name(path: str, form: str) -> str:
    return f"p_{name_of(path)}_{form}"


def _seen(matching: Matching, more: Iterable[tuple[str, str]] = (), within: Span | None = None) -> ir.Table:
    columns = {_property_name(path, form): FORMS[form] for path, form in (*forms_of(matching), *more)}
    starts = {start_name(within): INSTANT} if within is not None else {}
    return ibis.table({**_SEEN, **columns, **starts}, name="seen")


def _counts(engine: Engine, seen: ir.Table, leaf: Matching) -> ir.BooleanValue:
    return ibis.and_(*_tests(engine, seen, leaf))


def _tests(engine: Engine, seen: ir.Table, leaf: Matching) -> list[ir.BooleanValue]:
    """The first is that of the name."""
    tests = [_named(seen, leaf.events)]
    if leaf.first is not None:
        tests.append(seen.time >= ibis.literal(leaf.first, type=INSTANT))
    if leaf.last is not None:
        tests.append(seen.time <= ibis.literal(leaf.last, type=INSTANT))
    tests.extend(_property(engine, seen, where) for where in leaf.where)
    return tests


def _property(engine: Engine, seen: ir.Table, where: Where) -> ir.BooleanValue:
    passing = passes(engine, where.test, seen[_property_name(where.property, form_read(where.test))]).fill_null(False)
    return ~passing if where.negated else passing


def _named(events: ir.Table, wanted: EventNames) -> ir.BooleanValue:
    match wanted:
        case Named((name,)):
            return events.name == name
        case Named(names):
            return events.name.isin(names)
        case Prefixed(prefix):
            return events.name.startswith(prefix)
        case AnyAct():
            return events.by_customer


def passes(engine: Engine, test: ValueTest, value: ir.Value) -> ir.BooleanValue:
    """Null or false where the value is missing or of another kind. `value` comes in the form that the test reads."""
    match test.operator, test.operand:
        case Operator.EXISTS, _:
            return value.notnull()
        case Operator.IN, (text,):
            return value == text
        case Operator.IN, tuple() as texts:
            return value.isin(texts)
        case Operator.STARTS_WITH, (text,):
            return value.startswith(text)
        case Operator.CONTAINS, (text,):
            return engine.contains(value, text)
        case operator, operand if operator in model.OF_NUMBER:
            return compared(operator, value, operand)
        case Operator.AFTER, operand:
            return value > ibis.literal(operand, type=INSTANT)
        case Operator.BEFORE, operand:
            return value < ibis.literal(operand, type=INSTANT)
    raise AssertionError(test)


def compared(operator: Operator, value: ir.NumericValue, bound: float | ir.NumericValue) -> ir.BooleanValue:
    match operator:
        case Operator.AT_LEAST:
            return value >= bound
        case Operator.MORE_THAN:
            return value > bound
        case Operator.AT_MOST:
            return value <= bound
        case Operator.LESS_THAN:
            return value < bound
    raise AssertionError(operator)


def mentioned(leaves: Iterable[Matching]) -> tuple[EventNames, ...]:
    """The fewest tests that let through every event that any of these counts."""
    events = {one.events for one in leaves}
    names = tuple(sorted({name for one in events if isinstance(one, Named) for name in one.names}))
    others = sorted((one for one in events if not isinstance(one, Named)), key=repr)
    return (*([Named(names)] if names else []), *others)


@lru_cache(pieces_kept)
def time_is_up(engine: Engine, gap: timedelta) -> str:
    """So long after the time of a seen event."""
    seen = ibis.table({"time": INSTANT}, name="seen")
    return pieces(engine, seen.select(up=seen.time + length(gap)))["up"]
