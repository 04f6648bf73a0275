"""Windows and anniversaries by the calendar: whole days in a time zone."""

from __future__ import annotations

from collections.abc import Iterator

from tests.rules.cases.case import NOON, TICK, Case, case, event, has, utc


def cases() -> Iterator[Case]:
    yield from _windows()
    yield from _clocks()
    yield from _elsewhere()
    yield from _anniversaries()
    yield from _no_anniversaries()


def _windows() -> Iterator[Case]:
    """The first instant of each window, which counts, while the one before it does not."""
    for length, zone, at, first in (
        ("today", "UTC", "2026-06-15T12:00:00", "2026-06-15T00:00:00"),
        ("today", "UTC", "2026-06-15T00:00:00", "2026-06-15T00:00:00"),
        ("today", "UTC", "2026-06-15T23:59:59.999999", "2026-06-15T00:00:00"),
        ("today", "Europe/Berlin", "2026-06-15T12:00:00", "2026-06-14T22:00:00"),
        ("today", "Europe/Berlin", "2026-06-15T22:00:00", "2026-06-15T22:00:00"),
        ("today", "Asia/Tokyo", "2026-06-15T15:00:00", "2026-06-15T15:00:00"),
        ("today", "Asia/Tokyo", "2026-06-15T14:59:59.999999", "2026-06-14T15:00:00"),
        ("today", "Asia/Kathmandu", "2026-06-15T12:00:00", "2026-06-14T18:15:00"),
        ("today", "America/New_York", "2026-06-15T03:59:59.999999", "2026-06-14T04:00:00"),
        ("this week", "UTC", "2026-06-15T12:00:00", "2026-06-15T00:00:00"),
        ("this week", "UTC", "2026-06-14T23:59:59.999999", "2026-06-08T00:00:00"),
        ("this week", "UTC", "2026-01-01T12:00:00", "2025-12-29T00:00:00"),
        ("this week", "Europe/Berlin", "2026-03-29T12:00:00", "2026-03-22T23:00:00"),
        ("this week", "Europe/Berlin", "2026-03-30T12:00:00", "2026-03-29T22:00:00"),
        ("this month", "UTC", "2026-06-15T12:00:00", "2026-06-01T00:00:00"),
        ("this month", "UTC", "2026-06-01T00:00:00", "2026-06-01T00:00:00"),
        ("this month", "Europe/Berlin", "2026-03-31T21:59:59.999999", "2026-02-28T23:00:00"),
        ("this month", "Europe/Berlin", "2026-03-31T22:00:00", "2026-03-31T22:00:00"),
        ("this year", "UTC", "2026-06-15T12:00:00", "2026-01-01T00:00:00"),
        ("this year", "Europe/Berlin", "2025-12-31T23:00:00", "2025-12-31T23:00:00"),
        ("this year", "Europe/Berlin", "2025-12-31T22:59:59.999999", "2024-12-31T23:00:00"),
        ("1mo", "UTC", "2026-06-15T12:00:00", "2026-05-15T00:00:00"),
        ("1mo", "UTC", "2026-03-31T12:00:00", "2026-02-28T00:00:00"),
        ("1mo", "UTC", "2026-03-28T12:00:00", "2026-02-28T00:00:00"),
        ("1mo", "UTC", "2028-03-30T12:00:00", "2028-02-29T00:00:00"),
        ("1mo", "UTC", "2026-07-31T12:00:00", "2026-06-30T00:00:00"),
        ("3mo", "UTC", "2026-02-10T12:00:00", "2025-11-10T00:00:00"),
        ("3mo", "Europe/Berlin", "2026-05-31T12:00:00", "2026-02-27T23:00:00"),
        ("14mo", "UTC", "2026-01-31T12:00:00", "2024-11-30T00:00:00"),
        ("1y", "UTC", "2026-06-15T12:00:00", "2025-06-15T00:00:00"),
        ("1y", "UTC", "2028-02-29T12:00:00", "2027-02-28T00:00:00"),
        ("1y", "Europe/Berlin", "2026-03-29T12:00:00", "2025-03-28T23:00:00"),
        ("4y", "UTC", "2028-02-29T12:00:00", "2024-02-29T00:00:00"),
        ("100y", "UTC", "2026-06-15T12:00:00", "1926-06-15T00:00:00"),
    ):  # fmt: skip
        yield from _edges(f"{length} at {at}Z in {zone}", length, zone, at, first)


def _clocks() -> Iterator[Case]:
    """Days of 23 and of 25 hours, days without midnight and with two, and one that never was."""
    for name, length, zone, at, first in (
        ("the day the clocks go forward", "today", "Europe/Berlin", "2026-03-29T12:00:00", "2026-03-28T23:00:00"),
        ("its last instant", "today", "Europe/Berlin", "2026-03-29T21:59:59.999999", "2026-03-28T23:00:00"),
        ("the day after it", "today", "Europe/Berlin", "2026-03-29T22:00:00", "2026-03-29T22:00:00"),
        ("the day the clocks go back", "today", "Europe/Berlin", "2026-10-25T22:59:59.999999", "2026-10-24T22:00:00"),
        ("the day after that", "today", "Europe/Berlin", "2026-10-25T23:00:00", "2026-10-25T23:00:00"),
        ("a day that begins at one", "today", "America/Havana", "2026-03-08T12:00:00", "2026-03-08T05:00:00"),
        ("another", "today", "Asia/Beirut", "2026-03-29T12:00:00", "2026-03-28T22:00:00"),
        ("its month, begun an hour earlier", "1mo", "Asia/Beirut", "2026-04-29T12:00:00", "2026-03-28T22:00:00"),
        ("a day with two midnights", "today", "America/Havana", "2026-11-01T12:00:00", "2026-11-01T04:00:00"),
        ("between its two midnights", "today", "America/Havana", "2026-11-01T04:30:00", "2026-11-01T04:00:00"),
        ("a month after two midnights", "1mo", "America/Havana", "2026-12-01T12:00:00", "2026-11-01T04:00:00"),
        ("an hour before midnight twice", "today", "Asia/Beirut", "2026-10-25T00:00:00", "2026-10-24T22:00:00"),
        ("a change of half an hour", "today", "Australia/Lord_Howe", "2026-04-05T12:00:00", "2026-04-04T13:00:00"),
        ("the day after one that never was", "today", "Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00"),
        ("a month after a day that never was", "1mo", "Pacific/Apia", "2012-01-30T01:00:00", "2011-12-30T10:00:00"),
    ):  # fmt: skip
        yield from _edges(f"{length} in {zone}, {name}", length, zone, at, first)


def _edges(name: str, length: str, zone: str, at: str, first: str) -> Iterator[Case]:
    tree, seen = {"did": "A", "within": length}, {"trait": "seen", "within_last": length}
    begin, end = utc(first), utc(at)
    yield case(f"{name}: begins", tree, True, event("A", begin), at=end, zone=zone)
    yield case(f"{name}: has not begun", tree, False, event("A", begin - TICK), at=end, zone=zone)
    yield case(f"{name}: is still to come", tree, False, event("A", end + TICK), at=end, zone=zone)
    text = begin.isoformat().replace("+00:00", "Z")
    yield case(f"{name}: begins for a trait", seen, True, has("seen", text, begin), at=end, zone=zone)
    before = (begin - TICK).isoformat().replace("+00:00", "Z")
    yield case(f"{name}: has not begun for a trait", {"trait": "seen", "not_within_last": length}, True,
               has("seen", before, begin), at=end, zone=zone)  # fmt: skip


def _elsewhere() -> Iterator[Case]:
    """The zone that is said counts, not the company's; every condition with a window has it by the calendar too."""
    tokyo, edge = "today@Asia/Tokyo", utc("2026-06-14T15:00:00")
    yield case(
        "today in a zone that is said", {"did": "A", "within": tokyo}, True, event("A", edge), zone="Europe/Berlin"
    )
    yield case("not today in a zone that is said", {"did": "A", "within": tokyo}, False, event("A", edge - TICK),
               zone="Europe/Berlin")  # fmt: skip
    of = {"did": "A", "within": tokyo}
    step = event("B", NOON)
    for name, tree in (
        ("times", {"did": ["A", "B"], "within": tokyo, "times": {"at_least": 2}}),
        ("sum", {"sum": "x", "of": of, "at_least": 1}),
        ("distinct", {"distinct": "x", "of": of, "at_least": 1}),
        ("last", {"last": of, "has": [{"property": "x", "is": 1}]}),
        ("first", {"first": of, "has": [{"property": "x", "is": 1}]}),
        ("then not", {"did": "A", "within": tokyo, "then_not": {"did": "C"}, "for": "1h"}),
        ("sequence", {"sequence": [{"did": "A"}, {"did": "B"}], "within": tokyo}),
    ):
        yield case(f"{name} by the calendar", tree, True, event("A", edge, x=1), step)
        yield case(f"{name} by the calendar, just before", tree, False, event("A", edge - TICK, x=1), step)


def _anniversaries() -> Iterator[Case]:
    for name, born, days, at, zone, expected in (
        ("today", "1990-06-15", 0, "2026-06-15T12:00:00", "UTC", True),
        ("from midnight on", "1990-06-15", 0, "2026-06-15T00:00:00", "UTC", True),
        ("to midnight", "1990-06-15", 0, "2026-06-15T23:59:59.999999", "UTC", True),
        ("yesterday", "1990-06-14", 0, "2026-06-15T00:00:00", "UTC", False),
        ("tomorrow is not today", "1990-06-16", 0, "2026-06-15T23:59:59.999999", "UTC", False),
        ("the last of the days", "1990-06-22", 7, "2026-06-15T00:00:00", "UTC", True),
        ("one day more", "1990-06-23", 7, "2026-06-15T23:59:59.999999", "UTC", False),
        ("in the company's zone it is tomorrow", "1990-06-16", 0, "2026-06-15T22:00:00", "Europe/Berlin", True),
        ("in the company's zone it is not yet", "1990-06-16", 0, "2026-06-15T21:59:59", "Europe/Berlin", False),
        ("in a zone that is said", "1990-06-16", "0d@Asia/Tokyo", "2026-06-15T15:00:00", "UTC", True),
        ("over the end of the year", "1990-01-02", 5, "2026-12-30T12:00:00", "UTC", True),
        ("over the end of the year, too far", "1990-01-05", 5, "2026-12-30T12:00:00", "UTC", False),
        ("the last day of a year", "1990-12-31", 0, "2026-12-31T12:00:00", "UTC", True),
        ("the day itself", "2026-06-15", 0, "2026-06-15T12:00:00", "UTC", True),
        ("of a day to come", "2030-06-15", 0, "2026-06-15T12:00:00", "UTC", True),
        ("of a day without a year", "0000-06-15", 0, "2026-06-15T12:00:00", "UTC", True),
        ("leap day without a year", "0000-02-29", 0, "2026-02-28T12:00:00", "UTC", True),
        ("of a day long ago", "1012-06-15", 0, "2026-06-15T12:00:00", "UTC", True),
        ("leap day on the 28th", "2000-02-29", 0, "2026-02-28T12:00:00", "UTC", True),
        ("leap day on the first of March", "2000-02-29", 0, "2026-03-01T12:00:00", "UTC", False),
        ("leap day in a leap year", "2000-02-29", 0, "2028-02-29T12:00:00", "UTC", True),
        ("leap day on the 28th of a leap year", "2000-02-29", 0, "2028-02-28T12:00:00", "UTC", False),
        ("leap day of 2100, which is no leap year", "2000-02-29", 0, "2100-02-28T12:00:00", "UTC", True),
        ("leap day ahead", "2000-02-29", 3, "2027-02-25T12:00:00", "UTC", True),
        ("the 28th in a leap year", "2001-02-28", 0, "2028-02-28T12:00:00", "UTC", True),
        ("all year round", "1990-06-14", 365, "2026-06-15T12:00:00", "UTC", True),
        ("nearly all year round", "1990-06-14", 363, "2026-06-15T12:00:00", "UTC", False),
        ("leap day all year round", "2000-02-29", 365, "2026-03-01T12:00:00", "UTC", True),
        ("a time behind it is ignored", "1990-06-15T23:59:59Z", 0, "2026-06-15T00:00:00", "UTC", True),
        ("its zone too", "1990-06-15T23:59:59-11:00", 0, "2026-06-15T00:00:00", "UTC", True),
        ("on the day the clocks change", "1990-03-29", 0, "2026-03-29T21:59:59.999999", "Europe/Berlin", True),
    ):  # fmt: skip
        tree = {"trait": "born", "anniversary_in": days}
        yield case(f"anniversary: {name}", tree, expected, has("born", born, utc(at)), at=utc(at), zone=zone)


def _no_anniversaries() -> Iterator[Case]:
    for name, value in (
        ("a day that never was", "1990-02-30"),
        ("the 29th of February of a common year", "1990-02-29"),
        ("a month that never was", "1990-13-15"),
        ("the 29th of February of 1900", "1900-02-29"),
        ("digits that are missing", "1990-6-15"),
        ("another order", "15.06.1990"),
        ("digits of another script", "١٩٩٠-06-15"),
        ("a blank in front", " 1990-06-15"),
        ("a number", 19900615),
        ("a list", ["1990-06-15"]),
        ("a text", "in June"),
        ("true", True),
    ):
        yield case(f"no anniversary: {name}", {"trait": "born", "anniversary_in": 365}, False, has("born", value))
    yield case("no anniversary: missing", {"trait": "born", "anniversary_in": 365}, False)
    yield case("no anniversary: emptied", {"trait": "born", "anniversary_in": 365}, False, has("born", ""))
    yield case("not: no anniversary", {"not": {"trait": "born", "anniversary_in": 0}}, True)
