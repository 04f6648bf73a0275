"""A company to be judged."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.story import Story, living


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with living(units, clock) as life:
        yield life
