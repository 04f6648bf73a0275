"""Who is on a list is what the log says last, through merges and their undoing; a rule that asks agrees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.domains.customers import service as customers
from regulars.domains.customers.model import Pointer
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.conftest import AT
from tests.story import Story, living
from tests.whole.test_membership import _empty

LISTS: Final = ("fair", "vip")
VISITORS: Final = ("v1", "v2", "v3")
visitors = st.sampled_from(VISITORS)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["join", "leave"]), visitors, st.sampled_from(LISTS)),
        st.tuples(st.just("recognise"), visitors, st.sampled_from(["ana", "bo"])),
        st.tuples(st.just("undo"), st.integers(0, 3), st.just("")),
        st.tuples(st.just("tick"), st.just(""), st.just("")),
    ),
    min_size=3,
    max_size=16,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=steps)
async def test_who_is_on_a_list_is_what_the_log_says_last(
    days: list[tuple[str, Any, str]], units: Units, clock: SetClock
) -> None:
    await _empty(units)
    clock.at = AT
    async with living(units, clock) as story:
        for visitor in VISITORS:
            await story.receive({"type": "track", "anonymousId": visitor, "event": "Page Looked"})
        for user in ("ana", "bo"):
            await story.receive({"type": "track", "userId": user, "event": "Signed In"})
        async with units.open() as unit:
            for slug in LISTS:
                await customers.put_list(unit, slug, slug)
        await story.tick()
        for slug in LISTS:
            await story.audience(slug, {"list": slug})
        for what, who, where in days:
            clock.at += timedelta(seconds=1)
            await _live(story, what, who, where)
            if what == "tick":
                await story.tick()
                await _compare(units)
        await story.tick()
        await _compare(units)


async def _live(story: Story, what: str, who: Any, where: str) -> None:
    match what:
        case "join" | "leave":
            there = [Pointer("anonymous_id", who)]
            async with story.units.open() as unit:
                await customers.change_list(
                    unit, where, there if what == "join" else [], there if what == "leave" else []
                )
        case "recognise":
            await story.receive({"type": "identify", "userId": where, "anonymousId": who})
        case "undo":
            async with story.units.open() as unit:
                merges = await unit.values(b"SELECT id FROM merges WHERE undone_at IS NULL ORDER BY seq DESC")
                if who < len(merges):
                    await unit.run(
                        b"INSERT INTO unmerge_orders VALUES (%(id)s, %(at)s, 'Ana') ON CONFLICT DO NOTHING",
                        id=merges[who],
                        at=unit.at,
                    )


async def _compare(units: Units) -> None:
    async with units.open() as unit:
        said = await unit.records(
            b"SELECT DISTINCT ON (customer_id, list) customer_id, properties ->> 'list' AS list,"
            b" name = 'List Joined' AS joined, at, seq FROM events WHERE name IN ('List Joined', 'List Left')"
            b" ORDER BY customer_id, list, at DESC, seq DESC"
        )
        kept = await unit.records(b"SELECT customer_id, list, joined, at, seq FROM list_members ORDER BY 1, 2")
        assert kept == said
        judged = await unit.records(
            b"SELECT v.customer_id, r.part AS list FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id"
            b" WHERE v.holds AND r.state = 'live' ORDER BY 1, 2"
        )
        assert judged == [{"customer_id": one["customer_id"], "list": one["list"]} for one in said if one["joined"]]


async def test_a_merge_brings_both_memberships_together_and_its_undoing_takes_them_apart(
    story: Story, units: Units
) -> None:
    await story.receive({"type": "track", "anonymousId": "v1", "event": "Page Looked"})
    await story.did("ana", "Signed In")
    await story.tick()
    async with units.open() as unit:
        await customers.put_list(unit, "fair", "Fair")
        await customers.put_list(unit, "vip", "VIP")
        await customers.change_list(unit, "fair", [Pointer("anonymous_id", "v1")], [])
        await customers.change_list(unit, "vip", [Pointer("user_id", "ana")], [])
    await story.pass_time(minutes=1)
    await _compare_lists(story, {"fair": 1, "vip": 1})
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "v1"})
    async with units.open() as unit:
        await customers.change_list(unit, "fair", [], [Pointer("user_id", "ana")])
    await story.pass_time(minutes=1)
    async with units.open() as unit:
        merge = await unit.value(b"SELECT id FROM merges")
        found = await customers.list_members(unit, "fair", None, 10)
        assert [one.customer_id for one in found.items] == [await story.customer("ana")]
        await customers.undo_merge(unit, merge)
    await story.pass_time(minutes=1)
    await _compare_lists(story, {"fair": 1, "vip": 1})
    async with units.open() as unit:
        found = await customers.list_members(unit, "fair", None, 10)
        assert [one.customer_id for one in found.items] != [await story.customer("ana")]


async def test_what_was_caused_and_comes_with_a_merge_happened_to_the_kept_customer(story: Story, units: Units) -> None:
    await story.receive({"type": "track", "anonymousId": "v1", "event": "Page Looked"})
    await story.did("ana", "Signed In")
    await story.tick()
    async with units.open() as unit:
        await customers.put_list(unit, "fair", "Fair")
        await customers.change_list(unit, "fair", [Pointer("anonymous_id", "v1")], [])
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "v1"})
    await story.tick()
    assert await story.timeline("ana") == ["Page Looked", "Signed In", "List Joined", "Identified"]


async def _compare_lists(story: Story, wanted: dict[str, int]) -> None:
    async with story.units.open() as unit:
        assert {one.slug: one.members for one in (await customers.lists(unit, None, 10)).items} == wanted
