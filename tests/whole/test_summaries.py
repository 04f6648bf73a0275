"""A tick judges by summaries, which equal what the history gives, byte by byte."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from regulars.domains.verdicts import service as verdicts
from regulars.platform.unit import Units
from tests.story import Story

TWICE = {"did": "Order Completed", "times": {"at_least": 2}, "within": "30d"}
SPENT = {"sum": "revenue", "of": {"did": "Order Completed"}, "at_least": 100}


async def facts(units: Units) -> list[Any]:
    async with units.open() as unit:
        return list(await unit.values(b"SELECT facts FROM summaries ORDER BY customer_id"))


async def test_a_summary_is_made_once_and_then_only_added_to(story: Story, units: Units) -> None:
    await story.audience("spent", SPENT)
    for _ in range(5):
        await story.did("ana", "Order Completed", revenue=10)
    ticked = await story.pipeline.poll_once(story.at)
    assert ticked.counts["stale"] == 1
    await story.did("ana", "Order Completed", revenue=50, at=story.at - timedelta(days=900))
    ticked = await story.pipeline.poll_once(story.at)
    assert (ticked.counts["touched"], ticked.counts["stale"], ticked.counts["judged_by_history"]) == (1, 0, 0)
    assert await story.members("spent") == {"ana"}
    (only,) = await facts(units)
    ((entry,),) = only.values()
    assert entry[2] == 100_000_000


async def test_new_rules_and_merges_have_summaries_made_anew(story: Story, units: Units) -> None:
    await story.audience("spent", SPENT)
    await story.receive(
        {"type": "track", "anonymousId": "a1", "event": "Order Completed", "properties": {"revenue": 60}}
    )
    await story.did("ana", "Order Completed", revenue=60)
    await story.tick()
    assert await story.members("spent") == set()
    await story.receive({"type": "identify", "anonymousId": "a1", "userId": "ana"})
    await story.tick()
    assert await story.members("spent") == {"ana"}
    await story.audience("twice", TWICE)
    await story.did("ana", "Order Completed", revenue=1)
    ticked = await story.pipeline.poll_once(story.at)
    assert ticked.counts["stale"] == 1
    assert await story.members("twice") == {"ana"}
    assert (await verdicts.check_summaries(units, at=story.at)).differing == 0


async def test_a_summary_that_differs_is_named_and_made_right(story: Story, units: Units) -> None:
    await story.audience("twice", TWICE)
    for who in ("ana", "bo"):
        await story.did(who, "Order Completed")
    await story.tick()
    right = await facts(units)
    async with units.open() as unit:
        ana = await story.customer("ana")
        await unit.run(
            b"UPDATE summaries SET facts = %(wrong)s WHERE customer_id = %(ana)s", wrong=Jsonb({"x": [1]}), ana=ana
        )
    report = await verdicts.check_summaries(units, at=story.at)
    assert (report.summaries, report.differing, report.examples) == (2, 1, [ana])
    assert await facts(units) != right
    report = await verdicts.check_summaries(units, at=story.at, rebuild=True)
    assert report.differing == 1
    assert await facts(units) == right


async def test_whoever_has_more_than_a_summary_holds_is_judged_by_their_history(story: Story, units: Units) -> None:
    await story.audience(
        "spent", {"sum": "revenue", "of": {"did": "Order Completed", "within": "30d"}, "at_least": 1_201}
    )
    orders = [
        {"type": "track", "userId": "ana", "event": "Order Completed", "properties": {"revenue": 1}}
        for _ in range(1_200)
    ]
    await story.receive(*orders)
    await story.tick()
    assert await story.members("spent") == set()
    await story.did("ana", "Order Completed", revenue=1)
    ticked = await story.pipeline.poll_once(story.at)
    assert ticked.counts["judged_by_history"] == 1
    assert await story.members("spent") == {"ana"}
    report = await verdicts.check_summaries(units, at=story.at)
    assert (report.by_history, report.differing) == (1, 0)
