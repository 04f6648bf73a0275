"""A worker that is stopped for longer than what it holds may be held: another takes over, and awake again it does no
harm."""

from __future__ import annotations

import signal
import time
from functools import partial

import psutil
import pytest

from tests.entrypoints.served import until
from tests.faults.checker import lease_s
from tests.faults.conductor import Conductor, conducted
from tests.faults.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
limit_s = 60.0
"""Long enough for any machine; how long it took is printed, and promised to be at most ten seconds."""
SENDING = ("send.before_io", "send.after_io")
HELD = b"""SELECT a.pid, a.xact_start FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objid = (7291820002 & 4294967295)"""


def two_workers(stack: Stack) -> None:
    stack.part("--role", "web")
    stack.await_ready()
    workers = [stack.part("--role", "worker"), stack.part("--role", "worker", REGULARS_WAREHOUSE_URL="none")]
    until(lambda: all('"event": "ready"' in one.log.read_text() for one in workers), seconds=90, what="the workers")


def some_stop_while_they_send(stack: Stack) -> None:
    """Before the first word of a mail, and when its last was answered; a third worker goes on."""
    stack.part("--role", "web")
    stack.await_ready()
    for number, moment in enumerate(SENDING):
        file = stack.folder / f"stops-{number}"
        file.write_text(f"{moment} 4 stop\n")
        stack.part("--role", "worker", REGULARS_WAREHOUSE_URL="none", CHECKPOINT_FILE=str(file))
    stack.part("--role", "worker", CHECKPOINT_FILE="")


def recorded(conductor: Conductor) -> int:
    with conductor.stack.database() as database:
        row = database.execute(b"SELECT count(*) FROM events").fetchone()
    assert row is not None
    return int(row[0])


def recorded_since(conductor: Conductor, before: int) -> bool:
    return recorded(conductor) > before


def stop_in_a_tick(conductor: Conductor, part: int) -> bool:
    """Stops a worker at a moment at which it holds the tick's lock; false if that moment was missed."""
    server = conductor.stack.parts[part].server()
    assert server is not None
    server.send_signal(signal.SIGSTOP)
    with conductor.stack.database() as database:
        if held := database.execute(HELD).fetchone():
            time.sleep(0.3)  # The other worker's tick would be over, or another's would be on.
            if database.execute(HELD).fetchone() == held:
                return True
    server.send_signal(signal.SIGCONT)
    time.sleep(0.05)
    return False


def test_a_stopped_worker_is_taken_over_and_does_no_harm_when_it_wakes(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=2, begin=two_workers) as conductor:
        conductor.send(rate=100)
        waits = []
        for part, stopped_s in ((1, lease_s + 4), (2, 0)):
            until(partial(stop_in_a_tick, conductor, part), seconds=60, what="a tick")
            conductor.note("stopped")
            time.sleep(0.5)
            before, stopped_at = recorded(conductor), time.monotonic()
            until(partial(recorded_since, conductor, before), seconds=limit_s, what="take-over")
            waits.append(time.monotonic() - stopped_at)
            time.sleep(max(0.0, stopped_at + stopped_s - time.monotonic()))
            server = conductor.stack.parts[part].server()
            assert server is not None
            server.send_signal(signal.SIGCONT)
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        with capsys.disabled():
            print(f"\ntaken over after {waits} s; {findings.figures}")  # noqa: T201


def test_a_worker_that_was_stopped_while_it_sent_sends_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=4, begin=some_stop_while_they_send) as conductor:
        stack = conductor.stack
        conductor.send(rate=60)
        for number, moment in enumerate(SENDING):
            file = stack.folder / f"stops-{number}"
            until(lambda file=file: not file.read_text(), seconds=60, what=moment)  # type: ignore[misc]
            conductor.note("stopped")
        time.sleep(lease_s + 4)
        for part in stack.parts[1:3]:
            server = part.server()
            assert server is not None
            assert server.status() == psutil.STATUS_STOPPED
            server.send_signal(signal.SIGCONT)
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        with capsys.disabled():
            print(f"\n{findings.figures}")  # noqa: T201
