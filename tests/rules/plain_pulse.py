"""How the plain reading tells the pulse: from the days on which the customer did something themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import median_low
from typing import Any

from tests.rules.plain_times import TICK, days_ahead

DAY = timedelta(days=1)


def pulse(tree: Mapping[str, Any], acts: Iterable[datetime], at: datetime, zone: tzinfo, usual: int) -> str | None:
    """`acts`: the times of all there are, also later ones. `usual`: the company's days, where the rule says none."""
    days = active_days(tree, acts, at, zone, usual)
    if not days:
        return None
    gap, gaps = usual_gap(tree, days, zone, usual)
    quiet = at - days[0]
    if quiet > 4 * gap:
        return "lapsed"
    if quiet > 2 * gap:
        return "slipping"
    if any(one > 4 * gap for one in gaps[:3]):
        return "returned"
    return "new" if len(days) < 3 else "active"


def active_days(
    tree: Mapping[str, Any], acts: Iterable[datetime], at: datetime, zone: tzinfo, usual: int
) -> list[datetime]:
    """The latest act of each, the newest first."""
    _, zone = days_ahead(tree.get("usual_gap", usual), zone)
    latest: dict[date, datetime] = {}
    for act in sorted(act for act in acts if act <= at):
        latest[act.astimezone(zone).date()] = act
    return sorted(latest.values(), reverse=True)


def usual_gap(
    tree: Mapping[str, Any], days: list[datetime], zone: tzinfo, usual: int
) -> tuple[timedelta, list[timedelta]]:
    gaps = [newer - older for newer, older in pairwise(days[:13])]
    own = median_low(gaps) if len(gaps) >= 3 else DAY * days_ahead(tree.get("usual_gap", usual), zone)[0]
    return min(max(own, DAY), 180 * DAY), gaps


def pulse_turns(tree: Mapping[str, Any], acts: Iterable[datetime], zone: tzinfo, usual: int) -> Iterator[datetime]:
    """After each act, when the quiet becomes too long, unless another comes."""
    acts = list(acts)
    for act in acts:
        days = active_days(tree, acts, act, zone, usual)
        gap, _ = usual_gap(tree, days, zone, usual)
        yield from (act + times * gap + edge for times in (2, 4) for edge in (timedelta(), TICK))
