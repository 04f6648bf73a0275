"""The facts of a rhythm: a customer's active days, the gaps between them, and when their quiet is too long.

In windows that every engine has, and in whole microseconds, so that all of them find the same median. No text of a rule
passes through this file but the name of a time zone, which Ibis writes.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

import ibis

from regulars.rules.engines.base import INSTANT, Engine
from regulars.rules.fragments import name_of, pieces, pieces_kept
from regulars.rules.leaves import Rhythm, microsecond
from regulars.rules.model import usual_gap_days_max

gaps_max: Final = 12
gaps_told_min: Final = 3
"""So many gaps show a rhythm; so many of the newest tell of a return."""
days_known_min: Final = 3
slipping_after: Final = 2
lapsed_after: Final = 4
"""How many usual gaps of quiet are too long."""

_US_PER_DAY: Final = timedelta(days=1) // microsecond
_PLACE: Final = '"t0"."customer_id", "t0"."at"'


def of_rhythm(engine: Engine, leaf: Rhythm, events: str) -> tuple[tuple[str, ...], str]:
    """From the acts of a scope, for each of its rows: `t`: the time of the newest act; `g`: the usual gap in
    microseconds; `a`: how many active days there are; `b`: 1 where one of the newest gaps was long enough to have
    lapsed; `s`, `l`: the first instants of slipping and of having lapsed; `n`: the earliest act still to come."""
    facts = {
        "t": engine.from_micros('"t0"."newest"'),
        "g": '"t0"."usual"',
        "a": '"t0"."days"',
        "b": f'CASE WHEN "t0"."longest" > {lapsed_after} * "t0"."usual" THEN 1 ELSE 0 END',
        "s": engine.from_micros(f'"t0"."newest" + {slipping_after} * "t0"."usual" + 1'),
        "l": engine.from_micros(f'"t0"."newest" + {lapsed_after} * "t0"."usual" + 1'),
        "n": '"t0"."next"',
    }
    name = name_of(leaf)
    columns = ", ".join(f'{piece} AS "{letter}_{name}"' for letter, piece in facts.items())
    sql = f'SELECT {_PLACE}, {columns} FROM ({_usual(leaf, _gaps(engine, leaf, events))}) AS "t0"'  # noqa: S608
    return tuple(f"{letter}_{name}" for letter in facts), sql


def _gaps(engine: Engine, leaf: Rhythm, events: str) -> str:
    """A row for each active day, and perhaps one of days still to come, with the gap that its latest act ended."""
    of_one = f"PARTITION BY {_PLACE} ORDER BY"
    past, later = '"t0"."time" <= "t0"."at"', '"t0"."time" > "t0"."at"'
    days = (
        f'SELECT {_PLACE}, {_day(engine, leaf.zone)} AS "day", max(CASE WHEN {past} THEN "t0"."time" END) AS "act", '  # noqa: S608
        f'min(CASE WHEN {later} THEN "t0"."time" END) AS "later" FROM ({events}) AS "t0" GROUP BY 1, 2, 3'
    )
    act = engine.micros('"t0"."act"')
    newest_first = 'CASE WHEN "t0"."act" IS NULL THEN 1 ELSE 0 END, "t0"."act" DESC'
    placed = (
        f'SELECT {_PLACE}, "t0"."later", {act} AS "us", '  # noqa: S608
        f'row_number() OVER ({of_one} {newest_first}) AS "place" FROM ({days}) AS "t0"'
    )
    before = f'max("t0"."us") OVER ({of_one} "t0"."place" ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING)'
    return (
        f'SELECT {_PLACE}, "t0"."later", "t0"."us", "t0"."place", '  # noqa: S608
        f'CASE WHEN "t0"."place" <= {gaps_max} THEN "t0"."us" - {before} END AS "gap" FROM ({placed}) AS "t0"'
    )


def _usual(leaf: Rhythm, gaps: str) -> str:
    """One row, with the lower median of the gaps: the first of them that leaves no more than half behind it."""
    of_one = f"PARTITION BY {_PLACE}"
    shortest_first = 'CASE WHEN "t0"."gap" IS NULL THEN 1 ELSE 0 END, "t0"."gap"'
    ordered = (
        f'SELECT {_PLACE}, "t0"."later", "t0"."us", "t0"."place", "t0"."gap", '  # noqa: S608
        f'row_number() OVER ({of_one} ORDER BY {shortest_first}) AS "nth", count("t0"."gap") OVER ({of_one}) AS "many" '
        f'FROM ({gaps}) AS "t0"'
    )
    told = (
        f'SELECT {_PLACE}, min("t0"."later") AS "next", max("t0"."us") AS "newest", count("t0"."us") AS "days", '  # noqa: S608
        f'max(CASE WHEN "t0"."place" <= {gaps_told_min} THEN "t0"."gap" END) AS "longest", '
        f'min(CASE WHEN "t0"."many" >= {gaps_told_min} AND 2 * "t0"."nth" >= "t0"."many" THEN "t0"."gap" END) '
        f'AS "median" '
        f'FROM ({ordered}) AS "t0" GROUP BY 1, 2'
    )
    least, most = _whole(_US_PER_DAY), _whole(usual_gap_days_max * _US_PER_DAY)
    unsaid = _whole(leaf.usual_days * _US_PER_DAY)
    return (
        f'SELECT {_PLACE}, "t0"."next", "t0"."newest", "t0"."days", "t0"."longest", '  # noqa: S608
        f'LEAST(GREATEST(COALESCE("t0"."median", {unsaid}), {least}), {most}) AS "usual" FROM ({told}) AS "t0"'
    )


def _whole(number: int) -> str:
    """Signed in every engine."""
    return f"CAST({number} AS bigint)"


@lru_cache(pieces_kept)
def _day(engine: Engine, zone: str) -> str:
    seen = ibis.table({"time": INSTANT}, name="seen")
    return pieces(engine, seen.select(day=engine.day(seen.time, zone)))["day"]
