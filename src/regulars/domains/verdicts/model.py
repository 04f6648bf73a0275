"""Verdicts: whether a rule holds for a customer, since when, and when time alone can change that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.rules.compile import Compiled
from regulars.rules.model import Pulse, Rule
from regulars.rules.resolve import Mentions
from regulars.rules.summaries import Plan
from regulars.shared.errors import Conflict

Owner: TypeAlias = Literal["audience", "stage", "journey"]
"""Whose rule it is. A rule is known by its owner and part: ('audience', slug), ('stage', 'lifecycle/stage')."""


class RuleIsMentioned(Conflict):
    """Other rules mention this one; change them first."""


class ListIsMentioned(Conflict):
    """Rules mention this list; change them first."""


class AsksBeforeLog(Conflict):
    """This rule asks for events from before the log begins."""


class NothingFills(Conflict):
    """No version of this rule is being filled."""


class NothingBefore(Conflict):
    """This is the rule's first version: there is none before it to go back to."""


class FollowsAnother(Conflict):
    """This version follows a change of what the rule mentions or of the company's settings; only that can be undone."""


@dataclass(frozen=True, slots=True)
class Company:
    """What rules that leave it unsaid are meant by: whose days, and the usual gap between acts, in days."""

    zone: ZoneInfo
    usual_gap: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A customer's pulse at an instant, and what it follows from: their latest act, their usual gap, on how many days
    they have done anything at all. It does not change before `changes_at` unless something new arrives; None: never."""

    pulse: Pulse
    latest_at: datetime
    usual_gap: timedelta
    active_days: int
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filling:
    """How far the version that is coming has been filled: customers judged, of how many (0: not begun yet)."""

    part: str
    done: int
    total: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule as its owner wants it. `position` orders the stages of the lifecycle."""

    owner: Owner
    part: str
    rule: Rule
    position: int | None = None

    @property
    def key(self) -> tuple[Owner, str]:
        return self.owner, self.part


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """One version of a rule, as it was written, and what it means for good: over events, traits and instants alone."""

    id: int
    owner: Owner
    part: str
    position: int | None
    tree: dict[str, Any]
    written_out: dict[str, Any]
    state: str
    registered_seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands: `state` is 'live', or 'filling' while its first or next version is not whole yet."""

    rule_id: int
    state: Literal["live", "filling"]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule, in words, for one customer at one instant. `value` is what it looked at: of a trait its
    value, of a number the number, of events the time (ISO 8601) of the one that counts; None where there is none."""

    text: str
    holds: bool
    changes_at: datetime | None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    holds: bool
    changes_at: datetime | None
    conditions: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would match: how many, and a few of them. `customer` explains the one that was asked about."""

    count: int
    sample: Sequence[UUID]
    customer: Explanation | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules of one evaluation say of one customer at one instant, in the order the rules were given."""

    customer_id: UUID
    at: datetime
    holds: Sequence[bool]
    changes_at: Sequence[datetime | None]


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """How the summaries compare with what the history gives: how many there are, how many of the customers are judged
    by their history instead, and how many summaries differ, of whom a few are named."""

    summaries: int
    by_history: int
    differing: int
    examples: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Judging:
    """How a tick judges by the rules in force: what they speak of, what is kept of histories for them, and their
    queries over that; those of whom nothing can be kept are judged by the rules themselves, over the history."""

    mentions: Mentions
    spoken: Mapping[str, Mentions]
    """The same of each rule."""
    coming: frozenset[int]
    """The rules among them that do not count yet."""
    plan: Plan
    by_summary: Sequence[Compiled]
    rules: RuleSet
    asks_for_history: bool
    """Some of them ask for what no summary keeps: the order of events, the pulse, how long a trait has held."""
    narrowed: dict[frozenset[str], Judging] = field(default_factory=dict)
    """The same by some of the rules, as ticks have asked for it."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a tick brought: the names of its events, the keys of its traits, whether any is a customer's own act; and
    whether anybody is due by the clock as well."""

    names: frozenset[str]
    traits: frozenset[str]
    by_customer: bool
    anybody_due: bool

    def concerns(self, said: Mentions) -> bool:
        """Whether it can change the answer of a rule that names this."""
        return bool(
            said.events & self.names
            or said.traits & self.traits
            or (said.any_event and self.by_customer)
            or any(name.startswith(prefix) for prefix in said.prefixes for name in self.names)
        )


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A summary made anew, and whether it is another than the one that was kept."""

    customer_id: UUID
    by_history: bool
    differs: bool


class Relations(Protocol):
    """Where a compiled rule can be run: the relations `customers`, `events` and `trait_values` in some SQL dialect."""

    @property
    def dialect(self) -> str:
        """The name of the engine that the rules are compiled for."""
        ...

    def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """The rows of a query, in batches of a bounded size."""
        ...

    async def catch_up(self, seq: int) -> None:
        """Returns when everything recorded up to this event is in the relations."""
        ...


RuleSet: TypeAlias = Mapping[str, Rule]
"""Rules to be answered together, by a key of lower case letters, digits and _."""
