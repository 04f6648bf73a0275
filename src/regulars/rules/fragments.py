"""The pieces of SQL that hold a rule's values: what Ibis writes for one leaf or one atom, written once and kept.

Ibis needs a few milliseconds for each; a rule that is being edited changes one piece at a time, and many rules
share theirs. A piece is an expression over a relation that is called `t0` where it is used. Its columns are named
after what they hold (`name_of`), so that a piece means the same in every query.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules import model
from regulars.rules.engines import INSTANT, SCOPE, TRAIT_VALUES, Engine
from regulars.rules.leaves import Happened, Matching, TraitIs, ValueTest, Where, microsecond
from regulars.rules.model import AnyAct, EventNames, Named, Operator, Prefixed
from regulars.rules.values import FLAT_LIST, list_with

pieces_kept: Final = 10_000

NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""Inside a query `never` is the last instant there is, so that the earliest and the latest of several need no word
about nulls."""

_FORMS: Final = {"text": dt.string, "number": dt.float64, "instant": INSTANT}


def name_of(part: object) -> str:
    """The same for parts that mean the same, in every process: also the name under which a leaf's summary may be
    stored."""
    return blake2b(repr(part).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def form_read(test: ValueTest) -> str:
    if test.operator in model.OF_NUMBER:
        return "number"
    return "instant" if test.operator in model.OF_MOMENT | model.OF_DURATION else "text"


@lru_cache
def never(engine: Engine) -> str:
    return _pieces(engine, SCOPE.select(never=_never()))["never"]


@lru_cache(pieces_kept)
def seen_events(engine: Engine, mentioned: tuple[EventNames, ...], *, distinct: bool) -> str:
    """Each row of scope with each event of that customer that any leaf could count, also the later ones."""
    scope = SCOPE.distinct() if distinct else SCOPE
    events = engine.events.filter(ibis.or_(*(_named(engine.events, names) for names in mentioned)))
    about = {name: events[name] for name in events.columns if name not in SCOPE.columns}
    joined = scope.join(events, scope.customer_id == events.customer_id)
    return engine.sql(joined.select(customer_id=scope.customer_id, at=scope.at, time=events.at, **about))


@lru_cache(pieces_kept)
def property_form(engine: Engine, path: str, form: str) -> dict[str, str]:
    """`p`: a property of a seen event, as the tests of all leaves read it."""
    seen = ibis.table(engine.columns, name="seen")
    read = engine.number if form == "number" else engine.text
    return _pieces(engine, seen.select(**{_property_name(path, form): read(seen, path)}))


@lru_cache(pieces_kept)
def events_facts(engine: Engine, leaf: Matching, n: int) -> dict[str, str]:
    """`t`: the n latest matching times up to the instant (not a list if n is 1); `n`: the earliest after it."""
    columns = {"at": INSTANT, "time": INSTANT, "name": dt.string, "by_customer": dt.boolean}
    for where in leaf.where:
        form = form_read(where.test)
        columns[_property_name(where.property, form)] = _FORMS[form]
    seen = ibis.table(columns, name="seen")
    counts = _counts(seen, leaf)
    past, future = (seen.time <= seen.at) & counts, (seen.time > seen.at) & counts
    latest = seen.time.max(where=past) if n == 1 else engine.latest(seen.time, n, where=past)
    name = name_of(leaf)
    return _pieces(engine, seen.aggregate(**{f"t_{name}": latest, f"n_{name}": seen.time.min(where=future)}))


@lru_cache(pieces_kept)
def seen_traits(engine: Engine, keys: tuple[str, ...]) -> str:
    """Each row of scope with each value of these traits; of a key's values so far, the one that counts has place 0."""
    values = TRAIT_VALUES.filter(TRAIT_VALUES.key.isin(keys))
    scoped = SCOPE.join(values, SCOPE.customer_id == values.customer_id).select(
        customer_id=SCOPE.customer_id,
        at=SCOPE.at,
        time=values.at,
        past=values.at <= SCOPE.at,
        **{name: values[name] for name in ("key", "seq", *_FORMS)},
    )
    latest_first = ibis.window(
        group_by=[scoped.customer_id, scoped.at, scoped.key, scoped.past],
        order_by=[ibis.desc(scoped.time), ibis.desc(scoped.seq)],
    )
    return engine.sql(scoped.mutate(place=ibis.row_number().over(latest_first)))


@lru_cache(pieces_kept)
def trait_facts(engine: Engine, key: str, form: str) -> dict[str, str]:
    """`v`: the value as of the instant, in that form; `n`: when the next value takes over."""
    columns = {"key": dt.string, "time": INSTANT, "past": dt.boolean, "place": dt.int64, **_FORMS}
    seen = ibis.table(columns, name="seen")
    of_key = seen.key == key
    current = of_key & seen.past & (seen.place == 0) & (seen.text != "")
    name = name_of(key)
    return _pieces(
        engine,
        seen.aggregate(
            **{f"v_{name}_{form}": seen[form].max(where=current), f"n_{name}": seen.time.min(where=of_key & ~seen.past)}
        ),
    )


@lru_cache(pieces_kept)
def happened(engine: Engine, atom: Happened, *, listed: bool) -> dict[str, str]:
    """`h` and `c` from the facts of the leaf, whose `t` is a list or (n is 1 wherever it is used) one time."""
    leaf, name = name_of(atom.leaf), name_of(atom)
    answers = _happened(engine, atom.n, atom.within, listed=listed)
    return {
        f"{answer}_{name}": piece.replace('"t_"', f'"t_{leaf}"').replace('"n_"', f'"n_{leaf}"')
        for answer, piece in answers.items()
    }


@lru_cache(pieces_kept)
def _happened(engine: Engine, n: int, within: timedelta | None, *, listed: bool) -> dict[str, str]:
    """Of any leaf: the columns are not named yet. That is safe because these pieces hold no text of a rule."""
    facts = ibis.table({"at": INSTANT, "t_": dt.Array(INSTANT) if listed else INSTANT, "n_": INSTANT}, name="facts")
    times, later = facts["t_"], _or_never(facts["n_"])
    nth_latest = times[n - 1] if listed else times
    if within is None:
        holds, end = nth_latest.notnull(), _never()
    else:
        # Once true, more events keep it true: only the n-th latest growing too old can end it.
        holds = (nth_latest >= facts.at - _length(within)).fill_null(False)
        end = nth_latest + _length(within + microsecond)
    return _pieces(engine, facts.select(h=holds, c=ibis.ifelse(holds, end, later)))


@lru_cache(pieces_kept)
def trait_is(engine: Engine, atom: TraitIs) -> dict[str, str]:
    """`h` and `c` from the facts of the trait."""
    name, form, test = name_of(atom.key), form_read(atom.test), atom.test
    facts = ibis.table({"at": INSTANT, f"v_{name}_{form}": _FORMS[form], f"n_{name}": INSTANT}, name="facts")
    value, replaced = facts[f"v_{name}_{form}"], _or_never(facts[f"n_{name}"])
    if not isinstance(test.operand, timedelta):
        return _answers(engine, facts, atom, _passes(test, value).fill_null(False), replaced)
    holds = ((value <= facts.at) & (value >= facts.at - _length(test.operand))).fill_null(False)
    passing = ibis.cases(
        (holds, value + _length(test.operand + microsecond)), (value > facts.at, value), else_=_never()
    )
    return _answers(engine, facts, atom, holds, ibis.least(replaced, passing))


def _answers(engine: Engine, facts: ir.Table, atom: object, holds: ir.Value, changes_at: ir.Value) -> dict[str, str]:
    name = name_of(atom)
    return _pieces(engine, facts.select(**{f"h_{name}": holds, f"c_{name}": changes_at}))


def _pieces(engine: Engine, table: ir.Table) -> dict[str, str]:
    return engine.columns_sql(table)


def _property_name(path: str, form: str) -> str:
    return f"p_{name_of(path)}_{form}"


def _counts(seen: ir.Table, leaf: Matching) -> ir.BooleanValue:
    tests = [_named(seen, leaf.events)]
    if leaf.first is not None:
        tests.append(seen.time >= ibis.literal(leaf.first, type=INSTANT))
    if leaf.last is not None:
        tests.append(seen.time <= ibis.literal(leaf.last, type=INSTANT))
    tests.extend(_property(seen, where) for where in leaf.where)
    return ibis.and_(*tests)


def _property(seen: ir.Table, where: Where) -> ir.BooleanValue:
    passes = _passes(where.test, seen[_property_name(where.property, form_read(where.test))]).fill_null(False)
    return ~passes if where.negated else passes


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


def _passes(test: ValueTest, value: ir.Value) -> ir.BooleanValue:
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
            return ibis.ifelse(value.re_search(FLAT_LIST), value.re_search(list_with(text)), value.contains(text))
        case Operator.AT_LEAST, operand:
            return value >= operand
        case Operator.AT_MOST, operand:
            return value <= operand
        case Operator.MORE_THAN, operand:
            return value > operand
        case Operator.LESS_THAN, operand:
            return value < operand
        case Operator.AFTER, operand:
            return value > ibis.literal(operand, type=INSTANT)
        case Operator.BEFORE, operand:
            return value < ibis.literal(operand, type=INSTANT)
    raise AssertionError(test)


def _never() -> ir.TimestampScalar:
    return ibis.literal(NEVER, type=INSTANT)


def _or_never(time: ir.TimestampValue) -> ir.TimestampValue:
    return ibis.coalesce(time, _never())


def _length(duration: timedelta) -> ir.IntervalScalar:
    """In microseconds, never days: a day of an interval is a calendar day of the session's time zone."""
    return ibis.interval(microseconds=duration // microsecond)


def mentioned(leaves: Iterable[Matching]) -> tuple[EventNames, ...]:
    """The fewest tests that let through every event that any of the leaves counts."""
    events = {leaf.events for leaf in leaves}
    names = tuple(sorted({name for one in events if isinstance(one, Named) for name in one.names}))
    others = sorted((one for one in events if not isinstance(one, Named)), key=repr)
    return (*([Named(names)] if names else []), *others)
