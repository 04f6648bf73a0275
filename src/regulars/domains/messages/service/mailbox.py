"""Reading: the built-in mailbox, and what became of messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.messages import store
from regulars.domains.messages.model import (
    CaughtLine,
    DeliveryLine,
    MailUnknown,
    MessageLine,
    MessageState,
    MessageUnknown,
    ResponseLine,
)
from regulars.domains.messages.policy import reports
from regulars.domains.messages.policy.reports import OpenedMail
from regulars.platform.unit import Unit
from regulars.shared.paging import Page, decode_place, encode_place, page_of


@dataclass(frozen=True, slots=True)
class CaughtMail:
    line: CaughtLine
    content: OpenedMail


@dataclass(frozen=True, slots=True)
class MessageStory:
    """One message and all that happened to it."""

    message: MessageLine
    deliveries: Sequence[DeliveryLine]
    responses: Sequence[ResponseLine]


async def mails(unit: Unit, after: str | None, limit: int) -> Page[CaughtLine]:
    rows = await store.list_caught(unit, decode_place(after), limit + 1)
    return page_of(rows, limit, lambda row: encode_place(row.at, row.id))


async def mail(unit: Unit, mail_id: UUID) -> CaughtMail:
    line = await store.find_caught(unit, mail_id)
    raw = await store.raw_caught(unit, mail_id)
    if line is None or raw is None:
        raise MailUnknown
    return CaughtMail(line, reports.open_mail(raw))


async def messages_of(unit: Unit, customer_id: UUID, after: str | None, limit: int) -> Page[MessageLine]:
    customer = await customers.find(unit, customer_id)
    rows = await store.messages_of(unit, customer.id, decode_place(after), limit + 1)
    return page_of(rows, limit, lambda row: encode_place(row.created_at, row.id))


async def story(unit: Unit, message_id: UUID) -> MessageStory:
    message = await store.find_message(unit, message_id)
    if message is None:
        raise MessageUnknown
    deliveries = await store.deliveries_of(unit, message_id)
    return MessageStory(message, deliveries, await store.responses_of(unit, message_id))


def reason(message: MessageLine) -> str:
    """Why a message is as it is, in one sentence."""
    if said := message.why.get("text"):
        return str(said)
    match message.why.get("consent"):
        case {"topic": topic, "at": at, "source": source}:
            return f"Said yes to {'all mail' if topic == '*' else topic} on {str(at)[:10]} ({source})."
    if message.state == MessageState.QUEUED:
        return "It waits for its turn."
    return "Transactional mail needs no consent."
