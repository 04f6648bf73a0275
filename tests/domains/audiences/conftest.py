"""A company with audiences and their routes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from regulars.domains.audiences.api import audiences, customers, lists
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.domains.door import Door
from tests.story import Story, living


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with living(units, clock) as life:
        yield life


@pytest.fixture
async def door(story: Story) -> AsyncIterator[Door]:
    door = Door(story.units, audiences.router, customers.router, lists.router)
    async with door.client:
        yield door
