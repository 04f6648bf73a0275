"""One named case, and short words to tell its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.rules.plain import Event, History, TraitValue

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Case:
    name: str
    tree: Mapping[str, Any]
    history: History
    at: datetime
    expected: bool
    zone: str = "UTC"


def case(
    name: str,
    tree: Mapping[str, Any],
    expected: bool,
    *happened: Event | TraitValue,
    at: datetime = NOON,
    zone: str = "UTC",
) -> Case:
    """What happened is told in the order in which it was recorded."""
    events = [one for one in happened if isinstance(one, Event)]
    traits = [
        TraitValue(one.key, one.at, place, one.value)
        for place, one in enumerate(happened)
        if isinstance(one, TraitValue)
    ]
    return Case(name, tree, History(events, traits), at, expected, zone)


def event(name: str, at: datetime = NOON, **properties: Any) -> Event:
    return Event(name, at, properties)


def of_system(name: str, at: datetime = NOON) -> Event:
    return Event(name, at, {}, by_customer=False)


def has(key: str, value: Any, at: datetime = NOON) -> TraitValue:
    return TraitValue(key, at, 0, value)


def ago(**length: float) -> datetime:
    return NOON - timedelta(**length)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
