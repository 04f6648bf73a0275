"""The words of the rule language: a rule says something about a customer at an instant.

A rule is a tree of frozen nodes. `tree.py` reads and writes it as JSON, `text.py` as a sentence, `resolve.py` writes
out what it mentions (stages, audiences), and `compile.py` turns what is left into SQL."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from regulars.rules.values import Value
from regulars.shared.durations import Span
from regulars.shared.errors import Fault, Malformed

depth_max: Final = 12
nodes_max: Final = 200
times_max: Final = 1_000
conditions_of_event_max: Final = 20
values_max: Final = 1_000
steps_min: Final = 2
steps_max: Final = 10
days_ahead_max: Final = 365
decimals_of_average_max: Final = 6
usual_gap_days_max: Final = 180

Moment: TypeAlias = date | datetime
"""An instant (aware, UTC), or a bare date: the whole day in the company's time zone. A datetime is tested for
first: it is a date."""


class Operator(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    EXISTS = "exists"
    ABSENT = "absent"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    BEFORE = "before"
    AFTER = "after"
    WITHIN_LAST = "within_last"
    NOT_WITHIN_LAST = "not_within_last"
    ANNIVERSARY_IN = "anniversary_in"


OF_VALUE: Final = frozenset({Operator.IS, Operator.IS_NOT, Operator.CONTAINS, Operator.STARTS_WITH})
OF_VALUES: Final = frozenset({Operator.IN, Operator.NOT_IN})
OF_NOTHING: Final = frozenset({Operator.EXISTS, Operator.ABSENT})
OF_NUMBER: Final = frozenset({Operator.AT_LEAST, Operator.MORE_THAN, Operator.AT_MOST, Operator.LESS_THAN})
OF_MOMENT: Final = frozenset({Operator.BEFORE, Operator.AFTER})
OF_DURATION: Final = frozenset({Operator.WITHIN_LAST, Operator.NOT_WITHIN_LAST})
OF_DAYS: Final = frozenset({Operator.ANNIVERSARY_IN})
HELD: Final = (OF_VALUE | OF_VALUES | OF_NUMBER | {Operator.EXISTS}) - {Operator.IS_NOT, Operator.NOT_IN}
"""What a value can have passed for a while: a test that only a value passes."""

TRAIT_OPERATORS: Final = tuple(Operator)
PROPERTY_OPERATORS: Final = tuple(o for o in Operator if o not in OF_MOMENT | OF_DURATION | OF_DAYS)


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """Today and so many days after it, in a time zone: unsaid, the company's."""

    days: int
    zone: str | None = None


Operand: TypeAlias = Value | tuple[Value, ...] | Moment | Span | DaysAhead | None


@dataclass(frozen=True, slots=True)
class Test:
    """What must be true of one value. The operator says what the operand is: see OF_VALUE and its neighbours."""

    operator: Operator
    operand: Operand = None


@dataclass(frozen=True, slots=True)
class PropertyTest:
    """A dotted path walks nested objects."""

    property: str
    test: Test


@dataclass(frozen=True, slots=True)
class Named:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefixed:
    prefix: str


@dataclass(frozen=True, slots=True)
class AnyAct:
    """Any event that is the customer's own act; what the system did to them does not count."""


EventNames: TypeAlias = Named | Prefixed | AnyAct


class Bound(StrEnum):
    AT_LEAST = "at_least"
    EXACTLY = "exactly"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Times:
    bound: Bound
    n: int


@dataclass(frozen=True, slots=True)
class Within:
    """`at - duration <= time <= at`; by the calendar, from the midnight on at which the duration begins."""

    duration: Span


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included; a bare date as the end includes its whole day."""

    first: Moment
    last: Moment


Window: TypeAlias = Within | Between

once: Final = Times(Bound.AT_LEAST, 1)


@dataclass(frozen=True, slots=True)
class All:
    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """The `any` of the tree."""

    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    of: Rule


@dataclass(frozen=True, slots=True)
class Everyone:
    pass


@dataclass(frozen=True, slots=True)
class Trait:
    """`held_for`: the value has passed the test without a break for so long."""

    key: str
    test: Test
    held_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Did:
    events: EventNames
    where: tuple[PropertyTest, ...] = ()
    times: Times = once
    window: Window | None = None


class How(StrEnum):
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number over the property of matching events that have it, compared. A sum of nothing and a count of nothing
    are 0; the others of nothing pass no test. `of` counts once, the test is one of numbers. Sums and averages count
    millionths of values up to a trillion; what is larger, or no number, is no value."""

    how: How
    property: str
    of: Did
    test: Test


class End(StrEnum):
    LAST = "last"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Endmost:
    """The last or first matching event (of its window) has these properties. Of several at one instant the last is
    the one recorded last. No matching event: false."""

    end: End
    of: Did
    has: tuple[PropertyTest, ...]


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """A matching event (of its window) that lies `gap` back or more, and that in this time no event of `by`
    followed: none later, up to the end of the gap, and none at the same instant, itself and its like aside. `by`
    has no window."""

    did: Did
    by: Did
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Sequence:
    """One event a step, each later than the one before, all in the window. The steps have no window of their own."""

    steps: tuple[Did, ...]
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class InList:
    """The last that was said of the customer and this list is that they joined it."""

    slug: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A share of all customers, chosen by a hash of this name and the customer's id: the first 32 bits of
    md5("name:id"), as a fraction of 2^32, are less than the share."""

    name: str
    share: float


class Pulse(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    SLIPPING = "slipping"
    LAPSED = "lapsed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class UsualGap:
    """That of whoever has shown no rhythm of their own yet: 1 to 180 days. `zone` unsaid is the company's."""

    days: int
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class InPulse:
    """How the customer keeps to their own rhythm. `usual_gap` unsaid is the company's.

    An act is an event by the customer, at or before the instant; an active day is a calendar day with an act. Of the 13
    latest active days, the latest act of each counts: T1, the newest, to Tk. The gaps are Ti - Ti+1, at most 12. The
    usual gap g is their lower median where there are at least 3, else `usual_gap`; never less than a day nor more than
    180. The quiet is the instant - T1.

    `lapsed`: the quiet is longer than 4 g. Else `slipping`: it is longer than 2 g. Else `returned`: one of the newest
    three gaps is longer than 4 g. Else `new`: there are fewer than 3 active days. Else `active`."""

    pulse: Pulse
    usual_gap: UsualGap | None = None


@dataclass(frozen=True, slots=True)
class InStage:
    slug: str


@dataclass(frozen=True, slots=True)
class InAudience:
    slug: str


Rule: TypeAlias = (
    All
    | Some
    | Not
    | Everyone
    | Trait
    | Did
    | Aggregate
    | Endmost
    | NotFollowed
    | Sequence
    | InList
    | Bucket
    | InPulse
    | InStage
    | InAudience
)

JOINED: Final = "List Joined"
LEFT: Final = "List Left"
"""The events that make and end membership of a static list; their property `list` is its slug."""


class RuleNotUnderstood(Malformed):
    """This rule is not understood."""

    def __init__(
        self,
        problem: str,
        *,
        pointer: str = "",
        expected: ListOf[str] = (),
        nearest: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.problem, self.pointer, self.expected, self.nearest = problem, pointer, tuple(expected), nearest
        self.line, self.column = line, column
        place = f"line {line}, column {column}: " if line is not None else f"{pointer}: " if pointer else ""
        hint = f" Did you mean {nearest!r}?" if nearest is not None else ""
        wanted = f" Expected {_listed(self.expected)}." if self.expected else ""
        said = {"expected": list(self.expected) or None, "nearest": nearest, "line": line, "column": column}
        super().__init__(
            f"{place}{problem}.{hint}{wanted}",
            faults=(Fault(pointer, f"{problem}.{hint}{wanted}"),),
            extra={key: value for key, value in said.items() if value is not None},
        )


def _listed(words: ListOf[str]) -> str:
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant. Case is forgiven, nothing far off is offered."""
    by_fold = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold()[:100], by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def children(rule: Rule) -> tuple[Rule, ...]:
    match rule:
        case All(of) | Some(of):
            return of
        case Not(of=one):
            return (one,)
        case _:
            return ()


def dids(rule: Rule) -> tuple[Did, ...]:
    """The `did`s that a condition is made of, itself included."""
    match rule:
        case Did():
            return (rule,)
        case Aggregate(of=of) | Endmost(of=of):
            return (of,)
        case NotFollowed(did, by):
            return (did, by)
        case Sequence(steps):
            return steps
        case _:
            return ()


def walk(rule: Rule) -> Iterator[Rule]:
    """Every node, parents first, in the order they are written."""
    yield rule
    for child in children(rule):
        yield from walk(child)


def conditions(rule: Rule) -> tuple[Rule, ...]:
    """The smallest parts that are true or false by themselves, each once, in the order they are written.

    A negated condition stays together with its `not`: a reader wants to hear whether "did not order" holds."""
    match rule:
        case All() | Some() | Not(of=All() | Some() | Not()):
            parts = (part for child in children(rule) for part in conditions(child))
            return tuple(dict.fromkeys(parts))
        case _:
            return (rule,)
