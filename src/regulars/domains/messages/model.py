"""The words of messages: templates, what is sent to whom and why not, and the port to whoever carries it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol
from uuid import UUID

from regulars.shared.errors import Conflict, Malformed, Missing


class TemplateUnknown(Missing):
    """There is no such template."""


class TemplateInvalid(Malformed):
    """This template cannot be sent as it is."""


class TemplateFailed(Conflict):
    """This template could not be filled in."""


class MessageUnknown(Missing):
    """There is no such message."""


class MailUnknown(Missing):
    """There is no such mail in the mailbox."""


class TokenUnknown(Missing):
    """This link is not one of ours, or part of it is missing."""


class Purpose(StrEnum):
    """Marketing needs a yes; transactional mail answers something the customer did and goes first."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    WITHHELD = "withheld"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a message did not go out."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    NO_CONSENT = "no_consent"
    SAID_NO = "said_no"
    SAID_NO_TO_ALL = "said_no_to_all"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    SUPPRESSED = "suppressed"
    TEMPLATE_DELETED = "template_deleted"
    CONTENT_FAILED = "content_failed"


@dataclass(frozen=True, slots=True)
class Consent:
    """What counts now of a customer's answers for one topic of one channel; topic `*` speaks for the whole channel."""

    topic: str
    answer: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """`relied_on` is the consent that makes it right; transactional mail needs none."""

    relied_on: Consent | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    why: Why
    detail: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the message over."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definite and lasting no to this message."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """A definite no for now. `provider_down`: it concerns every message, not just this one."""

    code: int | None
    reply: str
    provider_down: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Lost after the last byte went out and before the reply came: it may have been taken over, or not."""

    reply: str


Answer = Accepted | Refusal | Deferral | Unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message after an attempt: queued again after `retry_after`, or final. `bounced`: hard, soft."""

    state: MessageState
    delivery: str
    retry_after: timedelta | None = None
    bounced: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message and its envelope."""

    message_id: UUID
    mail_from: str
    rcpt_to: str
    raw: bytes


class Sender(Protocol):
    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        """Hands one mail over. Never raises for what the provider or the network does: that is the answer."""
        ...


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """What an SMTP server was given."""

    mail_from: str
    rcpt_to: Sequence[str]
    raw: bytes


class Receiver(Protocol):
    async def receive(self, mail: ReceivedMail) -> None:
        """Keeps a mail. When this returns, it is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Template:
    """A template with the version that counts now. `text` is empty when the text part is derived from the HTML."""

    id: UUID
    slug: str
    name: str
    purpose: str
    topic: str
    version: int
    subject: str
    body: str
    text: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateLine:
    slug: str
    name: str
    subject: str
    purpose: str
    topic: str
    version: int
    changed_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent of a template version, all in Liquid. An empty `plain` means: derived from the finished HTML."""

    subject: str
    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message in a list. `opened` and `clicked` count people, not machines."""

    id: UUID
    customer_id: UUID
    template: str
    subject: str | None
    channel: str
    purpose: str
    topic: str
    state: str
    because: Mapping[str, object]
    why: Mapping[str, object]
    created_at: datetime
    final_at: datetime | None
    address: str | None
    attempts: int
    journey: str | None
    opened: bool
    clicked: bool
    bounced: bool
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reply_code: int | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class ResponseLine:
    kind: Literal["opened", "clicked"]
    at: datetime
    machine: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class CaughtLine:
    id: UUID
    at: datetime
    mail_from: str
    mail_to: Sequence[str]
    subject: str
    message_id: UUID | None
    customer_id: UUID | None


class Use(StrEnum):
    """What a signed token is for. Each use has a key of its own, so that no token can stand in for another."""

    CLICK = "click"
    OPEN = "open"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"


_TAG_BYTES: Final = 12


class Signer:
    """Makes and reads the tokens in our links and addresses: a message id (and a position), signed with HMAC-SHA256.

    96 bits of signature: a forger would need some 2^95 guesses, each a request.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the signing secret has fewer than 32 bytes")
        self._keys = {use: hmac.digest(secret, f"regulars/messages/{use}".encode(), hashlib.sha256) for use in Use}

    def sign(self, use: Use, message_id: UUID, position: int | None = None) -> str:
        body = message_id.bytes + (b"" if position is None else position.to_bytes(2, "big"))
        return base64.urlsafe_b64encode(body + self._tag(use, body)).decode().rstrip("=")

    def read(self, use: Use, token: str) -> tuple[UUID, int | None]:
        """The message and position a token names. Raises TokenUnknown for whatever this signer did not make."""
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise TokenUnknown from None
        if base64.urlsafe_b64encode(data).decode().rstrip("=") != token:
            raise TokenUnknown
        return self._open(use, data)

    def sign_address(self, use: Use, message_id: UUID) -> str:
        """A token for the local part of an address, where upper and lower case may get lost on the way."""
        data = message_id.bytes + self._tag(use, message_id.bytes)
        return base64.b32encode(data).decode().rstrip("=").lower()

    def read_address(self, use: Use, token: str) -> UUID:
        try:
            data = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError):
            raise TokenUnknown from None
        message_id, position = self._open(use, data)
        if position is not None:
            raise TokenUnknown
        return message_id

    def _open(self, use: Use, data: bytes) -> tuple[UUID, int | None]:
        body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        if len(body) not in (16, 18) or not hmac.compare_digest(tag, self._tag(use, body)):
            raise TokenUnknown
        return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big") if len(body) == 18 else None

    def _tag(self, use: Use, body: bytes) -> bytes:
        return hmac.digest(self._keys[use], body, hashlib.sha256)[:_TAG_BYTES]


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How this installation sends; who the sender is, the company says in its own settings.

    `return_domain`: the domain whose mail comes to us; without one, bounces go to the sender's address, and only what
    SMTP itself answers is known. `concurrency_max`: messages handed to the provider at the same time, in both lanes
    together. `catching`: mail goes to the built-in mailbox and nowhere else.
    """

    signer: Signer
    reply_to: str | None = None
    return_domain: str | None = None
    timeout_s: float = 30.0
    concurrency_max: int = 16
    catching: bool = False


OUTBOX_CHANNEL: Final = "regulars_outbox"
"""Whoever listens on this PostgreSQL channel hears that there are messages to send."""
