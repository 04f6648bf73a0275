"""A new rule fills in the background: how far it is can be seen, and it can be called off."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.store import answers, versions
from tests.domains.door import Door
from tests.story import Story

BOUGHT = {"did": "Order Completed"}
LOOKED = {"did": "Page Looked"}


async def cast(story: Story) -> None:
    """Ana bought, Bo looked, Chi did neither."""
    await story.did("ana", "Order Completed")
    await story.did("bo", "Page Looked")
    await story.did("chi", "Signed In")
    await story.tick()


async def put(door: Door, slug: str, rule: Any) -> Any:
    return await door.ask("PUT", f"/api/audiences/{slug}", {"name": slug, "rule": rule})


async def test_how_far_a_new_rule_is_can_be_seen(story: Story, door: Door) -> None:
    await cast(story)
    put_at = story.at.isoformat().replace("+00:00", "Z")
    assert (await put(door, "some", BOUGHT))["filling"] == {"done": 0, "total": 0, "since": put_at}
    await verdicts.fill(story.units, at=story.at)
    found = await door.get("/api/audiences/some")
    assert (found["state"], found["filling"]) == ("filling", {"done": 3, "total": 3, "since": put_at})
    await story.tick()
    found = await door.get("/api/audiences/some")
    assert (found["state"], found["filling"]) == ("live", None)
    assert (await door.get("/api/audiences"))["items"] == [found]


async def test_progress_is_told_batch_by_batch_and_a_fill_called_off_stops(
    story: Story, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "rows_per_batch", 1)
    await cast(story)
    await story.audience("some", BOUGHT)
    await put(door, "some", LOOKED)
    seen: list[int] = []
    asked = versions.still_filling

    async def asked_between_batches(unit: Any, rule_ids: Any) -> bool:
        async with story.units.open() as other:
            seen.append((await verdicts.fillings(other, "audience"))["some"].done)
            if seen[-1] == 2:
                await verdicts.cancel(other, "audience", "some")
        return await asked(unit, rule_ids)

    monkeypatch.setattr(versions, "still_filling", asked_between_batches)
    await verdicts.fill(story.units, at=story.at)
    assert seen == [0, 1, 2]
    await story.tick()
    assert await story.members("some") == {"ana"}


async def test_a_cancelled_rule_leaves_the_one_before_in_force(story: Story, door: Door) -> None:
    await cast(story)
    await story.audience("some", BOUGHT)
    await put(door, "some", LOOKED)
    assert (await door.get("/api/audiences/some"))["rule"] == LOOKED
    await door.ask("DELETE", "/api/audiences/some/filling", status=204)
    found = await door.get("/api/audiences/some")
    assert (found["rule"], found["state"], found["filling"], found["members"]) == (BOUGHT, "live", None, 1)
    await story.fill()
    await story.did("dee", "Order Completed")
    await story.tick()
    assert await story.members("some") == {"ana", "dee"}


async def test_a_rule_that_is_filled_and_waits_for_its_tick_can_be_cancelled_too(story: Story, door: Door) -> None:
    await cast(story)
    await story.audience("some", BOUGHT)
    await put(door, "some", LOOKED)
    await verdicts.fill(story.units, at=story.at)
    await door.ask("DELETE", "/api/audiences/some/filling", status=204)
    await story.tick()
    assert await story.members("some") == {"ana"}


async def test_what_mentions_a_cancelled_rule_means_again_what_it_meant(story: Story, door: Door) -> None:
    await cast(story)
    await story.audience("some", BOUGHT)
    await story.audience("others", {"not": {"audience": "some"}})
    await story.audience("both", {"all": [{"audience": "some"}, {"audience": "others"}]})
    await put(door, "some", LOOKED)
    await put(door, "both", {"any": [{"audience": "some"}, {"audience": "others"}]})
    await door.ask("DELETE", "/api/audiences/some/filling", status=204)
    states = {one["slug"]: one["state"] for one in (await door.get("/api/audiences"))["items"]}
    assert states == {"some": "live", "others": "live", "both": "filling"}
    await story.fill()
    assert await story.members("some") == {"ana"}
    assert await story.members("others") == {"bo", "chi"}
    assert await story.members("both") == {"ana", "bo", "chi"}


async def test_only_a_change_of_its_own_can_be_cancelled(story: Story, door: Door) -> None:
    await cast(story)
    await story.audience("some", BOUGHT)
    await story.audience("others", {"not": {"audience": "some"}})
    told = await door.ask("DELETE", "/api/audiences/some/filling", status=409)
    assert told["code"] == "nothing_fills"
    await put(door, "some", LOOKED)
    told = await door.ask("DELETE", "/api/audiences/others/filling", status=409)
    assert told["code"] == "follows_another"
    await story.fill()
    assert await story.members("others") == {"ana", "chi"}
    await door.ask("DELETE", "/api/audiences/none/filling", status=404)


async def test_the_first_rule_has_none_before_it(story: Story, door: Door) -> None:
    await cast(story)
    await put(door, "some", BOUGHT)
    told = await door.ask("DELETE", "/api/audiences/some/filling", status=409)
    assert told["code"] == "nothing_before"
    await door.ask("DELETE", "/api/audiences/some", status=204)
    await story.fill()
    assert await story.members("some") == set()
