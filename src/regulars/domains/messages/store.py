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
    CaughtLine,
    Consent,
    Content,
    DeliveryLine,
    MessageLine,
    Purpose,
    ResponseLine,
    Template,
    TemplateLine,
)
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Connection, Unit

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
    number: int
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


async def start_attempts(unit: Unit, attempts: Sequence[Mapping[str, object]], lease_until: datetime) -> None:
    """Each attempt with its `id`, `token`, `address`, `subject`, `why` and `urls`."""
    await unit.run(sql["start_attempts"], attempts=Jsonb(attempts), lease_until=lease_until, at=unit.at)


async def withhold(unit: Unit, withheld: Sequence[Mapping[str, object]]) -> None:
    """Each message with its `id`, `address` and `why`."""
    await unit.run(sql["withhold"], withheld=Jsonb(withheld), at=unit.at)


async def record_outcomes(unit: Unit, outcomes: Sequence[Mapping[str, object]]) -> set[UUID]:
    """The messages whose tokens still held the lease. Each outcome with its `id`, `token`, `state`, `retry_at`, `why`,
    `outcome`, `reply_code` and `reply`."""
    return set(await unit.values(sql["record_outcomes"], outcomes=Jsonb(outcomes), at=unit.at))


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


async def catch_mails(connection: Connection, mails: Sequence[Mapping[str, Any]], *, kept_max: int) -> None:
    """Each mail with its `id`, `at`, `mail_from`, `mail_to`, `subject`, `message_id` and `raw`."""
    heads = [{key: value for key, value in mail.items() if key != "raw"} for mail in mails]
    values = {"mails": Jsonb(heads), "raws": [mail["raw"] for mail in mails], "kept_max": kept_max}
    await connection.execute(sql["catch_mails"], values)


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


async def read_hold(unit: Unit) -> Mapping[str, Any] | None:
    value: Mapping[str, Any] | None = await unit.value(sql["read_hold"])
    return value


async def write_hold(unit: Unit, hold: Mapping[str, object]) -> None:
    await unit.run(sql["write_hold"], hold=Jsonb(dict(hold)), at=unit.at, by=unit.actor.id)


async def drop_hold(unit: Unit) -> None:
    await unit.run(sql["drop_hold"])


async def count_held(unit: Unit, made_until: datetime | None) -> list[dict[str, Any]]:
    return await unit.records(sql["count_held"], made_until=made_until)


async def give_up_doubtful(
    unit: Unit, purposes: Sequence[str], *, made_until: datetime, why: Mapping[str, object]
) -> int:
    values = {"purposes": list(purposes), "made_until": made_until, "why": Jsonb(dict(why)), "at": unit.at}
    given_up: int = await unit.value(sql["give_up_doubtful"], **values)
    return given_up
