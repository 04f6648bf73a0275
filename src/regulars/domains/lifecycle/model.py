"""The lifecycle: ordered stages, the one each customer is in, and every move between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from regulars.rules.model import Rule
from regulars.shared.errors import Conflict, Malformed, Missing

UNKNOWN: Final = "unknown"
"""Where a customer is for whom no stage's rule holds."""


class LifecycleUnknown(Missing):
    """There is no such lifecycle."""


class NoActiveLifecycle(Missing):
    """No lifecycle is active; activate one first."""


class LifecycleMalformed(Malformed):
    """This lifecycle's definition is not understood."""


class BlueprintUnknown(Missing):
    """No such blueprint is shipped."""


class LifecycleIsActive(Conflict):
    """This lifecycle is active already."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Customers are in the last stage, in the lifecycle's order, whose `enter` rule holds."""

    slug: str
    name: str
    description: str
    enter: Rule
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    slug: str
    name: str
    description: str
    stages: tuple[Stage, ...]

    def rule_part(self, stage: Stage) -> str:
        """The part by which a stage's rule is registered."""
        return f"{self.slug}/{stage.slug}"


@dataclass(frozen=True, slots=True)
class KnownLifecycle:
    """A lifecycle as it is stored."""

    id: UUID
    lifecycle: Lifecycle
    active: bool


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A shipped lifecycle with what goes with it. `usual_gap`: how many days usually lie between two on which a
    customer of such a business does something. The other parts are as their own domains read them."""

    lifecycle: Lifecycle
    business: str
    usual_gap: int
    audiences: Sequence[Mapping[str, Any]]
    journeys: Sequence[Mapping[str, Any]]
    templates: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Move:
    """One customer's way from a stage to another. `dwell_s` is how long they had been in the one they left, null when
    nobody knows since when. `stopped`: they fell back, because the rule of the stage they left held no more."""

    at: datetime
    from_stage: str
    to_stage: str
    dwell_s: float | None
    stopped: bool


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A move as it is stored."""

    at: datetime
    from_stage: str
    to_stage: str
    dwell_s: float | None
    because: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StageNumbers:
    """A stage (or `unknown`) in the overview. Customers, never moves, are counted."""

    slug: str
    customers: int
    entered: int
    left: int
    median_dwell_s: float | None
    cohort: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """Of the cohort that entered `stage`, those that later entered `to`."""

    stage: str
    to: str
    customers: int


@dataclass(frozen=True, slots=True)
class Flow:
    from_stage: str
    to_stage: str
    customers: int


@dataclass(frozen=True, slots=True)
class Place:
    """The stage a customer is in now, since when, and what made it, in words."""

    slug: str
    name: str
    since: datetime
    reasons: Sequence[str]
