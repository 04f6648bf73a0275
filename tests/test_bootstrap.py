"""The running parts do not take from one another what they need to go on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from regulars.bootstrap import run_product, settings_of_environment
from regulars.domains.events import service as events

requests_at_once = 16


async def test_requests_that_hold_every_connection_stop_neither_ticks_nor_warehouse_nor_intake(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_of_environment(data=tmp_path, database_url=database_url, smtp_url="smtp+plain://localhost:1")
    async with run_product(settings) as product, AsyncExitStack() as requests:
        assert product.warehouse is not None
        async with product.units.open() as unit:
            await events.add(unit, [{"type": "page", "anonymousId": "a"}], source="test")
        for _ in range(requests_at_once):
            await requests.enter_async_context(product.units.open())
        async with asyncio.timeout(5):
            assert (await product.pipeline.poll_once(product.clock.now())).claimed == 1
            assert await product.warehouse.feed() == 2, "an event and a customer"
