"""The log's months: there before they are needed, whatever the clock says, and each message id once over their
borders."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.domains.customers import step as customers
from regulars.domains.events import service as events
from regulars.domains.events import step
from regulars.pipeline import STEPS, Pipeline
from regulars.platform.log import months as months_module
from regulars.platform.log.months import make_ahead, month_of, months_after
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick, connection_for_ticks
from regulars.platform.unit import SYSTEM, Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.conftest import AT
from tests.test_statements import numbered


class Log:
    """What is sent at an instant, and what becomes of it."""

    def __init__(self, units: Units, clock: SetClock, pipeline: Pipeline) -> None:
        self.units = units
        self.clock = clock
        self.pipeline = pipeline

    async def receive(self, *messages: str, at: datetime | None = None, historical: bool = False) -> None:
        self.clock.at = at or self.clock.at
        calls = [{"type": "track", "userId": "ana", "event": "Seen", "messageId": one} for one in messages]
        async with self.units.open() as unit:
            outcome = await events.add(unit, calls, source="test", historical=historical)
        assert not outcome.rejected
        await self.pipeline.drain(self.clock.at)

    async def recorded(self) -> list[str]:
        async with self.units.open() as unit:
            return list(await unit.values(b"SELECT message_id FROM events WHERE name = 'Seen' ORDER BY seq"))

    async def parts(self) -> list[str]:
        async with self.units.open() as unit:
            return list(await unit.values(b"SELECT name FROM log_parts ORDER BY first"))

    async def run(self, statement: str, **values: Any) -> None:
        async with self.units.open() as unit:
            await unit.run(statement.encode(), **values)


@pytest.fixture
async def log(units: Units, clock: SetClock) -> AsyncIterator[Log]:
    async with Pipeline(units, Ids(random.Random(3))) as pipeline:
        yield Log(units, clock, pipeline)


def test_months_are_counted_over_the_ends_of_years() -> None:
    eleven = month_of(datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert [months_after(eleven, n) for n in (-11, -1, 0, 1, 2, 26)] == [
        datetime(year, month, 1, tzinfo=UTC)
        for year, month in ((2025, 12), (2026, 10), (2026, 11), (2026, 12), (2027, 1), (2029, 1))
    ]


async def test_this_month_and_the_next_are_there_before_anything_comes(units: Units, log: Log) -> None:
    async with units.open() as unit:
        assert await make_ahead(unit) == 2
        assert await make_ahead(unit) == 0
    assert await log.parts() == ["events_2026_03", "events_2026_04"]


async def test_what_comes_in_a_month_that_has_no_part_makes_one(log: Log) -> None:
    instants = [
        datetime(2031, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2032, 1, 1, tzinfo=UTC),
        datetime(1999, 2, 28, tzinfo=UTC),
        AT,
    ]
    for number, at in enumerate(instants):
        await log.receive(f"m{number}", at=at)
    assert await log.recorded() == ["m0", "m1", "m2", "m3"]
    assert await log.parts() == ["events_1999_02", "events_2026_03", "events_2031_12", "events_2032_01"]


async def test_a_part_that_a_failing_tick_made_is_made_again_by_the_next(units: Units, log: Log) -> None:
    async def fails_once(tick: Tick) -> None:
        failures.append(tick)
        if len(failures) == 1:
            raise ValueError("no")

    failures: list[Tick] = []
    async with Pipeline(units, Ids(random.Random(3)), [*STEPS, fails_once]) as pipeline:
        log.pipeline = pipeline
        with pytest.raises(ValueError, match="no"):
            await log.receive("m1")
        await pipeline.drain(AT)
        await log.receive("m2")
    assert await log.recorded() == ["m1", "m2"]


async def test_a_month_that_is_known_is_not_asked_for_again(units: Units) -> None:
    """The first tick makes it, the second sees that it is there, and no other asks."""
    asked = 0

    class Counting(Tick):
        async def value(self, statement: bytes, **values: object) -> Any:
            nonlocal asked
            asked += b"add_log_month" in statement
            return await super().value(statement, **values)

    memory: dict[str, Any] = {}
    async with connection_for_ticks(units) as connection:
        for number in range(6):
            async with units.open() as unit:
                await events.add(
                    unit, [{"type": "track", "userId": "ana", "event": "Seen", "messageId": f"m{number}"}], source="t"
                )
            async with connection.transaction():
                tick = Counting(connection, SYSTEM, AT, Ids(random.Random(number)), memory=memory)
                assert await step.claim(tick, limit=10, historical=False) == 1
                await customers.identify(tick)
                await step.record(tick)
    assert asked == 2


async def test_a_copy_is_no_second_event_over_the_border_of_a_month(log: Log) -> None:
    await log.receive("m1", "m2", at=datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
    await log.receive("m2", "m3", at=datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC))
    await log.receive("m1", "m3", "m4", at=datetime(2026, 5, 5, tzinfo=UTC))
    assert await log.recorded() == ["m1", "m2", "m3", "m4"]


async def test_live_messages_are_compared_with_those_of_five_weeks_and_history_with_all(log: Log) -> None:
    await log.receive("live", at=AT)
    await log.receive("file", at=AT, historical=True)
    await log.receive("live", at=AT + timedelta(days=35))
    assert await log.recorded() == ["live", "file"]
    later = AT + timedelta(days=400)
    await log.receive("live", at=later)
    await log.receive("file", "live", at=later, historical=True)
    assert await log.recorded() == ["live", "file", "live"]


async def test_what_was_put_aside_long_ago_is_compared_with_its_own_time(log: Log) -> None:
    """It comes back as it came when it came; its sender had sent it again meanwhile."""
    await log.receive("m1", at=AT + timedelta(days=1))
    log.clock.at = AT + timedelta(days=200)
    await log.run(
        "INSERT INTO inbox (message_id, kind, name, at, received_at, user_id, by_customer, historical, source,"
        " properties, traits, consents, context) SELECT id, 'track', 'Seen', %(at)s, %(at)s, 'ana', true, false, 't',"
        " '{}', '{}', '[]', '{}' FROM unnest(ARRAY['m1', 'm2']) AS id",
        at=AT - timedelta(days=10),
    )
    await log.pipeline.drain(log.clock.at)
    assert await log.recorded() == ["m1", "m2"]
    assert await log.parts() == ["events_2026_02", "events_2026_03"]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(("history", "looked_into"), [("false", 4), ("true", 13)])
async def test_claiming_leaves_the_months_alone_in_which_no_copy_can_be(
    units: Units, clock: SetClock, log: Log, mode: str, history: str, looked_into: int
) -> None:
    """Also once PostgreSQL has made one plan for all ticks of a connection."""
    async with units.open() as unit:
        months = [months_after(month_of(AT), -n) for n in range(-1, 12)]
        assert await unit.value(months_module.sql["add_months"], instants=months) == len(months)
    await log.receive("m1")
    calls = [{"type": "track", "userId": "ana", "event": "Seen", "messageId": "m2"}]
    async with units.open() as unit:
        await events.add(unit, calls, source="test", historical=history == "true")
    claim = numbered(load_statements("regulars.domains.events")["claim_messages"]).decode()
    copies_for = "NULL" if history == "true" else "interval '35 days'"
    async with connection_for_ticks(units) as connection:
        await connection.execute(f"SET plan_cache_mode = {mode}".encode())
        await connection.execute(f"PREPARE claim (boolean, timestamptz, integer, interval) AS {claim}".encode())
        asked = f"EXECUTE claim ({history}, '{AT.isoformat()}', 10, {copies_for})"
        cursor = await connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {asked}".encode())
        lines = [line for (line,) in await cursor.fetchall()]
        await connection.rollback()
    read = {found[0] for line in lines if (found := re.search(r"events_\d{4}_\d\d", line)) and "never" not in line}
    assert len(read) == looked_into, "\n".join(lines)
    assert {"events_2026_02", "events_2026_03"} <= read
    assert not [line for line in lines if "Seq Scan on events" in line]
