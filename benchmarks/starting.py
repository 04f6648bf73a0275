"""From the command to the first answer: an empty folder, and one whose server was killed at work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks import ground
from benchmarks.accepting import batch_size
from benchmarks.figures import Figure
from benchmarks.served import ENVIRONMENT, Served, client, start
from regulars.platform.postgres.server import EmbeddedPostgres


async def measure(quick: bool) -> list[Figure]:
    rounds, events, customers, rate, load_s = (
        (1, 1_000, 100, 200.0, 1.0) if quick else (3, 10_000_000, 100_000, 4_000.0, 5.0)
    )
    _loaded()  # Python compiles what it has not compiled yet
    beside = "its program loaded and its PostgreSQL started alone"
    cold, warm, cold_limit = [], [], []
    for _ in range(rounds):
        with ground.folder() as data:
            cold_limit.append(_loaded() + await _database_alone(data))
        with ground.folder() as data:
            served = await start(data)
            cold.append(served.seconds_to_ready)
            served.kill()
    with ground.folder() as data:
        async with ground.installation(data) as units:
            await ground.settle_people(units, customers=customers, events=events, at=ground.now())
        served = await start(data)
        key = served.keys()["write_key"]
        for number in range(rounds):
            await _work(served, key, rate, load_s, customers, f"load-{number}")
            served.kill()
            served = await start(data)
            warm.append(served.seconds_to_ready)
        served.kill()
        warm_limit = [_loaded() + await _database_alone(data) for _ in range(rounds)]
    middle = rounds // 2
    return [
        Figure("cold start, empty folder", sorted(cold)[middle], "s", sorted(cold_limit)[middle], beside),
        Figure("warm restart after kill -9", sorted(warm)[middle], "s", sorted(warm_limit)[middle], beside,
               f"server and database killed at work, {events:,} events stored"),
    ]  # fmt: skip


async def _work(served: Served, key: str, rate: float, seconds: float, customers: int, run: str) -> None:
    """What the database must do again: seconds of events that no checkpoint has seen."""
    await client(
        "stream", port=served.port, key=key, rate=rate, seconds=seconds, connections=4, size=batch_size,
        customers=customers, names=[*ground.EVENTS], run=run,
    )  # fmt: skip


def _loaded() -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", "import regulars.entrypoints.cli"], check=True, timeout=60, env=ENVIRONMENT)
    return perf_counter() - began


async def _database_alone(data: Path) -> float:
    server = EmbeddedPostgres(data)
    began = perf_counter()
    await server.start()
    seconds = perf_counter() - began
    await server.stop()
    return seconds
