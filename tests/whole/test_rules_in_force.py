"""What a version of a rule means stays as it is until the next version is whole, however the rules around it change."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from regulars.domains.audiences import service as audiences
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.members import service as members
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.model import Heartbeat
from regulars.platform.tick import Tick, beat_s
from regulars.platform.unit import Units
from regulars.rules.compile import TooWide
from regulars.rules.model import Pulse
from regulars.rules.tree.reading import parse_tree
from tests.story import Story

STAGES: dict[str, Any] = {
    "name": "Two stages",
    "stages": [
        {"slug": "one", "name": "One", "enter": {"did": "Product Viewed"}},
        {"slug": "two", "name": "Two", "enter": {"did": "Order Completed"}},
    ],
}


async def test_hundreds_of_conditions_are_answered_in_as_many_queries_as_they_need(story: Story) -> None:
    async with story.units.open() as unit:
        for n in range(90):
            rule = {"any": [{"did": f"Event {n} {m}"} for m in range(10)]}
            await audiences.put(unit, f"a{n}", f"a{n}", rule)
    await story.did("ana", "Event 1 1")
    await story.tick()
    await story.fill()
    await story.did("bo", "Event 89 9")
    await story.tick()
    assert await story.members("a1") == {"ana"}
    assert await story.members("a89") == {"bo"}


async def test_a_rule_that_no_query_could_answer_is_refused(story: Story) -> None:
    async with story.units.open() as unit:
        for n in range(6):
            rule = {"any": [{"did": f"Event {n} {m}"} for m in range(190)]}
            await audiences.put(unit, f"a{n}", f"a{n}", rule)
    with pytest.raises(TooWide):
        await story.audience("all", {"any": [{"audience": f"a{n}"} for n in range(6)]})
    await story.did("ana", "Event 1 1")
    await story.tick()
    await story.fill()
    assert await story.members("a1") == {"ana"}


async def test_an_audience_may_end_while_the_rule_that_mentioned_it_is_replaced(story: Story) -> None:
    await story.audience("buyers", {"did": "Order Completed"})
    await story.audience("some", {"audience": "buyers"})
    await story.did("ana", "Order Completed")
    await story.tick()
    async with story.units.open() as unit:
        await audiences.put(unit, "some", "some", {"did": "Product Viewed"})
        await audiences.delete(unit, "buyers")
    await story.did("bo", "Order Completed")
    await story.did("chi", "Product Viewed")
    await story.tick()
    assert await story.members("some") == {"ana", "bo"}, "the version before is in force, and means what it meant"
    await story.fill()
    assert await story.members("some") == {"chi"}


async def test_another_lifecycle_may_take_over_while_audiences_mention_its_stages(story: Story) -> None:
    async with story.units.open() as unit:
        await lifecycle.put(unit, "before", STAGES)
        await lifecycle.put(unit, "after", STAGES)
        await lifecycle.activate(unit, "before")
    await story.fill()
    await story.audience("buyers", {"stage": "two"})
    async with story.units.open() as unit:
        await lifecycle.activate(unit, "after")
    await story.did("ana", "Order Completed")
    await story.tick()
    assert await story.members("buyers") == {"ana"}
    await story.fill()
    await story.did("bo", "Order Completed")
    await story.tick()
    assert await story.members("buyers") == {"ana", "bo"}


async def test_the_pulse_follows_the_companys_usual_gap(story: Story) -> None:
    await story.audience("new", {"pulse": "new"})
    await story.audience("mentions_it", {"not": {"audience": "new"}})
    await story.audience("new_to_us", {"pulse": "new", "usual_gap": 3})
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=6, minutes=1)
    assert (await story.members("new"), await story.members("new_to_us")) == ({"ana"}, set())
    async with story.units.open() as unit:
        await members.offer_settings(unit, usual_gap=3)
    await story.fill()
    assert (await story.members("new"), await story.members("mentions_it")) == (set(), {"ana"})
    async with story.units.open() as unit:
        versions = await unit.records(b"SELECT part, count(*) AS many FROM rules GROUP BY part ORDER BY part")
    told = {row["part"]: row["many"] for row in versions}
    assert told == {"mentions_it": 2, "new": 2, "new_to_us": 1}, "what says its own gap is not judged anew"


async def test_the_pulse_is_one_of_five_and_changes_at_its_instant(story: Story) -> None:
    for pulse in ("new", "active", "slipping", "lapsed", "returned"):
        await story.audience(pulse, {"pulse": pulse, "usual_gap": 2})
    start = story.at

    async def members_at(at: datetime) -> dict[str, set[str]]:
        await story.tick(at)
        found = {one: await story.members(one) for one in ("new", "active", "slipping", "lapsed", "returned")}
        return {one: who for one, who in found.items() if who}

    await story.did("ana", "Page Looked")
    assert await members_at(start) == {"new": {"ana"}}
    slips, lapses = start + timedelta(days=4), start + timedelta(days=8)
    assert await members_at(slips) == {"new": {"ana"}}
    assert await members_at(slips + timedelta(microseconds=1)) == {"slipping": {"ana"}}
    assert await members_at(lapses) == {"slipping": {"ana"}}
    assert await members_at(lapses + timedelta(microseconds=1)) == {"lapsed": {"ana"}}
    await story.pass_time(days=2)
    back = story.at
    await story.did("ana", "Page Looked")
    assert await members_at(back) == {"returned": {"ana"}}
    async with story.units.open(at=back) as unit:
        (customer,) = await unit.values(b"SELECT id FROM customers")
        found = await verdicts.heartbeat(unit, customer, at=back)
        told = await verdicts.explain(unit, {"r": parse_tree({"pulse": "returned"})}, customer, at=back)
    assert found == Heartbeat(Pulse.NEW, back, timedelta(days=14), 2, back + timedelta(days=28, microseconds=1))
    (condition,) = told["r"].conditions
    assert condition.value == f"latest act {back.isoformat().replace('+00:00', 'Z')}, usual gap 14 days"


async def test_a_bare_date_is_a_day_where_the_company_is_also_after_it_moved(story: Story) -> None:
    await story.audience("that_day", {"did": "Order Completed", "between": ["2026-03-02", "2026-03-02"]})
    await story.audience("mentions_it", {"audience": "that_day"})
    await story.audience("ever", {"did": "Order Completed"})
    await story.did("ana", "Order Completed", at=story.at.replace(hour=0, minute=30))
    await story.did("bo", "Order Completed", at=story.at.replace(hour=8))
    await story.tick()
    assert await story.members("that_day") == {"ana", "bo"}
    async with story.units.open() as unit:
        await members.offer_settings(unit, time_zone="America/New_York")
    await story.fill()
    assert await story.members("that_day") == {"bo"}
    assert await story.members("mentions_it") == {"bo"}
    async with story.units.open() as unit:
        versions = await unit.value(b"SELECT count(*) FROM rules WHERE part = 'ever'")
    assert versions == 1, "what speaks of no day is not judged anew"
    await story.fill()
    async with story.units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM rules WHERE part = 'that_day'") == 2


async def test_a_tick_that_works_beside_the_database_for_long_keeps_its_place(units: Units) -> None:
    """PostgreSQL takes the tick from whoever is silent; whoever compiles rules for longer than that is not."""
    async with units.open() as unit:
        tick = Tick(unit.connection, unit.actor, unit.at, unit.ids)
        await tick.let_go_when_stopped(beat_s + 1)
        assert await tick.beside(asyncio.to_thread(_rest, beat_s + 2)) == "rested"
        assert await tick.value(b"SELECT 1") == 1


def _rest(seconds: float) -> str:
    time.sleep(seconds)
    return "rested"
