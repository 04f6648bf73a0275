"""A tick of few looks up whom it is about, by plans kept from the ticks before, however large those were: it reads no
table of customers whole. A tick of many is planned for as many as it has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from regulars.platform.tick import few_max
from regulars.platform.unit import Connection, Units
from tests.story import Story

MANY = 1_500
TABLES = ("customers", "identifiers", "due", "verdicts", "trait_values")
"""Summaries too are looked up, but of so few rightly by reading them all."""
READ = b"""
SELECT relname, coalesce(seq_tup_read, 0)::bigint AS rows FROM pg_stat_user_tables WHERE relname = ANY(%(tables)s)"""
PEOPLE = [f"p{n}" for n in range(MANY)]


@pytest.fixture
async def ruled(story: Story) -> Story:
    await story.audiences({"bought": 'did "Order Completed"', "german": 'country is "DE" or plan is "gold"'})
    return story


async def known(story: Story, people: list[str]) -> None:
    await story.receive(
        *(
            {"type": "identify", "userId": one, "traits": {"country": "DE", "email": f"{one}@example.com"}}
            for one in people
        )
    )
    await story.tick()


async def orders(story: Story, people: list[str]) -> None:
    await story.receive(*({"type": "track", "userId": one, "event": "Order Completed"} for one in people))
    await story.tick()


async def vacuum(units: Units) -> None:
    async with units.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute(b"VACUUM ANALYZE")
        await connection.set_autocommit(False)


async def read_whole(story: Story) -> dict[str, int]:
    """How many rows have been read of each table by going through it from its beginning."""
    await story.tell_counters()
    async with story.units.open() as unit:
        found = await unit.records(READ, tables=list(TABLES))
    return {row["relname"]: row["rows"] for row in found}


async def looked_through(story: Story) -> dict[str, int]:
    """What ticks of one read whole, of all that hold at least as many rows as there are customers."""
    before = await read_whole(story)
    for n in range(8):
        await story.did(PEOPLE[n], "Order Completed")
        await story.tick()
    after = await read_whole(story)
    return {name: after[name] - before[name] for name in TABLES if after[name] - before[name] >= MANY}


@asynccontextmanager
async def counting_plans(connection: Connection) -> AsyncIterator[list[None]]:
    """One entry for each statement that is planned in the block."""
    made: list[None] = []

    def note(told: psycopg.errors.Diagnostic) -> None:
        if told.message_primary == "PLANNER STATISTICS":
            made.append(None)

    connection.add_notice_handler(note)
    await connection.execute(b"SET client_min_messages = log; SET log_planner_stats = on")
    await connection.commit()
    yield made
    await connection.execute(b"SET log_planner_stats = off")
    await connection.commit()
    connection.remove_notice_handler(note)


async def plans_made(story: Story, people: list[str]) -> int:
    """How many statements were planned in a tick in which these bought."""
    async with counting_plans(story.ticking) as made:
        await orders(story, people)
    return len(made)


async def test_a_small_tick_after_large_ones_reads_no_table_whole(ruled: Story, units: Units) -> None:
    await known(ruled, PEOPLE)
    await vacuum(units)
    for _ in range(6):  # So often that PostgreSQL would keep a plan.
        await orders(ruled, PEOPLE)
    assert await looked_through(ruled) == {}


async def test_a_plan_kept_from_when_there_was_nobody_reads_no_table_whole(ruled: Story) -> None:
    for _ in range(10):
        await orders(ruled, ["p0"])
    await known(ruled, PEOPLE)  # Nothing has been told to the planner of how many they are now.
    assert await looked_through(ruled) == {}


async def test_a_small_tick_keeps_its_plans_and_a_large_one_makes_its_own(ruled: Story) -> None:
    await known(ruled, PEOPLE[:200])
    for one in PEOPLE[:10]:
        await orders(ruled, [one])
    assert await plans_made(ruled, ["p0"]) <= 3, "what was planned for the ticks before is planned again"
    many = PEOPLE[: few_max + 1]
    assert await plans_made(ruled, many) > 10
    assert await plans_made(ruled, many) > 10, "a plan for many is not kept"
    assert await plans_made(ruled, ["p0"]) > 10, "nor does it do for few"
    assert await plans_made(ruled, ["p0"]) <= 3


async def test_what_passes_a_trigger_is_not_planned_for_event_by_event(ruled: Story) -> None:
    test = '[{"property": "n", "path": "strict $.n", "negated": false, "more_than": 20}]'
    async with counting_plans(ruled.ticking) as made, ruled.ticking.transaction():
        await ruled.ticking.execute(b"SET LOCAL plan_cache_mode = force_custom_plan")
        passing = await ruled.ticking.execute(
            b"SELECT count(*) FROM generate_series(1, 50) AS n WHERE event_passes(jsonb_build_object('n', n), %s)",
            [test],
        )
        assert await passing.fetchone() == (30,)
    assert len(made) < 10
