"""The embedded warehouse: a DuckDB file. Rows and offsets are written in one transaction, and when identifiers move,
their rows are given to the new customer in the same."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Future
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import duckdb
import pyarrow as pa

from regulars.platform.warehouse.batches import Load
from regulars.platform.warehouse.facts import CUSTOMER, CUSTOMERS_SEEN, SEQ, Fact, Kind, layout
from regulars.platform.warehouse.sinks import WarehouseBusy

rows_per_answer: Final = 10_000
interrupted_every_s: Final = 0.02
T = TypeVar("T")

_Calls = dict[Future[Any], Callable[[], None] | None]
"""What runs in threads, and what interrupts it; None: it must end by itself."""
_TYPES: Final[Mapping[Kind, str]] = {
    "uuid": "UUID",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "truth": "BOOLEAN",
    "instant": "TIMESTAMPTZ",
    "texts": "MAP(VARCHAR, VARCHAR)",
    "numbers": "MAP(VARCHAR, DOUBLE)",
}
_CLOSED: Final = "The warehouse is not open."


class DuckSink:
    """Owns one DuckDB file (None: memory). One process writes it; its blocking calls run in threads, and none outlives
    whoever waits for it: DuckDB closes nothing that is busy."""

    dialect: Final = "duckdb"

    def __init__(self, path: Path | None, *, memory: str) -> None:
        self._path = path
        self._memory = memory
        self._facts: Sequence[Fact] = ()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._running: _Calls = {}
        self._questions: set[ExitStack] = set()

    async def look(self) -> str:
        if self._path is None or not self._path.exists():
            return f"{self._path or 'in memory'}, made when a server starts"
        return f"{self._path}, {self._path.stat().st_size / 1e6:.0f} MB"

    async def open(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        await self._in_thread(self._open)

    @property
    def address(self) -> str:
        return f"duckdb://{self._path or id(self)}"

    async def take_over(self) -> None:
        """A file is one process's, and what it has not committed is not there."""

    async def close(self) -> None:
        """Questions end with WarehouseBusy; a load ends by itself."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await _ended(self._running)
        finally:
            for question in list(self._questions):
                question.close()
            await self._in_thread(connection.close)

    async def offsets(self) -> Mapping[str, int]:
        return dict([row async for rows in self.stream("SELECT name, seq FROM offsets") for row in rows])

    async def load(self, load: Load) -> None:
        """Whole also when whoever asked for it is gone."""
        await self._in_thread(lambda: self._load(load))

    async def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        with ExitStack() as question:
            cursor = self._duck.cursor()
            question.callback(cursor.close)
            self._questions.add(question)
            question.callback(self._questions.discard, question)
            reader = await self._asked(cursor, lambda: _reader(question, cursor, query))
            while (rows := await self._asked(cursor, lambda: _next_rows(reader))) is not None:
                if rows:
                    yield rows

    async def _asked(self, cursor: duckdb.DuckDBPyConnection, ask: Callable[[], T]) -> T:
        if self._connection is None:
            raise WarehouseBusy(_CLOSED)
        try:
            return await self._in_thread(ask, cursor.interrupt)
        except (duckdb.Error, OSError):  # The second is how Arrow tells what DuckDB said.
            if self._connection is None:
                raise WarehouseBusy(_CLOSED) from None
            raise

    async def _in_thread(self, call: Callable[[], T], interrupt: Callable[[], None] | None = None) -> T:
        """A thread cannot be cancelled: whoever is, interrupts the call and waits for its end."""
        running = asyncio.get_running_loop().run_in_executor(None, call)
        self._running[running] = interrupt
        try:
            await asyncio.wait([running])
        except CancelledError:
            running.add_done_callback(Future.exception)  # Nobody is left to hear it.
            await _ended({running: interrupt})
            raise
        finally:
            del self._running[running]
        return running.result()

    @property
    def _duck(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise WarehouseBusy(_CLOSED)
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
        cursor = self._duck.cursor()
        cursor.execute("BEGIN")
        self._lay_out(cursor)
        cursor.execute("COMMIT")
        cursor.close()

    def _lay_out(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Drops everything if it was laid out otherwise."""
        wanted = layout(self._facts)
        kinds = dict(cursor.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall())
        if "layout" in kinds and cursor.execute("SELECT layout FROM layout").fetchall() == [(wanted,)]:
            return
        for name, kind in sorted(kinds.items(), key=lambda one: one[1] != "VIEW"):
            cursor.execute(f'DROP {"VIEW" if kind == "VIEW" else "TABLE"} "{name}"')
        cursor.execute("CREATE TABLE layout (layout VARCHAR NOT NULL)")
        cursor.execute("INSERT INTO layout VALUES (?)", [wanted])
        cursor.execute("CREATE TABLE offsets (name VARCHAR PRIMARY KEY, seq BIGINT NOT NULL)")
        for fact in self._facts:
            columns = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in fact.stored.items())
            cursor.execute(f"CREATE TABLE {fact.name} ({columns})")
        cursor.execute(f"CREATE VIEW customers AS SELECT DISTINCT {CUSTOMER} FROM {CUSTOMERS_SEEN}")

    def _load(self, load: Load) -> None:
        cursor = self._duck.cursor()
        cursor.execute("BEGIN")
        try:
            if load.moves.num_rows:
                self._follow(cursor, load.moves)
            for batch in load.batches:
                cursor.register("batch", batch.rows)
                names = ", ".join(f'"{name}"' for name in batch.rows.column_names)
                cursor.execute(f"INSERT INTO {batch.fact.name} ({names}) SELECT {names} FROM batch")
                cursor.unregister("batch")
            for name, seq in load.offsets.items():
                cursor.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?)", [name, seq])
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()

    def _follow(self, cursor: duckdb.DuckDBPyConnection, moves: pa.Table) -> None:
        """Gives every row of a moved identifier to the customer it points to now."""
        cursor.register("moves", moves)
        for fact in self._facts:
            if fact.moves:
                cursor.execute(
                    f"UPDATE {fact.name} SET {CUSTOMER} = CAST(moved.customer AS UUID) "
                    f"FROM (SELECT identifier_id, arg_max({CUSTOMER}, {SEQ}) AS customer FROM moves GROUP BY 1) "
                    f"AS moved "
                    f"WHERE {fact.name}.identifier_id = moved.identifier_id"
                )
        cursor.unregister("moves")


async def _ended(calls: _Calls) -> None:
    """Interrupts until all have ended: DuckDB forgets an interruption that comes before a query has begun. Being
    cancelled meanwhile is put off until then."""
    cancelled: CancelledError | None = None
    left = dict(calls)
    while left := {call: interrupt for call, interrupt in left.items() if not call.done()}:
        for interrupt in left.values():
            if interrupt is not None:
                interrupt()
        try:
            await asyncio.wait(left, timeout=interrupted_every_s)
        except CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _reader(question: ExitStack, cursor: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    """Ends with the question, before the cursor does: one that is open keeps the file open. DuckDB answers ahead, also
    while nobody reads, so what is left half read is interrupted: closing would wait for it."""
    reader = question.enter_context(cursor.sql(query).to_arrow_reader(rows_per_answer))
    question.callback(cursor.interrupt)
    return reader


def _next_rows(reader: pa.RecordBatchReader) -> list[tuple[Any, ...]] | None:
    """The next batch as rows; ids come from DuckDB as text."""
    try:
        batch = reader.read_next_batch()
    except StopIteration:
        return None
    columns = [
        [UUID(value) for value in column.to_pylist()] if name == CUSTOMER else column.to_pylist()
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))
