"""What was refused or put aside can be taken once more, or forgotten; who did which is recorded."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from regulars.domains.events import service as events
from regulars.domains.events.api import router
from regulars.domains.events.policy.retries import rejection_body_chars_max
from regulars.domains.members import service as members
from regulars.domains.members.api import Gatekeeper
from regulars.pipeline import STEPS, Pipeline
from regulars.platform.http.app import make_app
from regulars.platform.tick import Tick
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.domains.members.conftest import actions
from tests.story import Story, living

NAMELESS = {"type": "track", "userId": "ana", "messageId": "n1", "event": ""}


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with living(units, clock) as story:
        yield story


@pytest.fixture
async def operator(units: Units) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody with an admin key."""
    async with units.open() as unit:
        key = await members.new_admin_key(unit, "Operator")
    app = make_app(routers=[router], gatekeeper=Gatekeeper(units), units=units)
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://regulars.test", headers=headers) as client:
        yield client


async def kept(operator: httpx2.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await operator.get("/api/rejections", params=asked)).json()["items"]
    return items


async def retried(operator: httpx2.AsyncClient, *ids: str) -> list[tuple[str, str | None]]:
    answer = await operator.post("/api/rejections/retries", json={"ids": list(ids)})
    assert answer.status_code == 200, answer.text
    return [(one["outcome"], one["code"]) for one in answer.json()["items"]]


async def spoil(story: Story, *, historical: bool = False) -> None:
    """A message is accepted, and no tick can work it in; it is put aside."""

    async def stumble(tick: Tick) -> None:
        if await tick.value(b"SELECT EXISTS (SELECT FROM tick_messages WHERE name = 'Spoiled')"):
            raise ValueError("what is this")

    await story.receive(
        {"type": "track", "userId": "ana", "messageId": "s1", "event": "Spoiled", "properties": {"n": 1}}
    )
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET historical = %(historical)s", historical=historical)
    async with Pipeline(story.units, Ids(random.Random(5)), [*STEPS[:3], stumble, *STEPS[3:]]) as pipeline:
        for _ in range(8):
            try:
                await pipeline.poll_once(story.at)
            except ValueError:
                continue


@pytest.mark.parametrize("historical", [False, True])
async def test_a_message_that_now_can_be_worked_in_is_recorded_once(
    story: Story, operator: httpx2.AsyncClient, historical: bool
) -> None:
    came_at = story.at
    await spoil(story, historical=historical)
    (item,) = await kept(operator, quarantined=True)
    assert (item["code"], item["quarantined"], item["cut"]) == ("stops_ticks", True, False)
    story.clock.at += timedelta(days=9)
    assert await retried(operator, item["id"]) == [("accepted", None)]
    assert await retried(operator, item["id"]) == [("gone", None)]
    await story.tick()
    # The sender, who never had an answer, sends it again.
    await story.receive({"type": "track", "userId": "ana", "messageId": "s1", "event": "Spoiled"})
    await story.tick()
    async with story.units.open() as unit:
        recorded = await unit.records(
            b"SELECT message_id, received_at, historical, properties FROM events WHERE name = 'Spoiled'"
        )
    assert recorded == [{"message_id": "s1", "received_at": came_at, "historical": historical, "properties": {"n": 1}}]
    assert await kept(operator) == []
    who, action, subject = (await actions(story.units))[-1]
    assert (who, action, subject) == ("Operator", "rejection.retried", item["id"])


async def test_what_was_put_aside_is_not_forgotten_with_the_week(story: Story, operator: httpx2.AsyncClient) -> None:
    await events.accept(story.units, [NAMELESS], source="test")
    await spoil(story)
    async with story.units.open(at=story.at + timedelta(days=30)) as unit:
        await events.purge_rejections(unit)
    assert [one["code"] for one in await kept(operator)] == ["stops_ticks"]


async def test_what_the_door_refuses_again_stays_with_its_reason(story: Story, operator: httpx2.AsyncClient) -> None:
    await events.accept(story.units, [NAMELESS], source="test")
    (item,) = await kept(operator, quarantined=False)
    assert await kept(operator, quarantined=True) == []
    assert await retried(operator, item["id"]) == [("refused", "event_missing")]
    assert len(await kept(operator)) == 1
    assert [one[1] for one in await actions(story.units)] == ["key.made"]


async def test_what_the_door_would_take_today_is_taken_as_it_came(story: Story, operator: httpx2.AsyncClient) -> None:
    """As after an upgrade: a call to /v1/track, which need not say its type, whose body the door now understands."""
    await events.accept(story.units, [NAMELESS], source="key_1")
    async with story.units.open() as unit:
        body = '{"userId": "ana", "event": "Order Completed", "properties": {"revenue": 1.10}}'
        await unit.run(b"UPDATE rejections SET kind = 'track', body = %(body)s", body=body)
    (item,) = await kept(operator)
    came_at = story.at
    story.clock.at += timedelta(hours=1)
    assert await retried(operator, item["id"]) == [("accepted", None)]
    await story.tick()
    async with story.units.open() as unit:
        found = await unit.records(b"SELECT message_id, at, source, properties ->> 'revenue' AS paid FROM events")
    # Without an id of its own it has that of its rejection: however often it is taken, it is one event.
    assert found == [{"message_id": item["id"].removeprefix("rej_"), "at": came_at, "source": "key_1", "paid": "1.1"}]


async def test_what_was_cut_cannot_be_taken(story: Story, operator: httpx2.AsyncClient) -> None:
    long = {**NAMELESS, "properties": {"text": "x" * rejection_body_chars_max}}
    await events.accept(story.units, [long], source="test")
    (item,) = await kept(operator)
    assert item["cut"]
    assert await retried(operator, item["id"]) == [("refused", "body_cut")]


async def test_what_the_database_refuses_does_not_keep_the_others(story: Story, operator: httpx2.AsyncClient) -> None:
    for number in range(3):
        await events.accept(story.units, [{**NAMELESS, "messageId": f"m{number}"}], source="test")
    good = '{"type": "track", "userId": "ana", "event": "Fine", "properties": {"n": 1}}'
    async with story.units.open() as unit:
        await unit.run(b"UPDATE rejections SET body = %(good)s", good=good)
        huge = good.replace("1}", f"1{'0' * 4_000}e140000}}")
        await unit.run(
            b"UPDATE rejections SET body = %(huge)s WHERE id = (SELECT min(id::text)::uuid FROM rejections)", huge=huge
        )
    ids = [one["id"] for one in await kept(operator)]
    outcomes = [outcome for outcome, _ in await retried(operator, *ids)]
    assert sorted(outcomes) == ["accepted", "accepted", "refused"]
    assert len(await kept(operator)) == 1


async def test_several_are_discarded_and_the_record_says_who(story: Story, operator: httpx2.AsyncClient) -> None:
    for number in range(3):
        await events.accept(story.units, [{**NAMELESS, "messageId": f"m{number}"}], source="test")
    first, second, _ = [one["id"] for one in await kept(operator)]
    answer = await operator.post("/api/rejections/discards", json={"ids": [first, second, first]})
    assert answer.json() == {"discarded": 2}
    assert len(await kept(operator)) == 1
    told = [one for one in await actions(story.units) if one[1] == "rejection.discarded"]
    assert told == [("Operator", "rejection.discarded", one) for one in sorted([first, second])]


@pytest.mark.parametrize("ids", [[], ["rej_1"], ["x"] * 201])
@pytest.mark.parametrize("verb", ["retries", "discards"])
async def test_what_names_nothing_is_refused(operator: httpx2.AsyncClient, verb: str, ids: list[str]) -> None:
    assert (await operator.post(f"/api/rejections/{verb}", json={"ids": ids})).status_code in (404, 422)
