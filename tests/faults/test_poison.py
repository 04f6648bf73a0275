"""A message that no tick can work in: after three tries of its own it is put aside with the reason, and its neighbours
flow."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.entrypoints.served import until
from tests.faults import poison
from tests.faults.conductor import Conductor, conducted
from tests.faults.deck import Card

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
put_aside_s = 60.0
hunted_s = 240.0
life_s = 2.0
searching_tries_max = 3
"""Two thousand messages are a sixteenth, and a sixteenth of that, and then one."""


def found_in_few_tries(among: Counter[str], alone: Counter[str]) -> None:
    """Tries of their own are no more than three, and those of others that they were among are few."""
    assert all(many <= poison.tries_alone_max for many in alone.values()), alone
    assert all(among[one] - alone[one] <= searching_tries_max for one in among), among


def put_aside(conductor: Conductor) -> set[str]:
    with conductor.stack.database() as database:
        return {str(row[0]) for row in database.execute(poison.PUT_ASIDE.encode())}


def test_poison_is_put_aside_and_its_neighbours_flow(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=9) as conductor:
        conductor.send(rate=150)
        took = []
        for _ in range(2):
            name, began = conductor.poison(), time.monotonic()
            until(lambda name=name: name in put_aside(conductor), seconds=put_aside_s, what="quarantine")  # type: ignore[misc]
            took.append(round(time.monotonic() - began, 1))
        among, alone = poison.tries(conductor.stack.data / "postgres.log")
        for harm in ("server", "backend", "server"):
            conductor.poison()
            conductor.harm(harm)
        hunted = hunted_for_s(conductor)
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        found_in_few_tries(among, alone)
        with capsys.disabled():
            print(f"\nput aside after {took} s, and {hunted} s while killed; {findings.figures}")  # noqa: T201


def hunted_for_s(conductor: Conductor) -> float:
    """How long one takes whose search is interrupted again and again: each life ends soon after it is ready."""
    name, began = conductor.poison(), time.monotonic()
    while name not in put_aside(conductor):
        assert time.monotonic() < began + hunted_s
        conductor.play(Card("server", patience="ready"))
        time.sleep(life_s)
    return round(time.monotonic() - began, 1)
