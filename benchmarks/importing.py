"""A file of orders through `regulars import`, and worked in as history."""

from __future__ import annotations

import csv
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks import ground
from benchmarks.accepting import copy_again
from benchmarks.figures import Figure
from benchmarks.served import ENVIRONMENT, PROGRAM
from regulars.pipeline import Pipeline
from regulars.shared.ids import Ids


async def measure(quick: bool) -> list[Figure]:
    rows = 500 if quick else 50_000
    with ground.folder() as data:
        file = data / "orders.csv"
        _write(file, rows)
        async with ground.running(data) as (server, units):
            told = subprocess.run(  # noqa: ASYNC221  (nothing else is to run meanwhile)
                [PROGRAM, "import", str(file), "--mapping", "generic-orders", "--data", str(data), "--json"],
                check=True, capture_output=True, cwd=data, timeout=600, env=ENVIRONMENT,
            )  # fmt: skip
            report = json.loads(told.stdout)
            assert report["accepted"] == rows, report
            messages, copied_s = copy_again(server.url)
            async with Pipeline(units, Ids()) as pipeline:
                began = perf_counter()
                await pipeline.drain(ground.now())
                worked_in_s = perf_counter() - began
    per_row = messages / rows
    beside = "COPY of the messages they became"
    return [
        Figure(
            "imported", rows / report["seconds"], "rows/s", rows / copied_s, beside, f"{per_row:.1f} messages a row"
        ),
        Figure("worked in as history", rows / worked_in_s, "rows/s", rows / copied_s, beside, "no rules in force"),
    ]


def _write(file: Path, rows: int) -> None:
    begins = datetime(2025, 1, 1, tzinfo=UTC)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["order_id", "ordered_at", "customer_id", "email", "revenue", "currency", "items", "country"])
        for number in range(rows):
            customer = number * 7919 % max(1, rows // 5)
            at = (begins + timedelta(minutes=7 * number)).isoformat()
            address = f"c{customer}@shop.example"
            writer.writerow([f"o{number}", at, f"c{customer}", address, 10 + number % 190, "EUR", 1 + number % 4, "DE"])
