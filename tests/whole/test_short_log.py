"""A company whose log is kept for three months: rules go on to say what all of history says, and a rule that could not
is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars.bootstrap import make_warehouse
from regulars.domains.audiences import service as audiences
from regulars.domains.customers import service as customers
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.model import AsksBeforeLog
from regulars.platform.log.keeping import keep_log
from regulars.platform.log.months import log_begins
from regulars.platform.unit import Units
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.feeding import Warehouse
from regulars.rules.tree.reading import parse_tree
from tests.story import Story
from tests.whole.test_warehouse_facts import compared
from tests.whole.warehouses import first_row

LATELY = {"did": "Order Completed", "times": {"at_least": 2}, "within": "45d"}
EVER = {"did": "Order Completed"}
SPENT = {"sum": "revenue", "of": {"did": "Order Completed", "within": "60d"}, "at_least": 50}
LAST = {"last": {"did": "Order Completed", "within": "60d"}, "has": [{"property": "revenue", "at_least": 30}]}


@pytest.fixture
async def house(units: Units, tmp_path: Path) -> Any:
    warehouse = make_warehouse(units, DuckSink(tmp_path / "w.duckdb", memory="256MB"))
    await warehouse.open()
    yield warehouse
    await warehouse.close()


async def months_pass(story: Story, many: int) -> None:
    """Ana orders every twelfth day, Bo in the first month alone, Chi in the last."""
    for step in range(many * 30 // 12):
        await story.did("ana", "Order Completed", revenue=20 + step)
        if step < 3:
            await story.did("bo", "Order Completed", revenue=40)
        if step > many * 30 // 12 - 4:
            await story.did("chi", "Order Completed", revenue=30)
        await story.pass_time(days=12)


async def shorten(story: Story, house: Warehouse, rounds: int = 12) -> datetime | None:
    for _ in range(rounds):
        await keep_log(story.units, house, 3, at=story.at, asked=verdicts.asked_of_log, mentioned=())
    async with story.units.open() as unit:
        return await log_begins(unit)


async def test_rules_say_what_all_of_history_says_when_old_months_are_gone(
    story: Story, units: Units, house: Warehouse
) -> None:
    rules = {"lately": LATELY, "spent": SPENT, "last": LAST}
    await story.audiences(rules)
    await months_pass(story, 8)
    before = {slug: await story.members(slug) for slug in rules}
    assert await shorten(story, house) is None, "what the warehouse lacks stays"
    await house.feed()
    begins = await shorten(story, house)
    assert begins is not None
    assert timedelta(days=90) < story.at - begins < timedelta(days=124)
    report = await verdicts.check_summaries(units, at=story.at)
    assert (report.summaries, report.differing) == (3, 0)
    await verdicts.check_summaries(units, at=story.at, rebuild=True)
    await story.did("ana", "Page Viewed")
    await story.audience("again", {"all": [LATELY, SPENT]})
    for who in ("ana", "bo", "chi"):
        await story.did(who, "Page Viewed")
    await story.tick()
    assert {slug: await story.members(slug) for slug in rules} == before
    assert await story.members("again") == {"ana", "chi"}
    async with units.open() as unit:
        seen = await verdicts.preview(unit, parse_tree(EVER), at=story.at, relations=house)
        left = await unit.value(b"SELECT count(*) FROM events WHERE name = 'Order Completed'")
    assert seen.count == 3
    assert (await first_row(house, "SELECT count(*) FROM events WHERE name = 'Order Completed'"))[0] > left


async def test_a_summary_that_is_wrong_is_found_also_where_the_log_is_short(
    story: Story, units: Units, house: Warehouse
) -> None:
    await story.audience("lately", LATELY)
    await months_pass(story, 8)
    await house.feed()
    await shorten(story, house)
    async with units.open() as unit:
        await unit.run(
            b"UPDATE summaries SET times = times[2:] || ARRAY['-infinity'::timestamptz] WHERE customer_id = %(ana)s",
            ana=await story.customer("ana"),
        )
    report = await verdicts.check_summaries(units, at=story.at)
    assert (report.differing, report.examples) == (1, [await story.customer("ana")])


async def test_a_rule_that_asks_for_all_of_the_past_holds_the_log_and_comes_too_late_once_it_is_short(
    story: Story, units: Units, house: Warehouse
) -> None:
    await story.audience("ever", EVER)
    await months_pass(story, 8)
    await house.feed()
    assert await shorten(story, house) is None
    async with units.open() as unit:
        asked = await verdicts.asked_of_log(unit)
        assert asked.by == "the audience 'ever'"
        await audiences.put(unit, "ever", "Ever", {"did": "Order Completed", "within": "60d"})
    await story.fill()
    begins = await shorten(story, house)
    assert begins is not None
    for rule in (EVER, {"pulse": "active"}, {"did": "Order Completed", "within": "180d"}):
        async with units.open() as unit:
            with pytest.raises(AsksBeforeLog, match=f"{begins:%Y-%m-%d}"):
                await audiences.put(unit, "new", "New", rule)
    await story.audience("new", {"did": "Order Completed", "within": "60d"})


async def test_the_warehouse_is_compared_with_what_the_log_has_left(story: Story, house: Warehouse) -> None:
    await months_pass(story, 8)
    await house.feed()
    assert await shorten(story, house) is not None
    found = {one.fact: one for one in await compared(house) if one.rows_in_log or not one.same}
    assert found["events"].rows_in_log == found["events"].rows_in_warehouse > 0
    assert all(one.same for one in found.values())


async def test_who_is_on_a_list_stays_there_when_a_merge_is_undone_that_the_log_knows_nothing_of(
    story: Story, units: Units, house: Warehouse
) -> None:
    await story.receive({"type": "track", "anonymousId": "a1", "event": "Seen"})
    await story.did("ana", "Seen")
    await story.tick()
    async with units.open() as unit:
        await customers.put_list(unit, "fair", "Fair")
        await unit.run(
            b"INSERT INTO list_members (customer_id, list, joined, at, seq)"
            b" SELECT customer_id, 'fair', true, at, seq FROM events WHERE customer_id = %(ana)s",
            ana=await story.customer("ana"),
        )
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "a1"})
    await story.pass_time(days=200)
    await house.feed()
    assert await shorten(story, house) is not None
    async with units.open() as unit:
        (merge,) = await unit.values(b"SELECT id FROM merges")
        await customers.undo_merge(unit, merge)
    await story.tick()
    async with units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM unmerge_orders") == 0
        assert [one.slug for one in await customers.lists_of(unit, await story.customer("ana"))] == ["fair"]
