"""Old months leave the log when nobody needs them there: not before, nobody waits for it, and a kill does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors

from regulars.domains.events import service as events
from regulars.platform.log import removing
from regulars.platform.log.keeping import keep_log
from regulars.platform.log.months import log_begins
from regulars.platform.log.removing import BEGINNING, Asked, Decided, Needs, Stays, remove_month
from regulars.platform.postgres.migrate import not_migrating
from regulars.platform.unit import Unit, Units
from regulars.shared.clock import SetClock
from tests.conftest import AT
from tests.platform.log.test_months import Log, log

__all__ = ["log"]  # The fixture.
KEPT = 3
NOW = AT + timedelta(days=180)


def asking(since: datetime = NOW, by: str = "no rule") -> Any:
    async def asked(unit: Unit) -> Asked:
        return Asked(since, by)

    return asked


def needs(fed: int = 1_000, *, asked: Any = None, mentioned: Sequence[bytes] = ()) -> Needs:
    return Needs(fed=fed, asked=asked or asking(), mentioned=mentioned)


async def remove(units: Units, needing: Needs | None = None) -> Stays | Decided | None:
    return await remove_month(units, at=NOW, months=KEPT, needs=needing or needs())


@pytest.fixture
async def half_a_year(log: Log) -> Log:
    """An event a month, from March on; it is the end of August."""
    for month in range(6):
        await log.receive(f"m{month}", at=datetime(2026, 3 + month, 20, tzinfo=UTC))
    log.clock.at = NOW
    return log


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Somebody who looks at the log for long, as a backup does."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SELECT count(*) FROM events")
        yield connection


async def tables(units: Units) -> list[str]:
    async with units.open() as unit:
        return list(
            await unit.values(
                b"SELECT relname::text FROM pg_class WHERE relname LIKE 'events\\_20%%' AND relkind = 'r' ORDER BY 1"
            )
        )


async def test_months_before_the_last_three_are_taken_out_one_by_one(half_a_year: Log, units: Units) -> None:
    removed = [await remove(units) for _ in range(3)]
    assert [one.part.name for one in removed if isinstance(one, Decided)] == ["events_2026_03", "events_2026_04"]
    assert removed[2] is None
    left = ["events_2026_05", "events_2026_06", "events_2026_07", "events_2026_08"]
    assert await half_a_year.parts() == left == await tables(units)
    assert await half_a_year.recorded() == ["m2", "m3", "m4", "m5"]
    async with units.open() as unit:
        assert await log_begins(unit) == datetime(2026, 5, 1, tzinfo=UTC)
        told = await unit.records(b"SELECT name, events, last_seq, removed_at FROM log_removals ORDER BY until")
    assert [tuple(row.values()) for row in told] == [("events_2026_03", 1, 1, NOW), ("events_2026_04", 1, 2, NOW)]


@pytest.mark.parametrize(
    ("needing", "because"),
    [
        (needs(fed=0), "the warehouse does not have all of it yet"),
        (needs(asked=asking(BEGINNING, "the audience 'buyers'")), "the audience 'buyers' may ask for all of the past"),
        (needs(asked=asking(datetime(2026, 3, 20, tzinfo=UTC), "the stage 'x'")), "since 2026-03-20"),
        (needs(mentioned=[b"SELECT NULL::bigint", b"SELECT 1::bigint"]), "a journey or a message"),
    ],
)
async def test_a_month_stays_while_somebody_needs_it(
    half_a_year: Log, units: Units, needing: Needs, because: str
) -> None:
    stays = await remove(units, needing)
    assert isinstance(stays, Stays)
    assert because in stays.because
    assert len(await half_a_year.parts()) == 6


@pytest.mark.parametrize(
    "needing",
    [
        needs(fed=1, asked=asking(datetime(2026, 4, 1, tzinfo=UTC), "the stage 'x'")),
        needs(fed=1, mentioned=[b"SELECT 2::bigint"]),
    ],
)
async def test_what_is_needed_of_later_months_holds_no_earlier_one(
    half_a_year: Log, units: Units, needing: Needs
) -> None:
    assert isinstance(await remove(units, needing), Decided)
    assert isinstance(await remove(units, needing), Stays)


async def test_an_event_that_came_before_its_time_holds_the_month_it_came_in(half_a_year: Log, units: Units) -> None:
    """A rule over the last month asks for when it happened, which is later."""
    await half_a_year.run("UPDATE events SET at = %(at)s WHERE message_id = 'm0'", at=NOW - timedelta(days=3))
    stays = await remove(units, needs(asked=asking(NOW - timedelta(days=30), "a rule")))
    assert isinstance(stays, Stays)
    assert "before its time" in stays.because


async def test_whoever_looks_at_the_log_is_waited_for_and_makes_nobody_wait(
    half_a_year: Log, units: Units, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The month is out of sight at once, events are recorded and read, and the table goes when the last has looked."""
    monkeypatch.setattr(removing, "detach_patience_s", 1)
    async with looking(database_url) as reader:
        leaving = asyncio.create_task(remove(units))
        slowest = 0.0
        for number in range(10):
            began = asyncio.get_running_loop().time()
            await half_a_year.receive(f"while{number}", at=NOW + timedelta(seconds=number))
            slowest = max(slowest, asyncio.get_running_loop().time() - began)
            await asyncio.sleep(0.05)
        assert isinstance(await leaving, Decided)
        assert slowest < 1.0
        assert "m0" not in await half_a_year.recorded()
        assert "events_2026_03" in await tables(units)
        found = await (await reader.execute("SELECT count(*) FROM events")).fetchone()
        assert found is not None
        assert not await removing.finish(units, at=NOW)
    assert await removing.finish(units, at=NOW)
    assert "events_2026_03" not in await tables(units)
    assert len(await half_a_year.recorded()) == 15


async def test_killed_at_any_point_it_is_finished_by_the_next_round(
    half_a_year: Log, units: Units, database_url: str
) -> None:
    """Decided and nothing done; half out of the log; out of it and not dropped; dropped and not noted."""
    decide = "INSERT INTO log_removals SELECT name, first, until, 1, 1, 1, %s FROM log_parts WHERE name = %s"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killed:
        await killed.execute(decide, [NOW, "events_2026_03"])
        await remove(units)
        assert "events_2026_03" not in await tables(units)
        await killed.execute(decide, [NOW, "events_2026_05"])
        async with looking(database_url):
            await killed.execute("SET statement_timeout = '200ms'")
            with pytest.raises(errors.QueryCanceled):
                await killed.execute("ALTER TABLE events DETACH PARTITION events_2026_05 CONCURRENTLY")
        async with units.open() as unit:
            assert await unit.values(b"SELECT name FROM log_parts WHERE leaving") == ["events_2026_05"]
        await half_a_year.receive("during")
        assert await removing.finish(units, at=NOW)
        await killed.execute(decide, [NOW, "events_2026_06"])
        await killed.execute("ALTER TABLE events DETACH PARTITION events_2026_06 CONCURRENTLY")
        assert await removing.finish(units, at=NOW)
        await killed.execute(decide, [NOW, "events_2026_07"])
        await killed.execute("ALTER TABLE events DETACH PARTITION events_2026_07 CONCURRENTLY")
        await killed.execute("DROP TABLE events_2026_07")
        assert await removing.finish(units, at=NOW)
    async with units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM log_removals WHERE removed_at IS NULL") == 0
    assert await tables(units) == ["events_2026_08"]
    assert await half_a_year.recorded() == ["m5", "during"]


async def test_nothing_is_taken_out_while_a_backup_is_made(half_a_year: Log, units: Units, database_url: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        not_migrating(connection),
    ):
        assert await remove(units) is None
    assert isinstance(await remove(units), Decided)


async def test_two_processes_take_nothing_out_twice(half_a_year: Log, units: Units) -> None:
    found = await asyncio.gather(*(remove(units) for _ in range(3)), return_exceptions=True)
    while isinstance(await remove(units), Decided):
        continue
    assert not [one for one in found if isinstance(one, Exception)]
    assert await half_a_year.parts() == ["events_2026_05", "events_2026_06", "events_2026_07", "events_2026_08"]


async def test_what_came_before_the_log_begins_and_is_recorded_now_stands_at_its_beginning(
    half_a_year: Log, units: Units, clock: SetClock
) -> None:
    """As a message that was put aside for months. Nothing is recorded where nobody looks for it any more."""
    assert isinstance(await remove(units), Decided)
    clock.at = datetime(2026, 3, 21, tzinfo=UTC)
    async with units.open() as unit:
        await events.add(
            unit, [{"type": "track", "userId": "ana", "event": "Seen", "messageId": "late"}], source="test"
        )
    clock.at = NOW
    await half_a_year.pipeline.drain(NOW)
    async with units.open() as unit:
        (row,) = await unit.records(b"SELECT at, received_at FROM events WHERE message_id = 'late'")
    assert row == {"at": datetime(2026, 3, 21, tzinfo=UTC), "received_at": datetime(2026, 4, 1, tzinfo=UTC)}
    assert "events_2026_03" not in await half_a_year.parts()


async def test_without_a_setting_or_a_warehouse_nothing_is_ever_taken_out(half_a_year: Log, units: Units) -> None:
    await keep_log(units, None, None, at=NOW, asked=asking(), mentioned=())
    await keep_log(units, None, KEPT, at=NOW, asked=asking(), mentioned=())
    assert await half_a_year.recorded() == [f"m{month}" for month in range(6)]
    assert (await half_a_year.parts())[-1] == "events_2026_09"
