"""More than it can take: senders are told 429 or 503 and when to come again, what was acknowledged is stored, memory
stays within bounds, and seconds after the crowd has gone all is well."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.entrypoints.served import until
from tests.faults.conductor import conducted
from tests.faults.overload import overload, watched
from tests.faults.stack import Stack
from tests.faults.test_weather import healed_after, ordered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
crowd_size = 80
"""With a batch of a thousand each that is more than the 50,000 messages that may wait."""
web_mb_max, worker_mb_max = 400, 500


def test_more_than_it_can_take_is_refused_with_429_or_503(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database answers each word 0.2 s late, so that a crowd which one machine can make is far too much."""
    orders = tmp_path / "orders"

    def begin(stack: Stack) -> None:
        """A web part and a worker that find their database through the relay; the checker goes straight to it."""
        orders.write_text("pass")
        (target,) = parse_qs(urlsplit(database_url).query)["host"]
        gate = stack.folder / "gate"
        gate.mkdir()
        stack.start_relay(gate / ".s.PGSQL.5432", f"{target}/.s.PGSQL.5432", orders)
        stack.database_url = database_url
        stack.part("--role", "web", REGULARS_DATABASE_URL=database_url.replace(target, str(gate)))
        stack.await_ready()
        stack.part("--role", "worker", REGULARS_DATABASE_URL=database_url)

    with conducted(seed=6, begin=begin) as conductor:
        conductor.send(rate=50)
        stack = conductor.stack
        processes = [until(part.server, what="a server") for part in stack.parts]
        with watched(processes) as most:
            ordered(orders, "delay 0.2")
            crowd = overload(stack, 15, crowd_size)
            ordered(orders, "pass")
            took = healed_after(conductor)
            went, began = len(crowd.acknowledged), time.monotonic()
            findings = conductor.finish()
            with stack.database() as database:
                torn = crowd.lost_or_torn(database)
        mb = [round(one / 2**20) for one in most]
        with capsys.disabled():
            print(  # noqa: T201
                f"\n{dict(crowd.statuses)}, {crowd.share_taken:.0%} taken, slowest {crowd.slowest_s:.1f} s, "
                f"healed after {took:.1f} s, {went} batches "
                f"worked in {time.monotonic() - began:.1f} s later, web {mb[0]} MB, worker {mb[1]} MB; "
                f"{findings.figures}"
            )
        assert not findings.offenders, conductor.report(findings)
        assert crowd.statuses.keys() <= {200, 429, 503}, crowd.statuses
        # Which of the two comes first, and how much is too much, is the machine's: a slow one makes a smaller crowd.
        assert crowd.statuses[429] + crowd.statuses[503] > 0, crowd.statuses
        assert (crowd.without_patience, torn) == (0, [])
        assert mb[0] < web_mb_max
        assert mb[1] < worker_mb_max
