"""The whole way at a steady rate: clients, web server, ticks, sending and the warehouse's feed on one machine.

First the rate is raised in steps until the queue grows older than two seconds; then the last that held is held on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks import ground
from benchmarks.accepting import batch_size, copy_again
from benchmarks.figures import Figure, percentile
from benchmarks.served import Served, client, serving
from regulars.pipeline import Pipeline
from regulars.platform.postgres.server import running_url
from regulars.shared.ids import Ids

rates: Final = (2_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000)
age_max_s: Final = 2.0
settled_age_max_s: Final = 1.0
connections: Final = 4
look_pause_s: Final = 0.5
_AGE: Final = b"""
SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - (
       SELECT received_at FROM inbox WHERE NOT historical ORDER BY seq LIMIT 1))), 0)"""
_WAITING: Final = b"SELECT count(*) FROM (SELECT FROM inbox LIMIT 1) AS one"
_SETTLED: Final = b"SELECT count(*) FROM lifecycles WHERE history_wanted_at IS NOT NULL"
"""The past of everyone's stages is found once, when rules begin to count; that is no part of the rate."""


@dataclass(frozen=True, slots=True)
class Held:
    """What came of a rate: events accepted a second, and how old the oldest waiting one was at each look."""

    rate: float
    ages_s: list[float]

    @property
    def good(self) -> bool:
        """A queue that grows slowly is old after minutes, and older than a second at the end of a step."""
        at_the_end = self.ages_s[-1 - len(self.ages_s) // 4 :]
        return percentile(self.ages_s, 0.99) < age_max_s and max(at_the_end) < settled_age_max_s


async def measure(quick: bool) -> list[Figure]:
    customers, past, step_s, long_s = (200, 1_000, 1.5, 2.0) if quick else (10_000, 100_000, 15.0, 300.0)
    with ground.folder() as data:
        await _prepare(data, customers, past)
        async with serving(data) as served:
            key = served.keys()["write_key"]
            await _until(served, _SETTLED)
            best: Held | None = None
            for rate in rates[:1] if quick else rates:
                held = await _hold(served, key, rate, step_s, customers)
                await _until(served, _WAITING)
                if not held.good:
                    break
                best = held
            sustained = await _hold(served, key, best.rate if best else rates[0], long_s, customers)
            await _until(served, _WAITING)
        async with ground.running(data) as (server, units):
            await ground.receive(units, ground.calls(2 * customers, customers=customers, run="copied"))
            rows, copied_s = copy_again(server.url)
    note = f"{long_s:g} s, two cores for clients, database and all else"
    age, worst = percentile(sustained.ages_s, 0.99), max(sustained.ages_s)
    return [
        Figure("sustained, fully processed", sustained.rate, "events/s", rows / copied_s,
               "COPY of such messages into an equal table", note),
        Figure("sustained, age of the queue, p99", age, "s", age_max_s, "what it may be", f"at most {worst:.1f} s"),
    ]  # fmt: skip


async def _prepare(data: Path, customers: int, past: int) -> None:
    at = ground.now()
    async with ground.installation(data) as units:
        await ground.settle_people(units, customers=customers, events=past, at=at)
        await ground.lay_rules(units, at=at)
        async with Pipeline(units, Ids()) as pipeline:
            await ground.put_in_force(units, pipeline, at=at)
            # Whoever is met for the first time is judged by their history: that has happened before.
            await ground.receive(units, ground.calls(4 * customers, customers=customers, run="warm"))
            await pipeline.drain(ground.now())


async def _hold(served: Served, key: str, rate: float, seconds: float, customers: int) -> Held:
    ages: list[float] = []
    names = [name for name, share in ground.EVENTS.items() for _ in range(share)]
    sending = asyncio.create_task(
        client(
            "stream", port=served.port, key=key, rate=rate, seconds=seconds, connections=connections, size=batch_size,
            customers=customers, names=names, run=f"held-{rate:g}-{seconds:g}",
        )
    )  # fmt: skip
    while not sending.done():
        ages.append(await _asked(served, _AGE))
        await asyncio.sleep(look_pause_s)
    told: dict[str, Any] = await sending
    assert told["failed"] == 0, "every message must be accepted"
    return Held(told["sent"] / told["seconds"], ages)


async def _until(served: Served, none_left: bytes) -> None:
    while await _asked(served, none_left):  # noqa: ASYNC110 - it happens in another process
        await asyncio.sleep(look_pause_s)


async def _asked(served: Served, question: bytes) -> float:
    url = running_url(served.data)
    assert url is not None
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute(question)).fetchone()
    assert row is not None
    return float(row[0])
