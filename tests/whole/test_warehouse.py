"""The warehouse follows the log exactly once and gives the answers PostgreSQL gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regulars.bootstrap import make_warehouse
from regulars.domains.customers import service as customers
from regulars.domains.verdicts import service as verdicts
from regulars.platform.unit import Units
from regulars.platform.warehouse.batches import Batch, Load
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.feeding import Warehouse
from regulars.platform.warehouse.sinks import WarehouseBusy
from regulars.rules.tree import parse_tree
from tests.story import Story

RULES: dict[str, Any] = {
    "bought": {"did": "Order Completed"},
    "twice": {"did": "Order Completed", "times": {"at_least": 2}, "within": "10d"},
    "big": {"did": "Order Completed", "where": [{"property": "revenue", "at_least": 50}]},
    "exact": {"did": "Order Completed", "where": [{"property": "price", "is": "0.10"}]},
    "nested": {"did": "Order Completed", "where": [{"property": "shipping.city", "is": "Ulm"}]},
    "german": {"trait": "country", "is": "DE"},
    "strangers": {"not": {"did": "Order Completed"}},
}


def make(units: Units, path: Path | None) -> Warehouse:
    return make_warehouse(units, DuckSink(path, memory="512MB"))


@pytest.fixture
async def warehouse(units: Units) -> AsyncIterator[Warehouse]:
    house = make(units, None)
    await house.open()
    yield house
    await house.close()


async def counts(story: Story, warehouse: Warehouse | None) -> dict[str, int]:
    found = {}
    async with story.units.open() as unit:
        for name, rule in RULES.items():
            preview = await verdicts.preview(unit, parse_tree(rule), at=story.at, relations=warehouse)
            found[name] = preview.count
    return found


async def live_a_little(story: Story) -> None:
    await story.did("ana", "Order Completed", revenue=60, price=0.10, shipping={"city": "Ulm", "zip": None})
    await story.did("ana", "Order Completed", revenue="49.99", at=story.at - timedelta(days=2))
    await story.did("bo", "Order Completed", revenue=10.0, at=story.at - timedelta(days=20))
    await story.is_known("bo", country="DE")
    await story.receive({"type": "page", "anonymousId": "stranger"})
    await story.tick()


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


class PowerCut(DuckSink):
    """Breaks once, in the middle of a load: events are written, and traits cannot be."""

    broken = False

    async def load(self, load: Load) -> None:
        if not self.broken:
            self.broken = True
            load = replace(load, batches=[unwritable(batch) for batch in load.batches])
        await super().load(load)


def unwritable(batch: Batch) -> Batch:
    if batch.fact.name == "events":
        return batch
    return Batch(batch.fact, batch.rows.rename_columns([f"no {name}" for name in batch.rows.column_names]))


async def test_a_load_that_breaks_leaves_no_trace_and_is_done_again(story: Story, units: Units, tmp_path: Path) -> None:
    await live_a_little(story)
    house = make_warehouse(units, PowerCut(tmp_path / "w.duckdb", memory="512MB"))
    await house.open()
    with pytest.raises(duckdb.Error):
        await house.feed()
    assert await house.offsets() == {}
    await house.feed()
    await house.close()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT seq) FROM events").fetchone() == (5, 5)


async def test_a_warehouse_of_another_layout_is_made_again(story: Story, units: Units, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE offsets AS SELECT 'events' AS name, 1000 AS seq")
        connection.execute("CREATE TABLE events (seq BIGINT); CREATE VIEW customers AS SELECT seq FROM events")
    await live_a_little(story)
    for _ in range(2):
        house = make(units, tmp_path / "w.duckdb")
        await house.open()
        await house.feed()
        assert await counts(story, house) == await counts(story, None)
        await house.close()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT seq) FROM events").fetchone() == (5, 5)


async def test_a_second_process_is_told_that_the_warehouse_is_taken(units: Units, tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_text("this is no database")
    with pytest.raises(WarehouseBusy, match=r"w\.duckdb"):
        await make(units, tmp_path / "w.duckdb").open()


async def test_a_rule_is_filled_from_the_warehouse(story: Story, warehouse: Warehouse) -> None:
    await live_a_little(story)
    async with story.units.open() as unit:
        await verdicts.define(unit, "audience", "buyers", parse_tree(RULES["bought"]))
    assert await verdicts.fill(story.units, at=story.at, relations=warehouse) == 1
    await story.tick()
    assert await story.members("buyers") == {"ana", "bo"}
