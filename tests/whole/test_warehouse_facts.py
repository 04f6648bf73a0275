"""Every domain's facts reach the warehouse whole and once, and a reconciliation proves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regulars.bootstrap import FACTS, make_warehouse
from regulars.domains.customers import service as customers
from regulars.platform.unit import Units
from regulars.platform.warehouse import feeding
from regulars.platform.warehouse.clickhouse import ClickHouseSink
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.feeding import Warehouse
from regulars.platform.warehouse.reconciling import Compared, RangeUnknown
from regulars.platform.warehouse.sinks import Sink
from tests.story import Story
from tests.whole.warehouses import first_row, live_a_little

A_LIFE = """
WITH who AS (SELECT customer_id AS id FROM identifiers WHERE value = 'stranger'),
lifecycle AS (INSERT INTO lifecycles (id, slug, name, description, definition, changed_at, changed_by)
    VALUES (derived_id(%(at)s, 'l'), 'shop', 'Shop', '', '{}', %(at)s, 'm') RETURNING id),
moves AS (INSERT INTO stage_moves (id, lifecycle_id, customer_id, from_stage, to_stage, at, dwell_s, because,
                                   historical)
    SELECT derived_id(%(at)s, 'move' || n), lifecycle.id, who.id, 'unknown', 'loyalty', %(at)s, 1.5, '{}', n = 2
      FROM lifecycle, who, generate_series(1, 2) AS n),
template AS (INSERT INTO templates (id, slug, name, purpose, topic, version, changed_at, changed_by)
    VALUES (derived_id(%(at)s, 't'), 'welcome', 'W', 'marketing', 'news', 1, %(at)s, 'm') RETURNING id),
message AS (INSERT INTO messages (id, key, customer_id, made_for, channel, template_id, version, purpose, topic, state,
                                  because, why, created_at, due_at, attempts)
    SELECT derived_id(%(at)s, 'm'), 'm', who.id, who.id, 'email', template.id, 1, 'marketing', 'news', 'sent', '{}',
           '{}', %(at)s, %(at)s, 2 FROM who, template RETURNING id),
journey AS (INSERT INTO journeys (id, slug, name, state, draft, created_at, changed_at, changed_by)
    VALUES (derived_id(%(at)s, 'j'), 'hello', 'Hello', 'live', '{}', %(at)s, %(at)s, 'm') RETURNING id),
enrolment AS (INSERT INTO enrolments (id, journey_id, version, customer_id, entered_as, event_seq, entered_at, visit,
                                      left_at, left_because)
    SELECT derived_id(%(at)s, 'e'), journey.id, 1, who.id, who.id, 1, %(at)s, 1, %(at)s, 'done' FROM journey, who
    RETURNING id),
passage AS (INSERT INTO passages (enrolment_id, visit, step, kind, at, outcome)
    SELECT id, 1, 's1', 'send', %(at)s, '{}' FROM enrolment)
SELECT id FROM message"""

DELIVERIES = b"""
INSERT INTO deliveries (message_id, attempt, started_at, ended_at, outcome, reply_code)
SELECT %(message)s, n, %(at)s, CASE n WHEN 1 THEN %(at)s::timestamptz END, CASE n WHEN 1 THEN 'deferred' END, 451
  FROM generate_series(1, 2) AS n"""

ROWS = {
    "events": 9,
    "trait_values": 1,
    "customers_seen": 3,
    "consents": 2,
    "merges": 1,
    "merges_undone": 0,
    "stage_moves": 1,
    "messages": 1,
    "deliveries": 1,
    "enrolments": 1,
    "enrolments_left": 1,
    "passages": 1,
}


async def live_a_lot(story: Story) -> None:
    await live_a_little(story)
    async with story.units.open(at=story.at) as unit:
        message = await unit.value(A_LIFE.encode(), at=story.at)
        await unit.run(DELIVERIES, message=message, at=story.at)
        (stranger,) = await unit.values(b"SELECT customer_id FROM identifiers WHERE value = 'stranger'")
        await customers.answer_for(unit, stranger, channel="email", topic="news", answer="no")
    await story.receive(
        {"type": "page", "anonymousId": "stranger", "context": {"campaign": {"source": "ads", "term": 7}}},
        {"type": "track", "userId": "bo", "event": "Order Refunded", "properties": {"total": "12.50", "name": "Cup"}},
    )
    await story.did("bo", "Product Viewed", sku="x-1", brand=7, campaign_source="mine", product={"name": "Cup"})
    await story.tick()


async def merge(story: Story) -> None:
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "stranger"})
    await story.tick()


async def compared(warehouse: Warehouse) -> list[Compared]:
    found = [await warehouse.compare(None)]
    while found[-1].next is not None:
        found.append(await warehouse.compare(found[-1].next))
    return found


async def test_all_facts_come_and_are_those_of_the_log(story: Story, warehouse: Warehouse) -> None:
    await live_a_lot(story)
    await merge(story)
    await warehouse.feed()
    found = await compared(warehouse)
    assert [one.fact for one in found] == [fact.name for fact in FACTS]
    assert {one.fact: (one.rows_in_log, one.rows_in_warehouse) for one in found} == {
        fact: (rows, rows) for fact, rows in ROWS.items()
    }
    assert all(one.same for one in found)
    assert await warehouse.feed() == 0
    async with story.units.open() as unit:
        (made,) = await unit.values(b"SELECT id FROM merges")
        await customers.undo_merge(unit, made)
    await story.tick()
    found = await compared(warehouse)  # follows the moves by itself
    assert all(one.same for one in found)
    await warehouse.feed()
    assert (await first_row(warehouse, "SELECT count(*) FROM merges_undone")) == (1,)
    assert all(one.same for one in await compared(warehouse))


async def test_a_merge_takes_the_customers_other_facts_along(story: Story, warehouse: Warehouse) -> None:
    await live_a_lot(story)
    await warehouse.feed()
    await merge(story)
    await warehouse.feed()
    kept = await story.customer("ana")
    for fact in ("messages", "enrolments"):
        assert await first_row(warehouse, f"SELECT customer_id, count(*) FROM {fact} GROUP BY 1") == (kept, 1), fact
    assert all(one.same for one in await compared(warehouse))


async def test_properties_of_commerce_are_columns_and_the_rest_is_kept(story: Story, warehouse: Warehouse) -> None:
    await live_a_lot(story)
    await warehouse.feed()
    viewed = "FROM events WHERE name = 'Product Viewed'"
    assert await first_row(warehouse, f"SELECT sku, brand, campaign_source, total {viewed}") == ("x-1", "7", None, None)
    ((texts,),) = [await first_row(warehouse, f"SELECT text {viewed}")]
    assert dict(texts)["campaign_source"] == "mine"
    assert dict(texts)["product.name"] == "Cup"
    refunded = "FROM events WHERE name = 'Order Refunded'"
    assert await first_row(warehouse, f"SELECT total, coupon, name {refunded}") == (12.5, None, "Order Refunded")
    visits = "FROM events WHERE campaign_source IS NOT NULL"
    assert await first_row(warehouse, f"SELECT count(*), max(campaign_source), max(campaign_term) {visits}") == (
        1,
        "ads",
        "7",
    )


def spoil(sink: Sink, fact: str, change: str, seq: int) -> None:
    """Changes the rows of a warehouse behind its back."""
    run: Callable[[str], object]
    if isinstance(sink, DuckSink):
        table, run = fact, sink._duck.cursor().execute
    else:
        assert isinstance(sink, ClickHouseSink)
        table, run = f"{fact}_rows", sink._client.command
    if change == "repeat":
        run(f"INSERT INTO {table} SELECT * FROM {table} WHERE seq = {seq}")
    elif change == "delete":
        run(f"DELETE FROM {table} WHERE seq = {seq}")
    elif isinstance(sink, DuckSink):
        run(f"UPDATE {table} SET {change} WHERE seq = {seq}")
    else:
        run(f"ALTER TABLE {table} UPDATE {change} WHERE seq = {seq} SETTINGS mutations_sync = 2")


async def test_what_differs_is_named(story: Story, units: Units, make_sink: Callable[[], Sink]) -> None:
    await live_a_lot(story)
    await merge(story)
    sink = make_sink()
    house = make_warehouse(units, sink)
    await house.open()
    await house.feed()
    seqs = [row[0] async for rows in house.stream("SELECT seq FROM events ORDER BY seq") for row in rows]
    spoil(sink, "events", "delete", seqs[0])
    spoil(sink, "events", "repeat", seqs[1])
    spoil(sink, "events", "historical = true", seqs[2])
    spoil(sink, "events", "revenue = 1e9", seqs[3])
    spoil(sink, "consents", "identifier_id = 1000", 1)
    found = {one.fact: one for one in await compared(house)}
    assert {fact for fact, one in found.items() if not one.same} == {"events", "consents"}
    events = found["events"]
    assert events.rows_in_log == events.rows_in_warehouse == ROWS["events"]
    assert (events.missing, events.repeated, events.changed) == (seqs[:1], seqs[1:2], seqs[2:4])
    assert found["consents"].changed == [1]
    await house.close()


async def test_a_row_of_another_customer_is_named(story: Story, units: Units) -> None:
    await live_a_little(story)
    sink = DuckSink(None, memory="512MB")
    house = make_warehouse(units, sink)
    await house.open()
    await house.feed()
    spoil(sink, "events", "customer_id = '00000000-0000-0000-0000-000000000001'", 2)
    found = {one.fact: one for one in await compared(house)}
    assert [one.fact for one in found.values() if not one.same] == ["events"]
    assert (found["events"].misplaced, found["events"].changed) == ([2], [])
    await house.close()


@pytest.mark.parametrize("cursor", ["", "events", "events.x", "nothing.1", "events.-1", "events." + "9" * 100])
async def test_a_range_that_is_none_is_refused(warehouse: Warehouse, cursor: str) -> None:
    with pytest.raises(RangeUnknown):
        await warehouse.compare(cursor)


async def test_long_facts_are_compared_range_by_range(
    story: Story, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live_a_little(story)
    monkeypatch.setattr(feeding, "rows_per_batch", 2)
    await warehouse.feed()
    found = [one for one in await compared(warehouse) if one.fact == "events"]
    assert [one.rows_in_log for one in found] == [2, 2, 1]
    assert [(one.first, one.last) for one in found] == [(1, 2), (3, 4), (5, 5)]
    assert all(one.same for one in found)


def test_every_fact_says_its_grain_and_is_one_of_a_kind() -> None:
    names: list[Any] = [fact.name for fact in FACTS]
    assert len(set(names)) == len(names)
    assert all(fact.grain for fact in FACTS)
