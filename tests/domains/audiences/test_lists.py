"""A static list is a name for customers put together by hand; being on it is what the log says last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars.domains.customers import policy
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import Pointer
from regulars.domains.events import service as events
from regulars.domains.lifecycle import service as lifecycle
from regulars.rules.model import RuleNotUnderstood
from regulars.shared.ids import outside
from tests.domains.door import Door
from tests.story import Story

FAIR = "/api/lists/fair-2026"
IN_LIST = {"list": "fair-2026"}


async def cast(story: Story, door: Door) -> None:
    """Ana and Bo are known, and there is a list nobody is on."""
    await story.is_known("ana", name="Ana", email="ana@example.com")
    await story.is_known("bo", email="bo@example.com")
    await story.tick()
    await door.ask("PUT", FAIR, {"name": " The fair of 2026 "})


async def on_list(door: Door) -> list[str]:
    return [one["email"] for one in (await door.get(f"{FAIR}/members"))["items"]]


async def change(door: Door, *, add: Any = (), remove: Any = (), status: int = 200) -> Any:
    return await door.ask("PUT", f"{FAIR}/members", {"add": list(add), "remove": list(remove)}, status=status)


async def test_customers_are_put_on_a_list_and_taken_off_again(story: Story, door: Door) -> None:
    await cast(story, door)
    ana = outside("customer", await story.customer("ana"))
    told = await change(door, add=[{"id": ana}, {"email": " Bo@Example.com"}, {"user_id": "chi"}])
    assert told == {"added": 2, "removed": 0, "unknown": [{"user_id": "chi"}]}
    assert await on_list(door) == []
    await story.tick()
    assert set(await on_list(door)) == {"ana@example.com", "bo@example.com"}
    found = await door.get(FAIR)
    assert (found["slug"], found["name"], found["members"]) == ("fair-2026", "The fair of 2026", 2)
    assert (await door.get("/api/lists"))["items"] == [found]
    await story.pass_time(hours=1)
    assert (await change(door, remove=[{"user_id": "bo"}]))["removed"] == 1
    await story.tick()
    assert (await door.get(f"{FAIR}/members"))["items"] == [
        {"id": ana, "name": "Ana", "email": "ana@example.com", "since": "2026-03-02T09:00:00Z"}
    ]
    assert (await door.get(FAIR))["updated_at"] == "2026-03-02T10:00:00Z"
    assert await story.timeline("bo") == ["Identified", "List Joined", "List Left"]


async def test_who_is_where_they_should_be_gets_no_event(story: Story, door: Door) -> None:
    await cast(story, door)
    ana, bo = {"user_id": "ana"}, {"user_id": "bo"}
    assert (await change(door, add=[ana, ana, {"email": "ana@example.com"}]))["added"] == 1
    assert (await change(door, add=[ana], remove=[bo])) == {"added": 0, "removed": 0, "unknown": []}
    await story.tick()
    assert (await change(door, add=[ana]))["added"] == 0
    await story.tick()
    assert await story.timeline("ana") == ["Identified", "List Joined"]


async def test_what_waits_for_a_tick_counts_already(story: Story, door: Door) -> None:
    await cast(story, door)
    ana = {"user_id": "ana"}
    assert (await change(door, add=[ana]))["added"] == 1
    assert (await change(door, remove=[ana]))["removed"] == 1
    assert (await change(door, add=[ana], remove=[ana])) == {"added": 0, "removed": 0, "unknown": []}
    await story.tick()
    assert await on_list(door) == []


async def test_who_waits_under_another_id_counts_too(story: Story, door: Door) -> None:
    """Ana was put on the list as the visitor she was, and taken off as who she turned out to be."""
    await cast(story, door)
    await story.receive({"type": "track", "anonymousId": "visitor", "event": "Page Looked"})
    await story.tick()
    assert (await change(door, add=[{"anonymous_id": "visitor"}]))["added"] == 1
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET received_at = received_at + interval '30 seconds'")  # No tick takes it yet.
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "visitor"})
    await story.tick()
    assert (await change(door, remove=[{"user_id": "ana"}]))["removed"] == 1
    await story.pass_time(minutes=1)
    assert await on_list(door) == []


async def test_a_rule_can_ask_who_is_on_a_list(story: Story, door: Door) -> None:
    await cast(story, door)
    await story.audience("invited", IN_LIST)
    await change(door, add=[{"user_id": "ana"}])
    await story.tick()
    assert await story.members("invited") == {"ana"}
    assert "Audience Entered" in await story.timeline("ana")
    await story.pass_time(days=1)
    await change(door, remove=[{"user_id": "ana"}])
    await story.tick()
    assert await story.members("invited") == set()


async def test_a_rule_cannot_mention_a_list_that_is_not_there(story: Story, door: Door) -> None:
    await cast(story, door)
    rule = {"all": [{"everyone": True}, {"any": [{"not": {"list": "fair-2025"}}, {"list": "fair-2026"}]}]}
    asked = [
        ("POST", "/api/audiences/preview", {"rule": rule}),
        ("PUT", "/api/audiences/invited", {"name": "Invited", "rule": rule}),
    ]
    for method, path, body in asked:
        told = await door.ask(method, path, body, status=422)
        assert (told["code"], told["nearest"]) == ("rule_not_understood", "fair-2026")
        assert told["errors"][0]["pointer"] == "/all/1/any/0/not/list"
    stage = {"slug": "met", "name": "Met", "enter": {"list": "fair-2025"}}
    async with story.units.open() as unit:
        await lifecycle.put(unit, "shop", {"name": "Shop", "stages": [stage]})
        with pytest.raises(RuleNotUnderstood, match="there is no list 'fair-2025'"):
            await lifecycle.activate(unit, "shop")


async def test_a_list_that_rules_mention_is_not_deleted(story: Story, door: Door) -> None:
    await cast(story, door)
    await story.audience("invited", {"any": [IN_LIST, {"did": "Order Completed"}]})
    told = await door.ask("DELETE", FAIR, status=409)
    assert (told["code"], "'invited'" in told["detail"]) == ("list_is_mentioned", True)
    await door.ask("PUT", "/api/audiences/invited", {"name": "Invited", "rule": {"did": "Order Completed"}})
    assert (await door.ask("DELETE", FAIR, status=409))["code"] == "list_is_mentioned"
    await story.fill()
    await door.ask("DELETE", FAIR, status=204)
    assert (await door.get("/api/lists"))["items"] == []


async def test_everybody_leaves_a_list_that_is_deleted(story: Story, door: Door) -> None:
    await cast(story, door)
    await change(door, add=[{"user_id": "ana"}])
    await story.tick()
    await change(door, add=[{"user_id": "bo"}])
    story.clock.at += timedelta(milliseconds=1)
    await door.ask("DELETE", FAIR, status=204)
    await story.pass_time(minutes=1)
    assert (await story.timeline("ana"))[-1] == (await story.timeline("bo"))[-1] == "List Left"
    assert (await door.ask("PUT", FAIR, {"name": "Again"}))["members"] == 0
    assert await on_list(door) == []


async def test_a_list_made_again_at_once_keeps_whom_it_is_given(story: Story, door: Door) -> None:
    await cast(story, door)
    await change(door, add=[{"user_id": "ana"}, {"user_id": "bo"}])
    await story.tick()
    await door.ask("DELETE", FAIR, status=204)
    await door.ask("PUT", FAIR, {"name": "Again"})
    story.clock.at += timedelta(milliseconds=1)
    assert (await change(door, add=[{"user_id": "ana"}]))["added"] == 1
    await story.tick()
    assert await on_list(door) == ["ana@example.com"]


async def test_lists_and_their_members_are_paged(story: Story, door: Door) -> None:
    await cast(story, door)
    await door.ask("PUT", "/api/lists/a", {"name": "A"})
    await story.is_known("chi", email="chi@example.com")
    await story.tick()
    await change(door, add=[{"user_id": one} for one in ("ana", "bo", "chi")])
    await story.tick()
    for path, many in (("/api/lists", 2), (f"{FAIR}/members", 3)):
        first = await door.get(f"{path}?limit=1")
        rest = await door.get(f"{path}?after={first['next']}")
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (1, many - 1, None)
        assert not {str(one) for one in first["items"]} & {str(one) for one in rest["items"]}


async def test_what_cannot_be_done_with_a_list_is_told(story: Story, door: Door) -> None:
    await cast(story, door)
    none = "/api/lists/none"
    for method, path, body in (
        ("GET", none, None),
        ("DELETE", none, None),
        ("GET", f"{none}/members", None),
        ("PUT", f"{none}/members", {"add": []}),
    ):
        assert (await door.ask(method, path, body, status=404))["code"] == "list_unknown"
    assert (await door.ask("PUT", FAIR, {"name": " "}, status=422))["errors"][0]["pointer"] == "/name"
    assert (await door.ask("PUT", "/api/lists/F%20I", {"name": "F"}, status=422))["code"] == "unfit_slug"
    for person in ({}, {"id": "x", "email": "y"}):
        told = await change(door, add=[{"user_id": "ana"}, person], status=422)
        assert (told["code"], told["errors"][0]["pointer"]) == ("person_unclear", "/add/1")
    many = [{"user_id": f"u{number}"} for number in range(policy.list_changes_max + 1)]
    assert (await change(door, add=many, status=422))["code"] == "list_malformed"
    assert await change(door, add=[{"id": "cus_nobody"}]) == {
        "added": 0,
        "removed": 0,
        "unknown": [{"id": "cus_nobody"}],
    }


async def test_there_is_a_ceiling_to_lists(story: Story, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "lists_max", 1)
    await cast(story, door)
    assert (await door.ask("PUT", "/api/lists/more", {"name": "More"}, status=409))["code"] == "too_many_lists"
    await door.ask("PUT", FAIR, {"name": "Fair"})


async def test_nobody_outside_says_who_is_on_a_list(story: Story) -> None:
    call = {"type": "track", "userId": "ana", "event": "list joined", "properties": {"list": "fair-2026"}}
    outcome = await events.accept(story.units, [call], source="test")
    assert [one.code for one in outcome.rejected] == ["event_reserved"]


async def test_the_vocabulary_names_the_lists(story: Story, door: Door) -> None:
    await cast(story, door)
    assert (await door.get("/api/vocabulary"))["lists"] == ["fair-2026"]


def test_customers_are_found_under_the_form_in_which_they_are_kept() -> None:
    assert policy.kept_form(Pointer("email", " Ana@Example.com ")) == ("email", "ana@example.com")
    assert policy.kept_form(Pointer("user_id", " ana ")) == ("user_id", "ana")
