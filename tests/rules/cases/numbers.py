"""Numbers over events, and the last and the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.rules.cases.case import NOON, TICK, Case, ago, case, event, utc


def cases() -> Iterator[Case]:
    yield from _sums()
    yield from _other_numbers()
    yield from _numbers_of_windows()
    yield from _ends()


def _number(how: str, **operator: float) -> dict[str, Any]:
    return {how: "x", "of": {"did": "A"}, **operator}


def _of(*values: Any) -> list[Any]:
    return [event("A", x=value) for value in values]


def _sums() -> Iterator[Case]:
    yield case("sum: of nothing is 0", _number("sum", at_least=0), True)
    yield case("sum: of nothing is no more than 0", _number("sum", more_than=0), False)
    yield case("sum: of nothing is at most 0", _number("sum", at_most=0), True)
    yield case("sum: of nothing is below 1", _number("sum", less_than=1), True)
    yield case("sum: of events without the property", _number("sum", at_most=0), True, event("A"), event("A", y=5))
    yield case("sum: equal at_least", _number("sum", at_least=0.3), True, *_of(0.1, 0.2))
    yield case("sum: equal more_than", _number("sum", more_than=0.3), False, *_of(0.1, 0.2))
    yield case("sum: equal at_most", _number("sum", at_most=0.3), True, *_of(0.1, 0.2))
    yield case("sum: equal less_than", _number("sum", less_than=0.3), False, *_of(0.1, 0.2))
    yield case("sum: negative numbers count", _number("sum", at_most=-2.5), True, *_of(10, -12.5))
    yield case("sum: equal values count each", _number("sum", at_least=15), True, *_of(5, 5, 5))
    yield case("sum: text that is a number", _number("sum", at_least=7.5), True, *_of("5", 2.5))
    yield case(
        "sum: what is no number is nothing",
        _number("sum", at_most=1),
        True,
        *_of(1, "ten", " 10", True, None, [10], {"a": 10}, "", "Infinity"),
    )
    yield case("sum: less than half a millionth is nothing", _number("sum", at_most=0), True, *_of(*[4e-7] * 9))
    yield case(
        "sum: more than half a millionth is a millionth", _number("sum", at_least=0.000009), True, *_of(*[6e-7] * 9)
    )
    yield case("sum: a trillion counts", _number("sum", at_least=10**12), True, *_of(10**12))
    yield case(
        "sum: beyond a trillion does not", _number("sum", at_most=5), True, *_of(5, 10**12 + 1, -(10**13), 1e300)
    )
    yield case("sum: many trillions", _number("sum", at_least=4 * 10**13), True, *_of(*[10**12] * 40))
    yield case("sum: many trillions, exactly", _number("sum", more_than=4 * 10**13), False, *_of(*[10**12] * 40))
    yield case("sum: and one millionth", _number("sum", more_than=4 * 10**13), True, *_of(*[10**12] * 40, 0.000001))
    yield case("sum: a bound beyond all sums", _number("sum", less_than=1e300), True, *_of(10**12))
    yield case("sum: a bound finer than a millionth, above", _number("sum", at_least=0.3000001), False, *_of(0.3))
    yield case("sum: a bound finer than a millionth, below", _number("sum", at_least=0.2999999), True, *_of(0.3))
    yield case(
        "sum: only of what matches",
        {"sum": "x", "of": {"did": "A", "where": [{"property": "k", "is": "b"}]}, "at_least": 6},
        False,
        event("A", x=5, k="b"),
        event("A", x=5, k="c"),
        event("B", x=5, k="b"),
    )
    yield case(
        "sum: of a nested property", {"sum": "a.b", "of": {"did": "A"}, "at_least": 5}, True, event("A", a={"b": 5})
    )
    yield case(
        "sum: later events do not exist yet", _number("sum", at_most=5), True, *_of(5), event("A", NOON + TICK, x=5)
    )


def _other_numbers() -> Iterator[Case]:
    for how in ("avg", "min", "max"):
        for operator in ("at_least", "more_than", "at_most", "less_than"):
            yield case(f"{how}: of nothing is not {operator} 0", _number(how, **{operator: 0}), False, event("A"))
            yield case(f"not {how}: of nothing {operator} 0", {"not": _number(how, **{operator: 0})}, True)
    yield case("avg: equal", _number("avg", at_least=2), True, *_of(1, 2, 3))
    yield case("avg: not more", _number("avg", more_than=2), False, *_of(1, 2, 3))
    yield case("avg: a third is more than its millionths", _number("avg", more_than=0.333333), True, *_of(0, 0, 1))
    yield case("avg: a third is less than one more", _number("avg", less_than=0.333334), True, *_of(0, 0, 1))
    yield case("avg: minus a third", _number("avg", less_than=-0.333333), True, *_of(0, 0, -1))
    yield case("avg: what is no number is left out", _number("avg", at_least=10), True, *_of(10, None, "x"), event("A"))
    yield case("avg: zero is not left out", _number("avg", at_most=5), True, *_of(10, 0))
    yield case("avg: beyond a trillion is left out", _number("avg", at_most=1), True, *_of(1, 10**13))
    yield case("avg: a bound beyond a trillion", _number("avg", at_least=10**14), False, *_of(10**12))
    yield case("min: the smallest", _number("min", at_most=-5), True, *_of(3, -5, 4))
    yield case("min: all must be so large", _number("min", at_least=3), False, *_of(3, 2.99))
    yield case("max: the largest", _number("max", at_least=4), True, *_of(3, "4", "ten"))
    yield case("max: one is too large", _number("max", less_than=4), False, *_of(3, 4))
    yield case("max: knows no trillion", _number("max", at_least=1e15), True, *_of(1e15))
    yield case("min: of texts is nothing", _number("min", less_than=10**9), False, *_of("a", "b", True))
    yield case("distinct: of nothing is 0", _number("distinct", at_most=0), True, event("A"), *_of(None))
    yield case("distinct: equal ones are one", _number("distinct", at_most=1), True, *_of("a", "a", "a"))
    yield case("distinct: a number is its text", _number("distinct", at_most=1), True, *_of(1, "1"))
    yield case("distinct: 1 and 1.0 are two", _number("distinct", at_least=2), True, *_of(1, 1.0))
    yield case("distinct: letters count", _number("distinct", at_least=3), True, *_of("a", "A", "a "))
    yield case("distinct: the empty text is one", _number("distinct", at_least=2), True, *_of("", "a"))
    yield case("distinct: lists by their texts", _number("distinct", at_most=1), True, *_of(["a"], ["a"]))
    yield case("distinct: unicode", _number("distinct", at_least=2), True, *_of("caf\u00e9", "cafe\u0301"))
    yield case("distinct: a fraction as a bound", _number("distinct", more_than=1.5), True, *_of("a", "b"))


def _numbers_of_windows() -> Iterator[Case]:
    day = {"did": "A", "within": "1d"}
    for how, expected in (("sum", False), ("avg", True), ("min", True), ("max", False), ("distinct", False)):
        at_most = {how: "x", "of": day, "at_most": 3 if how != "distinct" else 1}
        edge, past, near = event("A", ago(days=1), x=4), event("A", ago(days=1) - TICK, x=4), event("A", x=1)
        yield case(f"{how}: the far edge of a window counts", at_most, expected, edge, near)
        yield case(f"{how}: just past it does not", at_most, True, past, near)
    yield case(
        "sum: between",
        {"sum": "x", "of": {"did": "A", "between": ["2026-06-14", "2026-06-14"]}, "at_least": 3},
        True,
        event("A", utc("2026-06-14T00:00:00"), x=1),
        event("A", utc("2026-06-14T23:59:59.999999"), x=2),
    )
    yield case(
        "avg: of a window that became empty",
        {"avg": "x", "of": day, "at_most": 10**6},
        False,
        event("A", ago(days=2), x=1),
    )


def _ends() -> Iterator[Case]:
    shoes = [{"property": "x", "is": "shoes"}]
    last, first = {"last": {"did": "A"}, "has": shoes}, {"first": {"did": "A"}, "has": shoes}
    old, new = event("A", ago(days=2), x="shoes"), event("A", ago(days=1), x="hats")
    yield case("last: is another", last, False, old, new)
    yield case("first: is this one", first, True, old, new)
    yield case("last: by its time, not by its arrival", last, False, new, old)
    yield case("first: by its time, not by its arrival", first, True, new, old)
    yield case("last: none", last, False, event("B", x="shoes"))
    yield case("first: none", first, False)
    yield case("not last: none", {"not": last}, True)
    shoe, hat = event("A", x="shoes"), event("A", x="hats")
    yield case("last: of two at one instant the one recorded last", last, True, hat, shoe)
    yield case("last: the same the other way round", last, False, shoe, hat)
    yield case("first: of two at one instant the one recorded first", first, True, shoe, hat)
    yield case("first: the same the other way round", first, False, hat, shoe)
    yield case("last: later ones do not exist yet", last, True, shoe, event("A", NOON + TICK, x="hats"))
    yield case("last: others do not matter", last, True, shoe, event("B", x="hats"))
    matching = {"last": {"did": "A", "where": [{"property": "y", "is": 1}]}, "has": shoes}
    yield case(
        "last: only of what matches", matching, True, event("A", ago(days=1), x="shoes", y=1), event("A", x="hats")
    )
    within = {"first": {"did": "A", "within": "1d"}, "has": [{"property": "x", "is": "hats"}]}
    yield case(
        "first: of its window", within, True, event("A", ago(days=2), x="shoes"), event("A", ago(days=1), x="hats")
    )
    yield case("first: the edge of its window", within, False, event("A", ago(days=1), x="shoes"), event("A", x="hats"))
    yield case("last: its window is empty", {"last": {"did": "A", "within": "1h"}, "has": shoes}, False, old)
    yield case(
        "last: of a window of dates",
        {"last": {"did": "A", "between": ["2026-06-13", "2026-06-13"]}, "has": shoes},
        True,
        old,
        new,
    )
    absent = {"last": {"did": "A"}, "has": [{"property": "x", "absent": True}]}
    yield case("last: lacks the property", absent, True, old, event("A"))
    yield case("last: lacks the property, but there is none", absent, False)
    both = {"last": {"did": ["A", "B"]}, "has": [{"property": "x", "is": 1}, {"property": "y", "is_not": 2}]}
    yield case("last: has both", both, True, event("A", ago(days=1), x=1, y=2), event("B", x=1))
    yield case("last: has one of them", both, False, event("A", x=1, y=2))
