"""A company whose customers live through a small lifecycle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from regulars.domains.lifecycle import service as lifecycle
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.story import Story, living

SHOP: dict[str, Any] = {
    "name": "Shop",
    "stages": [
        {"slug": "aware", "name": "Aware", "enter": {"everyone": True}, "metrics": ["reach"]},
        {"slug": "looking", "name": "Looking", "enter": 'did "Product Viewed" in the last 10 days'},
        {"slug": "buying", "name": "Buying", "enter": {"did": "Order Completed", "within": "30d"}},
        {
            "slug": "loyal",
            "name": "Loyal",
            "enter": {"did": "Order Completed", "times": {"at_least": 2}, "within": "20d"},
        },
    ],
}


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with living(units, clock) as life:
        yield life


@pytest.fixture
async def shop(story: Story) -> Story:
    """The same with the lifecycle active."""
    await activate(story, "shop", SHOP)
    return story


async def activate(story: Story, slug: str, definition: dict[str, Any]) -> None:
    async with story.units.open() as unit:
        await lifecycle.put(unit, slug, definition)
        await lifecycle.activate(unit, slug)
    await story.fill()
