"""From the command to the first answer: an empty folder, and one whose server was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks import ground
from benchmarks.figures import Figure
from benchmarks.served import ENVIRONMENT, start
from regulars.platform.postgres.server import EmbeddedPostgres


async def measure(quick: bool) -> list[Figure]:
    rounds, events = (1, 1_000) if quick else (3, 200_000)
    _loaded()  # Python compiles what it has not compiled yet
    beside = "its program loaded and its PostgreSQL started alone"
    cold, warm, cold_limit, warm_limit = [], [], [], []
    for _ in range(rounds):
        with ground.folder() as data:
            cold_limit.append(_loaded() + await _database_alone(data))
        with ground.folder() as data:
            served = await start(data)
            cold.append(served.seconds_to_ready)
            served.kill()
    with ground.folder() as data:
        async with ground.installation(data) as units:
            await ground.settle_people(units, customers=events // 10, events=events, at=ground.now())
        (await start(data)).kill()
        for _ in range(rounds):
            served = await start(data)
            warm.append(served.seconds_to_ready)
            served.kill()
            warm_limit.append(_loaded() + await _database_alone(data))
    middle = rounds // 2
    return [
        Figure("cold start, empty folder", sorted(cold)[middle], "s", sorted(cold_limit)[middle], beside),
        Figure("warm restart after kill -9", sorted(warm)[middle], "s", sorted(warm_limit)[middle], beside,
               f"server and database killed, {events:,} events stored"),
    ]  # fmt: skip


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
