"""When something is wrong: each finding at its threshold, and none before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from regulars.platform.watch import policy
from regulars.platform.watch.model import (
    NO_TICKS,
    Disk,
    FailingLoop,
    Finding,
    Held,
    Kind,
    Process,
    Status,
    Versions,
    Waiting,
    WarehouseLag,
)
from regulars.platform.watch.policy import CODES, duration, findings
from tests.conftest import AT

GB = 1_000_000_000
KINDS: Sequence[tuple[Kind, str]] = [
    ("queue", "live"),
    ("queue", "historical"),
    ("timers", "journeys"),
    ("timers", "verdicts"),
    ("messages", "transactional"),
    ("messages", "marketing"),
    ("messages", "unknown"),
    ("rejections", "refused"),
    ("rejections", "quarantined"),
]


def worker(**changed: Any) -> Process:
    started = AT - timedelta(hours=1)
    return replace(Process("all", "shop", 7, "0.1.0", started, AT, None, alive=True, failing=()), **changed)


def status(**changed: Any) -> Status:
    """All is well, but for what was changed."""
    well = Status(
        at=AT,
        waiting=[Waiting(kind, name, 0, False, None, 0.0, None) for kind, name in KINDS],
        ticks=NO_TICKS,
        accepted_per_s=0.0,
        recorded_per_s=0.0,
        warehouse=WarehouseLag("duckdb", 0, False, 0.0, AT),
        held=None,
        disk=Disk("/data", (), 500 * GB, 1_000 * GB),
        versions=Versions("0.1.0", "3.11", "18", "0009_processes"),
        processes=[worker()],
        findings=(),
    )
    return replace(well, **changed)


def waits(kind: Kind, name: str, late_s: float, count: int = 3) -> Sequence[Waiting]:
    since = AT - timedelta(seconds=late_s)
    one = Waiting(kind, name, count, False, since, late_s, "summer")
    return [one, *(two for two in status().waiting if (two.kind, two.name) != (kind, name))]


def codes(found: Sequence[Finding]) -> list[str]:
    return [one.code for one in found]


def test_when_all_is_well_nothing_is_found() -> None:
    assert findings(status()) == []


@pytest.mark.parametrize(
    ("kind", "name", "most_s", "code"),
    [
        ("queue", "live", policy.queue_age_max_s, "queue_old"),
        ("timers", "journeys", policy.timers_late_max_s, "timers_late"),
        ("timers", "verdicts", policy.timers_late_max_s, "timers_late"),
        ("messages", "transactional", policy.messages_late_max_s, "messages_late"),
        ("messages", "marketing", policy.messages_late_max_s, "messages_late"),
    ],
)
def test_what_waits_too_long_is_found_with_its_instant(kind: Kind, name: str, most_s: float, code: str) -> None:
    assert findings(status(waiting=waits(kind, name, most_s))) == []
    (found,) = findings(status(waiting=waits(kind, name, most_s + 1)))
    assert (found.code, found.since) == (code, AT - timedelta(seconds=most_s + 1))
    assert found.advice


@pytest.mark.parametrize(
    ("kind", "name"), [("queue", "historical"), ("messages", "unknown"), ("rejections", "refused")]
)
def test_what_may_wait_is_no_finding(kind: Kind, name: str) -> None:
    assert findings(status(waiting=waits(kind, name, 90_000.0))) == []


def test_one_message_put_aside_is_found() -> None:
    (found,) = findings(status(waiting=waits("rejections", "quarantined", 5.0, count=1)))
    assert found.code == "quarantined"
    assert found.what.startswith("1 accepted message was put aside")


def test_a_worker_that_is_silent_or_stopped_is_missed_since_then() -> None:
    seen = AT - policy.silent_for_max - timedelta(seconds=1)
    silent = worker(seen_at=seen, alive=policy.is_alive(seen, None, AT))
    for processes in ([silent], [silent, worker(role="web")], [worker(seen_at=seen, stopped_at=seen, alive=False)]):
        (found,) = findings(status(processes=processes))
        assert (found.code, found.since) == ("no_worker", seen)
    assert codes(findings(status(processes=[]))) == ["no_worker"]
    assert findings(status(processes=[silent, worker(role="worker")])) == []
    assert policy.is_alive(AT - policy.silent_for_max, None, AT)


def test_a_loop_that_fails_for_long_is_found() -> None:
    def failing_for(span: timedelta) -> list[Finding]:
        return findings(status(processes=[worker(failing=[FailingLoop("tick", AT - span, "ValueError")])]))

    assert failing_for(policy.failing_for_max - timedelta(seconds=1)) == []
    (found,) = failing_for(policy.failing_for_max)
    assert found.code == "loop_failing"
    assert "tick of process 7 on shop" in found.what


def test_held_sending_is_found_and_what_it_holds_is_not_late() -> None:
    held = Held(AT - timedelta(hours=2), "Ana", "restored from a backup", 1_234, 7, more=False)
    (found,) = findings(status(held=held, waiting=waits("messages", "marketing", 7_200)))
    assert (found.code, found.since) == ("sending_held", held.since)
    assert found.what == (
        "Sending is held (restored from a backup): 1,234 messages wait, 7 of which may have been sent before."
    )
    assert "`regulars sending --release`" in found.advice
    assert "`--doubtful`" in found.advice
    (by_hand,) = findings(status(held=replace(held, because="held by hand", waiting=1, doubtful=0)))
    assert by_hand.what == "Sending is held (held by hand): 1 message waits."
    assert "doubtful" not in by_hand.advice


def test_a_warehouse_that_lacks_events_for_long_is_found() -> None:
    late = WarehouseLag("duckdb", 10_000, True, policy.warehouse_late_max_s + 1, AT)
    (found,) = findings(status(warehouse=late))
    assert found.code == "warehouse_behind"
    assert "10,000 or more events" in found.what
    assert findings(status(warehouse=replace(late, rows=0))) == []
    assert findings(status(warehouse=replace(late, late_s=policy.warehouse_late_max_s))) == []
    assert findings(status(warehouse=None)) == []


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [(1.9, 10, True), (2.1, 10, False), (4.9, 100, True), (5.1, 100, False), (49, 4_000, True), (51, 4_000, False)],
)
def test_a_disk_is_nearly_full_under_a_twentieth_but_never_with_much_free(free: float, total: int, full: bool) -> None:
    found = findings(status(disk=Disk("/data", (), int(free * GB), total * GB)))
    assert codes(found) == (["disk_nearly_full"] if full else [])


def test_every_code_is_one_that_is_listed() -> None:
    everything = status(
        waiting=[Waiting(kind, name, 9, True, AT, 9_999.0, None) for kind, name in KINDS],
        warehouse=WarehouseLag("duckdb", 5, False, 999.0, AT),
        disk=Disk("/data", (), 0, GB),
        processes=[worker(role="web", failing=[FailingLoop("x", AT - timedelta(hours=1), "E")])],
    )
    held = replace(everything, held=Held(AT, "Ana", "held by hand", 1, 0, more=False))  # Then no message is late.
    found = {*codes(findings(everything)), *codes(findings(held))}
    assert {*found, "not_running", "schema_behind"} == set(CODES)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h"), (86_405, "1 d 5 s")],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
