"""The embedded warehouse: DuckDB, fed from the log by offset, each batch and its offset in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import duckdb
import pyarrow as pa
import structlog
from psycopg import AsyncCursor

from regulars.platform.unit import Units
from regulars.platform.warehouse.facts import Fact, Moves
from regulars.platform.warehouse.properties import flatten
from regulars.shared.errors import Unavailable

rows_per_batch: Final = 20_000
rows_per_answer: Final = 10_000
rows_between_pauses: Final = 500
COMMERCE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("revenue", "quantity", "price"), "DOUBLE"),
    **dict.fromkeys(("currency", "order_id", "product_id", "category", "url", "coupon"), "VARCHAR"),
}
_ARROW: Final = {
    "VARCHAR": pa.string(),
    "UUID": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
    "MAP(VARCHAR, DOUBLE)": pa.map_(pa.string(), pa.float64()),
}
_ADD_CUSTOMERS: Final = "INSERT INTO customers SELECT DISTINCT CAST(customer_id AS UUID) FROM {} ON CONFLICT DO NOTHING"
_log = structlog.get_logger(__name__)


class WarehouseBusy(Unavailable):
    """Another process holds this warehouse's file."""


class DuckWarehouse:
    """Owns one DuckDB file. One process writes it; its blocking calls run in threads."""

    dialect: Literal["duckdb"] = "duckdb"

    def __init__(self, units: Units, facts: Sequence[Fact], moves: Moves, *, path: Path | None, memory: str) -> None:
        self._units = units
        self._facts = facts
        self._moves = moves
        self._path = path
        self._memory = memory
        self._feeding = asyncio.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    async def open(self) -> None:
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.to_thread(connection.close)

    @property
    def _duck(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise WarehouseBusy("The warehouse is not open.")
        return self._connection

    def _open(self) -> None:
        options: dict[str, Any] = {
            "memory_limit": self._memory,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        }
        try:
            if self._path:  # With a database by URL nobody else makes the data folder.
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(self._path) if self._path else ":memory:", config=options)
        except (duckdb.IOException, OSError) as error:
            raise WarehouseBusy(f"The warehouse {self._path} cannot be opened: {error}") from None
        self._duck.execute("SET TimeZone = 'UTC'")
        self._duck.execute("CREATE TABLE IF NOT EXISTS offsets (name VARCHAR PRIMARY KEY, seq BIGINT NOT NULL)")
        self._duck.execute("CREATE TABLE IF NOT EXISTS customers (customer_id UUID PRIMARY KEY)")
        for fact in self._facts:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in _stored(fact).items())
            self._duck.execute(f"CREATE TABLE IF NOT EXISTS {fact.name} (seq BIGINT NOT NULL, {columns})")

    async def feed(self) -> int:
        """Brings everything recorded so far into the warehouse; the number of rows that came."""
        total = 0
        while True:
            async with self._feeding:
                came, more = await self._feed_once()
            total += came
            if not more:
                return total

    async def catch_up(self, seq: int) -> None:
        """Feeds in any case: identifiers may have moved since, also when no event has come."""
        while await self.feed() and (await self.offsets()).get(self._facts[0].name, 0) < seq:
            continue

    async def offsets(self) -> dict[str, int]:
        rows = await asyncio.to_thread(lambda: self._duck.cursor().execute("SELECT name, seq FROM offsets").fetchall())
        return dict(rows)

    async def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        cursor = self._duck.cursor()
        try:
            reader = await asyncio.to_thread(lambda: cursor.sql(query).to_arrow_reader(rows_per_answer))
            while True:
                rows = await asyncio.to_thread(_next_rows, reader)
                if rows is None:
                    return
                if rows:
                    yield rows
        finally:
            cursor.close()

    async def _feed_once(self) -> tuple[int, bool]:
        """One consistent look at the log, one transaction here. Moves are always taken whole, so that every row is
        where the log has it at that look."""
        read: list[tuple[Fact, list[dict[str, Any]]]] = []
        offsets = await self.offsets()
        async with self._units.connection() as connection, connection.transaction():
            await connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for fact in self._facts:
                after = offsets.get(fact.name, 0)
                cursor = await connection.execute(fact.select, {"after": after, "rows_max": rows_per_batch})
                read.append((fact, await _records(cursor)))
            cursor = await connection.execute(self._moves.select, {"after": offsets.get("identifier_moves", 0)})
            moves = await cursor.fetchall()
        came = sum(len(rows) for _, rows in read)
        if came or moves:
            await asyncio.to_thread(self._load, read, moves)
        return came, any(len(rows) == rows_per_batch for _, rows in read)

    def _load(self, read: Sequence[tuple[Fact, list[dict[str, Any]]]], moves: Sequence[tuple[Any, ...]]) -> None:
        cursor = self._duck.cursor()
        cursor.execute("BEGIN")
        try:
            if moves:
                self._follow(cursor, moves)
            for fact, rows in read:
                if rows:
                    batch = _table(fact, rows)
                    cursor.register("batch", batch)
                    names = ", ".join(f'"{name}"' for name in batch.column_names)
                    cursor.execute(f"INSERT INTO {fact.name} ({names}) SELECT {names} FROM batch")
                    cursor.execute(_ADD_CUSTOMERS.format("batch"))
                    cursor.unregister("batch")
                    cursor.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?)", [fact.name, rows[-1]["seq"]])
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()

    def _follow(self, cursor: duckdb.DuckDBPyConnection, moves: Sequence[tuple[Any, ...]]) -> None:
        """Gives every row of a moved identifier to the customer it points to now."""
        latest = {identifier: str(customer) for _, identifier, customer in moves}
        moved = pa.table({"identifier_id": list(latest), "customer_id": list(latest.values())})
        cursor.register("moved", moved)
        for fact in self._facts:
            cursor.execute(
                f"UPDATE {fact.name} SET customer_id = CAST(moved.customer_id AS UUID) FROM moved "
                f"WHERE {fact.name}.identifier_id = moved.identifier_id"
            )
        cursor.execute(
            "INSERT INTO customers SELECT DISTINCT CAST(customer_id AS UUID) FROM moved ON CONFLICT DO NOTHING"
        )
        cursor.unregister("moved")
        first = self._facts[0].name
        cursor.execute(f"DELETE FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM {first})")
        cursor.execute("INSERT OR REPLACE INTO offsets VALUES ('identifier_moves', ?)", [moves[-1][0]])


async def _records(cursor: AsyncCursor[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """All rows, taken apart with pauses in which requests are answered."""
    names = [column.name for column in cursor.description or ()]
    records: list[dict[str, Any]] = []
    while rows := await cursor.fetchmany(rows_between_pauses):
        records.extend(dict(zip(names, row, strict=True)) for row in rows)
        await asyncio.sleep(0)
    return records


def _stored(fact: Fact) -> dict[str, str]:
    """The columns of a fact in the warehouse: properties come apart."""
    columns: dict[str, str] = {}
    for name, kind in fact.columns.items():
        if name == "properties":
            columns |= {"text": "MAP(VARCHAR, VARCHAR)", "number": "MAP(VARCHAR, DOUBLE)", **COMMERCE}
        else:
            columns[name] = kind
    return columns


def _table(fact: Fact, rows: Sequence[dict[str, Any]]) -> pa.Table:
    data: dict[str, list[Any]] = {"seq": [row["seq"] for row in rows]}
    for name in fact.columns:
        if name == "properties":
            flat = [flatten(row["properties"]) for row in rows]
            data["text"] = [list(texts.items()) for texts, _ in flat]
            data["number"] = [list(numbers.items()) for _, numbers in flat]
            for plain, kind in COMMERCE.items():
                data[plain] = [one[kind == "DOUBLE"].get(plain) for one in flat]
        elif fact.columns[name] == "UUID":
            data[name] = [None if row[name] is None else str(row[name]) for row in rows]
        else:
            data[name] = [row[name] for row in rows]
    kinds = {"seq": "BIGINT", **_stored(fact)}
    return pa.table({name: pa.array(values, _ARROW[kinds[name]]) for name, values in data.items()})


def _next_rows(reader: pa.RecordBatchReader) -> list[tuple[Any, ...]] | None:
    """The next batch as rows; ids come from DuckDB as text."""
    try:
        batch = reader.read_next_batch()
    except StopIteration:
        return None
    columns = [
        [UUID(value) for value in column.to_pylist()] if name == "customer_id" else column.to_pylist()
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))
