"""A plain, slow reading of the rule language, straight from its JSON tree. It judges the engines and shares nothing
with the compiler.

It follows the words of the design: look at the events and traits that exist at the instant, and count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

Tree = Mapping[str, Any]
TICK = timedelta(microseconds=1)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Event:
    name: str
    at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)
    by_customer: bool = True


@dataclass(frozen=True)
class TraitValue:
    key: str
    at: datetime
    seq: int
    value: Any


@dataclass(frozen=True)
class History:
    events: Sequence[Event] = ()
    traits: Sequence[TraitValue] = ()


@dataclass(frozen=True)
class World:
    """What rules may mention; stages in the lifecycle's order."""

    audiences: Mapping[str, Tree] = field(default_factory=dict)
    stages: Mapping[str, Tree] = field(default_factory=dict)
    zone: tzinfo = UTC


def holds(tree: Tree, history: History, at: datetime, world: World) -> bool:
    if "all" in tree:
        return all(holds(one, history, at, world) for one in tree["all"])
    if "any" in tree:
        return any(holds(one, history, at, world) for one in tree["any"])
    if "not" in tree:
        return not holds(tree["not"], history, at, world)
    if "everyone" in tree:
        return True
    if "audience" in tree:
        return holds(world.audiences[tree["audience"]], history, at, world)
    if "stage" in tree:
        standing = [slug for slug, enter in world.stages.items() if holds(enter, history, at, world)]
        return standing[-1:] == [tree["stage"]]
    if "trait" in tree:
        return passes(tree, current(history, tree["trait"], at), at, world.zone)
    return did(tree, history, at, world.zone)


def current(history: History, key: str, at: datetime) -> Any:
    """None if absent: never set, or emptied since."""
    known = [value for value in history.traits if value.key == key and value.at <= at]
    value = max(known, key=lambda one: (one.at, one.seq)).value if known else None
    return None if value == "" else value


def did(tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    count = 0
    for event in history.events:
        if event.at > at or not is_named(event, tree["did"]):
            continue
        if "within" in tree and event.at < at - duration(tree["within"]):
            continue
        if "between" in tree:
            first, last = tree["between"]
            if event.at < begin(first, zone) or event.at > end(last, zone):
                continue
        if all(passes(test, walked(event.properties, test["property"]), at, zone) for test in tree.get("where", ())):
            count += 1
    ((bound, n),) = tree.get("times", {"at_least": 1}).items()
    return bool({"at_least": count >= n, "exactly": count == n, "at_most": count <= n}[bound])


def is_named(event: Event, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return event.name == wanted
    if isinstance(wanted, list):
        return event.name in wanted
    if "prefix" in wanted:
        return event.name.startswith(str(wanted["prefix"]))
    return event.by_customer


def walked(properties: Mapping[str, Any], path: str) -> Any:
    if path in properties:
        return properties[path]
    value: Any = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def passes(test: Tree, value: Any, at: datetime, zone: tzinfo) -> bool:
    ((operator, operand),) = ((k, v) for k, v in test.items() if k not in {"trait", "property"})
    text, number, instant = text_of(value), number_of(value), instant_of(value)
    match operator:
        case "is":
            return text == text_of(operand)
        case "is_not":
            return text != text_of(operand)
        case "in":
            return text in [text_of(one) for one in operand]
        case "not_in":
            return text not in [text_of(one) for one in operand]
        case "contains":
            if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
                return text_of(operand) in [text_of(one) for one in value if one is not None]
            return text is not None and str(text_of(operand)) in text
        case "starts_with":
            return text is not None and text.startswith(str(text_of(operand)))
        case "exists":
            return value is not None
        case "absent":
            return value is None
        case "at_least":
            return number is not None and number >= operand
        case "more_than":
            return number is not None and number > operand
        case "at_most":
            return number is not None and number <= operand
        case "less_than":
            return number is not None and number < operand
        case "before":
            return instant is not None and instant < begin(operand, zone)
        case "after":
            return instant is not None and instant > end(operand, zone)
        case "within_last":
            return instant is not None and at - duration(operand) <= instant <= at
        case "not_within_last":
            return not (instant is not None and at - duration(operand) <= instant <= at)
    raise AssertionError(operator)


def text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def number_of(value: Any) -> float | None:
    text = text_of(value)
    looks = text is not None and re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text)
    return float(text) if text is not None and looks and len(text) <= 200 else None


def instant_of(value: Any) -> datetime | None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
        return None
    return datetime.fromisoformat(value)


def duration(text: str) -> timedelta:
    return timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])


def begin(moment: str, zone: tzinfo) -> datetime:
    if "T" in moment:
        return datetime.fromisoformat(moment)
    return datetime.combine(date.fromisoformat(moment), time(), zone).astimezone(UTC)


def end(moment: str, zone: tzinfo) -> datetime:
    if "T" in moment:
        return datetime.fromisoformat(moment)
    return begin((date.fromisoformat(moment) + timedelta(days=1)).isoformat(), zone) - TICK


def first_change(tree: Tree, history: History, at: datetime, world: World) -> datetime | None:
    """The first later instant at which the answer is another one. Between the turning points nothing can happen."""
    now = holds(tree, history, at, world)
    for instant in sorted(turning_points(history, world, tree)):
        if instant > at and holds(tree, history, instant, world) != now:
            return instant
    return None


def turning_points(history: History, world: World, *trees: Tree) -> set[datetime]:
    """Every time in the history, and the same times a window later, both on the edge and just past it."""
    everything = json.dumps([*trees, *world.audiences.values(), *world.stages.values()])
    lengths = {timedelta(), *(duration(text) for text in re.findall(r'"(\d+[smhdw])"', everything))}
    times = {event.at for event in history.events} | {value.at for value in history.traits}
    times |= {instant for value in history.traits if (instant := instant_of(value.value)) is not None}
    return {time + length + edge for time in times for length in lengths for edge in (timedelta(), TICK)}


def nodes(tree: Any) -> Iterator[Tree]:
    if isinstance(tree, Mapping):
        yield tree
        for inner in tree.values():
            yield from nodes(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from nodes(inner)
