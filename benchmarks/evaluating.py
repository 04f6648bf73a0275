"""Twenty audiences over everyone at one instant in DuckDB, beside a plain group-by-customer scan of the same table."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import duckdb

from benchmarks import ground
from benchmarks.figures import Figure
from regulars.rules.compile import compile_rules
from regulars.rules.engines.duckdb import duckdb as engine
from regulars.rules.sentence import parse_text

AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
MEMORY: Final = "4GB"
AUDIENCES: Final = (
    'did "Order Completed"',
    'did "Order Completed" at least 2 times in the last 90 days',
    'did "Order Completed" at least 5 times',
    'did "Order Completed" in the last 30 days and not did "Order Completed" between 2025-01-01 and 2026-09-30',
    'did "Order Completed" where category is "cat3" in the last 180 days',
    'did "Order Completed" where revenue at least 80',
    'did "Product Viewed" in the last 7 days and not did "Order Completed" in the last 30 days',
    'did "Product Added" in the last 3 days and not did "Order Completed" in the last 3 days',
    'did "Page Viewed" in the last 7 days',
    'not did "Page Viewed" in the last 60 days',
    'did "Email Opened" at least 3 times in the last 90 days',
    'did "Email Opened" and not did "Email Clicked"',
    'did "Email Clicked" in the last 14 days or did "Product Viewed" where category is "cat5" in the last 14 days',
    'did "Checkout Started" in the last 2 days',
    'sum of revenue over (did "Order Completed" in the last 365 days) at least 200',
    'sum of revenue over (did "Order Completed") at least 1000',
    'average of revenue over (did "Order Completed") more than 60',
    'the last (did "Order Completed") has category is "cat7"',
    'did "Signed In" this month',
    "did anything in the last 14 days",
)
SCAN: Final = """
SELECT customer_id, count(*) FILTER (name = 'Order Completed'), count(*) FILTER (category = 'cat3'),
       count(*) FILTER (revenue > 50)
  FROM events GROUP BY customer_id"""
_NAMES: Final = (
    "['Page Viewed', 'Product Viewed', 'Product Added', 'Order Completed',"
    " 'Email Opened', 'Email Clicked', 'Checkout Started', 'Signed In']"
)


async def measure(quick: bool) -> list[Figure]:
    customers, events = (2_000, 100_000) if quick else (1_000_000, 50_000_000)
    with ground.folder() as folder:
        return await asyncio.to_thread(_measure, folder / "warehouse.duckdb", customers, events)


def _measure(path: Path, customers: int, events: int) -> list[Figure]:
    rules = {f"a{place}": parse_text(text) for place, text in enumerate(AUDIENCES)}
    query = compile_rules(rules, engine, UTC, everyone_at=AT)
    with duckdb.connect(str(path), config={"memory_limit": MEMORY, "preserve_insertion_order": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _settle(connection, customers, events)
        scanned_s = min(_timed(connection, SCAN) for _ in range(2))
        evaluated_s = min(_timed(connection, query.sql) for _ in range(2))
    return [
        Figure(f"{len(rules)} audiences over everyone", evaluated_s, "s", scanned_s,
               "a group-by-customer scan with three conditional counts in DuckDB",
               f"{customers:,} customers, {events:,} events, within {MEMORY} of memory"),
    ]  # fmt: skip


def _timed(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    began = perf_counter()
    connection.execute(f"CREATE OR REPLACE TEMPORARY TABLE answers AS {query}")
    return perf_counter() - began


def _settle(connection: duckdb.DuckDBPyConnection, customers: int, events: int) -> None:
    """Numbers hashed from the row's, so that every run has the same. Ordered by time, as a log is."""
    plain = {name: "VARCHAR" if kind.is_string() else "DOUBLE" for name, kind in engine.plain.items()}
    made = {"revenue": "(hash(i * 5) % 10000) / 100.0", "category": "'cat' || (hash(i * 3) % 20)"}
    columns = ", ".join(f"CAST({made.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in plain.items())
    connection.execute(
        "CREATE TABLE events AS SELECT CAST(md5(CAST(hash(i) % ? AS VARCHAR)) AS UUID) AS customer_id,"
        f" {_NAMES}[1 + CAST(hash(i * 7) % 8 AS INTEGER)] AS name, i AS seq, true AS by_customer,"
        " TIMESTAMPTZ '2025-09-01 00:00:00+00' + to_seconds(i * (86400.0 * 426 / ?)) AS \"at\","
        " CAST(MAP {} AS MAP(VARCHAR, VARCHAR)) AS text, CAST(MAP {} AS MAP(VARCHAR, DOUBLE)) AS number,"
        f" {columns} FROM range(?) AS made (i)",
        [customers, events, events],
    )
    connection.execute("CREATE TABLE customers AS SELECT DISTINCT customer_id FROM events")
    connection.execute(
        'CREATE TABLE trait_values (customer_id UUID, key VARCHAR, "at" TIMESTAMPTZ, seq BIGINT, text VARCHAR,'
        " number DOUBLE, instant TIMESTAMPTZ)"
    )
