"""What a rule comes down to: a formula over atoms, each of which reads one leaf.

A leaf is what must be known about a customer's history, an atom is a question about it at an instant. They are kept
apart because a leaf is the part that is worth storing: "the 3 latest orders over 50" answers "3 in 30 days", "2 in
a year" and "ever" alike, and is a summary that new events can be folded into. Whatever means the same becomes the
same atom: values as their text forms, negative operators as the negation of the positive one, dates as instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from regulars.rules.model import AnyAct, DaysAhead, End, EventNames, How, Operator, Pulse
from regulars.shared.durations import Span

microsecond: Final = timedelta(microseconds=1)
micros_per_unit: Final = 1_000_000
"""Sums and averages count millionths, as whole numbers: then no order of adding gives another answer."""
summed_max: Final = 10**12
"""A value beyond this is not summed: its millionths would not fit an integer of 64 bits."""


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A positive test of one value: the operator is never a negative one, nor `is`, which is `in` one text."""

    operator: Operator
    operand: tuple[str, ...] | float | datetime | Span | DaysAhead | None


@dataclass(frozen=True, slots=True)
class Where:
    property: str
    test: ValueTest
    negated: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """The events that count. The span is of event times, both ends included."""

    events: EventNames
    where: tuple[Where, ...]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Latest:
    """A leaf: the times of the n latest matching events."""

    of: Matching


@dataclass(frozen=True, slots=True)
class Measured:
    """A leaf: a number over a property of the matching events within that long of the instant. Of an average, whether
    what is above `level` (millionths) outweighs what is below: the sum of the differences, which is exact."""

    of: Matching
    how: How
    property: str
    within: Span | None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Marked:
    """A leaf: whether the last or first matching event within that long of the instant is one of `by`."""

    of: Matching
    end: End
    by: Matching
    within: Span | None


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """A leaf: the matching events that in this time none of `by` followed."""

    of: Matching
    by: Matching
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Ordered:
    """A leaf: the start of the latest chain of matching events, one a step, each later than the one before."""

    steps: tuple[Matching, ...]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A leaf: the latest acts of the newest active days, days of this zone, and the usual gap between them: so many
    days where they are too few to tell. See model.InPulse."""

    usual_days: int
    zone: str


EventLeaf: TypeAlias = Latest | Measured | Marked | Unfollowed | Ordered | Rhythm
acts: Final = Matching(AnyAct(), (), None, None)


@dataclass(frozen=True, slots=True)
class Happened:
    """At least n matching events at or before the instant, within that long of it."""

    leaf: Latest
    n: int
    within: Span | None


@dataclass(frozen=True, slots=True)
class Compares:
    """The number compares so with a bound: millionths of it for sums, the number itself for the others."""

    leaf: Measured
    operator: Operator
    bound: float | int


@dataclass(frozen=True, slots=True)
class IsMarked:
    leaf: Marked


@dataclass(frozen=True, slots=True)
class Lacked:
    """One of the unfollowed events lies within that long of the instant, and its time is up."""

    leaf: Unfollowed
    within: Span | None


@dataclass(frozen=True, slots=True)
class Came:
    """The chain started within that long of the instant."""

    leaf: Ordered
    within: Span | None


@dataclass(frozen=True, slots=True)
class Beats:
    """The rhythm, as it is at the instant, is this pulse."""

    leaf: Rhythm
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class TraitIs:
    key: str
    test: ValueTest


@dataclass(frozen=True, slots=True)
class Held:
    """The trait has passed the test for so long."""

    key: str
    test: ValueTest
    length: timedelta


@dataclass(frozen=True, slots=True)
class InShare:
    """The first eight hexadecimal digits of md5("name:id") are below `ceiling`."""

    name: str
    ceiling: str


Atom: TypeAlias = Happened | Compares | IsMarked | Lacked | Came | Beats | TraitIs | Held | InShare
OF_EVENTS: Final = (Happened, Compares, IsMarked, Lacked, Came, Beats)


@dataclass(frozen=True, slots=True)
class Truth:
    pass


@dataclass(frozen=True, slots=True)
class Negation:
    of: Formula


@dataclass(frozen=True, slots=True)
class Junction:
    """All of them, or (`every` false) at least one."""

    every: bool
    of: tuple[Formula, ...]


Formula: TypeAlias = Atom | Truth | Negation | Junction
