"""A little life for a warehouse to follow, and one row of what it then says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from regulars.platform.warehouse.feeding import Warehouse
from tests.story import Story


async def live_a_little(story: Story) -> None:
    await story.did("ana", "Order Completed", revenue=60, price=0.10, shipping={"city": "Ulm", "zip": None})
    await story.did("ana", "Order Completed", revenue="49.99", at=story.at - timedelta(days=2))
    await story.did("bo", "Order Completed", revenue=10.0, at=story.at - timedelta(days=20))
    await story.is_known("bo", country="DE")
    await story.receive({"type": "page", "anonymousId": "stranger"})
    await story.tick()


async def first_row(warehouse: Warehouse, query: str) -> tuple[Any, ...]:
    async for rows in warehouse.stream(query):
        return rows[0]
    raise AssertionError("no row")
