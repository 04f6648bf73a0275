"""One request, job or tick is one unit of work: one connection, one transaction, one actor, one instant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row, scalar_row
from psycopg_pool import AsyncConnectionPool

from regulars.shared.clock import Clock
from regulars.shared.ids import Ids

T = TypeVar("T")
Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does this: a member, a key, a customer through a link, or the system itself."""

    kind: str
    id: str
    name: str


SYSTEM = Actor("system", "system", "Regulars")


@dataclass
class Unit:
    """What a verb needs to read and write. Only the edge that opened the unit commits."""

    connection: Connection
    actor: Actor
    at: datetime
    ids: Ids

    def new_id(self) -> UUID:
        return self.ids.new(self.at)

    async def run(self, statement: bytes, **values: object) -> int:
        """Runs a statement; the number of rows it touched."""
        return (await self.connection.execute(statement, values)).rowcount

    async def let_go_when_stopped(self, after_s: float) -> None:
        """From now to the end of this unit: should this process be stopped with the unit open, and ask nothing for so
        long, PostgreSQL ends it, and with it every lock that others wait for. Awake again, it finds that out."""
        await self.connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{after_s}s'".encode())

    async def rows(self, statement: bytes, row: type[T], **values: object) -> list[T]:
        """The rows as instances of `row`, its fields named as the columns."""
        async with self.connection.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def row(self, statement: bytes, row: type[T], **values: object) -> T | None:
        async with self.connection.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchone()

    async def records(self, statement: bytes, **values: object) -> list[dict[str, Any]]:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def value(self, statement: bytes, **values: object) -> Any:
        """The first column of the first row, or None."""
        async with self.connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchone()

    async def values(self, statement: bytes, **values: object) -> Sequence[Any]:
        async with self.connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()


class Units:
    """Opens units on a pool. The instant is the clock's unless the caller brings one."""

    def __init__(self, pool: AsyncConnectionPool[Connection], clock: Clock, ids: Ids) -> None:
        self._pool = pool
        self._clock = clock
        self._ids = ids

    @property
    def clock(self) -> Clock:
        return self._clock

    @asynccontextmanager
    async def open(self, actor: Actor = SYSTEM, *, at: datetime | None = None) -> AsyncIterator[Unit]:
        """A transaction that commits when the block ends and leaves no trace when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield Unit(connection, actor, at or self._clock.now(), self._ids)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A bare connection, for those who keep one (the tick, LISTEN, COPY). If it turns out to be dead, so may be all
        that are kept for others, as after a restart of the server: those are found before anybody gets one."""
        async with self._pool.connection() as connection:
            try:
                yield connection
            finally:
                if connection.closed:
                    await self._pool.check()


def jsonable(values: Mapping[str, object]) -> dict[str, object]:
    """UUIDs and instants as text, so that a mapping can be stored as JSON."""
    return {
        key: value.hex if isinstance(value, UUID) else value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
    }
