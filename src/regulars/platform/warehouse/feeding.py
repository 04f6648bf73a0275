"""The warehouse: a copy of the log for reading much at once, fed by offset into a sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import psycopg
import structlog

from regulars.platform.checkpoints import checkpoint
from regulars.platform.history import history_of
from regulars.platform.log.months import log_begins
from regulars.platform.unit import Connection, Units
from regulars.platform.warehouse.batches import COPIED_AS, Batch, Load, batch_of, moves_of
from regulars.platform.warehouse.facts import EVENTS, MOVES, RECEIVED, Fact, Moves
from regulars.platform.warehouse.reconciling import Compared, compare, log_rows, position_of, query_of
from regulars.platform.warehouse.sinks import Sink, WarehouseFedElsewhere, WarehouseOfAnotherHistory

_log = structlog.get_logger(__name__)
HISTORY: Final = "history"
"""Among the offsets: which history of the database they are of."""
rows_per_batch: Final = 20_000
_HOLD: Final = b"SELECT pg_try_advisory_lock(hashtextextended(%(address)s, 2))"
_NUMBER: Final = b"SELECT pg_advisory_xact_lock(hashtextextended('warehouse.number', 2))"
_LET_GO: Final = b"SELECT pg_advisory_unlock(hashtextextended(%(address)s, 2))"

_Copied = Sequence[tuple[Fact, bytearray]]


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
        self._history = 0

    @property
    def dialect(self) -> str:
        return self._sink.dialect

    async def open(self) -> None:
        """Raises WarehouseOfAnotherHistory, rather than mix what two databases tell."""
        async with self._units.open() as unit:
            self._history = await history_of(unit)
            begins = await log_begins(unit)
        await self._sink.open(self._facts)
        offsets = await self._sink.offsets()
        if begins is not None and EVENTS not in offsets:
            _log.warning("warehouse_begins_late", address=self._sink.address, begins=begins.isoformat())
        if offsets.get(HISTORY, self._history) != self._history:
            await self._sink.close()
            raise WarehouseOfAnotherHistory(
                f"The warehouse {self._sink.address} was fed by another database, or by this one before it was "
                "restored from a backup. Empty it, or name another in REGULARS_WAREHOUSE_URL: it is made again "
                "from the log."
            )

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
            is_here, first = await self._still_here(connection, fact)
            after = max(after, first - 1)
            batch, reached = await self._log_range(connection, fact, after)
            full = batch is not None and batch.rows.num_rows == rows_per_batch and batch.last < reached
            last = batch.last if full and batch is not None else None
            wanted = query_of(fact, after, last)
            found = [row async for rows in self.stream(wanted) for row in rows if is_here(row)]
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
                    copied = await _copied(connection, fact, after)
                    batch = await asyncio.to_thread(batch_of, fact, copied)
                    return (None if batch is None else batch.until(reached)), reached
            await self._feed_once(connection)

    async def _still_here(self, connection: Connection, fact: Fact) -> tuple[Callable[[Sequence[Any]], bool], int]:
        """Tells which rows of the warehouse the log should have too; and the first that it has, so that nobody reads
        years that it has not."""
        async with connection.transaction():
            row = await (await connection.execute(fact.begins)).fetchone() if fact.begins else None
            if row is None or row[0] is None:
                return (lambda _: True), 0
            begins, place = row[0], list(fact.stored).index(RECEIVED)
            first = await (await connection.execute(fact.select, {"after": 0, "rows_max": 1})).fetchone()
        return (lambda found: found[place] >= begins), 0 if first is None else first[0]

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
        load = await self._look(connection, dict(await self._sink.offsets()))
        if load.batches or load.moves.num_rows:
            checkpoint("warehouse.before_commit")
            await self._sink.load(load)
            checkpoint("warehouse.after_commit")
        came = [batch.rows.num_rows for batch in load.batches]
        return sum(came), rows_per_batch in came

    async def _look(self, connection: Connection, offsets: Mapping[str, int]) -> Load:
        async with connection.transaction():
            await connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            copied = [(fact, await _copied(connection, fact, offsets.get(fact.name, 0))) for fact in self._facts]
            cursor = await connection.execute(self._moves.select, {"after": offsets.get(MOVES, 0)})
            moves = await cursor.fetchall()
        return await asyncio.to_thread(_load, copied, moves, {**offsets, HISTORY: self._history})

    async def _number(self, connection: Connection) -> None:
        """In a transaction of its own: the look must see what was numbered, and only one at a time may number."""
        async with connection.transaction():
            await connection.execute(_NUMBER)
            for fact in self._facts:
                if fact.number is not None:
                    await connection.execute(fact.number, {"rows_max": rows_per_batch})


def _load(copied: _Copied, moves: Sequence[Sequence[Any]], offsets: Mapping[str, int]) -> Load:
    batches = [batch for fact, rows in copied if (batch := batch_of(fact, rows)) is not None]
    reached = {**offsets, **{batch.fact.name: batch.last for batch in batches}}
    if moves:
        reached[MOVES] = moves[-1][0]
    return Load(batches, moves_of(moves), reached)


async def _copied(connection: Connection, fact: Fact, after: int) -> bytearray:
    """The next rows of a fact, not taken apart yet: what is done here is done between requests."""
    copied = bytearray()
    statement = b"COPY (%b) TO STDOUT %b" % (fact.select, COPIED_AS)
    rows = {"after": after, "rows_max": rows_per_batch}
    async with connection.cursor() as cursor, cursor.copy(statement, rows) as copy:
        async for block in copy:
            copied += block
    return copied
