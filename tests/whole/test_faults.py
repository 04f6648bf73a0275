"""A message that no tick can work in is put aside with its reason; nobody else's is."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from regulars.domains.audiences import service as audiences
from regulars.pipeline import STEPS, Pipeline, Step
from regulars.platform.tick import Tick
from regulars.platform.unit import Units
from regulars.shared.ids import Ids
from tests.story import Story

_SPOILED = b"SELECT EXISTS (SELECT FROM tick_messages WHERE name = 'Spoiled')"
_SECOND = timedelta(seconds=1)


async def stumble(tick: Tick) -> None:
    if await tick.value(_SPOILED):
        raise ValueError("what is this")


async def always_stumble(tick: Tick) -> None:
    raise ValueError("not the message's fault")


async def stumble_over_any_message(tick: Tick) -> None:
    if await tick.value(b"SELECT EXISTS (SELECT FROM tick_messages)"):
        raise ValueError("not the message's fault")


async def lose_the_database(tick: Tick) -> None:
    raise psycopg.OperationalError("the disk is full")


async def exceed_a_limit(tick: Tick) -> None:
    if await tick.value(_SPOILED):
        await tick.run(b"DO $$BEGIN RAISE 'row is too big' USING ERRCODE = 'program_limit_exceeded'; END$$")


async def be_found_stopped(tick: Tick) -> None:
    """As whoever was stopped in the middle of a tick, and is awake again."""
    await tick.run(b"DO $$BEGIN RAISE 'idle in transaction' USING ERRCODE = '25P03'; END$$")


async def be_cut_off(tick: Tick) -> None:
    """As by a network that breaks."""
    with closing(socket.socket(socket.AF_UNIX, fileno=os.dup(tick.connection.fileno()))) as end:
        end.shutdown(socket.SHUT_RDWR)
    await tick.run(b"SELECT 1")


async def be_cut_off_by_it(tick: Tick) -> None:
    if await tick.value(_SPOILED):
        await be_cut_off(tick)


def crash_of_it(story: Story) -> Step:
    """As by the death of the PostgreSQL process at the other end, from which PostgreSQL recovers."""

    async def crash(tick: Tick) -> None:
        if await tick.value(_SPOILED):
            async with story.units.open() as unit:
                await unit.run(b"TRUNCATE crash_witness")
            await be_cut_off(tick)

    return crash


def now_and_then(step: Step, *, failing: int, well: int) -> Step:
    """In so many ticks that have messages, and then not in so many."""
    done = 0

    async def sometimes(tick: Tick) -> None:
        nonlocal done
        if tick.claimed.many:
            done += 1
            if done % (failing + well) in range(1, failing + 1):
                await step(tick)

    return sometimes


async def polled(
    story: Story, step: Step, *, rounds: int, every: timedelta = timedelta(), notes: Path | None = None
) -> int:
    """As the worker does: after a failure it goes on. How many rounds failed."""
    failed, steps = 0, [*STEPS[:3], step, *STEPS[3:]]
    async with Pipeline(story.units, Ids(random.Random(5)), steps, notes=notes) as pipeline:
        for number in range(rounds):
            try:
                await pipeline.poll_once(story.at + number * every)
            except (ValueError, psycopg.Error):
                failed += 1
    return failed


class Death(BaseException):
    """The process ends here."""


async def killed(story: Story, step: Step, folder: Path, *, lives: int, rounds: int = 12) -> int:
    """As the guard does: after a death there is another life, which finds the note as it was when the process died. How
    many died."""
    file, left = folder / "tick-0.note", b""

    async def die(tick: Tick) -> None:
        nonlocal left
        try:
            await step(tick)
        except ValueError:
            left = file.read_bytes()
            raise Death from None

    for deaths in range(lives):
        try:
            await polled(story, die, rounds=rounds, every=_SECOND, notes=folder)
            return deaths
        except Death:
            file.write_bytes(left)
    return lives


async def told(story: Story) -> tuple[int, int, Sequence[str]]:
    """How many events are recorded, how many messages wait, and why some were put aside."""
    async with story.units.open() as unit:
        return (
            await unit.value(b"SELECT count(*) FROM events"),
            await unit.value(b"SELECT count(*) FROM inbox"),
            await unit.values(b"SELECT reason FROM rejections WHERE code = 'stops_ticks'"),
        )


@pytest.mark.parametrize("historical", [False, True])
async def test_the_neighbours_of_a_message_that_cannot_be_worked_in_flow(story: Story, historical: bool) -> None:
    for number in range(40):
        await story.did("ana", "Spoiled" if number in (23, 31) else "Product Viewed")
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET historical = %(historical)s", historical=historical)
    await polled(story, stumble, rounds=60)
    reason = "This could not be worked in: ValueError: what is this"
    assert await told(story) == (38, 0, [reason, reason])
    async with story.units.open() as unit:
        assert await unit.value(b"SELECT body::jsonb ->> 'name' FROM rejections") == "Spoiled"


async def test_poison_in_an_import_is_found_beside_traffic_that_is_never_quiet(story: Story) -> None:
    rounds = 60
    for number in range(40):
        await story.did("ana", "Spoiled" if number == 23 else "Product Viewed")
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET historical = true")
    async with Pipeline(story.units, Ids(random.Random(5)), [*STEPS[:3], stumble, *STEPS[3:]]) as pipeline:
        for number in range(rounds):
            for _ in range(3):
                await story.did("bo", "Page Viewed")
            with suppress(ValueError):
                await pipeline.poll_once(story.at + number * _SECOND)
    recorded, waiting, reasons = await told(story)
    assert len(reasons) == 1
    assert recorded + waiting == 39 + 3 * rounds
    assert waiting <= 6


async def test_copies_do_not_make_the_search_begin_again(story: Story) -> None:
    for number in range(9):
        await story.did("ana", "Spoiled" if number == 7 else "Product Viewed")
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET message_id = 'the same' WHERE seq < 5 + (SELECT min(seq) FROM inbox)")
    assert await polled(story, stumble, rounds=20) == 1 + 3
    assert (await told(story))[:2] == (4, 0)


async def test_a_fault_that_no_message_has_costs_few_of_them_and_the_rest_wait(story: Story) -> None:
    for _ in range(10):
        await story.did("ana", "Product Viewed")
    assert await polled(story, stumble_over_any_message, rounds=40) == 40
    recorded, waiting, reasons = await told(story)
    assert (recorded, waiting, len(reasons)) == (0, 7, 3)


async def test_when_ticks_fail_without_messages_none_is_put_aside(story: Story) -> None:
    async with story.units.open() as unit:
        await audiences.put(unit, "everyone", "Everyone", {"everyone": True})
        await unit.run(b"UPDATE rules SET state = 'filled'")
    await story.did("ana", "Product Viewed")
    await polled(story, always_stumble, rounds=20)
    assert await told(story) == (0, 1, [])


async def test_a_database_that_fails_is_no_message_s_fault(story: Story) -> None:
    await story.did("ana", "Product Viewed")
    assert await polled(story, lose_the_database, rounds=10) == 10
    assert await told(story) == (0, 1, [])


async def test_whoever_was_stopped_in_a_tick_accuses_nobody(story: Story) -> None:
    await story.did("ana", "Product Viewed")
    assert await polled(story, now_and_then(be_found_stopped, failing=9, well=1), rounds=10, every=_SECOND) == 9
    assert await told(story) == (1, 0, [])


async def test_ticks_go_on_once_the_database_is_back(units: Units, story: Story) -> None:
    async with units.open() as one, units.open() as other:
        assert one.connection is not other.connection
    await story.did("ana", "Product Viewed")
    async with units.open() as unit:
        ended = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await unit.run(ended + b" AND pid <> pg_backend_pid()")
    with pytest.raises(psycopg.OperationalError):
        await story.tick()
    await story.tick()
    assert await story.timeline("ana") == ["Product Viewed"]


async def test_a_message_that_kills_its_process_is_put_aside_by_a_later_life(story: Story, tmp_path: Path) -> None:
    for number in range(40):
        await story.did("ana", "Spoiled" if number in (0, 17, 23) else "Product Viewed")
    # Of 40 at a time, of 2, and three times the first alone; the next of 39, 2, and 1; the last of 22, and 1.
    assert await killed(story, stumble, tmp_path, lives=40) == (2 + 3) + (2 + 3) + (1 + 3)
    recorded, waiting, reasons = await told(story)
    assert (recorded, waiting, len(reasons)) == (37, 0, 3)
    assert all("each time the process that worked it in was killed or crashed" in reason for reason in reasons)


async def test_what_only_kills_processes_now_and_then_puts_nobody_aside(story: Story, tmp_path: Path) -> None:
    for _ in range(30):
        await story.did("ana", "Product Viewed")
    assert await killed(story, now_and_then(always_stumble, failing=2, well=1), tmp_path, lives=100) > 20
    assert await told(story) == (30, 0, [])


@pytest.mark.parametrize("busy", [False, True])
async def test_what_kills_processes_without_messages_too_puts_nobody_aside(
    story: Story, tmp_path: Path, busy: bool
) -> None:
    """Also where a tick without messages has nothing to do."""
    if busy:
        async with story.units.open() as unit:
            await audiences.put(unit, "everyone", "Everyone", {"everyone": True})
            await unit.run(b"UPDATE rules SET state = 'filled'")
    await story.did("ana", "Product Viewed")
    assert await killed(story, always_stumble, tmp_path, lives=10) == 10
    assert await told(story) == (0, 1, [])


async def test_ordinary_poison_is_searched_for_from_life_to_life(story: Story, tmp_path: Path) -> None:
    for number in range(40):
        await story.did("ana", "Spoiled" if number == 23 else "Product Viewed")
    failed = 0
    for _ in range(60):
        failed += await polled(story, stumble, rounds=1, notes=tmp_path)
    assert failed == 2 + 3
    assert (await told(story))[:2] == (39, 0)


async def test_a_message_that_kills_the_database_is_put_aside(story: Story) -> None:
    for number in range(20):
        await story.did("ana", "Spoiled" if number == 11 else "Product Viewed")
    await polled(story, crash_of_it(story), rounds=60, every=_SECOND)
    recorded, waiting, (reason,) = await told(story)
    assert (recorded, waiting) == (19, 0)
    assert reason.startswith(
        "This could not be worked in: each time the PostgreSQL process of the tick was killed or crashed; "
        "postgres.log says more. OperationalError: "
    )


async def test_a_network_that_cuts_whoever_is_at_it_puts_nobody_aside(story: Story) -> None:
    async with story.units.open() as unit:
        await audiences.put(unit, "everyone", "Everyone", {"everyone": True})
        await unit.run(b"UPDATE rules SET state = 'filled'")
    await story.did("ana", "Product Viewed")
    assert await polled(story, be_cut_off, rounds=20, every=_SECOND) == 20
    assert await told(story) == (0, 1, [])


async def test_a_network_that_always_cuts_one_message_does_not_put_it_aside(story: Story) -> None:
    """As one that ends what takes long, or after so many bytes."""
    await story.did("ana", "Spoiled")
    assert await polled(story, be_cut_off_by_it, rounds=20, every=_SECOND) == 20
    assert await told(story) == (0, 1, [])


async def test_a_network_that_cuts_now_and_then_puts_nobody_aside(story: Story) -> None:
    for _ in range(5):
        await story.did("ana", "Product Viewed")
    await polled(story, now_and_then(be_cut_off, failing=2, well=1), rounds=60, every=_SECOND)
    assert await told(story) == (5, 0, [])


async def test_what_exceeds_a_limit_of_the_database_is_put_aside(story: Story) -> None:
    for name in ("Product Viewed", "Spoiled", "Product Viewed"):
        await story.did("ana", name)
    await polled(story, exceed_a_limit, rounds=20, every=_SECOND)
    recorded, waiting, (reason,) = await told(story)
    assert (recorded, waiting) == (2, 0)
    assert "ProgramLimitExceeded: row is too big" in reason


async def test_what_was_found_is_left_alone_if_another_message_stands_in_its_place(
    story: Story, tmp_path: Path
) -> None:
    """As in a database that was restored."""
    await story.did("ana", "Spoiled")
    assert await polled(story, stumble, rounds=3, notes=tmp_path) == 3
    async with story.units.open() as unit:
        await unit.run(b"UPDATE inbox SET received_at = received_at - interval '1 s'")
    assert await polled(story, stumble, rounds=3, notes=tmp_path) == 3
    assert await told(story) == (0, 1, [])
