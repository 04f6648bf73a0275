"""A shop that writes to its customers: Ana said yes to the newsletter, Chi said no, Bo never said anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from psycopg.types.json import Jsonb

from regulars.domains.customers import service as customers
from regulars.domains.members import service as members
from regulars.domains.members.api import Gatekeeper
from regulars.domains.messages.api import mailbox as mailbox_api
from regulars.domains.messages.api import public
from regulars.domains.messages.api import templates as templates_api
from regulars.domains.messages.model import MailSettings, MessageLine, Purpose, Sender, Signer
from regulars.domains.messages.service import mailbox, outbox, templates
from regulars.domains.messages.service.dispatch import Lane
from regulars.platform.http.app import make_app
from regulars.platform.unit import Unit, Units
from regulars.providers.smtp.memory import MemorySender
from regulars.shared.clock import SetClock

BODY = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ customer.first_name | default: "you" }}</mj-text>
        <mj-button href="https://shop.example/sale?for={{ customer.id | url_encode }}&amp;x=1">To the sale</mj-button>
        <mj-text><a href="mailto:help@shop.example">Write to us</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>"""
SIGNER = Signer(b"k" * 32)


@dataclass
class Shop:
    """Makers of customers and messages, and hands that send them."""

    units: Units
    clock: SetClock
    settings: MailSettings
    sender: MemorySender = field(default_factory=MemorySender)
    _keys: int = 0

    async def customer(self, email: str | None, *, consents: dict[str, str] | None = None, **traits: object) -> UUID:
        async with self.units.open() as unit:
            customer_id = unit.new_id()
            known = dict(traits) if email is None else {"email": email, **traits}
            await unit.run(
                b"INSERT INTO customers (id, created_at, first_seen_at, last_seen_at, traits)"
                b" VALUES (%(id)s, %(at)s, %(at)s, %(at)s, %(traits)s)",
                id=customer_id,
                at=unit.at,
                traits=Jsonb(known),
            )
            await _identify(unit, customer_id, "customer", str(customer_id))
            if email is not None:
                await _identify(unit, customer_id, "email", email)
        for topic, answer in (consents or {}).items():
            await self.answer(customer_id, topic, answer)
        return customer_id

    async def answer(self, customer_id: UUID, topic: str, answer: str) -> None:
        async with self.units.open() as unit:
            await customers.record_consent(
                unit, customer_id, channel="email", topic=topic, answer=answer, source="test", because={}
            )

    async def template(self, slug: str = "sale", **changes: Any) -> None:
        values = {
            "name": "Summer sale",
            "subject": "A sale for {{ customer.first_name }}",
            "body": BODY,
            "text": None,
            "purpose": "marketing",
            "topic": "newsletter",
            **changes,
        }
        async with self.units.open() as unit:
            await templates.save(unit, slug, **values)

    async def queue(
        self,
        customer_id: UUID,
        template: str = "sale",
        *,
        key: str | None = None,
        because: dict[str, object] | None = None,
    ) -> int:
        self._keys += 1
        async with self.units.open() as unit:
            await outbox.open_addressed(unit)
            await unit.run(
                b"INSERT INTO addressed VALUES (%(key)s, %(customer)s, %(template)s, NULL, NULL, %(at)s, %(because)s)",
                key=key or f"test:{self._keys}",
                customer=customer_id,
                template=template,
                at=unit.at,
                because=Jsonb(because or {"journey": "welcome"}),
            )
            return await outbox.queue(unit)

    async def dispatch(
        self, *, purpose: Purpose = Purpose.MARKETING, sender: Sender | None = None, at: datetime | None = None
    ) -> datetime | None:
        """As a worker of its own would, until nothing is on its way; when there is more to do."""
        lane = Lane(self.units, sender or self.sender, self.settings, purpose)
        due = await lane.turn(at or self.clock.now())
        while await lane.next_answer():
            due = await lane.turn(at or self.clock.now())
        return due

    async def messages(self, customer_id: UUID) -> Sequence[MessageLine]:
        async with self.units.open() as unit:
            return (await mailbox.messages_of(unit, customer_id, None, 100)).items

    async def message(self, customer_id: UUID) -> MessageLine:
        (message,) = await self.messages(customer_id)
        return message

    async def story(self, message_id: UUID) -> mailbox.MessageStory:
        async with self.units.open() as unit:
            return await mailbox.story(unit, message_id)

    async def announced(self, customer_id: UUID, name: str | None = None) -> list[dict[str, Any]]:
        """What was said to have happened to a customer, in order, each with its name."""
        async with self.units.open() as unit:
            rows = await unit.records(
                b"SELECT name, at, by_customer, properties FROM inbox WHERE customer_id = %(id)s ORDER BY seq",
                id=customer_id,
            )
        return [row for row in rows if name is None or row["name"] == name]

    async def answers(self, customer_id: UUID) -> dict[str, str]:
        async with self.units.open() as unit:
            rows = await unit.records(
                b"SELECT topic, answer FROM effective_consents WHERE customer_id = %(id)s", id=customer_id
            )
        return {row["topic"]: row["answer"] for row in rows}

    def wait(self, **time: float) -> datetime:
        self.clock.at += timedelta(**time)
        return self.clock.at


async def _identify(unit: Unit, customer_id: UUID, kind: str, value: str) -> None:
    await unit.run(
        b"INSERT INTO identifiers (kind, value, customer_id, first_seen_at)"
        b" VALUES (%(kind)s, %(value)s, %(id)s, %(at)s)",
        kind=kind,
        value=value,
        id=customer_id,
        at=unit.at,
    )


@pytest.fixture
def settings() -> MailSettings:
    return MailSettings(signer=SIGNER, return_domain="back.shop.example", timeout_s=2.0)


@pytest.fixture
async def shop(units: Units, clock: SetClock, settings: MailSettings) -> Shop:
    return Shop(units, clock, settings)


@pytest.fixture
async def ana(shop: Shop) -> UUID:
    return await shop.customer("ana@example.com", consents={"newsletter": "yes"}, first_name="Ana", last_name="Silva")


@pytest.fixture
async def bo(shop: Shop) -> UUID:
    return await shop.customer("bo@example.com", first_name="Bo")


@pytest.fixture
async def chi(shop: Shop) -> UUID:
    return await shop.customer("chi@example.com", consents={"newsletter": "no"}, first_name="Chi")


ORIGIN = "http://localhost:8080"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@pytest.fixture
def app(units: Units, settings: MailSettings) -> FastAPI:
    return make_app(
        routers=[templates_api.router, mailbox_api.router],
        gatekeeper=Gatekeeper(units),
        units=units,
        public_routes=public.public_routes(),
        state={"mail": settings},
    )


@pytest.fixture
async def phone(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A customer's telephone: no cookies, no sign-in."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"User-Agent": PHONE}) as client:
        yield client


@pytest.fixture
async def desk(app: FastAPI, units: Units) -> AsyncIterator[httpx2.AsyncClient]:
    """A program of the shop's, with an admin key."""
    async with units.open() as unit:
        key = await members.new_admin_key(unit, "Desk")
    transport = httpx2.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client
