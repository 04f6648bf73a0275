"""Durable acceptance over HTTP, beside COPY of the same rows and beside a web server that stores nothing."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

import psycopg

from benchmarks import ground
from benchmarks.figures import Figure, percentile
from benchmarks.served import client, echoing, serving
from regulars.platform.postgres.server import running_url

batch_size: Final = 100
connections_of_batches: Final = 4
connections_of_singles: Final = 50


async def measure(quick: bool) -> list[Figure]:
    """The worker stands still meanwhile: what it costs is told by `processing`."""
    requests, singles = (20, 200) if quick else (400, 8_000)
    with ground.folder() as data:
        async with serving(data, role="web") as served:
            key = served.keys()["write_key"]
            await client("batches", port=served.port, key=key, connections=2, requests=5, size=batch_size, run="warm")
            many = await client(
                "batches",
                port=served.port,
                key=key,
                connections=connections_of_batches,
                requests=requests,
                size=batch_size,
                run="many",
            )
            url = running_url(data)
            assert url is not None
            rows, copied_s = copy_again(url)
            one = await client(
                "singles", port=served.port, key=key, connections=connections_of_singles, requests=singles, run="one"
            )
        async with echoing(data) as bare:
            alone = await client(
                "singles", port=bare.port, key=key, connections=connections_of_singles, requests=singles, run="one"
            )
    assert many["failed"] == one["failed"] == 0, "every message must be accepted"
    beside = "a web server that stores nothing"
    note = f"{connections_of_singles} connections"
    return [
        Figure("accepted in batches of 100", batch_size * _rate(many), "events/s", rows / copied_s,
               "COPY of the same rows into an equal table", f"{connections_of_batches} connections, durable"),
        Figure("accepted one by one", _rate(one), "events/s", _rate(alone), beside, note),
        Figure("accepted one by one, p50", 1000 * percentile(one["times"], 0.5), "ms",
               1000 * percentile(alone["times"], 0.5), beside, note),
        Figure("accepted one by one, p99", 1000 * percentile(one["times"], 0.99), "ms",
               1000 * percentile(alone["times"], 0.99), beside, note),
    ]  # fmt: skip


def _rate(told: dict[str, Any]) -> float:
    """Answered requests a second."""
    return float(len(told["times"]) / told["seconds"])


def copy_again(url: str) -> tuple[int, float]:
    """Copies what the inbox holds into a table that is equal, with equal indexes, in one transaction."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE inbox_again (LIKE inbox INCLUDING ALL)")
        connection.commit()
        with cursor.copy("COPY inbox TO STDOUT") as copy:
            blocks = [bytes(block) for block in copy]
        connection.commit()
        began = perf_counter()
        with cursor.copy("COPY inbox_again FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        connection.commit()
        seconds = perf_counter() - began
        rows = cursor.execute("SELECT count(*) FROM inbox_again").fetchone()
        cursor.execute("DROP TABLE inbox_again")
    assert rows is not None
    return int(rows[0]), seconds
