"""What members change and what ticks do never wait for each other in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from regulars.domains.journeys import service as journeys
from regulars.domains.lifecycle import service as lifecycle
from regulars.platform.tick import exclude_ticks
from regulars.platform.unit import Unit
from tests.story import Story

STAGES = {"name": "One stage", "stages": [{"slug": "one", "name": "One", "enter": {"did": "Order Completed"}}]}
LEAVE = {"did": "Order Completed"}
JOURNEY = {"enter": {"event": "Signed Up"}, "first": "out", "steps": [{"id": "out", "leave": "done"}]}
_WAITS = b"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


async def beside_a_tick(story: Story, change: Callable[[Unit], Awaitable[object]], then: bytes) -> None:
    """Makes a change while a tick is at work that will run the statement before it ends."""

    async def changing() -> None:
        async with story.units.open() as unit:
            await change(unit)

    async with story.units.open() as tick:
        await exclude_ticks(tick)
        task = asyncio.create_task(changing())
        for _ in range(500):
            if task.done() or await tick.value(_WAITS):
                break
            await asyncio.sleep(0.01)
        await asyncio.wait_for(tick.run(then, at=tick.at, id=tick.new_id()), 5)
    await task


async def test_a_lifecycle_is_changed_while_a_tick_wants_its_history(story: Story) -> None:
    async with story.units.open() as unit:
        await lifecycle.put(unit, "shop", STAGES)
        await lifecycle.activate(unit, "shop")
    await beside_a_tick(
        story,
        lambda unit: lifecycle.put(unit, "shop", STAGES | {"name": "Another name"}),
        b"UPDATE lifecycles SET history_wanted_at = %(at)s",
    )


async def test_a_journey_is_published_while_a_tick_refuses_somebody(story: Story) -> None:
    async with story.units.open() as unit:
        await journeys.put(unit, "welcome", "Welcome", JOURNEY)
        await journeys.publish(unit, "welcome")
        await journeys.put(unit, "welcome", "Welcome", {**JOURNEY, "leave_when": LEAVE})
    await beside_a_tick(
        story,
        lambda unit: journeys.publish(unit, "welcome"),
        b"INSERT INTO journey_refusals SELECT id, %(id)s, %(at)s, 1, 'was inside already', 1 FROM journeys",
    )
