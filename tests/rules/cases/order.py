"""What did not follow, what came in order, lists and buckets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.rules.cases.case import NOON, TICK, Case, ago, case, event, utc

HOUR = timedelta(hours=1)


def cases() -> Iterator[Case]:
    yield from _not_followed()
    yield from _not_followed_of_some()
    yield from _not_followed_at_once()
    yield from _sequences()
    yield from _sequences_of_some()
    yield from _lists()
    yield from _buckets()


def _not_followed() -> Iterator[Case]:
    tree = {"did": "A", "then_not": {"did": "B"}, "for": "1h"}
    begun = event("A", ago(hours=1))
    yield case("then not: time is up just now", tree, True, begun)
    yield case("then not: time is not up yet", tree, False, event("A", ago(hours=1) + TICK))
    yield case("then not: followed", tree, False, event("A", ago(hours=5)), event("B", ago(hours=5) + HOUR / 2))
    yield case(
        "then not: followed at the last instant", tree, False, event("A", ago(hours=5)), event("B", ago(hours=4))
    )
    yield case("then not: followed too late", tree, True, event("A", ago(hours=5)), event("B", ago(hours=4) + TICK))
    yield case("then not: what came before does not follow", tree, True, event("B", ago(hours=1) - TICK), begun)
    yield case(
        "then not: late news that it was followed",
        tree,
        False,
        event("A", ago(hours=5)),
        event("C"),
        event("B", ago(hours=5) + HOUR / 2),
    )
    yield case("then not: what is still to come does not follow", tree, True, begun, event("B", NOON + TICK))
    yield case(
        "then not: one of two is enough",
        tree,
        True,
        event("A", ago(hours=9)),
        event("A", ago(hours=5)),
        event("B", ago(hours=5) + TICK),
    )
    yield case(
        "then not: each was followed",
        tree,
        False,
        event("A", ago(hours=5)),
        event("A", ago(hours=5) - HOUR / 2),
        event("B", ago(hours=5) + TICK),
    )
    yield case("then not: never begun", tree, False, event("B", ago(hours=5)))
    yield case("not then not: never begun", {"not": tree}, True)


def _not_followed_of_some() -> Iterator[Case]:
    tree = {"did": "A", "then_not": {"did": "B"}, "for": "1h"}
    window = {**tree, "within": "1d"}
    yield case("then not: the far edge of its window", window, True, event("A", ago(days=1)))
    yield case("then not: just past it", window, False, event("A", ago(days=1) - TICK))
    short = {**tree, "within": "30m"}
    yield case(
        "then not: a window shorter than the wait", short, False, event("A", ago(hours=1)), event("A", ago(minutes=20))
    )
    between = {**tree, "between": ["2026-06-14", "2026-06-14"]}
    yield case(
        "then not: followed after its window",
        between,
        False,
        event("A", utc("2026-06-14T23:59:00")),
        event("B", utc("2026-06-15T00:01:00")),
    )
    same = {
        "did": "A",
        "where": [{"property": "x", "is": 1}],
        "then_not": {"did": "B", "where": [{"property": "x", "is": 1}]},
        "for": "1h",
    }
    yield case(
        "then not: what does not match does not follow",
        same,
        True,
        event("A", ago(hours=5), x=1),
        event("B", ago(hours=5) + TICK, x=2),
    )
    yield case("then not: what does not match does not begin", same, False, event("A", ago(hours=5), x=2))
    at = utc("2026-03-29T01:30:00")
    yield case(
        "then not: an hour is an hour when clocks change",
        tree,
        True,
        event("A", at - HOUR),
        at=at,
        zone="Europe/Berlin",
    )


def _not_followed_at_once() -> Iterator[Case]:
    tree = {"did": "A", "then_not": {"did": "B"}, "for": "1h"}
    then = ago(hours=5)
    yield case("then not: another at the same instant follows", tree, False, event("A", then), event("B", then))
    yield case("then not: whichever was recorded first", tree, False, event("B", then), event("A", then))
    again = {"did": "A", "then_not": {"did": "A"}, "for": "1h"}
    yield case("then not again: it does not follow itself", again, True, event("A", then))
    yield case(
        "then not again: its like at the same instant does not follow", again, True, event("A", then), event("A", then)
    )
    yield case("then not again: the last of two", again, True, event("A", then), event("A", then + TICK))
    yield case(
        "then not again: the last is too near", again, False, event("A", NOON - HOUR / 2), event("A", NOON - HOUR)
    )
    anything = {"did": "A", "then_not": {"did": {"any": True}}, "for": "1h"}
    yield case("then not anything: it does not follow itself", anything, True, event("A", then))
    yield case("then not anything: another at the same instant", anything, False, event("A", then), event("C", then))
    narrow = {"did": "A", "where": [{"property": "x", "is": 1}], "then_not": {"did": "A"}, "for": "1h"}
    yield case(
        "then not: unlike ones at the same instant follow", narrow, False, event("A", then, x=1), event("A", then, x=2)
    )
    at_once = {"did": "A", "then_not": {"did": "B"}, "for": "0s"}
    yield case("then not at once: alone", at_once, True, event("A"), event("B", NOON - TICK))
    yield case("then not at once: together", at_once, False, event("A"), event("B"))


def _sequences() -> Iterator[Case]:
    ab = {"sequence": [{"did": "A"}, {"did": "B"}]}
    first, second = event("A", ago(hours=2)), event("B", ago(hours=1))
    yield case("sequence: in order", ab, True, first, second)
    yield case("sequence: by their times, not by their arrival", ab, True, second, first)
    yield case("sequence: out of order", ab, False, event("B", ago(hours=2)), event("A", ago(hours=1)))
    yield case("sequence: at one instant is not later", ab, False, event("A"), event("B"))
    yield case("sequence: a moment later is later", ab, True, event("A", NOON - TICK), event("B"))
    yield case("sequence: the end is still to come", ab, False, first, event("B", NOON + TICK))
    yield case("sequence: others in between", ab, True, first, event("C", ago(minutes=90)), second)
    yield case("sequence: the second alone", ab, False, second)
    yield case("sequence: begun again after it", ab, True, first, second, event("A"))
    aa = {"sequence": [{"did": "A"}, {"did": "A"}]}
    yield case("sequence: one event is not two steps", aa, False, event("A"))
    yield case("sequence: two at one instant are not two steps", aa, False, event("A"), event("A"))
    yield case("sequence: two at two instants", aa, True, event("A", NOON - TICK), event("A"))
    abc = {"sequence": [{"did": name} for name in "ABC"]}
    yield case(
        "sequence of three: found among others",
        abc,
        True,
        event("A", ago(hours=9)),
        event("C", ago(hours=8)),
        event("B", ago(hours=7)),
        event("A", ago(hours=6)),
        event("C", ago(hours=5)),
    )
    yield case(
        "sequence of three: one is missing",
        abc,
        False,
        event("A", ago(hours=9)),
        event("C", ago(hours=8)),
        event("B", ago(hours=7)),
        event("A", ago(hours=6)),
    )
    ten = {"sequence": [{"did": "A"}] * 10}
    yield case("sequence of ten: ten", ten, True, *(event("A", ago(hours=n)) for n in range(10)))
    yield case("sequence of ten: nine", ten, False, *(event("A", ago(hours=n)) for n in range(9)))


def _sequences_of_some() -> Iterator[Case]:
    ab = {"sequence": [{"did": "A"}, {"did": "B"}]}
    first, second = event("A", ago(hours=2)), event("B", ago(hours=1))
    day = {**ab, "within": "1d"}
    yield case("sequence: the far edge of its window", day, True, event("A", ago(days=1)), second)
    yield case("sequence: its beginning is past the edge", day, False, event("A", ago(days=1) - TICK), second)
    yield case("sequence: a later beginning is not", day, True, event("A", ago(days=3)), first, second)
    yield case(
        "sequence: a later beginning that nothing followed", day, False, event("A", ago(days=3)), second, event("A")
    )
    date = {**ab, "between": ["2026-06-14", "2026-06-14"]}
    yield case(
        "sequence: all on one day",
        date,
        True,
        event("A", utc("2026-06-14T00:00:00")),
        event("B", utc("2026-06-14T23:59:59.999999")),
    )
    yield case(
        "sequence: begun on the day before",
        date,
        False,
        event("A", utc("2026-06-13T23:59:59")),
        event("B", utc("2026-06-14T12:00:00")),
    )
    yield case(
        "sequence: ended on the day after",
        date,
        False,
        event("A", utc("2026-06-14T12:00:00")),
        event("B", utc("2026-06-15T00:00:00")),
    )
    where = {
        "sequence": [
            {"did": "A", "where": [{"property": "x", "is": 1}]},
            {"did": "A", "where": [{"property": "x", "is": 2}]},
        ]
    }
    yield case("sequence: steps of one name", where, True, event("A", ago(hours=2), x=1), event("A", ago(hours=1), x=2))
    yield case(
        "sequence: steps of one name, out of order",
        where,
        False,
        event("A", ago(hours=2), x=2),
        event("A", ago(hours=1), x=1),
    )
    mixed = {"sequence": [{"did": {"any": True}}, {"did": ["B", "C"]}, {"did": {"prefix": "Or"}}]}
    yield case(
        "sequence: steps of all kinds",
        mixed,
        True,
        event("C", ago(hours=3)),
        event("C", ago(hours=2)),
        event("Order", ago(hours=1)),
    )


def _lists() -> Iterator[Case]:
    fair = {"list": "fair"}
    joined, left = event("List Joined", ago(hours=2), list="fair"), event("List Left", ago(hours=1), list="fair")
    yield case("list: joined", fair, True, joined)
    yield case("list: left again", fair, False, joined, left)
    yield case("list: left again, in whatever order it arrived", fair, False, left, joined)
    yield case("list: joined anew", fair, True, joined, left, event("List Joined", list="fair"))
    yield case("list: never joined", fair, False)
    yield case("list: left without joining", fair, False, left)
    yield case("list: another one", fair, False, event("List Joined", list="fair-2026"))
    yield case("list: leaving another one", fair, True, joined, event("List Left", ago(hours=1), list="fairs"))
    yield case("list: not joined yet", fair, False, event("List Joined", NOON + TICK, list="fair"))
    yield case(
        "list: joined and left at one instant",
        fair,
        False,
        event("List Joined", list="fair"),
        event("List Left", list="fair"),
    )
    yield case(
        "list: left and joined at one instant",
        fair,
        True,
        event("List Left", list="fair"),
        event("List Joined", list="fair"),
    )
    yield case("list: unicode", {"list": "Messe ü 漢"}, True, event("List Joined", list="Messe ü 漢"))
    yield case("list: a number is its text", {"list": "2026"}, True, event("List Joined", list=2026))
    yield case("list: of no list", fair, False, event("List Joined"))


def _buckets() -> Iterator[Case]:
    yield case("bucket: all of them", {"bucket": "summer", "share": 1}, True)
    yield case("bucket: none of them", {"bucket": "summer", "share": 0}, False)
    yield case("not bucket: none of them", {"not": {"bucket": "summer", "share": 0.0}}, True)
