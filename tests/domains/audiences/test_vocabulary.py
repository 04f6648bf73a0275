"""What a rule can speak of is suggested from what was seen, from a small sample that is kept, never from everyone."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.domains.customers import store
from regulars.domains.customers.store import personal_examples_max
from regulars.domains.events import step
from tests.domains.door import Door
from tests.story import Story

VALUES = "/api/vocabulary/values"
PROPERTIES = "/api/vocabulary/properties"


async def paths(door: Door, event: str) -> dict[str, list[Any]]:
    return {one["property"]: one["examples"] for one in (await door.get(f"{PROPERTIES}?event={event}"))["items"]}


async def values(door: Door, **asked: str) -> list[str]:
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    found = await door.get(f"{VALUES}?{query}")
    assert found["next"] is None
    return list(found["items"])


async def test_the_properties_of_an_event_are_those_it_has_had(story: Story, door: Door) -> None:
    await story.did("ana", "Order Completed", revenue=10, category="shoes", gift=True, cart={"size": {"rows": 2}})
    await story.did("bo", "Order Completed", revenue=12.5, products=[{"sku": "a"}], note="")
    await story.receive({"type": "page", "userId": "bo", "name": "Home"})
    await story.tick()
    assert await paths(door, "Order Completed") == {
        "cart.size.rows": [2],
        "category": ["shoes"],
        "gift": [True],
        "note": [],
        "products": [],
        "revenue": [10, 12.5],
    }
    assert await paths(door, "Page Viewed") == {"name": ["Home"]}
    assert await paths(door, "Signed In") == {}


async def test_values_are_suggested_in_the_form_in_which_rules_compare_them(story: Story, door: Door) -> None:
    for number, category in enumerate(("Shoes", "shirts", "Hats", "Shoes")):
        await story.did("ana", "Order Completed", category=category, pieces=number, gift=number > 1)
    await story.is_known("ana", plan="pro")
    await story.is_known("bo", plan="free", seats=3)
    await story.tick()
    assert await values(door, event="Order Completed", property="category") == ["Shoes", "shirts", "Hats"]
    assert await values(door, event="Order Completed", property="category", q="SH") == ["Shoes", "shirts"]
    assert await values(door, event="Order Completed", property="gift") == ["false", "true"]
    assert await values(door, event="Order Completed", property="pieces", q="2") == ["2"]
    assert await values(door, event="Order Completed", property="none") == []
    assert await values(door, trait="plan") == ["pro", "free"]
    assert await values(door, trait="seats") == ["3"]
    assert await values(door, trait="none") == []


async def test_what_is_some_persons_own_is_not_suggested(story: Story, door: Door) -> None:
    private: dict[str, Any] = {
        "customerEmail": "a",
        "who": "ana@example.com",
        "billing_address": "Main Street 1",
        "ip": "10.0.0.1",
    }
    await story.did("ana", "Order Completed", **private, address={"country": "DE"}, tip=2, note="x" * 81)
    for number in range(personal_examples_max + 2):
        await story.is_known(f"u{number}", email=f"u{number}@example.com", name=f"U {number}", city=f"Town {number}")
        await story.pass_time(seconds=1)
    found = await paths(door, "Order Completed")
    assert {path for path, examples in found.items() if examples} == {"address.country", "tip"}
    assert found.keys() >= private.keys()
    assert len(await values(door, trait="email")) == len(await values(door, trait="name")) == personal_examples_max
    assert len(await values(door, trait="city")) == personal_examples_max + 2
    (city,) = [one for one in (await door.get("/api/vocabulary"))["traits"] if one["key"] == "city"]
    assert city["examples"] == [f"Town {number}" for number in range(8)]


async def test_what_is_kept_has_ceilings(story: Story, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "properties_of_event_max", 3)
    monkeypatch.setattr(step, "property_examples_max", 6)
    monkeypatch.setattr(store, "examples_max", 7)
    for number in range(9):
        await story.did("ana", "Order Completed", order=f"o{number}")
        await story.is_known(f"u{number}", city=f"Town {number}")
        await story.pass_time(seconds=1)
    assert len(await values(door, event="Order Completed", property="order")) == 6
    assert len(await values(door, trait="city")) == 7
    for number in range(5):
        await story.did("ana", "Order Completed", **dict[str, Any]({f"p{number}": number}))
        await story.pass_time(seconds=1)
    assert list(await paths(door, "Order Completed")) == ["order", "p0", "p1"]


async def test_of_a_tick_a_few_events_are_looked_into_the_first_of_each_name(
    story: Story, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "events_looked_into_max", 3)
    for number in range(5):
        await story.did("ana", "Page Looked", page=f"p{number}")
    await story.did("ana", "Order Completed", category="shoes")
    await story.tick()
    assert await values(door, event="Page Looked", property="page") == ["p0", "p1"]
    assert await values(door, event="Order Completed", property="category") == ["shoes"]


async def test_of_ticks_that_follow_one_another_most_do_not_look(story: Story, door: Door) -> None:
    for number, moment in enumerate((0, 0.4, 0.4, 0.4)):
        await story.did("ana", "Page Looked", page=f"p{number}")
        await story.pass_time(seconds=moment)
    assert await values(door, event="Page Looked", property="page") == ["p0", "p3"]


@pytest.mark.parametrize("query", ["", "event=A", "property=a", "trait=a&event=A", "trait=a&property=a"])
async def test_it_is_clear_whose_values_are_asked_for(door: Door, query: str) -> None:
    assert (await door.get(f"{VALUES}?{query}", status=422))["code"] == "values_unclear"
