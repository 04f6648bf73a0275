"""A lane keeps its places busy and records answers together; each counts as if it were alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest

from regulars.domains.messages.model import Accepted, Answer, Mail, Purpose
from regulars.domains.messages.policy.sending import lanes
from regulars.domains.messages.service.dispatch import Lane
from regulars.providers.smtp.memory import MemorySender
from tests.conftest import POOL_MAX
from tests.domains.messages.conftest import Shop

PLACES = lanes(16)[Purpose.MARKETING]


class Gate(MemorySender):
    """Takes mail over at once and answers when it is opened; the answer to `slow` addresses waits for a gate of its
    own."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.slow_opened = asyncio.Event()

    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        answer = await super().send(mail, timeout_s=timeout_s)
        await (self.slow_opened if mail.rcpt_to.startswith("slow") else self.opened).wait()
        return answer


def lane_of(shop: Shop, sender: MemorySender) -> Lane:
    return Lane(shop.units, sender, shop.settings, Purpose.MARKETING)


async def readers(shop: Shop, *names: str) -> list[UUID]:
    """Customers who are to get a newsletter each."""
    await shop.template()
    found = [await shop.customer(f"{name}@example.com", consents={"newsletter": "yes"}) for name in names]
    for customer in found:
        await shop.queue(customer)
    return found


async def states(shop: Shop, customers: list[UUID]) -> list[str]:
    return [(await shop.message(customer)).state for customer in customers]


async def sent_told(shop: Shop, customers: list[UUID]) -> list[int]:
    return [len(await shop.announced(customer, "Email Sent")) for customer in customers]


async def all_answered(lane: Lane, gate: Gate) -> None:
    gate.opened.set()
    await lane.next_answer()
    await asyncio.sleep(0.05)


async def test_answers_that_have_come_are_recorded_in_one_transaction(shop: Shop) -> None:
    gate = Gate()
    lane = lane_of(shop, gate)
    customers = await readers(shop, "ana", "bo", "chi")
    await lane.turn(shop.clock.now())
    await all_answered(lane, gate)
    await lane.turn(shop.clock.now())
    async with shop.units.open() as unit:
        transactions = await unit.value(b"SELECT count(DISTINCT xmin::text) FROM deliveries WHERE ended_at IS NOT NULL")
    assert transactions == 1
    assert await states(shop, customers) == ["sent"] * 3
    assert await sent_told(shop, customers) == [1, 1, 1]


async def test_one_of_a_group_that_lost_its_lease_has_no_say_and_the_others_have(shop: Shop) -> None:
    gate = Gate()
    lane = lane_of(shop, gate)
    customers = await readers(shop, "ana", "bo", "chi")
    await lane.turn(shop.clock.now())
    async with shop.units.open() as unit:
        await unit.run(
            b"UPDATE messages SET lease_until = %(at)s WHERE customer_id = %(id)s", at=unit.at, id=customers[1]
        )
    await shop.dispatch()  # Another worker finds that lease run out.
    await all_answered(lane, gate)
    await lane.turn(shop.clock.now())
    assert await states(shop, customers) == ["sent", "unknown", "sent"]
    assert await sent_told(shop, customers) == [1, 0, 1]


async def test_an_answer_that_the_database_refuses_costs_no_other(shop: Shop) -> None:
    gate = Gate()
    gate.answers["bo"] = Accepted(250, "2.0.0 \x00")
    lane = lane_of(shop, gate)
    customers = await readers(shop, "ana", "bo", "chi")
    await lane.turn(shop.clock.now())
    await all_answered(lane, gate)
    await lane.turn(shop.clock.now())
    assert await states(shop, customers) == ["sent", "sending", "sent"]
    assert not await lane.next_answer(), "nobody waits for what cannot be recorded"
    shop.wait(minutes=5)
    await shop.dispatch()
    assert (await shop.message(customers[1])).state == "unknown"
    assert await sent_told(shop, customers) == [1, 0, 1]


async def test_a_group_is_recorded_once_however_often_the_database_goes_away(shop: Shop, database_url: str) -> None:
    gate = Gate()
    lane = lane_of(shop, gate)
    customers = await readers(shop, *(f"c{number}" for number in range(5)))
    await lane.turn(shop.clock.now())
    await all_answered(lane, gate)

    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            for _ in range(40):
                await connection.execute(
                    b"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    b" WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.005)

    cutting = asyncio.create_task(cut())
    while await lane.next_answer():
        try:
            await lane.turn(shop.clock.now())
        except psycopg.OperationalError:
            await asyncio.sleep(0.02)
    await cutting
    for _ in range(POOL_MAX):  # A connection that was cut while nobody used it is found when it is met.
        with suppress(psycopg.OperationalError):
            async with shop.units.open() as unit:
                await unit.value(b"SELECT 1")
    assert await states(shop, customers) == ["sent"] * 5
    assert await sent_told(shop, customers) == [1] * 5
    assert len(gate.delivered) == 5


async def test_one_slow_answer_holds_up_one_place(shop: Shop) -> None:
    gate = Gate()
    gate.opened.set()
    lane = lane_of(shop, gate)
    customers = await readers(shop, "slow", *(f"c{number}" for number in range(3 * PLACES)))
    for _ in range(100):
        await lane.turn(shop.clock.now())
        await asyncio.sleep(0.01)
        if len(gate.delivered) == len(customers):
            break
    await lane.turn(shop.clock.now())
    assert await states(shop, customers) == ["sending", *["sent"] * (3 * PLACES)]
    gate.slow_opened.set()
    await lane.finish()
    assert (await shop.message(customers[0])).state == "sent"


async def test_a_place_is_free_again_only_when_its_answer_is_recorded(shop: Shop) -> None:
    gate = Gate()
    lane = lane_of(shop, gate)
    await readers(shop, *(f"c{number}" for number in range(2 * PLACES)))
    for _ in range(3):
        await lane.turn(shop.clock.now())
        await asyncio.sleep(0.01)
    async with shop.units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM messages WHERE state = 'sending'") == PLACES
    assert len(gate.delivered) == PLACES


async def test_stopping_lets_calls_end_and_begins_no_more(shop: Shop) -> None:
    gate = Gate()
    lane = lane_of(shop, gate)
    customers = await readers(shop, *(f"c{number}" for number in range(PLACES + 5)))
    await lane.turn(shop.clock.now())
    stopping = asyncio.create_task(lane.finish())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    gate.opened.set()
    await stopping
    assert sorted(await states(shop, customers)) == ["queued"] * 5 + ["sent"] * PLACES


@pytest.mark.parametrize("many", [1, 250])
async def test_messages_that_are_withheld_take_no_place(shop: Shop, bo: UUID, many: int) -> None:
    await shop.template()
    for _ in range(many):
        await shop.queue(bo)
    due = await shop.dispatch()
    while due is not None:
        due = await shop.dispatch(at=due)
    assert [one["properties"]["why"] for one in await shop.announced(bo, "Email Withheld")] == ["no_consent"] * many
