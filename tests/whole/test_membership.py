"""After a tick at any instant, stored membership equals a full evaluation at that instant, for every customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.domains.audiences import service as audiences_service
from regulars.domains.events import service as events
from regulars.domains.events import step as events_step
from regulars.domains.verdicts import service as verdicts
from regulars.platform.tick import Tick
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.conftest import AT
from tests.rules.plain import Event, History, TraitValue, World, holds
from tests.story import Story, living

AUDIENCES: dict[str, Any] = {
    "bought": {"did": "Order Completed"},
    "bought_lately": {"did": "Order Completed", "within": "3d"},
    "twice_in_a_week": {"did": "Order Completed", "times": {"at_least": 2}, "within": "1w"},
    "once_exactly": {"did": "Order Completed", "times": {"exactly": 1}, "within": "5d"},
    "never_looked": {"did": "Page Viewed", "times": {"at_most": 0}, "within": "2d"},
    "german": {"trait": "country", "is": "DE"},
    "vip": {"all": [{"audience": "bought"}, {"not": {"trait": "country", "is": "FR"}}]},
    "quiet": {"all": [{"audience": "bought"}, {"not": {"audience": "bought_lately"}}]},
    "big": {"did": "Order Completed", "where": [{"property": "revenue", "at_least": 50}], "within": "4d"},
    "spent": {"sum": "revenue", "of": {"did": "Order Completed"}, "at_least": 109.5},
    "spent_lately": {"sum": "revenue", "of": {"did": "Order Completed", "within": "3d"}, "more_than": 60},
    "spends_well": {"avg": "revenue", "of": {"did": "Order Completed", "within": "4d"}, "at_least": 50},
    "spent_much_once": {"max": "revenue", "of": {"did": "Order Completed"}, "at_least": 99.5},
    "spends_little": {"min": "revenue", "of": {"did": "Order Completed", "within": "this week"}, "at_most": 10},
    "of_many_minds": {"distinct": "revenue", "of": {"did": "Order Completed"}, "at_least": 2},
    "ended_big": {"last": {"did": "Order Completed"}, "has": [{"property": "revenue", "at_least": 50}]},
    "began_big": {"first": {"did": "Order Completed"}, "has": [{"property": "revenue", "at_least": 50}]},
    "began_big_lately": {
        "first": {"did": "Order Completed", "within": "3d"},
        "has": [{"property": "revenue", "at_least": 50}],
    },
    "only_looked": {"did": "Page Viewed", "within": "5d", "then_not": {"did": "Order Completed"}, "for": "12h"},
    "looked_and_bought": {"sequence": [{"did": "Page Viewed"}, {"did": "Order Completed"}], "within": "4d"},
    "this_month": {"did": {"any": True}, "times": {"at_least": 3}, "within": "1mo"},
    "slipping": {"pulse": "slipping", "usual_gap": 1},
    "active": {"pulse": "active"},
    "lapsed_or_back": {"any": [{"pulse": "lapsed", "usual_gap": 1}, {"pulse": "returned", "usual_gap": 1}]},
    "german_for_long": {"trait": "country", "is": "DE", "held_for": "2d"},
}

CALM: dict[str, Any] = {
    **{slug: AUDIENCES[slug] for slug in (
        "bought", "bought_lately", "twice_in_a_week", "once_exactly", "never_looked", "german", "vip", "quiet", "big",
        "this_month", "german_for_long",
    )},
    "looks_often": {"did": "Page Viewed", "times": {"at_least": 3}, "within": "2d"},
    "today": {"did": {"prefix": "Page"}, "within": "today"},
}  # fmt: skip
"""Those that ask for nothing but how many there are within a window, so that one more often changes no answer."""

people = st.sampled_from(["ana", "bo", "chi"])
happenings = st.one_of(
    st.tuples(st.just("order"), people, st.sampled_from([10, 50, 99.5]), st.integers(0, 120)),
    st.tuples(st.just("look"), people, st.just(0), st.integers(0, 120)),
    st.tuples(st.just("trait"), people, st.sampled_from(["DE", "FR", ""]), st.integers(0, 120)),
    st.tuples(st.just("pass"), st.just(""), st.just(0), st.integers(1, 100)),
)


@pytest.mark.slow
@pytest.mark.parametrize("audiences", [AUDIENCES, CALM], ids=["all", "calm"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(happenings, min_size=1, max_size=12))
async def test_what_a_tick_stores_is_what_a_recount_finds(
    days: list[tuple[str, str, Any, int]], audiences: dict[str, Any], units: Units, clock: SetClock
) -> None:
    await _empty(units)
    clock.at = AT
    async with living(units, clock) as story:
        await story.audiences(audiences)
        told: dict[str, tuple[list[Event], list[TraitValue]]] = {}
        for number, (what, who, value, hours) in enumerate(days):
            when = story.at - timedelta(hours=hours)
            if what == "pass":
                await story.pass_time(hours=hours)
            else:
                events, traits = told.setdefault(who, ([], []))
                if what == "order":
                    await story.did(who, "Order Completed", at=when, revenue=value)
                    events.append(Event("Order Completed", when, {"revenue": value}))
                elif what == "look":
                    await story.receive({"type": "page", "userId": who, "timestamp": when.isoformat()})
                    events.append(Event("Page Viewed", when))
                else:
                    call = {"type": "identify", "userId": who, "traits": {"country": value}}
                    await story.receive({**call, "timestamp": when.isoformat()})
                    events.append(Event("Identified", when))
                    traits.append(TraitValue("country", when, number, value))
                await story.tick()
            await _compare(story, units, audiences, told)


async def _compare(
    story: Story, units: Units, audiences: dict[str, Any], told: dict[str, tuple[list[Event], list[TraitValue]]]
) -> None:
    world = World(audiences=audiences)
    for slug, rule in audiences.items():
        expected = {
            who for who, (events, traits) in told.items() if holds(rule, History(events, traits), story.at, world)
        }
        assert await story.members(slug) == expected, f"{slug} at {story.at}"
    report = await verdicts.check_summaries(units, at=story.at)
    assert report.differing == 0, report
    assert report.summaries == len(told)


async def test_time_alone_moves_a_customer_out_to_the_microsecond(story: Story) -> None:
    await story.audience("lately", {"did": "Order Completed", "within": "3d"})
    await story.did("ana", "Order Completed")
    bought_at: datetime = story.at
    await story.tick()
    assert await story.members("lately") == {"ana"}
    await story.tick(bought_at + timedelta(days=3))
    assert await story.members("lately") == {"ana"}
    await story.tick(bought_at + timedelta(days=3, microseconds=1))
    assert await story.members("lately") == set()


async def test_only_rules_that_speak_of_what_happened_run(story: Story) -> None:
    await story.audience("bought", {"did": "Order Completed", "times": {"at_least": 2}})
    await story.audience("looked", {"did": "Page Viewed", "within": "3d"})
    await story.audience("german", {"trait": "country", "is": "DE"})
    await story.audience("looked_twice", {"did": {"prefix": "Page"}, "times": {"at_least": 2}})
    await story.audience("helped", {"did": "Support Requested"})
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.tick(story.at + timedelta(hours=1))

    async def rules_run(name: str) -> int:
        await story.did("ana", name)
        return (await story.pipeline.poll_once(story.at)).counts["rules_run"]

    assert await rules_run("Page Viewed") == 2
    assert await rules_run("Order Completed") == 1
    assert await story.members("bought") == {"ana"}
    assert await story.members("looked") == {"ana"}
    await story.tick(story.at + timedelta(days=4))
    assert await story.members("looked") == set()
    assert await story.members("bought") == {"ana"}


async def test_whoever_is_due_and_touched_at_once_is_judged_by_every_rule(story: Story) -> None:
    await story.audience("bought_lately", {"did": "Order Completed", "within": "3d"})
    await story.audience("looked", {"did": "Page Viewed"})
    await story.audience("helped", {"did": "Support Requested"})
    await story.audience("german", {"trait": "country", "is": "DE"})
    await story.did("ana", "Order Completed")
    await story.tick()
    story.clock.at = story.at + timedelta(days=3, seconds=1)
    await story.did("ana", "Page Viewed")
    await story.tick()
    assert await story.members("bought_lately") == set()
    assert await story.members("looked") == {"ana"}


async def test_idle_customers_cost_a_tick_nothing(story: Story) -> None:
    await story.audience("lately", {"did": "Order Completed", "within": "3d"})
    for number in range(30):
        await story.did(f"u{number}", "Order Completed")
    await story.tick()
    await story.did("ana", "Order Completed")
    ticked = await story.pipeline.poll_once(story.at)
    assert ticked.counts["touched"] == 1
    assert ticked.counts.get("due", 0) == 0


async def test_a_redefined_audience_serves_its_old_members_until_the_new_ones_are_whole(
    story: Story, units: Units
) -> None:
    await story.audience("some", {"did": "Order Completed"})
    await story.did("ana", "Order Completed")
    await story.did("bo", "Page Looked")
    await story.tick()
    async with units.open() as unit:
        await audiences_service.put(unit, "some", "some", {"did": "Page Looked"})
    await story.tick()
    assert await story.members("some") == {"ana"}
    await story.fill()
    assert await story.members("some") == {"bo"}


async def test_what_happens_while_a_rule_fills_is_not_lost(story: Story, units: Units) -> None:
    await story.did("ana", "Order Completed")
    await story.tick()
    async with units.open() as unit:
        await audiences_service.put(unit, "buyers", "buyers", {"did": "Order Completed"})
        await audiences_service.put(unit, "strangers", "strangers", {"not": {"did": "Order Completed"}})
    await story.did("bo", "Order Completed")
    await story.did("chi", "Page Looked")
    await story.tick()
    await story.fill()
    assert await story.members("buyers") == {"ana", "bo"}
    assert await story.members("strangers") == {"chi"}


async def test_what_falls_due_while_history_is_worked_in_is_told(story: Story, units: Units) -> None:
    await story.audience("lately", {"did": "Order Completed", "within": "3d"})
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=2, hours=23)
    await story.did("bo", "Page Looked")
    await story.pipeline.poll_once(story.at)
    before = {"type": "track", "userId": "ana", "event": "Order Completed", "timestamp": "2025-01-01T00:00:00Z"}
    async with units.open() as unit:
        await events.add(unit, [before], source="test", historical=True)
    await story.pass_time(hours=2)
    assert await story.members("lately") == set()
    assert (await story.timeline("ana"))[-1] == "Audience Left"


async def test_history_that_comes_after_the_last_live_tick_is_worked_in(story: Story, units: Units) -> None:
    await story.did("ana", "Page Looked")
    await story.tick()
    await story.pass_time(minutes=1)
    order = {"type": "track", "userId": "bo", "event": "Order Completed", "timestamp": "2025-01-01T00:00:00Z"}
    async with units.open() as unit:
        await events.add(unit, [order], source="test", historical=True)
    await story.tick()
    assert await story.timeline("bo") == ["Order Completed"]


async def test_history_has_its_turn_where_it_is_never_quiet_and_is_not_looked_for_in_every_tick(
    story: Story, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime] = []

    async def claim(tick: Tick, *, limit: int, historical: bool) -> int:
        looked.extend([tick.at] * historical)
        return await claim_as_ever(tick, limit=limit, historical=historical)

    claim_as_ever = events_step.claim
    monkeypatch.setattr(events_step, "claim", claim)

    async def live_ticks(many: int) -> None:
        for _ in range(many):
            await story.did("ana", "Page Looked")
            await story.pipeline.poll_once(story.at)
            story.clock.at += timedelta(milliseconds=100)

    await live_ticks(20)
    assert len(looked) == 2
    order = {"type": "track", "userId": "bo", "event": "Order Completed", "timestamp": "2025-01-01T00:00:00Z"}
    async with units.open() as unit:
        await events.add(unit, [order], source="test", historical=True)
    await live_ticks(12)
    assert await story.timeline("bo") == ["Order Completed"]


async def _empty(units: Units) -> None:
    async with units.open() as unit:
        tables = await unit.values(
            b"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
        )
        await unit.connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE".encode())
