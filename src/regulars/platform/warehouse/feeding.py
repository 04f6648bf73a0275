"""The warehouse: a copy of the log for reading much at once, fed by offset into a sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import psycopg
from psycopg import AsyncCursor

from regulars.platform.unit import Connection, Units
from regulars.platform.warehouse.batches import Batch, Load, batch_of, moves_of
from regulars.platform.warehouse.facts import EVENTS, MOVES, SEQ, Fact, Moves
from regulars.platform.warehouse.reconciling import Compared, compare, log_rows, position_of, query_of
from regulars.platform.warehouse.sinks import Sink, WarehouseFedElsewhere

rows_per_batch: Final = 20_000
rows_between_pauses: Final = 500
_HOLD: Final = b"SELECT pg_try_advisory_lock(hashtextextended(%(address)s, 2))"
_NUMBER: Final = b"SELECT pg_advisory_xact_lock(hashtextextended('warehouse.number', 2))"
_LET_GO: Final = b"SELECT pg_advisory_unlock(hashtextextended(%(address)s, 2))"

_Read = list[tuple[Fact, list[dict[str, Any]]]]


class Warehouse:
    """Follows the log into one sink. The process that feeds it holds a lock in the database, on a connection of its
    own; when that is lost, so is the lock."""

    def __init__(self, units: Units, facts: Sequence[Fact], moves: Moves, sink: Sink) -> None:
        self._units = units
        self._facts = facts
        self._moves = moves
        self._sink = sink
        self._feeding = asyncio.Lock()
        self._kept = AsyncExitStack()
        self._connection: Connection | None = None

    @property
    def dialect(self) -> str:
        return self._sink.dialect

    async def open(self) -> None:
        await self._sink.open(self._facts)

    async def close(self) -> None:
        async with self._feeding:
            await self._let_go()
        await self._sink.close()

    async def feed(self) -> int:
        """Brings everything recorded so far into the warehouse; the number of rows that came. Raises
        WarehouseFedElsewhere."""
        total = 0
        while True:
            async with self._feeding:
                came, more = await self._feed_once(await self._hold())
            total += came
            if not more:
                return total

    async def catch_up(self, seq: int) -> None:
        """Feeds in any case: identifiers may have moved since, also when no event has come."""
        while await self.feed() and (await self.offsets()).get(EVENTS, 0) < seq:
            continue

    async def offsets(self) -> Mapping[str, int]:
        return await self._sink.offsets()

    def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        return self._sink.stream(query)

    async def compare(self, cursor: str | None) -> Compared:
        """One range of one fact, in the log and in the warehouse, with nothing fed in between. What is not fed yet is
        no difference. Raises RangeUnknown."""
        place, after = position_of(cursor, self._facts)
        fact = self._facts[place]
        async with self._feeding:
            connection = await self._hold()
            batch, reached = await self._log_range(connection, fact, after)
            full = batch is not None and batch.rows.num_rows == rows_per_batch and batch.last < reached
            last = batch.last if full and batch is not None else None
            found = [row async for rows in self.stream(query_of(fact, after, last)) for row in rows]
        if full:
            following: str | None = f"{fact.name}.{last}"
        else:
            following = f"{self._facts[place + 1].name}.0" if place + 1 < len(self._facts) else None
        end = max(reached, after) if last is None else last
        return await asyncio.to_thread(compare, fact, after + 1, end, log_rows(batch), found, following)

    async def _log_range(self, connection: Connection, fact: Fact, after: int) -> tuple[Batch | None, int]:
        """The next rows of a fact up to where the warehouse is, each with the customer that the warehouse knows of:
        identifiers that have moved since are followed first."""
        while True:
            offsets = await self._sink.offsets()
            reached = offsets.get(fact.name, 0)
            async with connection.transaction():
                await connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                moved = await connection.execute(self._moves.select, {"after": offsets.get(MOVES, 0)})
                if await moved.fetchone() is None:
                    cursor = await connection.execute(fact.select, {"after": after, "rows_max": rows_per_batch})
                    rows = [row for row in await _records(cursor) if row[SEQ] <= reached]
                    return (await asyncio.to_thread(batch_of, fact, rows) if rows else None), reached
            await self._feed_once(connection)

    async def _hold(self) -> Connection:
        """The connection that holds the lock."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        await self._kept.aclose()
        connection = await self._kept.enter_async_context(self._units.connection())
        async with connection.transaction():
            cursor = await connection.execute(_HOLD, {"address": self._sink.address})
            held = await cursor.fetchone() == (True,)
        if not held:
            await self._kept.aclose()
            raise WarehouseFedElsewhere
        self._connection = connection
        try:
            await self._sink.take_over()
        except BaseException:
            await self._let_go()
            raise
        return connection

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            # A connection that is lost has let go by itself.
            with suppress(psycopg.OperationalError):
                async with connection.transaction():
                    await connection.execute(_LET_GO, {"address": self._sink.address})
        await self._kept.aclose()

    async def _feed_once(self, connection: Connection) -> tuple[int, bool]:
        """One consistent look at the log, one load. Moves are always taken whole, so that every row is where the log
        has it at that look."""
        await self._number(connection)
        read: _Read = []
        offsets = dict(await self._sink.offsets())
        async with connection.transaction():
            await connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for fact in self._facts:
                after = offsets.get(fact.name, 0)
                cursor = await connection.execute(fact.select, {"after": after, "rows_max": rows_per_batch})
                read.append((fact, await _records(cursor)))
            cursor = await connection.execute(self._moves.select, {"after": offsets.get(MOVES, 0)})
            moves = await cursor.fetchall()
        came = sum(len(rows) for _, rows in read)
        if came or moves:
            await self._sink.load(await asyncio.to_thread(_load, read, moves, offsets))
        return came, any(len(rows) == rows_per_batch for _, rows in read)

    async def _number(self, connection: Connection) -> None:
        """In a transaction of its own: the look must see what was numbered, and only one at a time may number."""
        async with connection.transaction():
            await connection.execute(_NUMBER)
            for fact in self._facts:
                if fact.number is not None:
                    await connection.execute(fact.number, {"rows_max": rows_per_batch})


def _load(read: _Read, moves: Sequence[Sequence[Any]], offsets: Mapping[str, int]) -> Load:
    batches = [batch_of(fact, rows) for fact, rows in read if rows]
    reached = {**offsets, **{batch.fact.name: batch.last for batch in batches}}
    if moves:
        reached[MOVES] = moves[-1][0]
    return Load(batches, moves_of(moves), reached)


async def _records(cursor: AsyncCursor[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """All rows, taken apart with pauses in which requests are answered."""
    names = [column.name for column in cursor.description or ()]
    records: list[dict[str, Any]] = []
    while rows := await cursor.fetchmany(rows_between_pauses):
        records.extend(dict(zip(names, row, strict=True)) for row in rows)
        await asyncio.sleep(0)
    return records
