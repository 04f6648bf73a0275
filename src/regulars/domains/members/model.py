"""The words of members: who works here, how they prove it, what they may do, and the record of what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from regulars.shared.errors import Conflict, Malformed, Missing, Refused, TooMany, Unproven
from regulars.shared.ids import MemberId


class Permission(StrEnum):
    """What a route of the admin API can ask for. GET asks for READ and all else for WRITE, unless marked otherwise."""

    READ = "read"
    WRITE = "write"
    CUSTOMERS = "customers"  # change what is known of one customer: their consents, their merges
    SETTINGS = "settings"
    KEYS = "keys"
    AUDIT = "audit"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT = "support"
    VIEWER = "viewer"


class KeyKind(StrEnum):
    WRITE = "write"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a key opens. A write key is public by nature, so it opens one door only."""

    EVENTS_WRITE = "events:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Member:
    id: MemberId
    email: str
    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SetupLink:
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way. It counts as failed until the password has proven it."""

    email: str
    address: str
    member: Member | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Session:
    member: Member
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Key:
    """`write_key` is the whole key, for write keys only: of an admin key nothing but the prefix is known again."""

    id: UUID
    kind: KeyKind
    name: str
    prefix: str
    write_key: str | None
    scopes: Sequence[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    key: Key
    secret: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a company says about itself. `public_url` has no slash at its end. `usual_gap`: how many days usually lie
    between two on which a customer does something, for those who have not shown it yet."""

    company_name: str = "My company"
    time_zone: str = "UTC"
    sender_name: str = "My company"
    sender_email: str = "hello@localhost"
    public_url: str = "http://localhost:8080"
    usual_gap: int = 14


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`seq` is its place in the record."""

    seq: int
    id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    subject: str
    details: Mapping[str, object]


class SetupLinkUnknown(Missing):
    """This set-up link is not known. Restart Regulars: as long as nobody has an account, it prints a new one."""


class SetupLinkExpired(Missing):
    """This set-up link is older than a day. Restart Regulars and it prints a new one."""


class SetupLinkUsed(Conflict):
    """This installation has its owner already. Sign in."""


class WrongPassword(Unproven):
    """There is no account with this e-mail address and password."""


class SessionOver(Unproven):
    """Your session has ended. Sign in again."""


class NoSession(Unproven):
    """Nobody is signed in: a key opens the API, but it has no session."""


class UnknownKey(Unproven):
    """This key is not known or has been revoked."""


class NotBearer(Unproven):
    """Send an admin key as `Authorization: Bearer rgk_…`."""


class WriteKeyOnly(Refused):
    """This is a write key: it can send events and nothing else. The admin API takes an admin key (rgk_…)."""


class TooManySignIns(TooMany):
    """Too many failed sign-ins; wait before you try again."""


class UnfitAccount(Malformed):
    """The account cannot be made like this."""


class UnfitSettings(Malformed):
    """The settings cannot be kept like this."""


class UnknownMember(Missing):
    """There is no such member."""


class UnknownKeyId(Missing):
    """There is no such key."""


name_length_max: Final = 200
