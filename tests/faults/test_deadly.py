"""A message at which processes die, each time it is worked in: it is put aside by later lives, with the reason; nobody
else is, and its neighbours flow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.entrypoints.served import until
from tests.faults import poison
from tests.faults.conductor import Conductor, conducted
from tests.faults.poison import CRASHING, DEADLY, GREEDY, Kind
from tests.faults.test_poison import found_in_few_tries, put_aside

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
put_aside_s = 240.0
room_bytes = 600 * 2**20


def struck(conductor: Conductor, kind: Kind, strike: Callable[[], object] = lambda: None) -> Callable[[], object]:
    def note() -> None:
        conductor.note(kind.name)
        strike()

    return note


def quarantined_after(conductor: Conductor, kind: Kind) -> float:
    name, began = conductor.poison(kind), time.monotonic()

    def done() -> bool:
        with contextlib.suppress(OSError, psycopg.OperationalError):
            return name in put_aside(conductor)
        return False

    until(done, seconds=put_aside_s, every_s=0.2, what="quarantine")
    return round(time.monotonic() - began, 1)


def judge(conductor: Conductor, took: dict[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    findings = conductor.finish()
    among, alone = poison.tries(conductor.stack.data / "postgres.log")
    assert not findings.offenders, conductor.report(findings)
    found_in_few_tries(among, alone)
    with capsys.disabled():
        print(f"\nput aside after {took} s, {dict(among)} tries; {findings.figures}")  # noqa: T201


def test_who_kills_processes_is_put_aside_and_its_neighbours_flow(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=12) as conductor:
        stack = conductor.stack
        with stack.database() as database:
            for kind in (DEADLY, CRASHING):
                database.execute(kind.trigger)
        conductor.send(rate=100)

        def kill() -> None:
            stack.kill(stack.parts[0].server(), "server")

        strikes = {DEADLY: struck(conductor, DEADLY, kill), CRASHING: struck(conductor, CRASHING)}
        with poison.executed(stack.data / "postgres", strikes):
            took = {kind.name: quarantined_after(conductor, kind) for kind in (DEADLY, CRASHING)}
        judge(conductor, took, capsys)


def test_who_needs_more_memory_than_there_is_is_put_aside(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=13) as conductor:
        if (room := conductor.room) is None:
            pytest.skip("no ceiling can be set for memory here")
        stack = conductor.stack
        with stack.database() as database:
            database.execute(GREEDY.trigger)
        postgres = stack.parts[0].postgres()
        assert postgres is not None
        for process in (postgres, *postgres.children()):
            room.take_in(process.pid)
        room.set(room_bytes)
        conductor.send(rate=50)
        with poison.executed(stack.data / "postgres", {GREEDY: struck(conductor, GREEDY)}):
            took = {GREEDY.name: quarantined_after(conductor, GREEDY)}
        assert room.killed >= poison.tries_alone_max
        judge(conductor, took, capsys)
