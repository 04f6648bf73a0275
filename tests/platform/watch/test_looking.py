"""What operators see of a real database, and what it costs to look."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from regulars import bootstrap
from regulars.domains.events import facts as event_facts
from regulars.domains.messages.service import holding
from regulars.platform.log.months import make_ahead
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Units
from regulars.platform.watch.disk import measure
from regulars.platform.watch.looking import Watch
from regulars.platform.watch.meter import Meter
from regulars.platform.watch.policy import silent_for_max
from regulars.platform.watch.processes import Heart
from regulars.shared.clock import SetClock
from regulars.shared.ids import outside
from tests.conftest import AT
from tests.story import Story, living

MANY = 30_000


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with living(units, clock) as story:
        yield story


@pytest.fixture
def watch(units: Units, tmp_path: Path) -> Watch:
    return bootstrap.make_watch(InstallationSettings(data=tmp_path), units)


async def test_the_queue_is_as_old_as_its_first_message(story: Story, watch: Watch) -> None:
    assert (await watch.look_anew()).of("queue", "live").oldest_at is None
    await story.did("ana", "Product Viewed")
    story.clock.at += timedelta(seconds=40)
    await story.did("bo", "Product Viewed")
    seen = await watch.look_anew()
    live = seen.of("queue", "live")
    assert (live.count, live.more, live.late_s) == (2, False, 40.0)
    assert [one.code for one in seen.findings] == ["no_worker", "queue_old"]
    await story.tick()
    seen = await watch.look_anew()
    assert (seen.of("queue", "live").count, seen.of("queue", "live").late_s) == (0, 0.0)


async def test_history_waits_in_a_queue_of_its_own(story: Story, watch: Watch, units: Units) -> None:
    await story.did("ana", "Product Viewed")
    async with units.open() as unit:
        await unit.run(b"UPDATE inbox SET historical = true")
    seen = await watch.look_anew()
    assert (seen.of("queue", "live").count, seen.of("queue", "historical").count) == (0, 1)


async def test_timers_that_nobody_lets_off_are_late(story: Story, watch: Watch) -> None:
    await story.audience("buyers", 'did "Order Completed" in the last 1 day')
    await story.did("ana", "Order Completed")
    await story.tick()
    assert (await watch.look_anew()).of("timers", "verdicts").count == 0
    story.clock.at += timedelta(days=1, minutes=2)
    verdicts = (await watch.look_anew()).of("timers", "verdicts")
    assert (verdicts.count, verdicts.of) == (1, outside("customer", await story.customer("ana")))
    assert 110 <= verdicts.late_s <= 130
    await story.tick()
    assert (await watch.look_anew()).of("timers", "verdicts").count == 0


async def test_a_hold_is_seen_with_what_waits_for_its_end(watch: Watch, units: Units) -> None:
    assert (await watch.look_anew()).held is None
    async with units.open(at=AT) as unit:
        await unit.run(
            b"INSERT INTO templates VALUES (derived_id(%(at)s, 't'), 't', 'T', 'marketing', 'n', 1, %(at)s, 'test')",
            at=AT,
        )
        await unit.run(
            b"INSERT INTO messages (id, key, customer_id, made_for, channel, template_id, version, purpose, topic,"
            b" state, because, why, created_at, due_at, attempts)"
            b" SELECT derived_id(%(at)s, n::text), n::text, t.id, t.id, 'email', t.id, 1, 'marketing', 'n',"
            b" (ARRAY['queued', 'sending', 'sent'])[n], '{}', '{}', %(at)s + (n - 1) * interval '2 s', %(at)s, 0"
            b" FROM templates AS t, generate_series(1, 3) AS n",
            at=AT,
        )
    async with units.open(at=AT + timedelta(seconds=1)) as unit:
        await holding.hold_restored(unit, AT)
    status = await watch.look_anew()
    assert status.held is not None
    assert (status.held.because, status.held.since) == ("restored from a backup", AT + timedelta(seconds=1))
    assert (status.held.waiting, status.held.doubtful, status.held.more) == (2, 1, False)
    assert "sending_held" in [one.code for one in status.findings]
    async with units.open(at=AT + timedelta(seconds=1)) as unit:
        await holding.release(unit)
    assert (await watch.look_anew()).held is None


async def test_whoever_beats_is_alive_until_it_stops_or_falls_silent(
    units: Units, clock: SetClock, watch: Watch
) -> None:
    meter = Meter()
    heart = Heart(units, meter, role="worker", version="1.2.3")
    await heart.beat(clock.at)
    meter.ticked(clock.at, 0.25, recorded=120)
    meter.failed("jobs", clock.at, ValueError("with a secret"))
    meter.feeding("duckdb", 0, clock.at)
    clock.at += timedelta(seconds=10)
    await heart.beat(clock.at)
    seen = await watch.look_anew()
    (process,) = seen.processes
    assert (process.role, process.version, process.alive) == ("worker", "1.2.3", True)
    assert [(one.loop, one.error) for one in process.failing] == [("jobs", "ValueError")]
    assert (seen.ticks.last_at, seen.ticks.last_s, seen.recorded_per_s) == (AT, 0.25, 12.0)
    assert seen.warehouse is not None
    assert (seen.warehouse.rows, seen.warehouse.late_s) == (0, 0.0)
    assert seen.findings == []
    clock.at += silent_for_max + timedelta(seconds=1)
    silent = await watch.look_anew()
    assert (silent.processes[0].alive, silent.processes[0].failing) == (False, ())
    assert [one.code for one in silent.findings] == ["no_worker"]
    await heart.beat(clock.at)
    assert (await watch.look_anew()).findings == []
    await heart.beat(clock.at, stopped=True)
    assert [one.code for one in (await watch.look_anew()).findings] == ["no_worker"]


async def test_the_warehouse_lacks_what_was_recorded_since(
    story: Story, units: Units, clock: SetClock, watch: Watch
) -> None:
    meter = Meter()
    meter.feeding("duckdb", 0, clock.at)
    await Heart(units, meter, role="worker", version="1").beat(clock.at)
    for _ in range(3):
        await story.did("ana", "Product Viewed")
    clock.at += timedelta(seconds=70)
    await story.tick()
    lag = (await watch.look_anew()).warehouse
    assert lag is not None
    assert (lag.rows, lag.late_s, lag.through) == (3, 70.0, AT)


async def test_processes_of_last_week_are_forgotten_but_not_the_last_that_worked(units: Units, clock: SetClock) -> None:
    for role in ("worker", "web", "web"):
        await Heart(units, Meter(), role=role, version="1").beat(clock.at)
        clock.at += timedelta(days=8)
    async with units.open() as unit:
        assert sorted(await unit.values(b"SELECT role FROM processes")) == ["web", "worker"]


async def test_however_many_ask_the_database_is_asked_once(watch: Watch) -> None:
    assert await watch.look() is await watch.look()
    watch.forget()
    assert watch.last is None


async def test_a_look_reads_no_large_table_to_its_end(units: Units) -> None:
    """With much stored, each statement reads an index and stops at the ceiling."""
    async with units.open() as unit:
        await unit.run(
            b"INSERT INTO inbox (message_id, kind, name, at, received_at, by_customer, historical, source, properties, "
            b"traits, consents, context) SELECT n::text, 'track', 'x', %(at)s, %(at)s, true, n %% 2 = 0, 's', '{}', "
            b"'{}', '[]', '{}' FROM generate_series(1, %(many)s) AS n",
            at=AT,
            many=MANY,
        )
        await make_ahead(unit)
        await unit.run(
            b"INSERT INTO events (message_id, customer_id, identifier_id, kind, name, at, received_at, by_customer,"
            b" historical, source, properties, context) SELECT n::text, "
            b"derived_id(%(at)s, 'a'), 1, 'track', 'x', %(at)s, %(at)s, true, false, 's', '{}', '{}' "
            b"FROM generate_series(1, %(many)s) AS n",
            at=AT,
            many=MANY,
        )
        await unit.run(
            b"INSERT INTO rejections (id, at, source, code, reason, pointer, body) SELECT derived_id(%(at)s, n::text), "
            b"%(at)s, 's', 'event_missing', 'r', '', '{}' FROM generate_series(1, %(many)s) AS n",
            at=AT,
            many=MANY,
        )
        for table in (b"inbox", b"events", b"rejections"):
            await unit.run(b"ANALYZE " + table)
        statements = [(waits.name, waits.select) for waits in bootstrap.WAITING]
        whole = []
        for name, select in [*statements, ("tail", event_facts.TAIL)]:
            lines = await unit.values(b"EXPLAIN (ANALYZE) " + select, at=AT, count_max=1_000, after=0)
            read = [line for line in lines if "Seq Scan on" in line and "never executed" not in line]
            much = [line for line in read if any(table in line for table in ("inbox", "events", "rejections"))]
            # Reading a table from its start and stopping at the ceiling is as good as an index.
            whole += [(name, line) for line in much if float(line.split("rows=")[2].split(" ")[0]) > 1_000]
    assert whole == []


def test_the_folder_is_measured_by_part(tmp_path: Path) -> None:
    for name, size in (("postgres/base/1", 40_000), ("warehouse.duckdb", 20_000), ("postgres.log", 10_000)):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.Random(1).randbytes(size))
    disk = measure(tmp_path, database_bytes=7_000_000)
    sizes = {part.name: part.bytes for part in disk.parts}
    assert 7_040_000 <= sizes["database"] < 7_100_000
    assert 20_000 <= sizes["warehouse"] < 40_000
    assert 10_000 <= sizes["other"] < 30_000
    assert 0 < disk.free_bytes < disk.total_bytes
    assert sum(part.bytes for part in measure(tmp_path / "not there").parts) == 0
