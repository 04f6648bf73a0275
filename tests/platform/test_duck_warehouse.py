"""Nothing runs on in the embedded warehouse when nobody waits for it any more. That it follows the log is tested with
the other warehouses."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Task
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from regulars.platform.warehouse.batches import Batch, Load, moves_of
from regulars.platform.warehouse.duck import DuckSink, rows_per_answer
from regulars.platform.warehouse.facts import CUSTOMERS_SEEN, Fact
from regulars.platform.warehouse.sinks import WarehouseBusy

FACT = Fact(CUSTOMERS_SEEN, "a customer", {"customer_id": "uuid", "identifier_id": "whole"}, b"")
LONG = "SELECT count(*) AS n FROM range(30000) AS a, range(100000) AS b WHERE (a.range * b.range) % 7 = 8"
MANY_AND_LONG = f"SELECT range AS n FROM range(100000) UNION ALL {LONG}"
soon_s = 10
"""Long enough for a busy machine, and shorter than a long question takes."""


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[DuckSink]:
    sink = DuckSink(tmp_path / "w.duckdb", memory="512MB")
    await sink.open([FACT])
    # One thread: while it is busy, nothing else is done in any.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))
    yield sink
    await sink.close()


def load(rows: int) -> Load:
    customer = "018f0000-0000-7000-8000-000000000000"
    seqs = list(range(1, rows + 1))
    table = pa.table({"seq": seqs, "customer_id": [customer] * rows, "identifier_id": seqs})
    return Load([Batch(FACT, table)], moves_of([]), {FACT.name: rows})


def asked(sink: DuckSink, query: str) -> AsyncGenerator[Any, None]:
    answer = sink.stream(query)
    assert isinstance(answer, AsyncGenerator)
    return answer


async def all_of(sink: DuckSink, query: str) -> list[Any]:
    async with aclosing(asked(sink, query)) as answer:
        return [row async for rows in answer for row in rows]


async def begun(sink: DuckSink, query: str) -> Task[list[Any]]:
    asking = asyncio.create_task(all_of(sink, query))
    await asyncio.sleep(0.5)
    assert not asking.done()
    return asking


async def half_read(sink: DuckSink) -> AsyncGenerator[Any, None]:
    """An answer that DuckDB still works on, though nobody reads. What it begins with is chance, so it is asked again
    until its first rows come first."""
    for _ in range(30):
        answer = asked(sink, MANY_AND_LONG)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                assert 0 < len(await anext(answer)) <= rows_per_answer
            return answer
    raise AssertionError("no rows came")


async def the_file_is_free(sink: DuckSink, path: Path) -> None:
    """No thread works, and nothing holds the file."""
    async with asyncio.timeout(soon_s):
        await asyncio.to_thread(lambda: None)
        await sink.close()
        await asyncio.sleep(0)  # A loop that was held up notices only now that it is late.
    with duckdb.connect(str(path / "w.duckdb"), config={"threads": 1}) as connection:
        assert connection.execute("SELECT count(*) FROM offsets").fetchone() is not None


@pytest.mark.parametrize("query", [LONG, MANY_AND_LONG], ids=["before the first rows", "after them"])
async def test_a_question_ends_when_whoever_asks_is_cancelled(sink: DuckSink, tmp_path: Path, query: str) -> None:
    asking = await begun(sink, query)
    asking.cancel()
    async with asyncio.timeout(soon_s):
        with pytest.raises(CancelledError):
            await asking
        assert await all_of(sink, "SELECT 1 AS n") == [(1,)]
    await the_file_is_free(sink, tmp_path)


async def test_a_question_that_is_cancelled_before_it_has_begun_ends_too(sink: DuckSink, tmp_path: Path) -> None:
    asking = asyncio.create_task(all_of(sink, LONG))
    await asyncio.sleep(0)
    asking.cancel()
    async with asyncio.timeout(soon_s):
        with pytest.raises(CancelledError):
            await asking
    await the_file_is_free(sink, tmp_path)


async def test_whoever_is_cancelled_twice_still_waits_for_the_end(sink: DuckSink, tmp_path: Path) -> None:
    asking = await begun(sink, LONG)
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    async with asyncio.timeout(soon_s):
        with pytest.raises(CancelledError):
            await asking
    await the_file_is_free(sink, tmp_path)


async def test_an_answer_may_be_left_between_its_batches(sink: DuckSink, tmp_path: Path) -> None:
    answer = await half_read(sink)
    async with asyncio.timeout(soon_s):
        await answer.aclose()
        await asyncio.sleep(0)  # A loop that was held up notices only now that it is late.
    await the_file_is_free(sink, tmp_path)


async def test_the_warehouse_closes_while_it_is_asked(sink: DuckSink, tmp_path: Path) -> None:
    asking = await begun(sink, LONG)
    async with asyncio.timeout(soon_s):
        await sink.close()
        with pytest.raises(WarehouseBusy, match="not open"):
            await asking
    await the_file_is_free(sink, tmp_path)


async def test_the_warehouse_closes_while_an_answer_is_half_read(sink: DuckSink, tmp_path: Path) -> None:
    answer = await half_read(sink)
    await the_file_is_free(sink, tmp_path)
    with pytest.raises(WarehouseBusy, match="not open"):
        await anext(answer)


async def test_a_load_is_whole_though_whoever_asked_for_it_is_cancelled(sink: DuckSink, tmp_path: Path) -> None:
    rows = 200_000
    loading = asyncio.create_task(sink.load(load(rows)))
    await asyncio.sleep(0)
    loading.cancel()
    async with asyncio.timeout(soon_s):
        with pytest.raises(CancelledError):
            await loading
    assert await sink.offsets() == {FACT.name: rows}
    await the_file_is_free(sink, tmp_path)


async def test_closing_waits_for_a_load(sink: DuckSink, tmp_path: Path) -> None:
    rows = 200_000
    loading = asyncio.create_task(sink.load(load(rows)))
    await asyncio.sleep(0.02)
    assert not loading.done()
    await the_file_is_free(sink, tmp_path)
    await loading
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute(f"SELECT count(*), max(seq) FROM {FACT.name}").fetchone() == (rows, rows)
