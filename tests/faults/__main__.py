"""The long run: `python -m tests.faults --seed 1 --kills 500 --minutes 60`. Stops by itself at whichever comes first,
prints its figures, and ends with 1 if anything was lost, doubled or otherwise wrong."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from pathlib import Path

from tests.faults.conductor import Conductor, conducted
from tests.faults.deck import Card, deal, times

poison_every = 50
"""Kills."""
missed_max = 3


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kills", type=int, default=500)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--rate", type=float, default=200, help="messages a second")
    arguments.add_argument("--keep", type=Path, help="an empty folder for data, logs and journals")
    asked = arguments.parse_args()
    deadline = time.monotonic() + 60 * asked.minutes
    with conducted(asked.seed, kept=asked.keep) as conductor:
        conductor.send(asked.rate)
        play(conductor, asked.kills, deadline)
        findings = conductor.finish()
        told = {"seed": asked.seed, **findings.figures, **conductor.done, **dict(sorted(conductor.passed.items()))}
        print(json.dumps(told, indent=1))  # noqa: T201
        if findings.offenders:
            sys.exit(conductor.report(findings))


def play(conductor: Conductor, kills: int, deadline: float) -> None:
    """A moment that did not come is tried for again a few times."""
    cards = deque(deal(conductor.chance, kills, without=conductor.cannot))
    missed_before: dict[str, int] = {}
    while cards and time.monotonic() < deadline:
        if conductor.kills_done >= poison_every * (1 + len(conductor.poisoned)):
            conductor.poison()
        for name in conductor.play(cards.popleft()):
            missed_before[name] = missed_before.get(name, 0) + 1
            if missed_before[name] <= missed_max:
                cards.append(Card("server", [(name, times(conductor.chance, name))]))
        time.sleep(conductor.chance.uniform(0.0, 1.0))


if __name__ == "__main__":
    main()
