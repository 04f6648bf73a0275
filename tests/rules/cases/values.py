"""What values pass which tests: of properties, and of traits where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.rules.cases.case import NOON, TICK, Case, ago, case, event, has, utc

MISSING = object()


def cases() -> Iterator[Case]:
    yield from _equal()
    yield from _parts()
    yield from _numbers()
    yield from _traits()
    yield from _times()
    yield from _held()
    yield from _held_by_several()


def _where(name: str, value: Any, operator: str, operand: Any, expected: bool) -> Iterator[Case]:
    """The same of a property and of a trait."""
    properties = {} if value is MISSING else {"x": value}
    tree = {"did": "A", "where": [{"property": "x", operator: operand}]}
    yield case(f"property {name}", tree, expected, event("A", **properties))
    if value != "":
        told = () if value is MISSING or value is None else (has("x", value),)
        yield case(f"trait {name}", {"trait": "x", operator: operand}, expected, *told)


def _equal() -> Iterator[Case]:
    for name, value, operand, expected in (
        ("a text", "DE", "DE", True),
        ("another case", "de", "DE", False),
        ("a number and its text", 10, "10", True),
        ("a text and its number", "10", 10, True),
        ("10 and 10.0", 10, 10.0, False),
        ("true and its text", True, "true", True),
        ("true and 1", True, 1, False),
        ("a list and its text", ["DE"], '["DE"]', True),
        ("an object", {"b": 1, "a": 2}, '{"a": 2, "b": 1}', True),
        ("missing", MISSING, "x", False),
        ("null", None, "null", False),
        ("blanks count", " DE", "DE", False),
        ("unicode", "Ünï 漢 😀", "Ünï 漢 😀", True),
        ("quotes", 'it\'s "x" \\', 'it\'s "x" \\', True),
        ("percent", "100% %s", "100% %s", True),
    ):
        yield from _where(f"is: {name}", value, "is", operand, expected)
        yield from _where(f"is_not: {name}", value, "is_not", operand, not expected)
        yield from _where(f"in: {name}", value, "in", [operand, "other"], expected)
        yield from _where(f"not_in: {name}", value, "not_in", ["other", operand], not expected)
    for name, value, expected in (
        ("a text", "x", True),
        ("false", False, True),
        ("zero", 0, True),
        ("an empty list", [], True),
        ("missing", MISSING, False),
        ("null", None, False),
    ):
        yield from _where(f"exists: {name}", value, "exists", True, expected)
        yield from _where(f"absent: {name}", value, "absent", True, not expected)
    yield from _where("exists: an empty text", "", "exists", True, True)
    yield from _where("is: an empty text", "", "is", "", True)


def _parts() -> Iterator[Case]:
    for name, value, operand, expected in (
        ("a piece of a text", "beauty & care", "ty & c", True),
        ("a whole text", "x", "x", True),
        ("another case", "Beauty", "b", False),
        ("nothing is in everything", "x", "", True),
        ("a whole element of a list", ["red", "blue"], "red", True),
        ("a piece of an element of a list", ["red"], "re", False),
        ("a number in a list", [1, 20], 20, True),
        ("a piece of a number in a list", [20], 2, False),
        ("a number in a list of texts", ["20"], 20, True),
        ("true in a list", [True], True, True),
        ("a list with null", [None, "x"], "x", True),
        ("an empty list", [], "x", False),
        ("unicode in a list", ["größe", "漢"], "漢", True),
        ("quotes in a list", ['a "b" \\'], 'a "b" \\', True),
        ("a nested list is a text", [["red"]], "red", True),
        ("a list of objects is a text", [{"c": "red"}], "re", True),
        ("a piece of a number", 2026, 26, True),
        ("a text that is written as a list is one", '["red"]', "re", False),
        ("a text that is nearly a list is a text", '["red"', "re", True),
        ("missing", MISSING, "x", False),
        ("special letters are letters", "a.c", "b.c", False),
        ("more special letters", "50% [a]*^$(|)_", "% [a]*^$(|)_", True),
    ):
        yield from _where(f"contains: {name}", value, "contains", operand, expected)
    for name, value, operand, expected in (
        ("the beginning", "beauty", "be", True),
        ("not the middle", "beauty", "ea", False),
        ("a number", 2026, 20, True),
        ("% and _ are letters", "abc", "a_", False),
        ("missing", MISSING, "x", False),
        ("the whole", "x", "x", True),
    ):
        yield from _where(f"starts_with: {name}", value, "starts_with", operand, expected)


def _numbers() -> Iterator[Case]:
    for operator, below, equal, above in (
        ("at_least", False, True, True),
        ("more_than", False, False, True),
        ("at_most", True, True, False),
        ("less_than", True, False, False),
    ):
        yield from _where(f"{operator}: below", 9.99, operator, 10, below)
        yield from _where(f"{operator}: equal", 10, operator, 10, equal)
        yield from _where(f"{operator}: equal in another form", 10.0, operator, 10, equal)
        yield from _where(f"{operator}: above", 10.01, operator, 10, above)
        yield from _where(f"{operator}: negative", -11, operator, 10, below)
        yield from _where(f"{operator}: text that is a number", "10", operator, 10, equal)
        yield from _where(f"{operator}: text with an exponent", "1e1", operator, 10, equal)
        for name, value in (
            ("a text", "ten"), ("blanks around it", " 10"), ("true", True), ("a list", [10]), ("an object", {"x": 10}),
            ("an empty text", ""), ("missing", MISSING), ("null", None), ("digits of another script", "١٠"),
            ("infinity", "Infinity"), ("beyond a double", "1e400"), ("hexadecimal", "0x0a"),
        ):  # fmt: skip
            yield from _where(f"{operator}: {name} is no number", value, operator, 10, False)


def _traits() -> Iterator[Case]:
    plan = {"trait": "plan", "is": "pro"}
    yield case("trait: the latest decides", plan, True, has("plan", "free", ago(days=1)), has("plan", "pro"))
    yield case("trait: the latest by its time, not by its arrival", plan, True,
               has("plan", "pro", ago(hours=1)), has("plan", "free", ago(days=1)))  # fmt: skip
    yield case(
        "trait: of two at one instant the one recorded last", plan, True, has("plan", "free"), has("plan", "pro")
    )
    yield case("trait: the same the other way round", plan, False, has("plan", "pro"), has("plan", "free"))
    yield case("trait: a later one does not exist yet", plan, False, has("plan", "pro", NOON + TICK))
    yield case("trait: at the instant it does", plan, True, has("plan", "pro", NOON))
    yield case("trait: another key", plan, False, has("plan.name", "pro"))
    yield case("trait: emptied is absent", {"trait": "plan", "absent": True}, True,
               has("plan", "pro", ago(days=1)), has("plan", ""))  # fmt: skip
    yield case("trait: emptied does not exist", {"trait": "plan", "exists": True}, False, has("plan", ""))
    yield case("trait: emptied is not the empty text", {"trait": "plan", "is": ""}, False, has("plan", ""))
    yield case("trait: emptied is not anything", {"trait": "plan", "is_not": "pro"}, True, has("plan", ""))
    yield case("trait: emptied starts with nothing", {"trait": "plan", "starts_with": ""}, False, has("plan", ""))
    yield case("trait: set again after it was emptied", plan, True, has("plan", "", ago(days=1)), has("plan", "pro"))


def _times() -> Iterator[Case]:
    for name, operator, operand, zone, yes, no in (
        ("before an instant", "before", "2026-06-01T10:00:00Z", "UTC", "2026-06-01T09:59:59.999999Z",
         "2026-06-01T10:00:00Z"),
        ("after an instant", "after", "2026-06-01T10:00:00Z", "UTC", "2026-06-01T10:00:00.000001Z",
         "2026-06-01T10:00:00Z"),
        ("before a date", "before", "2026-03-29", "Europe/Berlin", "2026-03-28T22:59:59.999999Z",
         "2026-03-28T23:00:00Z"),
        ("after a date of 23 hours", "after", "2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z",
         "2026-03-29T21:59:59.999999Z"),
        ("after a date of 25 hours", "after", "2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00Z",
         "2026-10-25T22:59:59.999999Z"),
    ):  # fmt: skip
        tree = {"trait": "x", operator: operand}
        yield case(f"{name}: within", tree, True, has("x", yes), zone=zone)
        yield case(f"{name}: the edge", tree, False, has("x", no), zone=zone)
    week = {"trait": "x", "within_last": "7d"}
    for name, value, expected in (
        ("the far edge", "2026-06-08T12:00:00Z", True),
        ("just past it", "2026-06-08T11:59:59.999999Z", False),
        ("the instant", "2026-06-15T12:00:00Z", True),
        ("still to come", "2026-06-15T12:00:00.000001Z", False),
        ("no time", "soon", False),
        ("a number", 20260610, False),
    ):
        yield case(f"within_last: {name}", week, expected, has("x", value))
        yield case(f"not_within_last: {name}", {"trait": "x", "not_within_last": "7d"}, not expected, has("x", value))
    yield case("within_last: missing", week, False)
    yield case("not_within_last: missing", {"trait": "x", "not_within_last": "7d"}, True)
    yield case("before: no time", {"trait": "x", "before": "2026-06-01"}, False, has("x", "yesterday"))


def _held() -> Iterator[Case]:
    pro = {"trait": "plan", "is": "pro", "held_for": "30d"}
    since, before = ago(days=30), ago(days=60)
    yield case("held: exactly so long", pro, True, has("plan", "pro", since))
    yield case("held: a moment less", pro, False, has("plan", "pro", since + TICK))
    yield case("held: much longer", pro, True, has("plan", "pro", before))
    yield case("held: set again to the same", pro, True, has("plan", "pro", before), has("plan", "pro", ago(days=1)))
    yield case(
        "held: another value in between",
        pro,
        False,
        has("plan", "pro", before),
        has("plan", "free", ago(days=10)),
        has("plan", "pro", ago(days=10) + TICK),
    )
    yield case("held: another value before it", pro, True, has("plan", "free", before), has("plan", "pro", since))
    yield case(
        "held: another value that ended just as it began",
        pro,
        True,
        has("plan", "free", since),
        has("plan", "pro", since),
    )
    yield case(
        "held: a value that was replaced at once does not break it",
        pro,
        True,
        has("plan", "pro", before),
        has("plan", "free", ago(days=5)),
        has("plan", "pro", ago(days=5)),
    )
    yield case(
        "held: emptied in between",
        pro,
        False,
        has("plan", "pro", before),
        has("plan", "", ago(days=10)),
        has("plan", "pro", ago(days=9)),
    )
    yield case("held: emptied now", pro, False, has("plan", "pro", before), has("plan", ""))
    yield case(
        "held: late news of a break",
        pro,
        False,
        has("plan", "pro", ago(days=5)),
        has("plan", "pro", before),
        has("plan", "free", ago(days=10)),
    )
    yield case("held: never set", pro, False)
    yield case("held: not yet set", pro, False, has("plan", "pro", NOON + TICK))


def _held_by_several() -> Iterator[Case]:
    before = ago(days=60)
    paid = {"trait": "plan", "in": ["pro", "max"], "held_for": "30d"}
    yield case(
        "held: one of several, from one to the other",
        paid,
        True,
        has("plan", "pro", before),
        has("plan", "max", ago(days=10)),
    )
    level = {"trait": "level", "at_least": 5, "held_for": "30d"}
    yield case("held: a number that stays above", level, True, has("level", 5, before), has("level", 9, ago(days=1)))
    yield case(
        "held: a number that fell below",
        level,
        False,
        has("level", 5, before),
        has("level", 4, ago(days=2)),
        has("level", 9, ago(days=1)),
    )
    yield case("held: exists", {"trait": "x", "exists": True, "held_for": "1h"}, True, has("x", 0, ago(hours=1)))
    yield case("held: for no time", {"trait": "x", "is": 1, "held_for": "0s"}, True, has("x", 1))
    at = utc("2026-03-29T12:00:00")
    yield case(
        "held: a day is 24 hours when clocks change",
        {"trait": "x", "is": 1, "held_for": "1d"},
        False,
        has("x", 1, at - timedelta(hours=23)),
        at=at,
        zone="Europe/Berlin",
    )
