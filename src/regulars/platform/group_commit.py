"""Many callers, one transaction: what arrives while one commit is under way is written together by the next.

Each caller is answered when its own lot is durable. A disk flushes some hundred times a second; grouped, that is enough
for any number of callers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import psycopg
import structlog

from regulars.platform.unit import Connection, Units
from regulars.shared.errors import TooMany, Unavailable

items_waiting_max: Final = 50_000
bytes_waiting_max: Final = 64 * 1024 * 1024
group_items_max: Final = 5_000
group_bytes_max: Final = 8 * 1024 * 1024
tries_max: Final = 2
connect_timeout_s: Final = 3.0
answer_timeout_s: Final = 15.0
drain_timeout_s: Final = 5.0

T = TypeVar("T")
R = TypeVar("R")
log = structlog.get_logger(__name__)


class TooBusy(TooMany):
    """More is arriving than can be stored at this moment; send it again a little later."""


class NotStored(Unavailable):
    """This could not be stored. Nothing is lost if it is sent again."""


@dataclass(eq=False, slots=True)
class _Lot(Generic[T, R]):
    """What one caller brought, and the promise to tell it what became of it."""

    content: T
    items: int
    size: int
    result: asyncio.Future[R]


class GroupCommit(Generic[T, R]):
    """`write(connection, lots)` writes some lots and returns a result for each. It is called with a connection in
    autocommit mode, in which a single statement is a transaction of its own.

    A group whose connection broke is written once more on another, so a lot may be written twice: whoever reads it must
    tell copies by their ids.
    """

    def __init__(
        self,
        units: Units,
        write: Callable[[Connection, Sequence[T]], Awaitable[Sequence[R]]],
        *,
        items_max: int = items_waiting_max,
        bytes_max: int = bytes_waiting_max,
    ) -> None:
        self._units = units
        self._write = write
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._waiting: deque[_Lot[T, R]] = deque()
        self._taken: list[_Lot[T, R]] = []
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._failures = 0
        self._running = False
        self.items = 0
        self.size = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes as long as the block lasts. What waits when it ends is still written, if that takes no long time."""
        writer = asyncio.create_task(self._run())
        self._running = True
        try:
            yield
        finally:
            self._running = False
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_timeout_s):
                    await self._idle.wait()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            self._fail()

    async def submit(self, content: T, *, items: int, size: int) -> R:
        """What became of it, once it is durable. Raises TooBusy, and NotStored when the database is away."""
        if not self._running:
            raise NotStored
        if self.items and (self.items + items > self._items_max or self.size + size > self._bytes_max):
            raise TooBusy
        lot = _Lot[T, R](content, items, size, asyncio.get_running_loop().create_future())
        self._waiting.append(lot)
        self.items += items
        self.size += size
        self._arrived.set()
        self._idle.clear()
        try:
            async with asyncio.timeout(answer_timeout_s):
                return await lot.result
        except TimeoutError:
            raise NotStored from None

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            try:
                await self._write_on_one_connection()
            except TimeoutError:
                self._failures = tries_max
                log.warning("the database is away", waiting=len(self._taken) + len(self._waiting))
            except (psycopg.Error, OSError) as error:
                self._failures += 1
                log.warning("a group was not stored", error=str(error)[:200], lots=len(self._taken))
            except Exception:
                self._failures = tries_max
                log.exception("a group was not stored", lots=len(self._taken))
            if self._failures >= tries_max:
                self._fail()

    async def _write_on_one_connection(self) -> None:
        """Until it breaks. A connection is proven before it is trusted with a group: after a restart of the server the
        pool may hold several dead ones."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(connect_timeout_s):
                connection = await self._proven(stack)
            try:
                while True:
                    if not self._taken:
                        await self._take_group()
                    results = await self._write(connection, [lot.content for lot in self._taken])
                    self._failures = 0
                    for lot, result in zip(self._taken, results, strict=True):
                        if not lot.result.done():
                            lot.result.set_result(result)
                    self._put_down(self._taken)
                    self._taken = []
            finally:
                with suppress(psycopg.Error):
                    await connection.set_autocommit(False)

    async def _proven(self, stack: AsyncExitStack) -> Connection:
        while True:
            try:
                async with AsyncExitStack() as trial:
                    connection = await trial.enter_async_context(self._units.connection())
                    await connection.set_autocommit(True)
                    await connection.execute("SELECT")
                    stack.push_async_exit(trial.pop_all())
                    return connection
            except psycopg.OperationalError:
                await asyncio.sleep(0.01)

    async def _take_group(self) -> None:
        while not self._waiting:
            self._idle.set()
            self._arrived.clear()
            await self._arrived.wait()
        items = size = 0
        while self._waiting and (not self._taken or (items < group_items_max and size < group_bytes_max)):
            lot = self._waiting.popleft()
            self._taken.append(lot)
            items += lot.items
            size += lot.size

    def _fail(self) -> None:
        """Everybody who waits learns that nothing came of it, and may ask again."""
        lots = [*self._taken, *self._waiting]
        self._taken = []
        self._waiting.clear()
        self._arrived.clear()
        self._idle.set()
        self._failures = 0
        for lot in lots:
            if not lot.result.done():
                lot.result.set_exception(NotStored())
        self._put_down(lots)

    def _put_down(self, lots: Sequence[_Lot[T, R]]) -> None:
        self.items -= sum(lot.items for lot in lots)
        self.size -= sum(lot.size for lot in lots)
