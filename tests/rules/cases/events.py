"""Which events count, how many, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.rules.cases.case import NOON, TICK, Case, ago, case, event, of_system, utc
from tests.rules.plain import Event


def cases() -> Iterator[Case]:
    yield from _everyone()
    yield from _which()
    yield from _how_often()
    yield from _when()
    yield from _late_and_future()
    yield from _with_properties()
    yield from _joined()


def _everyone() -> Iterator[Case]:
    yield case("everyone: a customer of whom nothing is known", {"everyone": True}, True)
    yield case("not everyone", {"not": {"everyone": True}}, False)


def _which() -> Iterator[Case]:
    yield case("did: once is enough", {"did": "A"}, True, event("A"))
    yield case("did: nothing was done", {"did": "A"}, False)
    yield case("did: names are compared letter by letter", {"did": "order completed"}, False, event("Order Completed"))
    yield case("did: a blank is a letter", {"did": "A"}, False, event("A "))
    yield case("did: unicode names", {"did": "Käufe 漢 😀"}, True, event("Käufe 漢 😀"))
    yield case("did: composed and decomposed letters differ", {"did": "caf\u00e9"}, False, event("cafe\u0301"))
    yield case("did: quotes and backslashes", {"did": 'it\'s "x" \\ %s'}, True, event('it\'s "x" \\ %s'))
    yield case("did: one of several names", {"did": ["A", "B"]}, True, event("B"))
    yield case("did: none of several names", {"did": ["A", "B"]}, False, event("C"))
    yield case("did: a prefix", {"did": {"prefix": "Order"}}, True, event("Order Completed"))
    yield case("did: a whole name is its own prefix", {"did": {"prefix": "Order"}}, True, event("Order"))
    yield case("did: a prefix stands in front", {"did": {"prefix": "Order"}}, False, event("An Order"))
    yield case("did: % and _ in a prefix are letters", {"did": {"prefix": "a_%"}}, False, event("abc"))
    yield case("did: % and _ in a prefix are found", {"did": {"prefix": "a_%"}}, True, event("a_% off"))
    yield case("did: anything is the customer's own act", {"did": {"any": True}}, True, event("X"))
    yield case("did: what the system did is not anything", {"did": {"any": True}}, False, of_system("Email Sent"))
    yield case("did: what the system did has a name", {"did": "Email Sent"}, True, of_system("Email Sent"))


def _how_often() -> Iterator[Case]:
    def times(**bound: int) -> dict[str, Any]:
        return {"did": "A", "times": bound}

    twins = (event("A"), event("A"))
    yield case("times: two at one instant are two", times(at_least=2), True, *twins)
    yield case("times: two are not three", times(at_least=3), False, *twins)
    yield case("times: exactly two", times(exactly=2), True, *twins)
    yield case("times: two are not exactly one", times(exactly=1), False, *twins)
    yield case("times: two are at most two", times(at_most=2), True, *twins)
    yield case("times: two are not at most one", times(at_most=1), False, *twins)
    yield case("times: never did", times(at_most=0), True, event("B"))
    yield case("times: never did, but did", times(at_most=0), False, event("A"))
    yield case("times: exactly none", times(exactly=0), True)
    yield case("times: events of several names count together", {"did": ["A", "B"], "times": {"exactly": 2}}, True,
               event("A"), event("B"))  # fmt: skip
    yield case("times: a name said twice counts once", {"did": ["A", "A"], "times": {"exactly": 1}}, True, event("A"))


def _when() -> Iterator[Case]:
    day = {"did": "A", "within": "1d"}
    yield case("within: the far edge counts", day, True, event("A", ago(days=1)))
    yield case("within: just past the far edge", day, False, event("A", ago(days=1) - TICK))
    yield case("within: the near edge counts", day, True, event("A", NOON))
    yield case("within: just past the near edge", day, False, event("A", NOON + TICK))
    yield case("within: no time at all is the instant itself", {"did": "A", "within": "0s"}, True, event("A"))
    yield case("within: no time at all, just before", {"did": "A", "within": "0s"}, False, event("A", NOON - TICK))
    yield case("within: 1w is seven days", {"did": "A", "within": "1w"}, True, event("A", ago(days=7)))
    spring = utc("2026-03-29T12:00:00")
    yield case("within: a day is 24 hours when clocks change", day, True, event("A", spring - timedelta(hours=24)),
               at=spring, zone="Europe/Berlin")  # fmt: skip
    yield case("within: and not 25", day, False, event("A", spring - timedelta(hours=24) - TICK),
               at=spring, zone="Europe/Berlin")  # fmt: skip

    dates = {"did": "A", "between": ["2026-03-28", "2026-03-29"]}
    for name, zone, first, last in (
        ("UTC", "UTC", utc("2026-03-28T00:00:00"), utc("2026-03-29T23:59:59.999999")),
        ("Berlin, where the second day has 23 hours", "Europe/Berlin", utc("2026-03-27T23:00:00"),
         utc("2026-03-29T21:59:59.999999")),
    ):  # fmt: skip
        yield case(f"between dates in {name}: the first instant", dates, True, event("A", first), zone=zone)
        yield case(f"between dates in {name}: before it", dates, False, event("A", first - TICK), zone=zone)
        yield case(f"between dates in {name}: the last instant", dates, True, event("A", last), zone=zone)
        yield case(f"between dates in {name}: after it", dates, False, event("A", last + TICK), zone=zone)
    yield case("between instants that are the wrong way round only in their zones",
               {"did": "A", "between": ["2026-06-01T10:00:00+02:00", "2026-06-01T09:00:00Z"]}, True,
               event("A", utc("2026-06-01T09:00:00")))  # fmt: skip
    yield case("between: nothing beyond the instant exists", {"did": "A", "between": ["2026-06-01", "2026-06-30"]},
               False, event("A", NOON + TICK))  # fmt: skip


def _late_and_future() -> Iterator[Case]:
    day = {"did": "A", "within": "1d"}
    yield case("late: what is recorded last may have happened first", day, True,
               event("B", NOON), event("A", ago(hours=20)))  # fmt: skip
    yield case("late: too long ago is too long ago, whenever it arrived", day, False,
               event("B", NOON), event("A", ago(hours=25)))  # fmt: skip
    yield case("future: does not exist yet", {"did": "A"}, False, event("A", NOON + timedelta(days=400)))
    yield case("future: is no third", {"did": "A", "times": {"exactly": 2}}, True,
               event("A"), event("A"), event("A", NOON + TICK))  # fmt: skip


def _with_properties() -> Iterator[Case]:
    both = {"did": "A", "where": [{"property": "x", "is": 1}, {"property": "y", "is": 2}]}
    yield case("where: one event passes both", both, True, event("A", x=1, y=2))
    yield case("where: two events that pass one each", both, False, event("A", x=1), event("A", y=2))
    counted = {"did": "A", "where": [{"property": "x", "at_least": 10}], "times": {"exactly": 1}}
    yield case("where: others do not count", counted, True, event("A", x=10), event("A", x=9.99), event("A"))
    nested = {"did": "A", "where": [{"property": "a.b.c", "is": "x"}]}
    yield case("path: nested objects", nested, True, event("A", a={"b": {"c": "x"}}))
    yield case("path: too short", nested, False, event("A", a={"b": "x"}))
    yield case("path: a key that contains dots", {"did": "A", "where": [{"property": "a.b", "is": "x"}]}, True,
               Event("A", NOON, {"a.b": "x"}))  # fmt: skip
    yield case("path: does not walk into lists", {"did": "A", "where": [{"property": "a.0", "exists": True}]}, False,
               event("A", a=["x"]))  # fmt: skip
    yield case("path: unicode", {"did": "A", "where": [{"property": "größe.漢", "is": "😀"}]}, True,
               event("A", größe={"漢": "😀"}))  # fmt: skip


def _joined() -> Iterator[Case]:
    a, b, c = ({"did": name} for name in "ABC")
    yield case("all: every one", {"all": [a, b]}, True, event("A"), event("B"))
    yield case("all: one is missing", {"all": [a, b, c]}, False, event("A"), event("B"))
    yield case("any: one is enough", {"any": [a, b]}, True, event("B"))
    yield case("any: none", {"any": [a, b]}, False, event("C"))
    yield case("not all", {"not": {"all": [a, b]}}, True, event("A"))
    yield case("not any", {"not": {"any": [a, b]}}, False, event("A"))
    yield case("not not", {"not": {"not": a}}, True, event("A"))
    yield case("all of one", {"all": [a]}, True, event("A"))
    yield case("nested", {"all": [{"any": [a, b]}, {"not": {"all": [b, c]}}]}, True, event("A"), event("C"))
