"""A plain, slow reading of the rule language, straight from its JSON tree. It judges the engines and shares nothing
with the compiler.

It follows the words of the design: look at the events and traits that exist at the instant, and count.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any

from tests.rules.plain_pulse import pulse, pulse_turns
from tests.rules.plain_times import (
    CALENDAR,
    TICK,
    begin,
    day_of,
    days_ahead,
    duration,
    end,
    has_anniversary,
    in_year,
    left_behind,
    low,
    midnight,
)

Tree = Mapping[str, Any]
TRILLION = 10**12


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
    """The events in the order in which they were recorded. `customer` is the id, which only buckets ask for."""

    events: Sequence[Event] = ()
    traits: Sequence[TraitValue] = ()
    customer: str = ""


@dataclass(frozen=True)
class World:
    """What rules may mention; stages in the lifecycle's order."""

    audiences: Mapping[str, Tree] = field(default_factory=dict)
    stages: Mapping[str, Tree] = field(default_factory=dict)
    zone: tzinfo = UTC
    usual_gap: int = 14


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
    if "bucket" in tree:
        digest = hashlib.md5(f"{tree['bucket']}:{history.customer}".encode(), usedforsecurity=False).hexdigest()
        return Fraction(int(digest[:8], 16), 2**32) < Fraction(tree["share"])
    if "pulse" in tree:
        return bool(pulse(tree, acts(history), at, world.zone, world.usual_gap) == tree["pulse"])
    if "list" in tree:
        return in_list(tree["list"], history, at)
    if "trait" in tree:
        return trait(tree, history, at, world.zone)
    if "sequence" in tree:
        return sequence(tree, history, at, world.zone)
    for how in ("sum", "avg", "min", "max", "distinct"):
        if how in tree:
            return aggregate(how, tree, history, at, world.zone)
    if "first" in tree:
        return endmost(matching(tree["first"], history, at, world.zone)[:1], tree, at, world.zone)
    if "last" in tree:
        return endmost(matching(tree["last"], history, at, world.zone)[-1:], tree, at, world.zone)
    if "then_not" in tree:
        return not_followed(tree, history, at, world.zone)
    return did(tree, history, at, world.zone)


def acts(history: History) -> list[datetime]:
    return [event.at for event in history.events if event.by_customer]


def current(history: History, key: str, at: datetime) -> Any:
    """None if absent: never set, or emptied since."""
    known = [value for value in history.traits if value.key == key and value.at <= at]
    value = max(known, key=lambda one: (one.at, one.seq)).value if known else None
    return None if value == "" else value


def trait(tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    """Held for a while: at its beginning, and after every change in it."""
    key, begun = tree["trait"], at - duration(tree.get("held_for", "0s"))
    instants = {begun, at, *(value.at for value in history.traits if value.key == key and begun < value.at <= at)}
    return all(passes(tree, current(history, key, instant), at, zone) for instant in instants)


def matching(tree: Tree, history: History, at: datetime, zone: tzinfo) -> list[Event]:
    """The events up to the instant that count, the earliest first; of several at one instant the first recorded."""
    found = []
    for event in history.events:
        if event.at > at or not is_named(event, tree["did"]) or not in_window(tree, event.at, at, zone):
            continue
        if all(passes(test, walked(event.properties, test["property"]), at, zone) for test in tree.get("where", ())):
            found.append(event)
    return sorted(found, key=lambda event: event.at)


def in_window(tree: Tree, when: datetime, at: datetime, zone: tzinfo) -> bool:
    if "within" in tree:
        return low(tree["within"], at, zone) <= when <= at
    if "between" in tree:
        first, last = tree["between"]
        return begin(first, zone) <= when <= end(last, zone)
    return True


def did(tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    count = len(matching(tree, history, at, zone))
    ((bound, n),) = tree.get("times", {"at_least": 1}).items()
    return bool({"at_least": count >= n, "exactly": count == n, "at_most": count <= n}[bound])


def aggregate(how: str, tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    values = [walked(event.properties, tree[how]) for event in matching(tree["of"], history, at, zone)]
    if how == "distinct":
        return compares(tree, Fraction(len({text_of(value) for value in values} - {None})))
    numbers = [Fraction(number) for value in values if (number := number_of(value)) is not None]
    if how in ("min", "max"):
        return bool(numbers) and compares(tree, min(numbers) if how == "min" else max(numbers), rounded=True)
    millionths = [math.floor(float(number) * 1e6 + 0.5) for number in numbers if abs(number) <= TRILLION]
    if how == "sum":
        return compares(tree, Fraction(sum(millionths), 10**6))
    return bool(millionths) and compares(tree, Fraction(sum(millionths), 10**6 * len(millionths)))


def compares(tree: Tree, number: Fraction, *, rounded: bool = False) -> bool:
    """`rounded`: with the operand as a number of 64 bits, as properties have them, not as it is written."""
    ((operator, operand),) = ((key, tree[key]) for key in OF_NUMBERS if key in tree)
    bound = Fraction(float(operand)) if rounded else Fraction(str(operand))
    return OF_NUMBERS[operator](number, bound)


OF_NUMBERS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "at_least": lambda number, bound: number >= bound,
    "more_than": lambda number, bound: number > bound,
    "at_most": lambda number, bound: number <= bound,
    "less_than": lambda number, bound: number < bound,
}


def endmost(ends: Sequence[Event], tree: Tree, at: datetime, zone: tzinfo) -> bool:
    return bool(ends) and all(
        passes(test, walked(ends[0].properties, test["property"]), at, zone) for test in tree["has"]
    )


def not_followed(tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    gap = duration(tree["for"])
    # What makes an event one that is waited on, whenever it happened.
    alike = matching({key: tree[key] for key in ("did", "where") if key in tree}, history, at, zone)
    ends = matching(tree["then_not"], history, at, zone)
    return any(
        begun.at <= at - gap
        and not any(begun.at < one.at <= begun.at + gap for one in ends)
        and not any(begun.at == one.at and not any(one is like for like in alike) for one in ends)
        for begun in matching({key: tree[key] for key in tree if key != "then_not"}, history, at, zone)
    )


def sequence(tree: Tree, history: History, at: datetime, zone: tzinfo) -> bool:
    def goes_on(steps: Sequence[Tree], after: datetime) -> bool:
        return not steps or any(
            event.at > after and in_window(tree, event.at, at, zone) and goes_on(steps[1:], event.at)
            for event in matching(steps[0], history, at, zone)
        )

    return goes_on(tree["sequence"], datetime.min.replace(tzinfo=UTC))


def in_list(slug: str, history: History, at: datetime) -> bool:
    said = [
        event
        for event in history.events
        if event.at <= at
        and event.name in ("List Joined", "List Left")
        and text_of(walked(event.properties, "list")) == slug
    ]
    return bool(said) and sorted(said, key=lambda event: event.at)[-1].name == "List Joined"


def is_named(event: Event, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return event.name == wanted
    if isinstance(wanted, list):
        return event.name in wanted
    if "prefix" in wanted:
        return event.name.startswith(str(wanted["prefix"]))
    return event.by_customer


def walked(properties: Mapping[str, Any], path: str) -> Any:
    if properties.get(path) is not None:
        return properties[path]
    value: Any = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def passes(test: Tree, value: Any, at: datetime, zone: tzinfo) -> bool:
    ((operator, operand),) = ((k, v) for k, v in test.items() if k not in {"trait", "property", "held_for"})
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
            elements = flat_list(text)
            if elements is not None:
                return text_of(operand) in [text_of(one) for one in elements if one is not None]
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
            return instant is not None and low(operand, at, zone) <= instant <= at
        case "not_within_last":
            return not (instant is not None and low(operand, at, zone) <= instant <= at)
        case "anniversary_in":
            return text is not None and has_anniversary(text, *days_ahead(operand, zone), at)
    raise AssertionError(operator)


def text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(in_order(value), ensure_ascii=False)


def in_order(value: Any) -> Any:
    """As PostgreSQL keeps an object: shorter keys first."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: in_order(value[key]) for key in keys}
    return [in_order(one) for one in value] if isinstance(value, list) else value


def flat_list(text: str | None) -> list[Any] | None:
    """What a value's text form is a list of. A text that is written just so is not told apart from a list."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return None
    flat = isinstance(value, list) and not any(isinstance(one, list | dict) for one in value)
    return value if flat and text_of(value) == text else None


def number_of(value: Any) -> float | None:
    text = text_of(value)
    looks = text is not None and re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text)
    return float(text) if text is not None and looks and len(text) <= 200 else None


def instant_of(value: Any) -> datetime | None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
        return None
    return datetime.fromisoformat(value)


def first_change(tree: Tree, history: History, at: datetime, world: World) -> datetime | None:
    """The first later instant at which the answer is another one. Between the turning points nothing can happen."""
    now = holds(tree, history, at, world)
    for instant in sorted(turning_points(history, world, tree, at=at)):
        if instant > at and holds(tree, history, instant, world) != now:
            return instant
    return None


def turning_points(history: History, world: World, *trees: Tree, at: datetime | None = None) -> set[datetime]:
    """Every time in the history, and the same times a window later, both on the edge and just past it. By the calendar:
    the midnights that leave one of the times behind, and those around the anniversaries of this and the next years."""
    everything = json.dumps([*trees, *world.audiences.values(), *world.stages.values()])
    times = {event.at for event in history.events} | {value.at for value in history.traits}
    times |= {instant for value in history.traits if (instant := instant_of(value.value)) is not None}
    lengths = {timedelta(), *(duration(text) for text in re.findall(r'"(\d+[smhdw])"', everything))}
    found = {time + length + edge for time in times for length in lengths for edge in (timedelta(), TICK)}
    for text in set(re.findall(f'"({CALENDAR})"', everything)):
        found |= {left_behind(text, time, world.zone) for time in times}
    aheads = {
        node["anniversary_in"] for tree in json.loads(everything) for node in nodes(tree) if "anniversary_in" in node
    }
    days = {day for value in history.traits if (day := day_of(str(value.value))) is not None}
    for days_before, zone in (days_ahead(ahead, world.zone) for ahead in aheads):
        years = {time.year for time in (*times, *([at] if at else []))}
        for year in {year + more for year in years for more in (0, 1, 2)}:
            for day in (in_year(born, year) for born in days):
                found |= {midnight(day + timedelta(days=n), zone) for n in (-days_before, 1)}
    for node in nodes(json.loads(everything)):
        if "pulse" in node:
            found |= set(pulse_turns(node, acts(history), world.zone, world.usual_gap))
    return found


def nodes(tree: Any) -> Iterator[Tree]:
    if isinstance(tree, Mapping):
        yield tree
        for inner in tree.values():
            yield from nodes(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from nodes(inner)
