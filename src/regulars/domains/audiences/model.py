"""An audience: a name for a rule. Its members are the customers for whom the rule holds now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from regulars.domains.verdicts.model import Filling
from regulars.rules.model import Rule
from regulars.shared.errors import Malformed, Missing


class AudienceUnknown(Missing):
    """There is no such audience."""


class CustomerUnclear(Malformed):
    """Name the customer by `id` or by `user_id`."""


class InstantUnreachable(Malformed):
    """This instant lies outside the years 1 to 9999."""


class ValuesUnclear(Malformed):
    """Name a `trait`, or an `event` and a `property` of it."""


class AudienceMalformed(Malformed):
    """This audience is not understood."""


@dataclass(frozen=True, slots=True)
class Audience:
    """`members` is null while nobody has been judged by the audience's first rule. `filling`: how far a new rule is."""

    slug: str
    name: str
    rule: Rule
    members: int | None
    state: Literal["live", "filling"]
    changed_at: datetime
    filling: Filling | None


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class MemberOfAudience:
    person: Person
    since: datetime


@dataclass(frozen=True, slots=True)
class WhichCustomer:
    """The customer a preview is asked about, by one of the two."""

    id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer in a list."""

    person: Person
    user_id: str | None
    stage: str | None
    stage_name: str | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    slug: str
    name: str
    since: datetime
