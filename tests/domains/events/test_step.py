"""The log's steps: what waits is taken in order, appended once, and what was caused comes back."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.domains.events import service as events
from regulars.domains.events import step
from regulars.platform.tick import Tick, connection_for_ticks
from regulars.platform.unit import SYSTEM, Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.conftest import AT

ANA = UUID(int=1)
ORDER = {"type": "track", "userId": "ana", "event": "Order Completed"}


@asynccontextmanager
async def ticking(units: Units) -> AsyncIterator[Tick]:
    async with connection_for_ticks(units) as connection, connection.transaction():
        yield Tick(connection, SYSTEM, AT, Ids(random.Random(5)))


async def tick_of(units: Units, *, historical: bool = False, limit: int = 100) -> dict[str, int]:
    """Claims and records, with everybody resolved to Ana."""
    async with ticking(units) as tick:
        tick.historical = historical
        await step.claim(tick, limit=limit, historical=historical)
        await tick.run(b"UPDATE tick_messages SET customer_id = %(ana)s, identifier_id = 1", ana=ANA)
        await step.record(tick)
        return tick.counts


async def log_of(units: Units) -> list[dict[str, Any]]:
    async with units.open() as unit:
        return await unit.records(b"SELECT * FROM events ORDER BY seq")


async def send(units: Units, *messages: dict[str, Any], historical: bool = False) -> None:
    async with units.open() as unit:
        outcome = await events.add(unit, messages, source="test", historical=historical)
        assert not outcome.rejected


async def test_a_message_sent_twice_is_one_event(units: Units) -> None:
    first = {**ORDER, "messageId": "m1", "properties": {"total": 1}}
    await send(units, first, {**ORDER, "messageId": "m2"}, {**first, "properties": {"total": 2}})
    assert await tick_of(units) == {"claimed": 2, "recorded": 2}
    await send(units, {**first, "properties": {"total": 3}})
    assert await tick_of(units) == {"claimed": 1, "recorded": 0}
    log = await log_of(units)
    assert [(row["message_id"], row["properties"]) for row in log] == [("m1", {"total": 1}), ("m2", {})]
    async with units.open() as unit:
        names = await events.event_names(unit)
    assert [(one.name, one.events, one.last_at) for one in names] == [("Order Completed", 2, AT)]


async def test_live_messages_and_history_are_never_in_one_tick(units: Units) -> None:
    await send(units, {**ORDER, "messageId": "old", "timestamp": "2024-01-01"}, historical=True)
    await send(units, {**ORDER, "messageId": "new"})
    assert (await tick_of(units))["claimed"] == 1
    assert (await tick_of(units))["claimed"] == 0
    assert (await tick_of(units, historical=True))["claimed"] == 1
    assert [(row["message_id"], row["historical"]) for row in await log_of(units)] == [("new", False), ("old", True)]


async def test_the_oldest_messages_are_taken_first(units: Units) -> None:
    await send(units, *({**ORDER, "messageId": f"m{number}"} for number in range(5)))
    await tick_of(units, limit=2)
    assert [row["message_id"] for row in await log_of(units)] == ["m0", "m1"]


@pytest.mark.parametrize(
    ("late", "claimed"), [(timedelta(0), 1), (timedelta(milliseconds=1), 0), (timedelta(days=1), 1)]
)
async def test_what_comes_in_while_a_tick_begins_waits_for_the_next(
    units: Units, clock: SetClock, late: timedelta, claimed: int
) -> None:
    clock.at += late
    await send(units, {**ORDER, "messageId": "m1"})
    assert (await tick_of(units))["claimed"] == claimed


async def test_a_tick_that_fails_leaves_the_messages_waiting(units: Units) -> None:
    await send(units, ORDER)
    async with connection_for_ticks(units) as connection, connection.transaction(force_rollback=True):
        tick = Tick(connection, SYSTEM, AT, Ids(random.Random(5)))
        assert await step.claim(tick, limit=10, historical=False) == 1
    assert (await tick_of(units))["claimed"] == 1


@pytest.mark.parametrize("historical", [False, True])
async def test_what_a_tick_causes_is_told_to_the_next(units: Units, historical: bool) -> None:
    async with ticking(units) as tick:
        tick.historical = historical
        for _ in range(2):
            await tick.run(
                b"INSERT INTO caused VALUES (%(ana)s, 'Stage Entered', %(at)s, '{\"stage\": \"loyalty\"}')",
                ana=ANA,
                at=AT,
            )
        await step.put_caused(tick)
        assert tick.counts == {"caused": 2}
    assert await tick_of(units, historical=historical) == {"claimed": 1, "recorded": 1}
    (event,) = await log_of(units)
    assert (event["kind"], event["name"], event["by_customer"], event["historical"]) == (
        "caused",
        "Stage Entered",
        False,
        historical,
    )
    assert event["message_id"].startswith("rg-")
    assert event["properties"] == {"stage": "loyalty"}


async def test_what_is_announced_joins_the_log_once(units: Units) -> None:
    async with units.open() as unit:
        for _ in range(2):
            await events.announce(unit, "Email Opened", ANA, {"message_id": ANA}, by_customer=True)
        await events.announce(unit, "Email Opened", ANA, {"message_id": ANA}, at=AT - timedelta(hours=1))
        for _ in range(2):
            await events.announce(unit, "Email Sent", ANA, {}, message_id="sent:1", at=AT - timedelta(hours=2))
    await tick_of(units)
    log = await log_of(units)
    assert [(row["name"], row["by_customer"], row["at"]) for row in log] == [
        ("Email Opened", True, AT),
        ("Email Opened", False, AT - timedelta(hours=1)),
        ("Email Sent", False, AT - timedelta(hours=2)),
    ]
    assert log[2]["message_id"] == "rg-sent:1"
    assert log[0]["properties"] == {"message_id": ANA.hex}


async def test_an_announcement_of_a_unit_that_fails_never_was(units: Units) -> None:
    async with units.open() as unit, unit.connection.transaction(force_rollback=True):
        await events.announce(unit, "Email Sent", ANA, {})
    assert (await tick_of(units))["claimed"] == 0
