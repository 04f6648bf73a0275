"""A message that no tick can work in is put aside with its reason; nobody else's is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import psycopg
import pytest

from regulars.domains.audiences import service as audiences
from regulars.pipeline import STEPS, Pipeline, Step
from regulars.platform.tick import Tick
from regulars.platform.unit import Units
from regulars.shared.ids import Ids
from tests.story import Story

_SPOILED = b"SELECT EXISTS (SELECT FROM tick_messages WHERE name = 'Spoiled')"


async def stumble(tick: Tick) -> None:
    if await tick.value(_SPOILED):
        raise ValueError("what is this")


async def always_stumble(tick: Tick) -> None:
    raise ValueError("not the message's fault")


async def stumble_over_any_message(tick: Tick) -> None:
    if await tick.value(b"SELECT EXISTS (SELECT FROM tick_messages)"):
        raise ValueError("not the message's fault")


async def lose_the_database(tick: Tick) -> None:
    raise psycopg.OperationalError("the disk is full")


async def polled(story: Story, step: Step, *, rounds: int) -> int:
    """As the worker does: after a failure it goes on. How many rounds failed."""
    failed = 0
    async with Pipeline(story.units, Ids(random.Random(5)), [*STEPS[:3], step, *STEPS[3:]]) as pipeline:
        for _ in range(rounds):
            try:
                await pipeline.poll_once(story.at)
            except (ValueError, psycopg.Error):
                failed += 1
    return failed


async def told(story: Story) -> tuple[int, int, Sequence[str]]:
    """How many events are recorded, how many messages wait, and why some were put aside."""
    async with story.units.open() as unit:
        return (
            await unit.value(b"SELECT count(*) FROM events"),
            await unit.value(b"SELECT count(*) FROM inbox"),
            await unit.values(b"SELECT reason FROM rejections WHERE code = 'stops_ticks'"),
        )


@pytest.mark.parametrize("historical", [False, True])
async def test_the_neighbours_of_a_message_that_cannot_be_worked_in_flow(story: Story, historical: bool) -> None:
    for number in range(40):
        await story.did("ana", "Spoiled" if number in (23, 31) else "Product Viewed")
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET historical = %(historical)s", historical=historical)
    await polled(story, stumble, rounds=60)
    reason = "This could not be worked in: ValueError: what is this"
    assert await told(story) == (38, 0, [reason, reason])
    async with story.units.open() as unit:
        assert await unit.value(b"SELECT body::jsonb ->> 'name' FROM rejections") == "Spoiled"


async def test_a_fault_that_no_message_has_costs_few_of_them_and_the_rest_wait(story: Story) -> None:
    for _ in range(10):
        await story.did("ana", "Product Viewed")
    assert await polled(story, stumble_over_any_message, rounds=40) == 40
    recorded, waiting, reasons = await told(story)
    assert (recorded, waiting, len(reasons)) == (0, 7, 3)


async def test_when_ticks_fail_without_messages_none_is_put_aside(story: Story) -> None:
    async with story.units.open() as unit:
        await audiences.put(unit, "everyone", "Everyone", {"everyone": True})
        await unit.run(b"UPDATE rules SET state = 'filled'")
    await story.did("ana", "Product Viewed")
    await polled(story, always_stumble, rounds=20)
    assert await told(story) == (0, 1, [])


async def test_a_database_that_fails_is_no_message_s_fault(story: Story) -> None:
    await story.did("ana", "Product Viewed")
    assert await polled(story, lose_the_database, rounds=10) == 10
    assert await told(story) == (0, 1, [])


async def test_ticks_go_on_once_the_database_is_back(units: Units, story: Story) -> None:
    async with units.open() as one, units.open() as other:
        assert one.connection is not other.connection
    await story.did("ana", "Product Viewed")
    async with units.open() as unit:
        ended = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await unit.run(ended + b" AND pid <> pg_backend_pid()")
    with pytest.raises(psycopg.OperationalError):
        await story.tick()
    await story.tick()
    assert await story.timeline("ana") == ["Product Viewed"]
