"""Customers are in the last stage whose rule holds; every move says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars.domains.events import service as events
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.lifecycle.model import LifecycleIsActive, LifecycleUnknown, NoActiveLifecycle
from tests.domains.lifecycle.conftest import SHOP, activate
from tests.story import Story


async def stage(story: Story, user: str) -> str | None:
    customer = await story.customer(user)
    async with story.units.open() as unit:
        found: str | None = await unit.value(
            b"SELECT stage FROM customer_stages WHERE customer_id = %(customer)s", customer=customer
        )
    return found


async def moves(story: Story, user: str) -> list[tuple[str, str, float | None]]:
    """From, to and seconds in the stage left, oldest first."""
    customer = await story.customer(user)
    async with story.units.open() as unit:
        report = await lifecycle.report_on(unit, customer)
    return [(move.from_stage, move.to_stage, move.dwell_s) for move in reversed(report.moves)]


async def test_a_customer_skips_returns_and_cycles(shop: Story) -> None:
    await shop.did("ana", "Signed In")
    await shop.tick()
    assert await stage(shop, "ana") == "aware"
    await shop.did("ana", "Order Completed")
    await shop.tick()
    await shop.pass_time(days=1)
    await shop.did("ana", "Order Completed")
    await shop.tick()
    assert await stage(shop, "ana") == "loyal"
    await shop.pass_time(days=19, microseconds=1)
    assert await stage(shop, "ana") == "buying"
    await shop.pass_time(days=11)
    assert await stage(shop, "ana") == "aware"
    await shop.did("ana", "Product Viewed")
    await shop.tick()
    day = 86_400.0
    assert await moves(shop, "ana") == [
        ("unknown", "aware", None),
        ("aware", "buying", 0.0),
        ("buying", "loyal", day),
        ("loyal", "buying", 19 * day + 1e-6),
        ("buying", "aware", 11 * day),
        ("aware", "looking", 0.0),
    ]


async def test_moves_at_one_instant_are_told_in_the_order_in_which_they_happened(shop: Story) -> None:
    users = [f"user-{number}" for number in range(8)]
    for name in ("Signed In", "Product Viewed", "Order Completed", "Order Completed"):
        for user in users:
            await shop.did(user, name)
        await shop.tick()
    for user in users:
        assert [to for _, to, _ in await moves(shop, user)] == ["aware", "looking", "buying", "loyal"]


async def test_moves_become_events_that_say_why(shop: Story) -> None:
    await shop.did("ana", "Order Completed")
    await shop.tick()
    await shop.pass_time(days=31)
    assert sorted(await shop.timeline("ana")) == ["Order Completed", "Stage Entered", "Stage Entered", "Stage Left"]
    customer = await shop.customer("ana")
    async with shop.units.open() as unit:
        told = await unit.records(
            b"SELECT name, properties FROM events WHERE customer_id = %(customer)s AND name LIKE 'Stage%%' "
            b"ORDER BY at, name DESC",
            customer=customer,
        )
        report = await lifecycle.report_on(unit, customer)
    buying, aware = 'did "Order Completed" in the last 30 days', "everyone"
    back = {"rule": "aware", "text": aware, "stopped": {"rule": "buying", "text": buying}}
    assert [(row["name"], row["properties"]) for row in told] == [
        (
            "Stage Entered",
            {"lifecycle": "shop", "stage": "buying", "from": "unknown", "because": {"rule": "buying", "text": buying}},
        ),
        (
            "Stage Left",
            {"lifecycle": "shop", "stage": "buying", "to": "aware", "dwell_s": 31 * 86_400.0, "because": back},
        ),
        ("Stage Entered", {"lifecycle": "shop", "stage": "aware", "from": "buying", "because": back}),
    ]
    assert report.moves[0].because == [f"Buying no longer holds: {buying}", f"Aware holds: {aware}"]
    assert (report.stage, report.since) == ("aware", shop.at)
    assert [(one.slug, told.holds) for one, told in report.stages] == [
        ("aware", True),
        ("looking", False),
        ("buying", False),
        ("loyal", False),
    ]


async def test_whom_no_rule_fits_is_unknown(story: Story) -> None:
    await activate(story, "shop", SHOP | {"stages": SHOP["stages"][1:]})
    await story.did("ana", "Product Viewed")
    await story.tick()
    await story.pass_time(days=11)
    assert await stage(story, "ana") is None
    await story.pass_time(days=1)
    await story.did("ana", "Product Viewed")
    await story.tick()
    assert [move[1:] for move in await moves(story, "ana")] == [
        ("looking", None),
        ("unknown", 11 * 86_400.0),
        ("looking", 86_400.0),
    ]


async def test_activation_and_redefinition_put_everyone_in_place_silently(story: Story) -> None:
    await story.did("ana", "Order Completed")
    await story.did("bo", "Signed In")
    await story.tick()
    await activate(story, "shop", SHOP)
    assert [await stage(story, user) for user in ("ana", "bo")] == ["buying", "aware"]
    stages: list[dict[str, Any]] = [dict(one) for one in SHOP["stages"] if one["slug"] != "loyal"]
    stages[2]["enter"] = {"did": "Signed In"}
    async with story.units.open() as unit:
        await lifecycle.put(unit, "shop", SHOP | {"stages": stages})
    await story.tick()
    assert [await stage(story, user) for user in ("ana", "bo")] == ["buying", "aware"], "the old rules still count"
    await story.fill()
    assert [await stage(story, user) for user in ("ana", "bo")] == ["aware", "buying"]
    assert await story.timeline("ana") == ["Order Completed"]


async def test_one_lifecycle_is_active_at_a_time(shop: Story) -> None:
    await shop.did("ana", "Order Completed")
    await shop.tick()
    await activate(shop, "other", {"name": "Other", "stages": [{"slug": "all", "name": "All", "enter": "everyone"}]})
    assert await stage(shop, "ana") == "all"
    async with shop.units.open() as unit:
        assert [(one.lifecycle.slug, one.active) for one in await lifecycle.list_all(unit)] == [
            ("other", True),
            ("shop", False),
        ]
        with pytest.raises(LifecycleIsActive):
            await lifecycle.activate(unit, "other")


async def test_a_merged_customer_is_in_one_stage(shop: Story) -> None:
    await shop.receive({"type": "track", "anonymousId": "device", "event": "Order Completed"})
    await shop.did("ana", "Order Completed")
    await shop.tick()
    await shop.receive({"type": "identify", "userId": "ana", "anonymousId": "device"})
    await shop.tick()
    assert await stage(shop, "ana") == "loyal"
    async with shop.units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM customer_stages") == 1
        found = await lifecycle.overview(unit)
    assert (found.total, found.stages[2].entered, found.stages[3].customers) == (1, 1, 1)


async def test_customers_taken_apart_are_each_in_their_own_stage(shop: Story) -> None:
    await shop.receive({"type": "track", "anonymousId": "device", "event": "Order Completed"})
    await shop.did("ana", "Order Completed")
    await shop.tick()
    await shop.receive({"type": "identify", "userId": "ana", "anonymousId": "device"})
    await shop.tick()
    async with shop.units.open() as unit:
        merge = await unit.value(b"SELECT id FROM merges")
        await unit.run(b"INSERT INTO unmerge_orders VALUES (%(id)s, %(at)s, 'test')", id=merge, at=unit.at)
    await shop.tick()
    async with shop.units.open() as unit:
        assert list(await unit.values(b"SELECT stage FROM customer_stages")) == ["buying", "buying"]


async def test_imported_history_moves_customers_without_events(shop: Story) -> None:
    past = (shop.at - timedelta(days=3)).isoformat()
    call = {"type": "track", "userId": "ana", "event": "Order Completed", "messageId": "h1", "timestamp": past}
    await events.accept_history(shop.units, [call], source="import")
    await shop.tick()
    assert await stage(shop, "ana") == "buying"
    assert await shop.timeline("ana") == ["Order Completed"]


async def test_what_is_not_there_is_missing(story: Story) -> None:
    async with story.units.open() as unit:
        with pytest.raises(NoActiveLifecycle):
            await lifecycle.overview(unit)
        with pytest.raises(LifecycleUnknown):
            await lifecycle.get(unit, "nowhere")
