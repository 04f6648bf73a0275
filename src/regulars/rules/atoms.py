"""What follows from the facts of a leaf: for each atom, whether it holds at the instant, `h`, and `c`, before when time
alone cannot change that. Where the facts came from does not matter here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules.engines.base import INSTANT, Engine
from regulars.rules.fragments import (
    FORMS,
    compared,
    form_read,
    name_of,
    passes,
    pieces,
    pieces_kept,
)
from regulars.rules.instants import begin, leaves_at, length, never_in
from regulars.rules.leaves import (
    Atom,
    Beats,
    Came,
    Compares,
    Happened,
    Held,
    InShare,
    IsMarked,
    Lacked,
    TraitIs,
    ValueTest,
    micros_per_unit,
    microsecond,
)
from regulars.rules.model import DaysAhead, End, How, Pulse, decimals_of_average_max
from regulars.rules.rhythm import days_known_min
from regulars.shared.durations import Calendar, Span

_DATE: Final = (
    r"^[0-9]{4}-(0[13578]-31|1[02]-31|(0[13-9]|1[0-2])-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])|02-29)"
)
_TOO_LONG: Final = r"^[0-9]{4}-(04|06|09|11)-31"


def answers(engine: Engine, atom: Atom, *, listed: bool) -> dict[str, str]:
    """`listed`: the times of the atom's leaf are a list."""
    match atom:
        case Happened():
            return _happened(engine, atom, listed=listed)
        case Compares():
            return _compares(engine, atom)
        case IsMarked():
            return _is_marked(engine, atom)
        case Lacked():
            return _lacked(engine, atom)
        case Came():
            return _came(engine, atom)
        case Beats():
            return _beats(engine, atom)
        case TraitIs():
            return _trait_is(engine, atom)
        case Held():
            return _held(engine, atom)
        case InShare():
            return _in_share(engine, atom)


@lru_cache(pieces_kept)
def _happened(engine: Engine, atom: Happened, *, listed: bool) -> dict[str, str]:
    leaf, name = name_of(atom.leaf), name_of(atom)
    known = {'"t_"': f'"t_{leaf}"', '"n_"': f'"n_{leaf}"'}
    if isinstance(atom.within, timedelta):
        long_us = atom.within // microsecond
        known |= {'"t0"."long_"': engine.microseconds(long_us), '"t0"."out_"': engine.microseconds(long_us + 1)}
        found = _of_times(engine, atom.n, timedelta, listed=listed)
    else:
        found = _of_times(engine, atom.n, atom.within, listed=listed)
    return {f"{answer}_{name}": _with(known, piece) for answer, piece in found.items()}


def _with(known: Mapping[str, str], piece: str) -> str:
    """That is safe because these pieces hold no text of a rule."""
    for column, what in known.items():
        piece = piece.replace(column, what)
    return piece


@lru_cache(pieces_kept)
def _of_times(engine: Engine, n: int, within: type[timedelta] | Calendar | None, *, listed: bool) -> dict[str, str]:
    """Of any leaf and any exact window: the columns are not named yet, nor is it said how `long_` the window is, and
    how long it takes to be `out_` of it."""
    times = dt.Array(INSTANT) if listed else INSTANT
    facts = ibis.table(
        {"at": INSTANT, "t_": times, "n_": INSTANT, "long_": dt.Interval("us"), "out_": dt.Interval("us")}, name="facts"
    )
    later, time = _or_never(engine, facts["n_"]), facts["t_"][n - 1] if listed else facts["t_"]
    # Once true, more events keep it true: only the n-th latest growing too old can end it.
    if isinstance(within, type):
        holds, end = (time >= facts.at - facts["long_"]).fill_null(False), time + facts["out_"]
    else:
        holds, end = _still(engine, facts.at, time, within)
    return pieces(engine, facts.select(h=holds, c=ibis.ifelse(holds, end, later)))


@lru_cache(pieces_kept)
def _compares(engine: Engine, atom: Compares) -> dict[str, str]:
    """The oldest value leaving the window, or a later one coming to exist, is the next that can change a number."""
    leaf = name_of(atom.leaf)
    kind = dt.float64 if atom.leaf.how in (How.MIN, How.MAX) else dt.int64
    if atom.leaf.how in (How.SUM, How.AVG):
        kind = dt.Decimal(38, 0)
    facts = ibis.table({"at": INSTANT, f"v_{leaf}": kind, f"o_{leaf}": INSTANT, f"n_{leaf}": INSTANT}, name="facts")
    value: ir.NumericValue = facts[f"v_{leaf}"]
    if atom.leaf.how in (How.SUM, How.DISTINCT):
        value = value.fill_null(0)
    bound = ibis.literal(atom.bound, type=kind) if atom.leaf.how is How.SUM else atom.bound
    holds = compared(atom.operator, value, bound).fill_null(False)
    later = _or_never(engine, facts[f"n_{leaf}"])
    if atom.leaf.within is not None:
        later = ibis.least(later, _or_never(engine, leaves_at(engine, facts[f"o_{leaf}"], atom.leaf.within)))
    return _named(engine, facts, atom, holds, later)


@lru_cache(pieces_kept)
def _is_marked(engine: Engine, atom: IsMarked) -> dict[str, str]:
    """A first event stays the first; without a window, for good."""
    leaf = name_of(atom.leaf)
    facts = ibis.table(
        {"at": INSTANT, f"m_{leaf}": dt.boolean, f"t_{leaf}": INSTANT, f"n_{leaf}": INSTANT}, name="facts"
    )
    later, time = _or_never(engine, facts[f"n_{leaf}"]), facts[f"t_{leaf}"]
    end = never_in(engine) if atom.leaf.within is None else leaves_at(engine, time, atom.leaf.within)
    changes_at = ibis.ifelse(
        time.isnull(), later, end if atom.leaf.end is End.FIRST else ibis.least(later, _or_never(engine, end))
    )
    return _named(engine, facts, atom, facts[f"m_{leaf}"].fill_null(False), changes_at)


@lru_cache(pieces_kept)
def _lacked(engine: Engine, atom: Lacked) -> dict[str, str]:
    """`t`: the latest unfollowed event whose time is up; `n`: when the next one's is."""
    leaf = name_of(atom.leaf)
    facts = ibis.table({"at": INSTANT, f"t_{leaf}": INSTANT, f"n_{leaf}": INSTANT}, name="facts")
    holds, end = _still(engine, facts.at, facts[f"t_{leaf}"], atom.within)
    return _named(engine, facts, atom, holds, ibis.ifelse(holds, end, _or_never(engine, facts[f"n_{leaf}"])))


@lru_cache(pieces_kept)
def _came(engine: Engine, atom: Came) -> dict[str, str]:
    """`t`: where the latest chain starts; `n`: when the next event comes to exist that can end one."""
    leaf = name_of(atom.leaf)
    facts = ibis.table({"at": INSTANT, f"t_{leaf}": INSTANT, f"n_{leaf}": INSTANT}, name="facts")
    holds, end = _still(engine, facts.at, facts[f"t_{leaf}"], atom.within)
    return _named(engine, facts, atom, holds, ibis.ifelse(holds, end, _or_never(engine, facts[f"n_{leaf}"])))


@lru_cache(pieces_kept)
def _beats(engine: Engine, atom: Beats) -> dict[str, str]:
    """See rhythm.py. By time alone the quiet only grows; the next act may change anything."""
    leaf = name_of(atom.leaf)
    times = {f"{letter}_{leaf}": INSTANT for letter in "sln"}
    facts = ibis.table({"at": INSTANT, f"a_{leaf}": dt.int64, f"b_{leaf}": dt.int64, **times}, name="facts")
    at, slips, lapses, never = facts.at, facts[f"s_{leaf}"], facts[f"l_{leaf}"], never_in(engine)
    back, few = facts[f"b_{leaf}"] == 1, facts[f"a_{leaf}"] < days_known_min
    match atom.pulse:
        case Pulse.LAPSED:
            holds, end = at >= lapses, ibis.ifelse(at < lapses, lapses, never)
        case Pulse.SLIPPING:
            holds = (at >= slips) & (at < lapses)
            end = ibis.cases((at < slips, slips), (at < lapses, lapses), else_=never)
        case Pulse.RETURNED | Pulse.NEW | Pulse.ACTIVE:
            calm = {Pulse.RETURNED: back, Pulse.NEW: ~back & few, Pulse.ACTIVE: ~back & ~few}[atom.pulse]
            holds = calm & (at < slips)
            end = ibis.ifelse(holds, slips, never)
    return _named(engine, facts, atom, holds.fill_null(False), ibis.least(end, _or_never(engine, facts[f"n_{leaf}"])))


@lru_cache(pieces_kept)
def _trait_is(engine: Engine, atom: TraitIs) -> dict[str, str]:
    name, form, test = name_of(atom.key), form_read(atom.test), atom.test
    facts = ibis.table({"at": INSTANT, f"v_{name}_{form}": FORMS[form], f"n_{name}": INSTANT}, name="facts")
    value, replaced = facts[f"v_{name}_{form}"], _or_never(engine, facts[f"n_{name}"])
    match test.operand:
        case timedelta() | Calendar() as span:
            inside, end = _still(engine, facts.at, value, span)
            holds = (value <= facts.at).fill_null(False) & inside
            passing = ibis.cases((holds, end), (value > facts.at, value), else_=never_in(engine))
        case DaysAhead() as ahead:
            holds, passing = _anniversary(engine, facts.at, value, ahead)
        case _:
            answer = pieces(engine, facts.select(h=passes(engine, test, value).fill_null(False)))["h"]
            until = _with({'"n_"': f'"n_{name}"'}, _until_replaced(engine))
            return {f"h_{name_of(atom)}": answer, f"c_{name_of(atom)}": until}
    return _named(engine, facts, atom, holds, ibis.least(replaced, passing))


@lru_cache
def _until_replaced(engine: Engine) -> str:
    facts = ibis.table({"n_": INSTANT}, name="facts")
    return pieces(engine, facts.select(c=_or_never(engine, facts["n_"])))["c"]


def _anniversary(
    engine: Engine, at: ir.TimestampValue, value: ir.StringValue, ahead: DaysAhead
) -> tuple[ir.BooleanValue, ir.TimestampValue]:
    zone = ahead.zone or "UTC"
    year = value.substr(0, 4)
    real = value.re_search(_DATE) & ~value.re_search(_TOO_LONG)
    real &= (value.substr(5, 5) != "02-29") | _is_leap(ibis.ifelse(value.re_search(_DATE), year, "2000").cast("int64"))
    real = real.fill_null(False)
    month_and_day = ibis.ifelse(real, value.substr(5, 5), "01-01")
    today = engine.day(at, zone)

    def in_year(year: ir.IntegerValue) -> ir.TimestampValue:
        day = ibis.ifelse((month_and_day == "02-29") & ~_is_leap(year), "02-28", month_and_day)
        return (year.cast("string") + "-" + day + " 00:00:00").cast(dt.Timestamp())

    this_year = in_year(today.year())
    following = ibis.ifelse(this_year >= today, this_year, in_year(today.year() + 1))
    days = ibis.interval(days=ahead.days)
    holds = real & (following <= today + days)
    end = ibis.ifelse(
        holds,
        engine.midnight(following + ibis.interval(days=1), zone),
        engine.midnight(following - days, zone),
    )
    return holds, ibis.ifelse(real, end, never_in(engine))


def _is_leap(year: ir.IntegerValue) -> ir.BooleanValue:
    return ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)


@lru_cache(pieces_kept)
def _held(engine: Engine, atom: Held) -> dict[str, str]:
    """`r`: since when the value has passed the test without a break; null: it does not pass."""
    name, run = name_of(atom.key), f"r_{name_of(_unheld(atom))}"
    facts = ibis.table({"at": INSTANT, run: INSTANT, f"n_{name}": INSTANT}, name="facts")
    since, replaced = facts[run], _or_never(engine, facts[f"n_{name}"])
    holds = (since <= facts.at - length(atom.length)).fill_null(False)
    full = _or_never(engine, since + length(atom.length))
    return _named(engine, facts, atom, holds, ibis.ifelse(holds, replaced, ibis.least(replaced, full)))


def _unheld(atom: Held) -> TraitIs:
    return TraitIs(atom.key, atom.test)


@lru_cache(pieces_kept)
def _in_share(engine: Engine, atom: InShare) -> dict[str, str]:
    facts = ibis.table({"customer_id": dt.uuid, "at": INSTANT}, name="facts")
    digits = engine.md5(ibis.literal(f"{atom.name}:") + facts.customer_id.cast(dt.string)).left(8)
    return _named(engine, facts, atom, digits < atom.ceiling, never_in(engine))


def _still(
    engine: Engine, at: ir.TimestampValue, time: ir.TimestampValue, span: Span | None
) -> tuple[ir.BooleanValue, ir.TimestampValue]:
    """Whether a time is within a span of the instant, and when it no longer is."""
    if span is None:
        return time.notnull(), never_in(engine)
    return (time >= begin(engine, at, span)).fill_null(False), leaves_at(engine, time, span)


def _named(
    engine: Engine, facts: ir.Table, atom: object, holds: ir.BooleanValue, changes_at: ir.TimestampValue
) -> dict[str, str]:
    name = name_of(atom)
    return pieces(engine, facts.select(**{f"h_{name}": holds, f"c_{name}": changes_at}))


def _or_never(engine: Engine, time: ir.TimestampValue) -> ir.TimestampValue:
    return ibis.coalesce(time, never_in(engine))


def found(atom: Atom, *, listed: bool) -> str:
    """What an atom looked at, as jsonb for people; in PostgreSQL alone. Of events the time of the one that counts, of
    a number the number, of a trait its value, of a rhythm an object. See `looked_into`."""
    match atom:
        case Happened(leaf, n):
            times = f'"t_{name_of(leaf)}"'
            return _instant_told(f"{times}[{n}]" if listed else times)
        case Compares(leaf):
            value = f'"v_{name_of(leaf)}"'
            match leaf.how:
                case How.SUM:
                    return f"to_jsonb(trim_scale(COALESCE({value}, 0) / {micros_per_unit}.0))"
                case How.AVG:
                    sums = [f'"v_{name_of(one.leaf)}"' for one in looked_into(atom) if isinstance(one, Compares)]
                    mean = f"{sums[0]} / NULLIF({sums[0]} - {sums[1]}, 0) / {micros_per_unit}.0"
                    return f"to_jsonb(trim_scale(round({mean}, {decimals_of_average_max})))"
                case How.DISTINCT:
                    return f"to_jsonb(COALESCE({value}, 0))"
                case _:
                    return f"to_jsonb({value})"
        case IsMarked(leaf) | Lacked(leaf) | Came(leaf):
            return _instant_told(f'"t_{name_of(leaf)}"')
        case Beats(rhythm):
            name = name_of(rhythm)
            parts = f"""'latest', {_instant_told(f'"t_{name}"')}, 'usual_gap_us', "g_{name}", 'days', "a_{name}\""""
            return f'CASE WHEN "t_{name}" IS NOT NULL THEN jsonb_build_object({parts}) END'
        case TraitIs(key, test):
            return _value_told(key, test)
        case Held(key, test):
            return _value_told(key, test)
        case InShare():
            return "NULL::jsonb"


def looked_into(atom: Atom) -> list[Atom]:
    """The atoms whose facts `found` of this one needs. Of an average: the sums above no level and above a level of one
    millionth, which differ by how many values there are."""
    if isinstance(atom, Compares) and atom.leaf.how is How.AVG:
        return [replace(atom, leaf=replace(atom.leaf, level=level)) for level in (0, 1)]
    return [atom]


def _value_told(key: str, test: ValueTest) -> str:
    form = form_read(test)
    value = f'"v_{name_of(key)}_{form}"'
    return _instant_told(value) if form == "instant" else f"to_jsonb({value})"


def _instant_told(instant: str) -> str:
    """In UTC, which is the time zone of every session, with a Z."""
    return f"to_jsonb(replace(to_jsonb({instant}) #>> '{{}}', '+00:00', 'Z'))"
