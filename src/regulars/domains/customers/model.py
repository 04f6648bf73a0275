"""Customers, what points to them, and how they become one or are taken apart again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from regulars.shared.errors import Conflict, Malformed, Missing
from regulars.shared.ids import CustomerId


class CustomerUnknown(Missing):
    """There is no such customer."""


class MergeUnknown(Missing):
    """There is no such merge."""


class MergeAlreadyUndone(Conflict):
    """This merge has been undone already."""


class ListUnknown(Missing):
    """There is no such list."""


class ListMalformed(Malformed):
    """This list is not understood."""


class TooManyLists(Conflict):
    """There are as many lists as there can be; delete one first."""


class PersonUnclear(Malformed):
    """Name each customer by one of `id`, `user_id`, `email` and `anonymous_id`."""


class AnswerUnclear(Malformed):
    """Consent is answered with yes or no, for a channel and a topic of up to 60 letters, digits, - and _."""


class Kind(StrEnum):
    """What an identifier is. The order is the order of trust: the first one a message carries owns its event."""

    USER_ID = "user_id"
    EMAIL = "email"
    PHONE = "phone"
    ANONYMOUS_ID = "anonymous_id"


@dataclass(frozen=True, slots=True)
class Identifier:
    kind: Kind
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value!r}"


@dataclass(frozen=True, slots=True)
class Mention:
    """The identifiers one message carries, in the order of trust, never empty. `previous` makes it an alias."""

    message_id: str
    at: datetime
    identifiers: tuple[Identifier, ...]
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """`absorbed` becomes part of `kept`, because one message carried identifiers of both."""

    kept: CustomerId
    absorbed: CustomerId
    message_id: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a set of messages says about who is who.

    `joined` are identifiers not seen before, with the customer they pointed to when they joined; `merges` follow in
    the order in which they were decided, after all of `joined`.
    """

    customers: Mapping[CustomerId, datetime]
    joined: Mapping[Identifier, tuple[CustomerId, datetime]]
    merges: tuple[Merge, ...]


@dataclass(frozen=True, slots=True)
class Customer:
    id: UUID
    first_seen_at: datetime
    last_seen_at: datetime
    """To within a minute; the timeline knows exactly."""
    traits: dict[str, object]


@dataclass(frozen=True, slots=True)
class CustomerName:
    """What to call a customer where only that is needed."""

    id: UUID
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class IdentifierLine:
    kind: str
    value: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentLine:
    channel: str
    topic: str
    answer: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class MergeLine:
    id: UUID
    absorbed_id: UUID
    at: datetime
    because: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class TraitValue:
    value: object
    at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What somebody outside names a customer by."""

    kind: Literal["id", "user_id", "email", "anonymous_id"]
    value: str


@dataclass(frozen=True, slots=True)
class StaticList:
    """A name for customers that were put together by hand or by file. `members` are those the log has on it."""

    slug: str
    name: str
    changed_at: datetime
    members: int


@dataclass(frozen=True, slots=True)
class ListMember:
    """Somebody on a list, since they were last put on it."""

    customer_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A list that a customer is on, since they were last put on it."""

    slug: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ListChange:
    """What a change of a list's members came to. `unknown` is what nobody is known by."""

    added: int
    removed: int
    unknown: tuple[Pointer, ...]
