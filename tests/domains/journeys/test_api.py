"""The routes of journeys and enrolments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from regulars.domains.journeys.api import router
from regulars.shared.ids import outside
from tests.domains.door import Door
from tests.domains.journeys.travel import WELCOME
from tests.story import Story


@pytest.fixture
async def door(story: Story) -> AsyncIterator[Door]:
    door = Door(story.units, router)
    async with door.client:
        yield door


async def test_a_journey_is_drafted_published_paused_and_ended(story: Story, door: Door) -> None:
    draft = await door.ask("PUT", "/api/journeys/welcome", {"name": "Welcome", "definition": WELCOME})
    assert (draft["state"], draft["version"], draft["definition_live"]) == ("draft", None, None)
    assert draft["may"] == {
        "publish": True,
        "publish_reason": None,
        "pause": False,
        "pause_reason": "Only a live journey can be paused.",
        "resume": False,
        "resume_reason": "The journey is not paused.",
        "delete": True,
        "delete_reason": None,
    }
    live = await door.ask("PUT", "/api/journeys/welcome/publication")
    assert (live["state"], live["version"], live["definition_live"]) == ("live", 1, draft["definition"])
    assert live["may"]["publish_reason"] == "The draft is what is published already."
    assert (await door.ask("PUT", "/api/journeys/welcome/publication", status=409))["code"] == "journey_unchanged"
    assert (await door.ask("PUT", "/api/journeys/welcome/pause"))["state"] == "paused"
    assert (await door.ask("DELETE", "/api/journeys/welcome/pause"))["state"] == "live"
    await door.ask("DELETE", "/api/journeys/welcome", status=204)
    assert (await door.get("/api/journeys/welcome"))["state"] == "ended"
    (line,) = (await door.get("/api/journeys"))["items"]
    assert (line["slug"], line["inside"], line["entered"], line["left"]) == ("welcome", 0, 0, 0)
    assert (await door.get("/api/journeys/none", status=404))["code"] == "journey_unknown"


async def test_the_way_of_a_customer_can_be_followed(story: Story, door: Door) -> None:
    await door.ask("PUT", "/api/journeys/welcome", {"name": "Welcome", "definition": WELCOME})
    await door.ask("PUT", "/api/journeys/welcome/publication")
    await story.is_known("ana", name="Ana", email="ana@example.com")
    await story.did("ana", "Signed Up")
    await story.did("ana", "Signed Up")
    await story.tick()
    await story.did("ana", "Signed Up")
    await story.tick()
    ana = outside("customer", await story.customer("ana"))
    (line,) = (await door.get("/api/journeys/welcome/enrolments"))["items"]
    assert line["customer"] == {"id": ana, "name": "Ana", "email": "ana@example.com"}
    assert (line["journey"], line["version"], line["step"]) == ("welcome", 1, "rest")
    assert (line["wake_at"], line["left_at"]) == ("2026-03-04T09:00:00Z", None)
    assert (await door.get(f"/api/customers/{ana}/enrolments"))["items"] == [line]
    whole = await door.get(f"/api/enrolments/{line['id']}")
    assert [(one["visit"], one["step"], one["kind"]) for one in whole["passages"]] == [
        (1, "greet", "send"),
        (2, "rest", "wait"),
    ]
    assert whole["passages"][0]["details"]["message_id"].startswith("msg_")
    assert whole["passages"][1]["outcome"] == "until 2026-03-04T09:00:00Z"
    assert (await door.get("/api/journeys/welcome/refusals"))["items"] == [
        {"customer": line["customer"], "at": "2026-03-02T09:00:00Z", "because": "was inside already", "times": 1}
    ]
    found = await door.get("/api/journeys/welcome")
    assert found["refused"] == [{"because": "was inside already", "customers": 1}]
    assert {"id": "rest", "inside": 1, "passed": 1} in found["steps"]
    await door.get("/api/enrolments/enr_0", status=404)
    await door.get(f"/api/enrolments/enr_{'0' * 32}", status=404)


async def test_a_draft_may_be_unfinished_but_not_misspelt(door: Door) -> None:
    unfinished: dict[str, Any] = {"enter": {"audience": "vip"}, "first": None, "steps": []}
    draft = await door.ask("PUT", "/api/journeys/vip", {"name": "VIP", "definition": unfinished})
    assert {one["pointer"] for one in draft["problems"]} == {"/definition/steps", "/definition/enter/audience"}
    assert draft["may"]["publish"] is False
    told = await door.ask("PUT", "/api/journeys/vip/publication", status=422)
    assert (told["code"], len(told["errors"])) == ("journey_incomplete", 2)
    misspelt = {"name": "VIP", "definition": WELCOME | {"frist": "a"}}
    told = await door.ask("PUT", "/api/journeys/vip", misspelt, status=422)
    assert [error["pointer"] for error in told["errors"]] == ["/definition/frist"]


async def test_lists_are_paged(story: Story, door: Door) -> None:
    for slug in ("a", "b", "c"):
        await door.ask("PUT", f"/api/journeys/{slug}", {"name": slug, "definition": WELCOME})
        await door.ask("PUT", f"/api/journeys/{slug}/publication")
    for user in ("ana", "bo", "chi"):
        await story.did(user, "Signed Up")
    await story.tick()
    for path in ("/api/journeys", "/api/journeys/a/enrolments"):
        first = await door.get(f"{path}?limit=2")
        rest = await door.get(f"{path}?limit=2&after={first['next']}")
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
