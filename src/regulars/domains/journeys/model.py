"""Journeys: who enters, the steps they take, when they leave; and each customer's passage through one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

from regulars.rules.model import PropertyTest, Rule
from regulars.shared.errors import Conflict, Fault, Malformed, Missing

State: TypeAlias = Literal["draft", "live", "paused", "ended"]


class JourneyUnknown(Missing):
    """There is no such journey."""


class EnrolmentUnknown(Missing):
    """There is no such enrolment."""


class JourneyMalformed(Malformed):
    """This journey's definition is not understood."""


class JourneyIncomplete(Malformed):
    """This draft cannot be published yet."""


class JourneyUnchanged(Conflict):
    """The draft is what is published already."""


class JourneyNotRunning(Conflict):
    """Only a journey that is live can be paused, and only a paused one goes on."""


@dataclass(frozen=True, slots=True)
class OnEvent:
    """An event of this name whose properties pass every test."""

    name: str
    where: tuple[PropertyTest, ...] = ()


@dataclass(frozen=True, slots=True)
class OnAudience:
    """Entering an audience."""

    slug: str


@dataclass(frozen=True, slots=True)
class OnStage:
    """Entering a stage of the active lifecycle."""

    slug: str


Trigger: TypeAlias = OnEvent | OnAudience | OnStage


@dataclass(frozen=True, slots=True)
class Send:
    id: str
    template: str
    next: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    id: str
    duration: timedelta
    next: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    id: str
    because: str


Step: TypeAlias = Send | Wait | Leave


@dataclass(frozen=True, slots=True)
class Definition:
    """A journey's graph. A draft may be unfinished; `policy.problems` tells what is missing."""

    enter: Trigger
    again: Literal["never", "after_leaving"]
    leave_when: Rule | None
    first: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    inside: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class StepCounts:
    step: str
    inside: int
    passed: int


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether something may be done now, and if not, why."""

    allowed: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class May:
    publish: Choice
    pause: Choice
    resume: Choice
    delete: Choice


@dataclass(frozen=True, slots=True)
class JourneyLine:
    """A journey in a list."""

    slug: str
    name: str
    state: State
    version: int | None
    counts: Counts
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    line: JourneyLine
    draft: Mapping[str, Any]
    live: Mapping[str, Any] | None
    versions: Sequence[Version]
    steps: Sequence[StepCounts]
    refused: Mapping[str, int]
    problems: Sequence[Fault]
    may: May


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    id: UUID
    customer: Person
    journey: str
    version: int
    entered_at: datetime
    step: str | None
    wake_at: datetime | None
    left_at: datetime | None
    left_because: str | None


@dataclass(frozen=True, slots=True)
class Passage:
    """One visit to a step. A send's message is named by its id and state."""

    visit: int
    step: str
    kind: Literal["send", "wait", "leave"]
    at: datetime
    outcome: Mapping[str, Any]
    message_id: UUID | None
    message_state: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A customer who met the trigger and did not enter: the last time, why, and how often so far."""

    customer: Person
    at: datetime
    because: str
    times: int
