"""The running parts do not take from one another what they need to go on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from regulars.bootstrap import run_product, settings_of_environment
from regulars.domains.events import service as events
from regulars.shared.clock import SetClock
from tests.conftest import AT

requests_at_once = 16
PARTS = b"SELECT name FROM log_parts ORDER BY first"


async def test_requests_that_hold_every_connection_stop_neither_ticks_nor_warehouse_nor_intake(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of_environment(data=tmp_path, database_url=database_url, smtp_url="smtp+plain://localhost:1")
    async with run_product(settings) as product, AsyncExitStack() as requests:
        assert product.warehouse is not None
        async with product.units.open() as unit:
            await events.add(unit, [{"type": "page", "anonymousId": "a"}], source="test")
        for _ in range(requests_at_once):
            await requests.enter_async_context(product.pages.open())
        async with asyncio.timeout(5):
            assert (await product.pipeline.poll_once(product.clock.now())).claimed == 1
            assert await product.warehouse.feed() == 2, "an event and a customer"


async def test_house_is_kept_also_of_the_log(database_url: str, tmp_path: Path) -> None:
    """The months to come are made; an old one leaves once the warehouse has it."""
    settings = settings_of_environment(
        data=tmp_path, database_url=database_url, smtp_url="smtp+plain://localhost:1", log_months=3
    )
    clock = SetClock(AT)
    async with run_product(settings, clock) as product:
        assert product.warehouse is not None
        async with product.units.open() as unit:
            await events.add(unit, [{"type": "page", "anonymousId": "a"}], source="test")
        await product.pipeline.drain(AT)
        clock.at = AT + timedelta(days=150)
        await product.keep_house(clock.at)
        async with product.units.open() as unit:
            assert await unit.values(PARTS) == ["events_2026_03", "events_2026_07", "events_2026_08"]
        await product.warehouse.feed()
        await product.keep_house(clock.at + timedelta(minutes=5))
        async with product.units.open() as unit:
            assert await unit.values(PARTS) == ["events_2026_07", "events_2026_08"]
