"""Customers enter a journey, take its steps at their times, and leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars.domains.events import service as events
from regulars.domains.journeys import service as journeys
from regulars.domains.journeys.model import JourneyIncomplete, JourneyNotRunning, JourneyUnchanged, JourneyUnknown
from regulars.domains.messages.service import templates
from tests.domains.journeys.travel import WELCOME, endings, mail, published, refused, steps
from tests.story import Story


async def test_a_customer_enters_waits_and_leaves(story: Story) -> None:
    await published(story)
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await steps(story, "ana") == ["greet", "rest"]
    await story.pass_time(days=1, hours=23, minutes=59)
    assert await steps(story, "ana") == ["greet", "rest"]
    await story.pass_time(minutes=1)
    assert await steps(story, "ana") == ["greet", "rest", "advise", "done"]
    assert await mail(story, "ana") == ["hello", "tips"]
    assert await endings(story, "ana") == ["done"]
    assert await story.timeline("ana") == ["Signed Up", "Journey Entered", "Journey Left"]


async def test_everybody_else_stays_outside(story: Story) -> None:
    await published(story)
    await story.did("bo", "Signed In")
    await story.tick()
    assert await steps(story, "bo") == []


async def test_only_events_whose_properties_pass_the_tests_lead_in(story: Story) -> None:
    where = [{"property": "plan", "in": ["pro", "team"]}, {"property": "seats", "more_than": 2}]
    await published(story, enter={"event": "Signed Up", "where": where})
    await story.did("ana", "Signed Up", plan="pro", seats="3")
    await story.did("bo", "Signed Up", plan="free", seats=9)
    await story.did("chi", "Signed Up", plan="team", seats=2)
    await story.tick()
    assert [await steps(story, user) for user in ("ana", "bo", "chi")] == [["greet", "rest"], [], []]


async def test_nobody_enters_twice_while_inside_and_never_means_never(story: Story) -> None:
    await published(story)
    await story.did("ana", "Signed Up")
    await story.did("ana", "Signed Up")
    await story.tick()
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await refused(story) == {"was inside already": 1}
    await story.pass_time(days=2)
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await endings(story, "ana") == ["done"]
    assert await refused(story) == {"had been here before": 1}
    async with story.units.open() as unit:
        (refusal,) = (await journeys.refusals(unit, "welcome", None, 10)).items
    assert (refusal.times, refusal.because) == (2, "had been here before")


async def test_after_leaving_they_may_enter_again(story: Story) -> None:
    await published(story, again="after_leaving")
    for _ in range(2):
        await story.did("ana", "Signed Up")
        await story.tick()
        await story.pass_time(days=2)
        await story.pass_time(minutes=1)
    assert await endings(story, "ana") == ["done", "done"]
    assert await mail(story, "ana") == ["hello", "tips", "hello", "tips"]


async def test_whose_leave_rule_comes_to_hold_leaves_before_the_next_step(story: Story) -> None:
    await published(story, leave_when={"did": "Order Completed"})
    await story.did("ana", "Signed Up")
    await story.tick()
    await story.pass_time(days=1)
    await story.did("ana", "Order Completed")
    await story.tick()
    assert await endings(story, "ana") == ['leave rule: did "Order Completed"']
    await story.pass_time(days=5)
    assert await mail(story, "ana") == ["hello"]


async def test_whose_leave_rule_holds_already_does_not_enter(story: Story) -> None:
    await published(story, leave_when='did "Order Completed" in the last 1 day')
    await story.did("ana", "Order Completed")
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await mail(story, "ana") == []
    assert list(await refused(story)) == ['leave rule: did "Order Completed" in the last 1 day']
    await story.pass_time(days=2)
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await mail(story, "ana") == ["hello"]


async def test_a_leave_rule_that_begins_to_count_lets_go_of_those_inside(story: Story) -> None:
    await story.did("ana", "Order Completed")
    await story.tick()
    async with story.units.open() as unit:
        await journeys.put(unit, "welcome", "Welcome", WELCOME | {"leave_when": {"did": "Order Completed"}})
        await journeys.publish(unit, "welcome")
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await endings(story, "ana") == [None]
    await story.fill()
    assert await endings(story, "ana") == ['leave rule: did "Order Completed"']


async def test_entering_an_audience_or_a_stage_leads_in_too(story: Story) -> None:
    await story.audience("buyers", {"did": "Order Completed"})
    await published(story, enter={"audience": "buyers"})
    await story.did("ana", "Order Completed")
    await story.tick()
    assert await steps(story, "ana") == ["greet", "rest"]
    assert await story.timeline("ana") == ["Order Completed", "Audience Entered", "Journey Entered"]


async def test_imported_history_leads_nobody_in(story: Story) -> None:
    await published(story)
    past = (story.at - timedelta(days=400)).isoformat()
    call = {"type": "track", "userId": "ana", "event": "Signed Up", "messageId": "h1", "timestamp": past}
    await events.accept_history(story.units, [call], source="import")
    await story.tick()
    assert await story.timeline("ana") == ["Signed Up"]
    assert await steps(story, "ana") == []
    assert await refused(story) == {}


async def test_history_does_not_wake_anybody_but_lets_them_leave(story: Story) -> None:
    await published(story, leave_when={"did": "Order Completed"})
    await story.did("ana", "Signed Up")
    await story.tick()
    past = (story.at - timedelta(days=4)).isoformat()
    call = {"type": "track", "userId": "ana", "event": "Order Completed", "messageId": "h1", "timestamp": past}
    await events.accept_history(story.units, [call], source="import")
    await story.tick()
    assert await endings(story, "ana") == ['leave rule: did "Order Completed"']


async def test_a_paused_journey_neither_takes_in_nor_moves_anybody_and_then_goes_on(story: Story) -> None:
    await published(story)
    await story.did("ana", "Signed Up")
    await story.tick()
    async with story.units.open() as unit:
        await journeys.pause(unit, "welcome")
    await story.did("bo", "Signed Up")
    await story.pass_time(days=3)
    assert await steps(story, "ana") == ["greet", "rest"]
    assert await steps(story, "bo") == []
    assert await refused(story) == {"the journey was paused": 1}
    async with story.units.open() as unit:
        await journeys.resume(unit, "welcome")
    await story.tick()
    assert await steps(story, "ana") == ["greet", "rest", "advise", "done"]
    async with story.units.open() as unit:
        (enrolment,) = (await journeys.enrolments(unit, "welcome", None, 10)).items
        _, passages = await journeys.enrolment(unit, enrolment.id)
    assert [one.outcome.get("late_s") for one in passages] == [None, None, 86_400, None]
    assert [journeys.outcome_text(one) for one in passages] == [
        "hello: queued",
        "until 2026-03-04T09:00:00Z",
        "tips: queued (1d late)",
        "done",
    ]


async def test_those_inside_keep_the_version_they_entered_with(story: Story) -> None:
    await published(story)
    await story.did("ana", "Signed Up")
    await story.tick()
    shorter: list[dict[str, Any]] = [{"id": "greet", "send": "tips", "next": "done"}, {"id": "done", "leave": "bye"}]
    await published(story, steps=shorter)
    await story.did("bo", "Signed Up")
    await story.tick()
    await story.pass_time(days=2)
    assert await steps(story, "ana") == ["greet", "rest", "advise", "done"]
    assert await steps(story, "bo") == ["greet", "done"]
    async with story.units.open() as unit:
        found = await journeys.get(unit, "welcome")
    assert [version.number for version in found.versions] == [2, 1]
    assert {step.step: step.passed for step in found.steps} == {"greet": 2, "done": 2, "rest": 1, "advise": 1}


async def test_an_ended_journey_lets_everybody_go_and_keeps_its_record(story: Story) -> None:
    await published(story, leave_when={"did": "Order Completed"})
    await story.did("ana", "Signed Up")
    await story.tick()
    async with story.units.open() as unit:
        await journeys.delete(unit, "welcome")
    await story.tick()
    assert await endings(story, "ana") == ["the journey ended"]
    async with story.units.open() as unit:
        found = await journeys.get(unit, "welcome")
        rules = await unit.values(b"SELECT state FROM rules WHERE owner = 'journey'")
    assert (found.line.state, found.line.counts.left, list(rules)) == ("ended", 1, ["retired"])
    await published(story, leave_when={"did": "Order Completed"})
    await story.did("bo", "Signed Up")
    await story.tick()
    assert await steps(story, "bo") == ["greet", "rest"]


async def test_a_leave_rule_nobody_needs_any_more_is_withdrawn(story: Story) -> None:
    await published(story, leave_when={"did": "Order Completed"})
    await story.did("ana", "Signed Up")
    await story.tick()
    await published(story, leave_when={"did": "Order Cancelled"})
    parts = b"SELECT part FROM rules WHERE owner = 'journey' AND state = 'live' ORDER BY part"
    async with story.units.open() as unit:
        assert list(await unit.values(parts)) == ["welcome/1", "welcome/2"]
    await story.pass_time(days=2)
    await published(story, leave_when={"did": "Order Cancelled"}, again="after_leaving")
    async with story.units.open() as unit:
        assert list(await unit.values(parts)) == ["welcome/2"]


async def test_a_loop_with_a_wait_goes_on_and_on_and_never_fast(story: Story) -> None:
    loop: list[dict[str, Any]] = [
        {"id": "greet", "send": "hello", "next": "rest"},
        {"id": "rest", "wait": "1m", "next": "greet"},
    ]
    await published(story, steps=loop)
    await story.did("ana", "Signed Up")
    await story.tick()
    for _ in range(3):
        await story.pass_time(seconds=60)
    assert await steps(story, "ana") == ["greet", "rest"] * 4


async def test_a_long_chain_goes_on_in_the_next_tick(story: Story) -> None:
    chain = [{"id": f"s{n}", "send": "hello", "next": f"s{n + 1}"} for n in range(60)] + [
        {"id": "s60", "leave": "done"}
    ]
    await published(story, steps=chain, first="s0")
    await story.did("ana", "Signed Up")
    ticks = await story.tick()
    assert await steps(story, "ana") == [f"s{n}" for n in range(61)]
    assert len(await mail(story, "ana")) == 60
    assert ticks >= 3


async def test_merged_customers_travel_once(story: Story) -> None:
    await published(story)
    await story.receive({"type": "track", "anonymousId": "device", "event": "Signed Up"})
    await story.did("ana", "Signed Up")
    await story.tick()
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "device"})
    await story.tick()
    assert sorted(str(one) for one in await endings(story, "ana")) == ["None", "merged"]
    await story.pass_time(days=2)
    assert sorted(str(one) for one in await endings(story, "ana")) == ["done", "merged"]
    assert sorted(await mail(story, "ana")) == ["hello", "hello", "tips"]


async def test_the_journey_of_an_absorbed_customer_goes_on_and_goes_back(story: Story) -> None:
    await published(story)
    await story.receive({"type": "track", "anonymousId": "device", "event": "Signed Up"})
    await story.did("ana", "Signed In")
    await story.tick()
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "device"})
    await story.tick()
    assert await steps(story, "ana") == ["greet", "rest"]
    async with story.units.open() as unit:
        merge = await unit.value(b"SELECT id FROM merges")
        await unit.run(b"INSERT INTO unmerge_orders VALUES (%(id)s, %(at)s, 'test')", id=merge, at=unit.at)
    await story.tick()
    assert await steps(story, "ana") == []
    await story.pass_time(days=2)
    async with story.units.open() as unit:
        assert list(await unit.values(b"SELECT left_because FROM enrolments")) == ["done"]


async def test_what_is_missing_keeps_a_draft_from_being_published(story: Story) -> None:
    draft = WELCOME | {
        "enter": {"audience": "nobody"},
        "leave_when": {"audience": "gone"},
        "steps": [{"id": "greet", "send": "nothing", "next": "done"}, {"id": "done", "leave": "done"}],
    }
    async with story.units.open() as unit:
        found = await journeys.put(unit, "welcome", "Welcome", draft)
    places = {fault.pointer for fault in found.problems}
    assert places == {
        "/definition/enter/audience",
        "/definition/leave_when/audience",
        "/definition/steps/0/send",
    }
    assert not found.may.publish.allowed
    assert found.may.publish.reason == "The draft is not finished: there is no template 'nothing'."
    with pytest.raises(JourneyIncomplete):
        async with story.units.open() as unit:
            await journeys.publish(unit, "welcome")


async def test_what_cannot_be_done_is_refused_with_its_reason(story: Story) -> None:
    async with story.units.open() as unit:
        found = await journeys.put(unit, "welcome", "Welcome", WELCOME)
        assert (found.may.pause.allowed, found.may.resume.allowed, found.may.publish.allowed) == (False, False, True)
        with pytest.raises(JourneyNotRunning):
            await journeys.pause(unit, "welcome")
        await journeys.publish(unit, "welcome")
        with pytest.raises(JourneyUnchanged):
            await journeys.publish(unit, "welcome")
        with pytest.raises(JourneyUnknown):
            await journeys.get(unit, "elsewhere")


async def test_a_draft_that_was_never_published_can_be_thrown_away(story: Story) -> None:
    async with story.units.open() as unit:
        await journeys.put(unit, "welcome", "Welcome", WELCOME)
        await journeys.delete(unit, "welcome")
        assert (await journeys.search(unit, None, 10)).items == []


async def test_a_deleted_template_still_leaves_a_record_of_the_message(story: Story) -> None:
    await published(story)
    async with story.units.open() as unit:
        await templates.delete(unit, "hello")
    await story.did("ana", "Signed Up")
    await story.tick()
    assert await steps(story, "ana") == ["greet", "rest"]
    assert await mail(story, "ana") == ["hello"]


async def test_who_enters_is_looked_for_among_their_own_enrolments_alone(story: Story) -> None:
    """A campaign brings thousands into one journey before anybody counted them for the planner."""
    await published(story)
    for crowd in (range(1_000), range(1_000, 2_000)):
        await story.receive(*[{"type": "track", "userId": f"u{one}", "event": "Signed Up"} for one in crowd])
        await story.tick()
    async with story.units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM enrolments") == 2_000
    await story.tell_counters()
    async with story.units.open() as unit:
        read = await unit.value(
            b"SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE indexrelname = 'enrolments_of_journey'"
        )
    assert read < 2_000, "the journey's enrolments were read for each who entered"
