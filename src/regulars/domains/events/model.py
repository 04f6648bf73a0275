"""The words of intake and the log: what was sent, what we took of it, what we refused and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from regulars.rules.model import JOINED, LEFT
from regulars.shared.errors import Conflict, Malformed, Unproven

KINDS: Final = ("identify", "track", "page", "screen", "group", "alias")
"""The six calls of the Segment tracking specification."""

INBOX_CHANNEL: Final = "regulars_inbox"
"""Whoever listens on this PostgreSQL channel hears that there is something in the inbox."""

CAUSED: Final = frozenset(
    {
        "Stage Entered",
        "Stage Left",
        "Audience Entered",
        "Audience Left",
        "Journey Entered",
        "Journey Left",
        "Email Sent",
        "Email Withheld",
        "Email Delivered",
        "Email Bounced",
        "Email Opened",
        "Email Clicked",
        "Unsubscribed",
        JOINED,
        LEFT,
    }
)
"""Events that only the system itself makes happen: from outside they would be forgeries."""

PERSONAL: Final = (
    r"mail|phone|mobile|first_?name|last_?name|full_?name|surname|birth|street|post_?code|postal|password|secret|token"
    r"|iban|address(?!\.(country|region|state|city)$)|(^|[._-])(dob|fax|ip|lat|lng|ssn|tel|zip)($|[._-])"
)
"""Keys (a PostgreSQL pattern, case aside) whose values are some person's own: no others are told of them."""

PUT_ASIDE: Final = "stops_ticks"
"""The code of a message that was accepted and that no tick could work in."""

CONSENT_ANSWERS: Final = {"Consent Given": "yes", "Consent Withdrawn": "no"}
CAUSED_PREFIX: Final = "rg-"
"""Message ids of what the system caused. Nobody outside may use them, or they could keep such an event from the log."""


class WriteKeyUnknown(Unproven):
    """This write key is not known, or it was revoked."""


class BodyTooLarge(Malformed):
    """This is larger than one request may be."""


class BodyTooSlow(Malformed):
    """The body did not arrive in time."""


class BodyUnreadable(Malformed):
    """This is not the JSON we expect."""


class ImportMovedOn(Conflict):
    """Somebody else is importing this file at the same time."""


class InboxRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it waits in the inbox, field for field the table's columns.

    `traits` maps a key to its value and the forms rules read: {"v": value, "t": text, "n": number?, "i": instant?}.
    `consents` is a list of {"channel", "topic", "answer": "yes"|"no"}.
    """

    message_id: str
    kind: str
    name: str
    at: datetime
    received_at: datetime
    original_at: datetime | None = None
    sent_at: datetime | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    email: str | None = None
    phone: str | None = None
    by_customer: bool
    historical: bool
    source: str
    properties: dict[str, Any]
    traits: dict[str, dict[str, Any]]
    consents: list[dict[str, str]]
    context: dict[str, Any]


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Why a message was not taken. `pointer` is a JSON pointer into the message, empty for the whole of it."""

    code: str
    reason: str
    pointer: str
    message_id: str | None = None


class RejectedItem(msgspec.Struct, frozen=True, rename="camel"):
    """A rejection as a batch's answer tells it: which of the messages, counted from 0."""

    index: int
    message_id: str | None
    code: str
    reason: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request's messages. `accepted` are stored for good."""

    accepted: int
    rejected: tuple[RejectedItem, ...]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    id: UUID
    seq: int
    name: str
    at: datetime
    properties: dict[str, Any]
    kind: str
    by_customer: bool
    received_at: datetime
    historical: bool


@dataclass(frozen=True, slots=True)
class KeptRejection:
    """A refused message, kept for a week so that its sender can be helped; or (`PUT_ASIDE`) one that was accepted and
    that no tick could work in, kept whole until somebody decides. The body of a refused one is `cut` at 4,096
    characters. `kind` is what the address said, where a message need not say it itself."""

    id: UUID
    at: datetime
    source: str
    code: str
    reason: str
    pointer: str
    body: str
    kind: str | None = None
    historical: bool = False
    cut: bool = False

    @property
    def put_aside(self) -> bool:
        return self.code == PUT_ASIDE


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a rejection that was taken once more: it waits for the next tick, or it was refused again, or it
    was no longer there."""

    id: UUID
    found: bool
    refused: Rejection | None


@dataclass(frozen=True, slots=True)
class ImportLine:
    """How far the import of one file has come. `rows` is unknown until the file was counted."""

    id: UUID
    file: str
    kind: str
    state: Literal["running", "done", "failed", "cancelled"]
    rows: int | None
    accepted: int
    rejected: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is to be imported. `identity` is that of the file's content and the mapping's meaning together."""

    file: str
    identity: str
    kind: str
    mapping: dict[str, Any]
    rows: int


@dataclass(frozen=True, slots=True)
class ImportState:
    """The import of one content with one mapping: the next row to read, and what became of those before. A row that
    the mapping passes over is neither accepted nor rejected."""

    id: UUID
    state: str
    position: int
    rows: int | None
    accepted: int
    rejected: int
    started_at: datetime
    finished_at: datetime | None
    failed_because: str | None


@dataclass(frozen=True, slots=True)
class EventName:
    name: str
    events: int
    last_at: datetime
