"""Bad weather between the product and its database: senders are told 503, and no more than seconds after it is over all
is well again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.entrypoints.served import until
from tests.faults.conductor import Conductor, conducted
from tests.faults.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WEATHER = ("delay 0.05", "cut 20000", "unanswered", "hole", "refuse")


def behind_relay(database_url: str, orders: Path) -> Callable[[Stack], None]:
    """The product, which finds its database through the relay alone; the checker goes straight to it."""

    def begin(stack: Stack) -> None:
        orders.write_text("pass")
        parts = urlsplit(database_url)
        (target,) = parse_qs(parts.query)["host"]
        gate = stack.folder / "gate"
        gate.mkdir()
        stack.start_relay(gate / ".s.PGSQL.5432", f"{target}/.s.PGSQL.5432", orders)
        stack.database_url = database_url
        stack.part(REGULARS_DATABASE_URL=database_url.replace(target, str(gate)))

    return begin


def ordered(orders: Path, what: str) -> None:
    coming = orders.with_suffix(".coming")
    coming.write_text(what)
    coming.replace(orders)


def healed_after(conductor: Conductor) -> float:
    """Until requests are answered by 200 again."""
    began = time.monotonic()
    stack = conductor.stack

    def well() -> bool:
        with contextlib.suppress(httpx2.TransportError):
            call = {"type": "page", "anonymousId": "healed", "messageId": f"probe-{began}"}
            auth = httpx2.BasicAuth(stack.write_key, "")
            answer = httpx2.post(f"{stack.url}/v1/import", json={"batch": [call]}, auth=auth, timeout=30)
            return answer.status_code == 200 and stack.is_ready()
        return False

    until(well, seconds=60, what="recovery")
    return time.monotonic() - began


def test_bad_weather_loses_and_doubles_nothing_and_passes(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = tmp_path / "orders"
    with conducted(seed=5, begin=behind_relay(database_url, orders)) as conductor:
        conductor.send(rate=80)
        took = {}
        for weather in WEATHER:
            conductor.note(weather)
            ordered(orders, weather)
            time.sleep(4)
            conductor.note("pass")
            ordered(orders, "pass")
            took[weather] = round(healed_after(conductor), 1)
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        with capsys.disabled():
            print(f"\nhealed after {took} s; {findings.figures}")  # noqa: T201
