"""The lifecycle's routes, and its numbers against a plain recount."""

from __future__ import annotations

import random
import statistics
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from regulars.domains.lifecycle import jobs
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.lifecycle.api import router
from regulars.shared.ids import outside
from tests.domains.door import Door
from tests.domains.lifecycle.conftest import SHOP
from tests.story import Story


@pytest.fixture
async def door(story: Story) -> AsyncIterator[Door]:
    door = Door(story.units, router)
    async with door.client:
        yield door


async def test_a_lifecycle_is_written_activated_and_looked_at(story: Story, door: Door) -> None:
    assert (await door.get("/api/lifecycle", status=404))["code"] == "no_active_lifecycle"
    put = await door.ask("PUT", "/api/lifecycles/shop", SHOP)
    assert put["stages"][1]["rule_text"] == 'did "Product Viewed" in the last 10 days'
    assert put["stages"][1]["enter"] == {"did": "Product Viewed", "within": "10d"}
    assert put["active"] is False
    assert (await door.ask("PUT", "/api/lifecycles/shop/activation"))["active"] is True
    assert (await door.get("/api/lifecycle"))["state"] == "filling"
    await story.did("ana", "Order Completed")
    await story.fill()
    found = await door.get("/api/lifecycle")
    assert (found["state"], found["window_days"], found["total"]) == ("live", 30, 1)
    assert found["lifecycle"] == {"slug": "shop", "name": "Shop", "description": ""}
    assert [stage["customers"] for stage in found["stages"]] == [0, 0, 1, 0]
    assert found["stages"][0]["metrics"] == ["reach"]
    assert [one["to"] for one in found["stages"][0]["conversions"]] == ["looking", "buying", "loyal"]
    listed = await door.get("/api/lifecycles")
    assert [(one["slug"], one["active"]) for one in listed["items"]] == [("shop", True)]
    assert (await door.ask("PUT", "/api/lifecycles/shop/activation", status=409))["code"] == "lifecycle_is_active"
    assert (await door.get("/api/lifecycles/none", status=404))["code"] == "lifecycle_unknown"


async def test_why_a_customer_is_in_a_stage(story: Story, door: Door, shop: Story) -> None:
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=1)
    await story.did("ana", "Order Completed")
    await story.tick()
    found = await door.get(f"/api/customers/{outside('customer', await story.customer('ana'))}/stage")
    assert (found["stage"], found["since"]) == ("loyal", "2026-03-03T09:00:00Z")
    assert [(one["slug"], one["holds"]) for one in found["stages"]] == [
        ("aware", True),
        ("looking", False),
        ("buying", True),
        ("loyal", True),
    ]
    (condition,) = found["stages"][3]["conditions"]
    assert condition["holds"]
    assert condition["changes_at"] == "2026-03-22T09:00:00.000001Z"
    assert found["moves"][0] == {
        "from": "buying",
        "to": "loyal",
        "at": "2026-03-03T09:00:00Z",
        "dwell_s": 86_400.0,
        "because": ['Loyal holds: did "Order Completed" at least 2 times in the last 20 days'],
    }
    await door.get("/api/customers/cus_0/stage", status=404)


async def test_every_fault_of_a_definition_is_told_with_its_place(door: Door) -> None:
    body = {
        "name": "",
        "stages": [
            {"slug": "unknown", "name": "A", "enter": "everyone"},
            {"slug": "b", "name": "B", "enter": {"did": "X", "whithin": "1d"}, "metrics": ["No"], "colour": 1},
            {"slug": "b", "name": "C", "enter": 'did "X'},
        ],
    }
    told = await door.ask("PUT", "/api/lifecycles/shop", body, status=422)
    assert {error["pointer"] for error in told["errors"]} == {
        "/name",
        "/stages/0/slug",
        "/stages/1/colour",
        "/stages/1/metrics",
        "/stages/1/enter/whithin",
        "/stages/2/slug",
        "/stages/2/enter",
    }
    assert (await door.ask("PUT", "/api/lifecycles/No%20Slug", SHOP, status=422))["errors"][0]["pointer"] == "/slug"


async def test_the_overview_equals_a_plain_recount(shop: Story, door: Door) -> None:
    await lived(shop)
    await jobs.rebuild_history(shop.units, None, shop.at)
    async with shop.units.open() as unit:
        moves = await unit.records(
            b"SELECT m.customer_id, m.from_stage, m.to_stage, m.at, m.dwell_s FROM stage_moves AS m "
            b"JOIN customers AS c ON c.id = m.customer_id AND c.merged_into IS NULL WHERE m.superseded_at IS NULL"
        )
        present = await unit.records(b"SELECT customer_id, stage FROM customer_stages")
        total = await unit.value(b"SELECT count(*) FROM customers WHERE merged_into IS NULL")
    found = await door.get("/api/lifecycle")
    assert len(moves) > 150
    assert found["total"] == total
    expected = recount(moves, present, total, shop.at)
    assert {one["slug"]: one["customers"] for one in found["stages"]} == expected["present"]
    assert found["unknown"]["customers"] == total - len(present)
    for stage in [*found["stages"], {"slug": "unknown"} | found["unknown"]]:
        assert stage["entered"] == expected["entered"].get(stage["slug"], 0)
        assert stage["left"] == expected["left"].get(stage["slug"], 0)
    for stage in found["stages"]:
        assert stage["median_dwell_s"] == pytest.approx(expected["median"].get(stage["slug"]))
        for conversion in stage["conversions"]:
            cohort, reached = expected["conversions"][stage["slug"], conversion["to"]]
            assert (stage["cohort"], conversion["customers"]) == (cohort, reached)
            assert conversion["share"] == (reached / cohort if cohort else 0.0)
    assert {(one["from"], one["to"]): one["customers"] for one in found["flows"]} == expected["flows"]
    assert {one["direction"] for one in found["flows"]} == {"forward", "skip", "back"}


async def lived(story: Story) -> None:
    """A few months of some customers, two of whom turn out to be one."""
    chance = random.Random(5)
    for _ in range(60):
        for user in range(25):
            if chance.random() < 0.12:
                name = chance.choice(["Order Completed", "Product Viewed", "Product Viewed", "Signed In"])
                await story.did(f"u{user}", name)
        await story.pass_time(days=2, minutes=chance.randint(0, 500))
    await story.receive({"type": "track", "anonymousId": "device", "event": "Order Completed"})
    await story.tick()
    await story.receive({"type": "identify", "userId": "u1", "anonymousId": "device"})
    await story.pass_time(days=1)


def recount(
    moves: Sequence[dict[str, Any]], present: Sequence[dict[str, Any]], total: int, at: datetime
) -> dict[str, Any]:
    table = pd.DataFrame(moves)
    order = [stage["slug"] for stage in SHOP["stages"]]
    table = table[table["at"] <= at]
    window = table[table["at"] > at - timedelta(days=lifecycle.window_days)]
    cohorts = table[table["at"] > at - timedelta(days=lifecycle.cohort_days)]
    conversions = {}
    for place, stage in enumerate(order):
        firsts: dict[UUID, datetime] = {}
        for move in cohorts[cohorts["to_stage"] == stage].sort_values("at").itertuples():
            firsts.setdefault(move.customer_id, move.at)
        for later in order[place + 1 :]:
            reached = {
                move.customer_id
                for move in table[table["to_stage"] == later].itertuples()
                if move.customer_id in firsts and move.at > firsts[move.customer_id]
            }
            conversions[stage, later] = (len(firsts), len(reached))
    dwells: dict[str, list[float]] = {}
    for one in moves:
        if one["dwell_s"] is not None and at - timedelta(days=lifecycle.window_days) < one["at"] <= at:
            dwells.setdefault(one["from_stage"], []).append(one["dwell_s"])
    stages = [one["stage"] for one in present]
    return {
        "present": {stage: stages.count(stage) for stage in order},
        "entered": window.groupby("to_stage")["customer_id"].nunique().to_dict(),
        "left": window.groupby("from_stage")["customer_id"].nunique().to_dict(),
        "median": {stage: statistics.median(found) for stage, found in dwells.items()},
        "conversions": conversions,
        "flows": window.groupby(["from_stage", "to_stage"])["customer_id"].nunique().to_dict(),
    }
