"""What a version of a rule means stays as it is until the next version is whole, however the rules around it change."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.domains.audiences import service as audiences
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.members import service as members
from regulars.rules.compile import TooWide
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
