"""The warehouse follows the log exactly once and gives the answers PostgreSQL gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regulars.bootstrap import FACTS, MOVES, make_clickhouse_sink, make_warehouse
from regulars.domains.customers import service as customers
from regulars.domains.verdicts import service as verdicts
from regulars.platform.unit import Units
from regulars.platform.warehouse.batches import Batch, Load
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.feeding import Warehouse
from regulars.platform.warehouse.sinks import Sink, WarehouseBusy, WarehouseFedElsewhere, WarehouseUnreachable
from regulars.rules.tree.reading import parse_tree
from tests import clickhouse_server
from tests.story import Story
from tests.whole.warehouses import first_row, live_a_little

RULES: dict[str, Any] = {
    "bought": {"did": "Order Completed"},
    "twice": {"did": "Order Completed", "times": {"at_least": 2}, "within": "10d"},
    "big": {"did": "Order Completed", "where": [{"property": "revenue", "at_least": 50}]},
    "exact": {"did": "Order Completed", "where": [{"property": "price", "is": "0.10"}]},
    "nested": {"did": "Order Completed", "where": [{"property": "shipping.city", "is": "Ulm"}]},
    "german": {"trait": "country", "is": "DE"},
    "strangers": {"not": {"did": "Order Completed"}},
}


async def counts(story: Story, warehouse: Warehouse | None) -> dict[str, int]:
    found = {}
    async with story.units.open() as unit:
        for name, rule in RULES.items():
            preview = await verdicts.preview(unit, parse_tree(rule), at=story.at, relations=warehouse)
            found[name] = preview.count
    return found


@pytest.mark.also_spark
async def test_both_engines_count_alike(story: Story, warehouse: Warehouse) -> None:
    await live_a_little(story)
    await warehouse.feed()
    told = await counts(story, warehouse)
    assert told == await counts(story, None)
    assert told["strangers"] == 1
    assert told["nested"] == 1


async def test_feeding_again_brings_nothing_twice(story: Story, warehouse: Warehouse) -> None:
    await live_a_little(story)
    first = await warehouse.feed()
    assert first > 0
    assert await warehouse.feed() == 0
    await story.did("chi", "Order Completed")
    await story.tick()
    assert await warehouse.feed() == 2, "an event and a customer"


@pytest.mark.also_spark
async def test_a_merge_and_its_undoing_reach_the_warehouse(story: Story, warehouse: Warehouse) -> None:
    await live_a_little(story)
    await warehouse.feed()
    await story.receive({"type": "identify", "userId": "bo", "anonymousId": "stranger"})
    await story.tick()
    await warehouse.feed()
    merged = await counts(story, warehouse)
    assert merged == await counts(story, None)
    assert merged["strangers"] == 0
    async with story.units.open() as unit:
        (merge,) = await unit.values(b"SELECT id FROM merges")
        await customers.undo_merge(unit, merge)
    await story.tick()
    await warehouse.feed()
    assert await counts(story, warehouse) == await counts(story, None)


class PowerCut:
    """A sink that breaks once, in the middle of a load: events are written, and traits cannot be."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)

    async def load(self, load: Load) -> None:
        if not self._broken:
            self._broken = True
            load = replace(load, batches=[unwritable(batch) for batch in load.batches])
        await self._sink.load(load)


def unwritable(batch: Batch) -> Batch:
    if batch.fact.name == "events":
        return batch
    return Batch(batch.fact, batch.rows.rename_columns([f"no {name}" for name in batch.rows.column_names]))


@pytest.mark.also_spark
async def test_a_load_that_breaks_leaves_no_trace_and_is_done_again(
    story: Story, units: Units, make_sink: Callable[[], Sink]
) -> None:
    await live_a_little(story)
    house = make_warehouse(units, PowerCut(make_sink()))
    await house.open()
    with pytest.raises(Exception, match="no seq"):
        await house.feed()
    assert await house.offsets() == {}
    assert await first_row(house, "SELECT count(*) FROM events") == (0,)
    await house.feed()
    assert await first_row(house, "SELECT count(*), count(DISTINCT seq) FROM events") == (5, 5)
    await house.close()


async def test_a_process_that_dies_in_a_load_is_followed_by_one_that_does_it_again(
    story: Story, units: Units, make_sink: Callable[[], Sink]
) -> None:
    await live_a_little(story)
    dying = make_warehouse(units, PowerCut(make_sink()))
    await dying.open()
    with pytest.raises(Exception, match="no seq"):
        await dying.feed()
    await dying.close()
    for _ in range(2):
        house = make_warehouse(units, make_sink())
        await house.open()
        await house.feed()
        assert await first_row(house, "SELECT count(*), count(DISTINCT seq) FROM events") == (5, 5)
        await house.close()


@pytest.mark.slow
@pytest.mark.parametrize("table", ["events_rows", "identifier_moves_rows", "loads"])
async def test_a_server_that_is_lost_after_it_has_written_counts_nothing_twice(
    story: Story, units: Units, clickhouse_url: str, table: str
) -> None:
    url = clickhouse_url.replace("/regulars", f"/lost_{table}")
    house = make_warehouse(units, make_clickhouse_sink(url))
    await house.open()
    await live_a_little(story)
    if table == "identifier_moves_rows":
        await house.feed()
        await story.receive({"type": "identify", "userId": "bo", "anonymousId": "stranger"})
        await story.tick()
    clickhouse_server.break_after(url, table)
    before = await house.offsets()
    with pytest.raises(WarehouseUnreachable):
        await house.feed()
    await house.feed()
    assert await house.offsets() != before
    rows = 6 if table == "identifier_moves_rows" else 5
    assert await first_row(house, "SELECT count(*), count(DISTINCT seq) FROM events") == (rows, rows)
    assert await counts(story, house) == await counts(story, None)
    await house.close()


@pytest.mark.slow
@pytest.mark.xdist_group("clickhouse")
async def test_whoever_stops_waiting_for_clickhouse_hears_of_nothing_else(clickhouse_url: str) -> None:
    sink = make_clickhouse_sink(clickhouse_url.replace("/regulars", "/left"))
    await sink.open(FACTS)

    async def asked(query: str) -> list[tuple[object, ...]]:
        return [row async for rows in sink.stream(query) for row in rows]

    waiting = asyncio.create_task(asked("SELECT sleep(2) AS n"))
    await asyncio.sleep(0.5)
    waiting.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert await asked("SELECT 1 AS n") == [(1,)]
    await sink.close()


async def test_one_process_feeds_a_warehouse(units: Units, warehouse: Warehouse, make_sink: Callable[[], Sink]) -> None:
    await warehouse.feed()
    other = make_warehouse(units, make_sink())
    with pytest.raises(WarehouseFedElsewhere):
        await other.feed()
    await warehouse.close()
    await other.open()
    await other.feed()
    await other.close()


async def test_a_warehouse_of_another_layout_is_made_again(
    story: Story, units: Units, make_sink: Callable[[], Sink]
) -> None:
    await live_a_little(story)
    longer = replace(FACTS[0], columns={**FACTS[0].columns, "more": "text"})
    for facts in ([replace(longer, select=LONGER), *FACTS[1:]], FACTS, FACTS):
        house = Warehouse(units, facts, MOVES, make_sink())
        await house.open()
        await house.feed()
        assert await counts(story, house) == await counts(story, None)
        assert await first_row(house, "SELECT count(*), count(DISTINCT seq) FROM events") == (5, 5)
        await house.close()


LONGER = FACTS[0].select.replace(b"properties::text", b"'x' AS more, properties::text")


async def test_a_file_from_before_there_were_layouts_is_made_again(story: Story, units: Units, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE offsets AS SELECT 'events' AS name, 1000 AS seq")
        connection.execute("CREATE TABLE events (seq BIGINT); CREATE VIEW customers AS SELECT seq FROM events")
    await live_a_little(story)
    house = make_warehouse(units, DuckSink(tmp_path / "w.duckdb", memory="512MB"))
    await house.open()
    await house.feed()
    assert await counts(story, house) == await counts(story, None)
    await house.close()


async def test_what_is_no_warehouse_is_told(units: Units, tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_text("this is no database")
    with pytest.raises(WarehouseBusy, match=r"w\.duckdb"):
        await make_warehouse(units, DuckSink(tmp_path / "w.duckdb", memory="512MB")).open()


@pytest.mark.also_spark
async def test_a_rule_is_filled_from_the_warehouse(story: Story, warehouse: Warehouse) -> None:
    await live_a_little(story)
    async with story.units.open() as unit:
        await verdicts.define(unit, "audience", "buyers", parse_tree(RULES["bought"]))
    assert await verdicts.fill(story.units, at=story.at, relations=warehouse) == 1
    await story.tick()
    assert await story.members("buyers") == {"ana", "bo"}
