"""The pulse: active days, the gaps between them, and the quiet since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.rules.cases.case import NOON, TICK, Case, ago, case, event, of_system, utc
from tests.rules.plain import Event

PULSES = ("new", "active", "slipping", "lapsed", "returned")
DAY = timedelta(days=1)


def cases() -> Iterator[Case]:
    yield from _quiet_of_few()
    yield from _quiet_of_a_rhythm()
    yield from _median()
    yield from _ceilings()
    yield from _days()
    yield from _acts()
    yield from _comeback()


def _all(
    name: str,
    expected: str | None,
    *happened: Event,
    at: datetime = NOON,
    zone: str = "UTC",
    usual: Any = None,
) -> Iterator[Case]:
    said = {} if usual is None else {"usual_gap": usual}
    for pulse in PULSES:
        tree = {"pulse": pulse, **said}
        yield case(f"pulse: {name}: {pulse}?", tree, pulse == expected, *happened, at=at, zone=zone)


def _on(*days_ago: float) -> list[Event]:
    return [event("A", ago(days=days)) for days in days_ago]


def _quiet_of_few() -> Iterator[Case]:
    """Fewer than three gaps: so many days as the company, or the rule, says. The company's are 14."""
    yield from _all("nobody ever seen", None)
    yield from _all("seen just now", "new", event("A"))
    yield from _all("of one day, exactly twice the usual gap ago", "new", *_on(28))
    yield from _all("of one day, a moment longer ago", "slipping", event("A", ago(days=28) - TICK))
    yield from _all("of one day, exactly four times as long ago", "slipping", *_on(56))
    yield from _all("of one day, a moment longer ago than that", "lapsed", event("A", ago(days=56) - TICK))
    yield from _all("of two active days", "new", *_on(0, 1))
    yield from _all("of three active days", "active", *_on(0, 1, 2))
    yield from _all("three active days show no rhythm yet", "active", *_on(20, 21, 22))
    yield from _all("a usual gap that is said, kept", "new", *_on(60), usual=30)
    yield from _all("a usual gap that is said, not kept", "slipping", event("A", ago(days=60) - TICK), usual=30)
    yield from _all("a usual gap that is said counts for few alone", "lapsed", *_on(9, 10, 11, 12), usual=180)
    yield from _all("the shortest usual gap that can be said", "lapsed", event("A", ago(days=4) - TICK), usual=1)


def _quiet_of_a_rhythm() -> Iterator[Case]:
    weekly = [7.0 * n for n in range(1, 5)]
    yield from _all("weekly, and a week ago", "active", *_on(*weekly))
    yield from _all("weekly, exactly two weeks ago", "active", *_on(*(days + 7 for days in weekly)))
    last = event("A", ago(days=14) - TICK)
    yield from _all(
        "weekly, a moment longer ago", "slipping", last, *(event("A", last.at - n * 7 * DAY) for n in (1, 2, 3))
    )
    yield from _all("weekly, exactly four weeks ago", "slipping", *_on(*(days + 21 for days in weekly)))
    gone = event("A", ago(days=28) - TICK)
    yield from _all(
        "weekly, longer ago than that", "lapsed", gone, *(event("A", gone.at - n * 7 * DAY) for n in (1, 2, 3))
    )
    yield from _all("weekly, in whatever order it was recorded", "active", *_on(28, 7, 21, 14))
    yield from _all("a late event ends a quiet", "active", *_on(16, 23, 30, 37), event("A", ago(days=9)))


def _median() -> Iterator[Case]:
    """Of gaps of 1, 2, 7 and 8 days the lower median is 2; of three it is the one in the middle."""
    yield from _all("the lower median of four gaps, kept", "active", *_on(4, 5, 7, 14, 22))
    yield from _all("the lower median of four gaps, not kept", "slipping", *_on(4.01, 5.01, 7.01, 14.01, 22.01))
    yield from _all("four gaps in another order", "slipping", *_on(4.01, 12.01, 14.01, 21.01, 22.01))
    yield from _all("the median of three gaps", "active", *_on(6, 7, 10, 20))
    yield from _all("the median of three gaps, not kept", "slipping", *_on(6.01, 7.01, 10.01, 20.01))
    yield from _all("equal gaps", "slipping", *_on(5, 7, 9, 11, 13))


def _ceilings() -> Iterator[Case]:
    """Thirteen days count, and what lies before them no more; a gap is never less than a day nor more than 180."""
    daily = [float(n) for n in range(13)]
    yield from _all("thirteen days", "active", *_on(*daily))
    slow = [30.0 * n for n in range(6)]  # five gaps of 30 days, then seven of one and six of 50
    short = [slow[-1] + n for n in range(1, 8)]
    yield from _all("twelve gaps count", "lapsed", *_on(*(5 + days for days in (*slow, *short))))
    long = [short[-1] + 50.0 * n for n in range(1, 7)]
    yield from _all("the thirteenth does not", "lapsed", *_on(*(5 + days for days in (*slow, *short, *long))))
    six = [30.0 * n for n in range(7)]  # six of 30 and six of one: the lower median is a day
    even = [six[-1] + n for n in range(1, 7)]
    yield from _all("the lower median of twelve gaps", "lapsed", *_on(*(5 + days for days in (*six, *even))))
    tenth = [event("A", utc("2026-06-15T00:30:00") + n * timedelta(hours=23, minutes=50)) for n in range(4)]
    end = tenth[-1].at
    yield from _all("a gap shorter than a day is a day", "active", *tenth, at=end + 2 * DAY)
    yield from _all("a gap shorter than a day, quiet for longer", "slipping", *tenth, at=end + 2 * DAY + TICK)
    yield from _all("a gap longer than 180 days is 180", "active", *_on(360, 660, 960, 1260))
    yield from _all("a gap longer than 180 days, quiet for longer", "slipping", *_on(360.01, 660, 960, 1260))
    yield from _all("a gap longer than 180 days, long gone", "lapsed", *_on(720.01, 1020, 1320, 1620))


def _days() -> Iterator[Case]:
    """The days of a time zone; of each its latest act."""
    midnight = utc("2026-06-14T22:00:00")  # in Berlin
    one, two = event("A", midnight - TICK), event("A", midnight)
    yield from _all("two acts of one day", "new", event("A", ago(days=1)), one, two)
    yield from _all("midnight parts them elsewhere", "active", event("A", ago(days=2)), one, two, zone="Europe/Berlin")
    yield from _all(
        "midnight parts them in a zone that is said",
        "active",
        event("A", ago(days=2)), one, two, zone="America/New_York", usual="14d@Europe/Berlin",
    )  # fmt: skip
    yield from _all(
        "a day of 23 hours is a day",
        "active",
        event("A", utc("2026-03-28T22:59:59")),
        event("A", utc("2026-03-28T23:00:00")),
        event("A", utc("2026-03-29T21:59:59")),
        event("A", utc("2026-03-29T22:00:00")),
        at=utc("2026-03-29T22:00:00"),
        zone="Europe/Berlin",
    )
    yield from _all(
        "a day of 25 hours is one day",
        "new",
        event("A", utc("2026-10-24T22:00:00")),
        event("A", utc("2026-10-25T22:59:59.999999")),
        event("A", utc("2026-10-24T21:59:59")),
        at=utc("2026-10-25T23:00:00"),
        zone="Europe/Berlin",
    )
    spring = [utc(f"2026-03-{day}T12:00:00") for day in (26, 27, 28, 29)]
    yield from _all(
        "a usual gap is so many hours when clocks change",
        "slipping",
        *(event("A", at) for at in spring),
        at=utc("2026-03-31T12:00:00") + TICK,
        zone="Europe/Berlin",
    )
    many = [event("A", ago(days=days, hours=hours)) for days in (7, 14, 21, 28) for hours in (0, 1, 2)]
    yield from _all("many acts of a day are one", "active", *many)


def _acts() -> Iterator[Case]:
    yield from _all("what the system did is no act", "lapsed", *_on(57), of_system("B"), of_system("A", ago(days=1)))
    yield from _all("the system alone", None, of_system("A"), of_system("B", ago(days=3)))
    yield from _all("any name is an act", "new", event("Anything é%"))
    yield from _all("what is still to come is no act", None, event("A", NOON + TICK))
    yield from _all("what is still to come the same day", "slipping", *_on(30), event("A", NOON + TICK))
    yield from _all("what is still to come does not count as a day", "new", *_on(0, 1), event("A", NOON + DAY))


def _comeback() -> Iterator[Case]:
    weekly = [50.0, 57, 64, 71]
    yield from _all("back after more than four usual gaps", "returned", *_on(1, *weekly))
    yield from _all("back, and slipping already", "slipping", *_on(15, *(days + 14 for days in weekly)))
    yield from _all("back, and gone again", "lapsed", *_on(29, *(days + 28 for days in weekly)))
    yield from _all("back since two gaps", "returned", *_on(1, 8, *(days + 7 for days in weekly)))
    yield from _all("back since three gaps", "active", *_on(1, 8, 15, 22, *(days + 21 for days in weekly)))
    yield from _all("exactly four usual gaps away", "active", *_on(1, 29, 36, 43, 50))
    yield from _all("of two days, far apart", "returned", *_on(1, 58))
    yield from _all("of two days, nearly so", "new", *_on(1, 57))
