"""Every statement of the messages domain, one thin function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from regulars.domains.messages.model import (
    OUTBOX_CHANNEL,
    Answer,
    CaughtLine,
    Consent,
    Content,
    DeliveryLine,
    MessageLine,
    Outcome,
    Purpose,
    ResponseLine,
    Template,
    TemplateLine,
)
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

sql = load_statements(__package__)


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time has come, with all that decides whether and how it goes out."""

    id: UUID
    customer_id: UUID
    attempts: int
    topic: str
    created_at: datetime
    template: str
    template_name: str
    template_deleted: bool
    subject: str
    html: str
    plain: str
    traits: dict[str, Any]
    email: str | None
    event: dict[str, Any]
    consents: list[dict[str, Any]]
    urls: list[str]


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt whose worker is gone."""

    id: UUID
    customer_id: UUID
    token: UUID
    attempt: int
    address: str
    subject: str
    template: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a link or a bounce leads back to."""

    id: UUID
    customer_id: UUID
    topic: str
    purpose: str
    state: str
    address: str | None
    subject: str | None
    template: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class PreviewCustomer:
    id: UUID
    traits: dict[str, Any]
    email: str | None


@dataclass(frozen=True, slots=True)
class _Suppressed:
    address: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class _Click:
    position: int
    at: datetime


# Templates


async def find_template(unit: Unit, slug: str, *, deleted_too: bool = False) -> Template | None:
    return await unit.row(sql["find_template"], Template, slug=slug, deleted_too=deleted_too)


async def list_templates(unit: Unit, after: str | None, limit: int) -> list[TemplateLine]:
    return await unit.rows(sql["list_templates"], TemplateLine, after=after, limit=limit)


async def save_template(
    unit: Unit, *, slug: str, name: str, purpose: str, topic: str, body: str, content: Content
) -> None:
    await unit.run(
        sql["save_template"],
        id=unit.new_id(),
        slug=slug,
        name=name,
        purpose=purpose,
        topic=topic,
        subject=content.subject,
        body=body,
        html=content.html,
        plain=content.plain,
        at=unit.at,
        by=unit.actor.id,
    )


async def delete_template(unit: Unit, slug: str) -> bool:
    return await unit.run(sql["delete_template"], slug=slug, at=unit.at, by=unit.actor.id) == 1


async def known_slugs(unit: Unit, slugs: Sequence[str]) -> set[str]:
    return {record["slug"] for record in await unit.records(sql["known_slugs"], slugs=list(slugs))}


async def preview_customer(unit: Unit, customer_id: UUID) -> PreviewCustomer | None:
    return await unit.row(sql["preview_customer"], PreviewCustomer, id=customer_id)


# The outbox


async def open_addressed(unit: Unit) -> None:
    await unit.run(sql["open_addressed"])


async def queue(unit: Unit) -> int:
    return await unit.run(sql["queue"], at=unit.at)


async def wake_dispatch(unit: Unit) -> None:
    await unit.run(sql["wake_dispatch"], channel=OUTBOX_CHANNEL)


async def due_messages(unit: Unit, purpose: Purpose, limit: int) -> list[Due]:
    return await unit.rows(sql["due_messages"], Due, purpose=purpose, at=unit.at, limit=limit)


async def suppressions_of(unit: Unit, addresses: Sequence[str]) -> dict[str, list[str]]:
    rows = await unit.rows(sql["suppressions_of"], _Suppressed, addresses=list(addresses))
    return {row.address: row.reasons for row in rows}


async def start_attempt(
    unit: Unit,
    message_id: UUID,
    *,
    token: UUID,
    lease_until: datetime,
    address: str,
    subject: str,
    why: Mapping[str, object],
    urls: Sequence[str],
) -> None:
    await unit.run(
        sql["start_attempt"],
        id=message_id,
        token=token,
        lease_until=lease_until,
        address=address,
        subject=subject,
        why=Jsonb(dict(why)),
        urls=list(urls),
        at=unit.at,
    )


async def withhold(unit: Unit, message_id: UUID, address: str | None, why: Mapping[str, object]) -> None:
    await unit.run(sql["withhold"], id=message_id, address=address, why=Jsonb(dict(why)), at=unit.at)


async def record_outcome(
    unit: Unit, message_id: UUID, token: UUID, outcome: Outcome, answer: Answer, why: Mapping[str, object]
) -> bool:
    """Whether the token still held the lease."""
    touched = await unit.run(
        sql["record_outcome"],
        id=message_id,
        token=token,
        state=outcome.state,
        retry_at=unit.at + outcome.retry_after if outcome.retry_after else None,
        why=Jsonb(dict(why)),
        outcome=outcome.delivery,
        reply_code=getattr(answer, "code", None),
        reply=answer.reply,
        at=unit.at,
    )
    return touched == 1


async def lost_attempts(unit: Unit, purpose: Purpose, limit: int) -> list[Lost]:
    return await unit.rows(sql["lost_attempts"], Lost, purpose=purpose, at=unit.at, limit=limit)


async def next_due(unit: Unit, purpose: Purpose) -> datetime | None:
    due: datetime | None = await unit.value(sql["next_due"], purpose=purpose)
    return due


async def suppress(unit: Unit, address: str, reason: str, because: Mapping[str, object]) -> None:
    await unit.run(sql["suppress"], address=address.lower(), reason=reason, at=unit.at, because=Jsonb(dict(because)))


async def move_regrouped(tick: Tick) -> int:
    return await tick.run(sql["move_regrouped"])


# What comes back


async def find_sent(unit: Unit, message_id: UUID) -> Sent | None:
    return await unit.row(sql["find_sent"], Sent, id=message_id)


async def link_url(unit: Unit, message_id: UUID, position: int) -> str | None:
    url: str | None = await unit.value(sql["link_url"], id=message_id, position=position)
    return url


async def recent_clicks(unit: Unit, message_id: UUID, since: datetime) -> list[tuple[int, datetime]]:
    rows = await unit.rows(sql["recent_clicks"], _Click, id=message_id, since=since)
    return [(row.position, row.at) for row in rows]


async def count_responses(unit: Unit, message_id: UUID, limit: int) -> int:
    return int(await unit.value(sql["count_responses"], id=message_id, limit=limit))


async def add_response(
    unit: Unit, message_id: UUID, kind: str, *, position: int | None, machine: bool, agent: str
) -> None:
    await unit.run(
        sql["add_response"], id=message_id, kind=kind, position=position, at=unit.at, machine=machine, agent=agent
    )


async def blame_machine(unit: Unit, message_id: UUID, since: datetime) -> None:
    await unit.run(sql["blame_machine"], id=message_id, since=since)


async def settle_unknown(unit: Unit, message_id: UUID, why: Mapping[str, object]) -> None:
    await unit.run(sql["settle_unknown"], id=message_id, why=Jsonb(dict(why)))


async def lock_customer(unit: Unit, customer_id: UUID) -> None:
    await unit.run(sql["lock_customer"], id=customer_id)


async def email_answers(unit: Unit, customer_id: UUID, topics: Sequence[str]) -> list[Consent]:
    return await unit.rows(sql["email_answers"], Consent, id=customer_id, topics=list(topics))


async def note_bounce(unit: Unit, message_id: UUID, why: Mapping[str, object]) -> bool:
    return await unit.run(sql["note_bounce"], id=message_id, why=Jsonb(dict(why)), at=unit.at) == 1


async def catch_mail(
    unit: Unit,
    *,
    mail_from: str,
    mail_to: Sequence[str],
    subject: str,
    message_id: UUID | None,
    raw: bytes,
    kept_max: int,
) -> None:
    await unit.run(
        sql["catch_mail"],
        id=unit.new_id(),
        at=unit.at,
        mail_from=mail_from,
        mail_to=list(mail_to),
        subject=subject,
        message_id=message_id,
        raw=raw,
        kept_max=kept_max,
    )


# Reading


async def messages_of(
    unit: Unit, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[MessageLine]:
    before_at, before_id = before or (None, None)
    return await unit.rows(
        sql["messages_of"], MessageLine, customer_id=customer_id, before_at=before_at, before_id=before_id, limit=limit
    )


async def find_message(unit: Unit, message_id: UUID) -> MessageLine | None:
    return await unit.row(sql["find_message"], MessageLine, id=message_id)


async def deliveries_of(unit: Unit, message_id: UUID) -> list[DeliveryLine]:
    return await unit.rows(sql["deliveries_of"], DeliveryLine, id=message_id)


async def responses_of(unit: Unit, message_id: UUID) -> list[ResponseLine]:
    return await unit.rows(sql["responses_of"], ResponseLine, id=message_id)


async def list_caught(unit: Unit, before: tuple[datetime, UUID] | None, limit: int) -> list[CaughtLine]:
    before_at, before_id = before or (None, None)
    return await unit.rows(sql["list_caught"], CaughtLine, before_at=before_at, before_id=before_id, limit=limit)


async def find_caught(unit: Unit, mail_id: UUID) -> CaughtLine | None:
    return await unit.row(sql["find_caught"], CaughtLine, id=mail_id)


async def raw_caught(unit: Unit, mail_id: UUID) -> bytes | None:
    raw: bytes | None = await unit.value(sql["raw_caught"], id=mail_id)
    return raw
