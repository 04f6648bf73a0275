"""A new audience over everyone, judged in the warehouse and loaded, beside a plain scan of the same table."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

import duckdb

from benchmarks import ground
from benchmarks.figures import Figure
from regulars.bootstrap import make_warehouse
from regulars.domains.audiences import service as audiences
from regulars.domains.verdicts import service as verdicts
from regulars.platform.warehouse.duck import DuckSink

AUDIENCE: Final = (
    'did "Order Completed" at least 2 times in the last 90 days and not did "Page Viewed" in the last 7 days'
)
SCAN: Final = """
SELECT customer_id, count(*) FILTER (name = 'Order Completed'), count(*) FILTER (name = 'Page Viewed'),
       count(*) FILTER ("at" > TIMESTAMPTZ '2026-01-01')
  FROM events GROUP BY customer_id"""


async def measure(quick: bool) -> list[Figure]:
    customers, past = (1_000, 10_000) if quick else (100_000, 1_000_000)
    at = ground.now()
    with ground.folder() as data:
        path = data / "warehouse.duckdb"
        async with ground.installation(data) as units:
            await ground.settle_people(units, customers=customers, events=past, at=at)
            warehouse = make_warehouse(units, DuckSink(path, memory="1GB"))
            await warehouse.open()
            began = perf_counter()
            fed = await warehouse.feed()
            fed_s = perf_counter() - began
            async with units.open(at=at) as unit:
                await audiences.put(unit, "filled", "Filled", AUDIENCE)
            began = perf_counter()
            await verdicts.fill(units, at=at, relations=warehouse)
            filled_s = perf_counter() - began
            async with units.open() as unit:
                rows = await unit.value(b"SELECT count(*) FROM verdicts")
                began = perf_counter()
                await unit.value(b"SELECT max(length(message_id)) FROM events")
                read_s = perf_counter() - began
            await warehouse.close()
            scanned_s = await asyncio.to_thread(_scan, str(path))
    return [
        Figure("one audience filled", filled_s, "s", scanned_s, "a group-by-customer scan with three counts in DuckDB",
               f"{customers:,} customers, {past:,} events, {rows:,} verdicts written"),
        Figure("fed to the warehouse", fed / fed_s, "rows/s", past / read_s, "a scan of the log in PostgreSQL"),
    ]  # fmt: skip


def _scan(path: str) -> float:
    with duckdb.connect(path, read_only=True, config={"memory_limit": "1GB"}) as connection:
        times = []
        for _ in range(3):
            began = perf_counter()
            connection.sql(SCAN).to_arrow_table()
            times.append(perf_counter() - began)
    return min(times)
