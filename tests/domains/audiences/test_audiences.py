"""An audience is a named rule; its members are those for whom it holds now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.domains.audiences import policy
from regulars.domains.audiences import service as audiences
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import Pointer
from regulars.domains.events import service as events
from regulars.domains.lifecycle import service as lifecycle
from regulars.shared.ids import outside
from tests.domains.door import Door
from tests.story import Story

BUYERS = {"name": "Buyers", "rule": {"did": "Order Completed", "within": "30d"}}


async def test_members_come_by_events_and_go_by_time(story: Story, door: Door) -> None:
    put = await door.ask("PUT", "/api/audiences/buyers", BUYERS)
    assert (put["state"], put["members"]) == ("filling", None)
    assert put["rule_text"] == 'did "Order Completed" in the last 30 days'
    await story.fill()
    assert (await door.get("/api/audiences/buyers"))["members"] == 0
    await story.is_known("ana", name="Ana", email="ana@example.com")
    await story.did("ana", "Order Completed")
    await story.tick()
    assert await door.get("/api/audiences/buyers/members") == {
        "items": [
            {
                "id": outside("customer", await story.customer("ana")),
                "name": "Ana",
                "email": "ana@example.com",
                "since": "2026-03-02T09:00:00Z",
            }
        ],
        "next": None,
    }
    await story.pass_time(days=31)
    assert (await door.get("/api/audiences"))["items"][0]["members"] == 0
    assert [name for name in await story.timeline("ana") if name.startswith("Aud")] == [
        "Audience Entered",
        "Audience Left",
    ]


async def test_a_new_rule_takes_over_silently_when_it_is_whole(story: Story, door: Door) -> None:
    await story.did("ana", "Order Completed")
    await story.did("bo", "Signed In")
    await story.tick()
    await story.audience("chosen", {"did": "Order Completed"})
    await door.ask("PUT", "/api/audiences/chosen", {"name": "Chosen", "rule": 'did "Signed In"'})
    assert (await door.get("/api/audiences/chosen"))["members"] == 1
    assert await story.members("chosen") == {"ana"}
    await story.fill()
    assert await story.members("chosen") == {"bo"}
    assert [await story.timeline(user) for user in ("ana", "bo")] == [["Order Completed"], ["Signed In"]]


async def test_a_new_name_alone_leaves_the_rule_in_force(story: Story, door: Door) -> None:
    await story.audience("buyers", BUYERS["rule"])
    renamed = await door.ask("PUT", "/api/audiences/buyers", BUYERS | {"name": "All who bought"})
    assert (renamed["name"], renamed["state"]) == ("All who bought", "live")


async def test_history_changes_who_is_a_member_without_events(story: Story) -> None:
    await story.audience("buyers", {"did": "Order Completed"})
    past = (story.at - timedelta(days=400)).isoformat()
    call = {"type": "track", "userId": "ana", "event": "Order Completed", "messageId": "h1", "timestamp": past}
    await events.accept_history(story.units, [call], source="import")
    await story.tick()
    assert await story.members("buyers") == {"ana"}
    assert await story.timeline("ana") == ["Order Completed"]


async def test_an_audience_others_mention_is_not_deleted(story: Story, door: Door) -> None:
    await story.audience("buyers", {"did": "Order Completed"})
    await story.audience("gone", {"all": [{"audience": "buyers"}, {"not": {"did": "Page Viewed"}}]})
    told = await door.ask("DELETE", "/api/audiences/buyers", status=409)
    assert "'gone'" in told["detail"]
    await door.ask("DELETE", "/api/audiences/gone", status=204)
    await door.ask("DELETE", "/api/audiences/buyers", status=204)
    assert (await door.get("/api/audiences"))["items"] == []
    await door.get("/api/audiences/buyers", status=404)
    await door.get("/api/audiences/buyers/members", status=404)


async def test_a_preview_counts_shows_some_and_explains_one(story: Story, door: Door) -> None:
    await story.is_known("ana", name="Ana", email="ana@example.com", country="DE")
    await story.did("ana", "Order Completed")
    await story.did("bo", "Order Completed")
    await story.tick()
    ana = outside("customer", await story.customer("ana"))
    rule = {"all": [{"trait": "country", "is": "DE"}, {"did": "Order Completed", "within": "7d"}]}
    found = await door.ask("POST", "/api/audiences/preview", {"rule": rule, "customer": {"user_id": "ana"}})
    assert found["count"] == 1
    assert found["sample"] == [{"id": ana, "name": "Ana", "email": "ana@example.com"}]
    assert found["rule_text"] == 'country is "DE" and did "Order Completed" in the last 7 days'
    assert found["customer"] == {
        "holds": True,
        "changes_at": "2026-03-09T09:00:00.000001Z",
        "conditions": [
            {"text": 'country is "DE"', "holds": True, "changes_at": None, "value": "DE"},
            {
                "text": 'did "Order Completed" in the last 7 days',
                "holds": True,
                "changes_at": "2026-03-09T09:00:00.000001Z",
                "value": "2026-03-02T09:00:00Z",
            },
        ],
    }
    body: dict[str, Any] = {"rule": 'did "Order Completed"', "at": "2026-03-01T00:00:00+01:00", "customer": {"id": ana}}
    before = await door.ask("POST", "/api/audiences/preview", body)
    assert (before["count"], before["customer"]["holds"], before["at"]) == (0, False, "2026-02-28T23:00:00Z")


async def test_why_one_customer_is_in_an_audience_is_told_of_them_alone(story: Story, door: Door) -> None:
    await story.audience("buyers", BUYERS["rule"])
    await story.did("ana", "Order Completed")
    await story.did("bo", "Page Looked")
    await story.tick()
    ana, bo = [outside("customer", await story.customer(who)) for who in ("ana", "bo")]
    assert await door.get(f"/api/customers/{ana}/audiences/buyers") == {
        "slug": "buyers",
        "name": "buyers",
        "since": "2026-03-02T09:00:00Z",
        "holds": True,
        "changes_at": "2026-04-01T09:00:00.000001Z",
        "conditions": [
            {
                "text": 'did "Order Completed" in the last 30 days',
                "holds": True,
                "changes_at": "2026-04-01T09:00:00.000001Z",
                "value": "2026-03-02T09:00:00Z",
            }
        ],
    }
    told = await door.get(f"/api/customers/{bo}/audiences/buyers")
    assert (told["since"], told["holds"], told["conditions"][0]["value"]) == (None, False, None)
    assert (await door.get(f"/api/customers/{ana}/audiences/nobody", status=404))["code"] == "audience_unknown"
    nobody = outside("customer", UUID(int=0))
    assert (await door.get(f"/api/customers/{nobody}/audiences/buyers", status=404))["code"] == "customer_unknown"


async def test_a_customer_has_a_pulse_and_what_it_follows_from(story: Story, door: Door) -> None:
    for _ in range(5):
        await story.did("ana", "Page Looked")
        await story.pass_time(days=2)
    await story.is_known("ana", name="Ana")
    async with story.units.open() as unit:
        await customers.put_list(unit, "fair", "The fair")
        await customers.change_list(unit, "fair", [Pointer("user_id", "ana")], [])
    await story.tick()
    address = f"/api/customers/{outside('customer', await story.customer('ana'))}"
    told = await door.get(address)
    last = "2026-03-12T09:00:00"
    assert (told["pulse"], told["rhythm"]) == (
        "active",
        {
            "usual_gap_s": 172_800.0,
            "latest_act_at": f"{last}Z",
            "active_days": 6,
            "changes_at": "2026-03-16T09:00:00.000001Z",
        },
    )
    assert told["lists"] == [{"slug": "fair", "name": "The fair", "since": f"{last}Z"}]
    await story.pass_time(days=5)
    assert (await door.get(address))["pulse"] == "slipping"
    async with story.units.open() as unit:
        await customers.change_list(unit, "fair", [], [Pointer("user_id", "ana")])
    await story.tick()
    assert (await door.get(address))["lists"] == []


async def test_whoever_never_acted_has_no_pulse(story: Story, door: Door) -> None:
    await story.is_known("ana", name="Ana")
    await story.tick()
    ana = await story.customer("ana")
    async with story.units.open() as unit:
        await unit.connection.execute(b"UPDATE events SET by_customer = false")
    told = await door.get(f"/api/customers/{outside('customer', ana)}")
    assert (told["pulse"], told["rhythm"]) == (None, None)


async def test_a_preview_of_the_past_knows_what_was_true_then(story: Story, door: Door) -> None:
    began = story.at
    await story.is_known("ana", plan="free")
    await story.tick()
    await story.pass_time(days=10)
    await story.is_known("ana", plan="pro")
    await story.did("ana", "Order Completed")
    await story.pass_time(days=10)
    await story.is_known("ana", plan="")
    await story.did("ana", "Order Completed", at=began + timedelta(days=5))
    await story.tick()
    ana = {"user_id": "ana"}
    bought = {"did": "Order Completed", "times": {"at_least": 2}}
    held = {"trait": "plan", "is": "pro", "held_for": "3d"}
    asked: list[tuple[dict[str, Any], list[bool]]] = [
        ({"trait": "plan", "is": "free"}, [True, True, False, False, False]),
        ({"trait": "plan", "is": "pro"}, [False, False, True, True, False]),
        (held, [False, False, False, True, False]),
        ({"trait": "plan", "absent": True}, [False, False, False, False, True]),
        ({"did": "Order Completed", "within": "2d"}, [False, True, True, False, False]),
        (bought, [False, False, True, True, True]),
    ]
    for rule, expected in asked:
        found = []
        for days in (0, 6, 11, 14, 20):
            at = (began + timedelta(days=days)).isoformat()
            told = await door.ask("POST", "/api/audiences/preview", {"rule": rule, "at": at, "customer": ana})
            assert told["rule"] == rule
            assert (told["count"] == 1) is told["customer"]["holds"]
            found.append(told["customer"]["holds"])
        assert found == expected, rule


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rule": {"didd": "x"}}, 422, "rule_not_understood"),
        ({"rule": "did "}, 422, "rule_not_understood"),
        ({"rule": {"audience": "none"}}, 422, "rule_not_understood"),
        ({"rule": {"everyone": True}, "customer": {"user_id": "nobody"}}, 404, "customer_unknown"),
        ({"rule": {"everyone": True}, "customer": {}}, 422, "customer_unclear"),
        ({"rule": {"everyone": True}, "at": "2026-01-01T00:00:00"}, 422, "unfit_request"),
        ({"rule": {"everyone": True}, "at": "9999-12-31T23:59:59-14:00"}, 422, "instant_unreachable"),
        ({"rule": {"everyone": True}, "at": "0001-01-01T00:00:00+14:00"}, 422, "instant_unreachable"),
        ({}, 422, "unfit_request"),
    ],
)
async def test_what_cannot_be_previewed_is_told(door: Door, body: dict[str, Any], status: int, code: str) -> None:
    assert (await door.ask("POST", "/api/audiences/preview", body, status=status))["code"] == code


async def test_what_is_wrong_with_an_audience_is_told_with_its_place(door: Door) -> None:
    told = await door.ask("PUT", "/api/audiences/vip", {"name": "VIP", "rule": {"all": [{"didd": "x"}]}}, status=422)
    assert [error["pointer"] for error in told["errors"]] == ["/rule/all/0/didd"]
    told = await door.ask("PUT", "/api/audiences/vip", {"name": " ", "rule": "everyone"}, status=422)
    assert [error["pointer"] for error in told["errors"]] == ["/name"]
    assert (await door.ask("PUT", "/api/audiences/V%20I", BUYERS, status=422))["code"] == "unfit_slug"
    cycle = await door.ask("PUT", "/api/audiences/vip", {"name": "VIP", "rule": {"audience": "vip"}}, status=422)
    assert cycle["code"] == "mentions_itself"


async def test_lists_are_paged(story: Story, door: Door) -> None:
    for slug in ("a", "b", "c"):
        await story.audience(slug, {"did": "Order Completed"})
    for user in ("ana", "bo", "chi"):
        await story.did(user, "Order Completed")
    await story.tick()
    for path in ("/api/audiences", "/api/audiences/a/members"):
        first = await door.get(f"{path}?limit=2")
        rest = await door.get(f"{path}?limit=2&after={first['next']}")
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
        assert not {str(one) for one in first["items"]} & {str(one) for one in rest["items"]}
    await door.get("/api/audiences/a/members?after=nonsense", status=422)


async def test_the_vocabulary_is_what_was_seen_and_defined(story: Story, door: Door) -> None:
    await story.audience("buyers", {"did": "Order Completed"})
    async with story.units.open() as unit:
        await lifecycle.put(
            unit, "shop", {"name": "Shop", "stages": [{"slug": "all", "name": "All", "enter": {"everyone": True}}]}
        )
        await lifecycle.activate(unit, "shop")
    await story.is_known("ana", country="DE")
    await story.did("ana", "Page Viewed")
    await story.fill()
    found = await door.get("/api/vocabulary")
    assert {"name": "Page Viewed", "count": 1} in found["events"]
    assert {"key": "country", "examples": ["DE"]} in found["traits"]
    assert (found["audiences"], found["stages"]) == (["buyers"], ["all"])


async def test_the_audiences_of_every_blueprint_can_be_defined(story: Story) -> None:
    for blueprint in lifecycle.blueprints():
        async with story.units.open() as unit:
            await lifecycle.install(unit, blueprint.lifecycle)
            known = await lifecycle.active(unit)
            if known is None or known.lifecycle.slug != blueprint.lifecycle.slug:
                await lifecycle.activate(unit, blueprint.lifecycle.slug)
            for audience in blueprint.audiences:
                policy.read(audience["name"], audience["rule"])
                await audiences.put(unit, audience["slug"], audience["name"], audience["rule"])
            for audience in blueprint.audiences:
                await audiences.delete(unit, audience["slug"])
