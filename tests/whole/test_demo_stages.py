"""The demo's stages and audiences, as the product stores them, against a recount that knows nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from regulars.domains.audiences import service as audiences
from regulars.domains.events import service as events
from regulars.domains.lifecycle import service as lifecycle
from regulars.providers.demo import store
from tests.providers.demo import recount
from tests.story import Story


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_customer_of_the_demo_is_where_a_recount_puts_them(story: Story) -> None:
    at = story.at
    calls: list[dict[str, Any]] = list(store.history(at))
    outcome = await events.accept_history(story.units, calls, source="demo")
    assert not outcome.rejected
    await story.tick()
    blueprint = lifecycle.blueprint("apparel-store")
    async with story.units.open() as unit:
        await lifecycle.install(unit, blueprint.lifecycle)
        await lifecycle.activate(unit, "apparel-store")
        for audience in blueprint.audiences:
            await audiences.put(unit, audience["slug"], audience["name"], audience["rule"])
    await story.fill()
    frame = recount.table(calls)
    for later in (timedelta(), timedelta(days=1), timedelta(days=20)):
        await story.tick(at + later)
        assert_same(await stored_stages(story), recount.stages(frame, story.at))
    slipping = recount.slipping_away(frame, story.at)
    assert await story.members("slipping-away") == slipping
    assert len(slipping) > 100


def assert_same(stored: pd.Series[str], counted: pd.Series[str]) -> None:
    both = pd.DataFrame({"stored": stored, "counted": counted})
    wrong = both[both["stored"] != both["counted"]]
    assert wrong.empty, wrong.head(10)


async def stored_stages(story: Story) -> pd.Series[str]:
    """By user id; by anonymous id of those who have none."""
    async with story.units.open() as unit:
        rows = await unit.records(
            b"SELECT DISTINCT ON (s.customer_id) i.value, s.stage FROM customer_stages AS s "
            b"JOIN identifiers AS i USING (customer_id) WHERE i.kind IN ('user_id', 'anonymous_id') "
            b"ORDER BY s.customer_id, i.kind DESC, i.value"
        )
    return pd.Series({row["value"]: row["stage"] for row in rows}, name="stage")
