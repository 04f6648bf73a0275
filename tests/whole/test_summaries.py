"""A tick judges by summaries, which equal what the history gives, byte by byte."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from regulars.domains.audiences import service as audiences
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts import step
from regulars.platform.unit import Units
from regulars.rules.summaries import slots_max
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
    assert (ticked.counts["touched"], ticked.counts["stale"], ticked.counts["histories_read"]) == (1, 0, 0)
    assert await story.members("spent") == {"ana"}
    (only,) = await facts(units)
    (millionths,) = only.values()
    assert millionths == 100_000_000


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


async def test_what_no_summary_keeps_is_read_of_the_touched_alone_and_counted(story: Story) -> None:
    await story.audience("looked", {"sequence": [{"did": "Page Viewed"}, {"did": "Order Completed"}]})
    await story.audience("bought", {"did": "Order Completed", "times": {"at_least": 2}})
    await story.audience("often", {"did": "Order Completed", "times": {"at_least": 3}})
    for who in ("ana", "bo"):
        await story.did(who, "Page Viewed")
    await story.tick()
    await story.tick(story.at + timedelta(hours=1))
    await story.did("ana", "Order Completed")
    ticked = await story.pipeline.poll_once(story.at)
    assert (ticked.counts["histories_read"], ticked.counts["judged_by_history"]) == (1, 0)
    assert await story.members("looked") == {"ana"}


async def judged(story: Story, *messages: dict[str, Any]) -> int:
    """How many customers a tick with these judges."""
    await story.receive(*messages)
    return (await story.pipeline.poll_once(story.at)).counts["judged"]


def did(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "ana", "event": name, **more}


async def test_what_changes_no_answer_is_kept_and_nobody_judged_for_it(story: Story) -> None:
    await story.audience("lately", {"did": "Order Completed", "within": "3d"})
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=2)
    assert await judged(story, did("Order Completed")) == 0
    await story.pass_time(days=2)
    assert await story.members("lately") == {"ana"}
    assert await judged(story, did("Order Completed", timestamp=(story.at - timedelta(days=4)).isoformat())) == 0
    await story.pass_time(hours=23)
    assert await story.members("lately") == {"ana"}
    await story.pass_time(hours=2)
    assert await story.members("lately") == set()
    assert await judged(story, did("Order Completed")) == 1
    assert await story.members("lately") == {"ana"}


async def test_so_many_must_have_been_there_and_nothing_else_may_ask(story: Story) -> None:
    await story.audience("thrice", {"did": "Order Completed", "times": {"at_least": 3}, "within": "3d"})
    await story.audience("german", {"trait": "country", "is": "DE"})
    await story.audience("spent", {"sum": "revenue", "of": {"did": "Cart Paid"}, "at_least": 100})
    await story.audience("idle", {"did": "Page Looked", "then_not": {"did": "Order Refunded"}, "for": "1h"})
    calm = did("Order Completed")
    assert await judged(story, calm) == 1, "new"
    assert [await judged(story, calm) for _ in range(4)] == [1, 1, 0, 0]
    assert await story.members("thrice") == {"ana"}
    assert await judged(story, calm, did("Cart Paid", properties={"revenue": 100})) == 1
    assert await story.members("spent") == {"ana"}
    assert await judged(story, calm, {"type": "identify", "userId": "ana", "traits": {"country": "DE"}}) == 1
    assert await story.members("german") == {"ana"}
    assert await judged(story, calm, did("Page Looked")) == 1
    assert await judged(story, calm) == 0
    await story.pass_time(hours=2)
    assert await story.members("idle") == {"ana"}
    assert await judged(story, calm, did("Order Refunded")) == 1


async def test_while_a_rule_fills_whoever_is_touched_gets_an_answer(story: Story, units: Units) -> None:
    """What is found for the others may be of a later instant, at which the times that stood for it stand no more."""
    await story.audience("month", {"did": "Order Completed", "within": "30d"})
    await story.did("ana", "Order Completed")
    await story.tick()
    async with units.open() as unit:
        await audiences.put(unit, "week", "Week", {"did": "Order Completed", "within": "7d"})
    assert await judged(story, did("Order Completed")) == 1
    await story.fill()
    assert await story.members("week") == {"ana"}
    await story.tick()
    assert await judged(story, did("Order Completed")) == 0


async def test_whoever_waits_to_be_due_is_judged_when_touched(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    await story.audience("lately", {"did": "Page Looked", "within": "3d"})
    await story.audience("bought", {"did": "Order Completed"})
    for name in ("Page Looked", "Order Completed"):
        await story.did("ana", name)
    await story.tick()
    monkeypatch.setattr(step, "due_max", 0)
    story.clock.at += timedelta(days=4)
    assert await judged(story, did("Order Completed")) == 1
    assert await story.members("lately") == set()


async def test_what_happened_while_a_rule_was_away_is_known_when_it_is_back(story: Story, units: Units) -> None:
    looked = {"did": "Page Looked"}
    await story.audiences({"bought": {"did": "Order Completed"}, "looked": looked})
    await story.did("ana", "Order Completed")
    await story.tick()
    async with units.open() as unit:
        await audiences.delete(unit, "looked")
    await story.did("ana", "Page Looked")
    await story.tick()
    await story.audience("looked", looked)
    assert await story.members("looked") == {"ana"}
    await story.did("ana", "Order Completed")
    await story.receive({"type": "identify", "userId": "bo"})
    await story.tick()
    assert await story.members("looked") == {"ana"}
    assert (await verdicts.check_summaries(units, at=story.at)).differing == 0


async def test_whoever_asks_for_very_many_keeps_them_elsewhere(story: Story, units: Units) -> None:
    await story.audience("looks", {"did": "Page Looked", "times": {"at_least": 17}})
    for _ in range(15):
        await story.did("ana", "Page Looked")
    await story.tick()
    early = (story.at - timedelta(days=1)).isoformat()
    assert await judged(story, did("Page Looked", timestamp=early)) == 1
    assert await story.members("looks") == set()
    assert await judged(story, did("Page Looked")) == 1
    assert await story.members("looks") == {"ana"}
    assert (await verdicts.check_summaries(units, at=story.at)).differing == 0


async def test_there_may_be_more_rules_than_slots(story: Story, units: Units) -> None:
    often = {f"a{number}": {"did": f"E{number}", "times": {"at_least": 5}} for number in range(40)}
    await story.audiences(often)
    for number in (0, 20, 39):
        for _ in range(4):
            await story.did("ana", f"E{number}")
    await story.tick()
    assert not [slug for slug in often if await story.members(slug)]
    for number in (0, 20, 39):
        await story.did("ana", f"E{number}")
    await story.tick()
    assert [slug for slug in often if await story.members(slug)] == ["a0", "a20", "a39"]
    async with units.open() as unit:
        (slots,) = await unit.values(b"SELECT cardinality(times) FROM summaries")
    assert slots_max - 16 < slots <= slots_max
    assert (await verdicts.check_summaries(units, at=story.at)).differing == 0
