"""A company to live through, with templates to send."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from regulars.domains.messages.service import templates
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.story import Story, living

MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with units.open() as unit:
        for slug in ("hello", "tips"):
            await templates.save(
                unit,
                slug,
                name=slug,
                subject=f"About {slug}",
                body=MJML.format(slug),
                text=None,
                purpose="transactional",
                topic="news",
            )
    async with living(units, clock) as life:
        yield life
