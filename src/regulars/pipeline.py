"""The tick: the ordered list of the domains' steps, and the one function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final, TypeAlias

import structlog

from regulars.domains.audiences import step as audiences
from regulars.domains.customers import service as customers_service
from regulars.domains.customers import step as customers
from regulars.domains.events import step as events
from regulars.domains.journeys import service as journeys_service
from regulars.domains.journeys import step as journeys
from regulars.domains.lifecycle import step as lifecycle
from regulars.domains.messages import step as messages
from regulars.domains.verdicts import service as verdicts_service
from regulars.domains.verdicts import step as verdicts
from regulars.platform.tick import TICK_LOCK, Tick, prepare_connection
from regulars.platform.unit import SYSTEM, Connection, Units
from regulars.shared.ids import Ids

Step: TypeAlias = Callable[[Tick], Awaitable[None]]

STEPS: Final[tuple[Step, ...]] = (
    customers.identify,
    events.record,
    customers.record,
    customers.settle,
    verdicts.judge,
    lifecycle.settle,
    audiences.settle,
    messages.follow,
    journeys.advance,
    events.put_caused,
)
"""Nothing flows backwards: what a step causes is an event of the next tick."""

live_messages_max: Final = 2_000
historical_messages_max: Final = 5_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did. `ran` is false when there was nothing to do, or another process was at it."""

    ran: bool
    claimed: int
    counts: dict[str, int]
    seconds: float


class Pipeline:
    """Runs ticks on a connection of its own, which keeps the temporary relations the steps share."""

    def __init__(self, units: Units, ids: Ids, steps: Sequence[Step] = STEPS) -> None:
        self._units = units
        self._ids = ids
        self._steps = steps
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._memory: dict[str, Any] = {}
        self._history_next = False

    async def __aenter__(self) -> Pipeline:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def poll_once(self, at: datetime) -> Ticked:
        """One tick at `at`, if there is anything to do. It commits whole or leaves no trace."""
        connection = self._connection
        if connection is None or connection.closed:
            await self._stack.aclose()
            connection = await self._connect()
        began = perf_counter()
        async with connection.transaction():
            tick = Tick(connection, SYSTEM, at, self._ids, memory=self._memory)
            if not await tick.value(b"SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=TICK_LOCK):
                return Ticked(False, 0, {}, 0.0)
            claimed = await self._claim(tick)
            if not claimed and not await _has_work(tick):
                return Ticked(False, 0, {}, 0.0)
            for step in self._steps:
                await step(tick)
        return Ticked(True, claimed, tick.counts, perf_counter() - began)

    async def drain(self, at: datetime, *, ticks_max: int = 10_000) -> int:
        """Ticks at one instant until nothing is left to do; how many ran."""
        for ran in range(ticks_max):
            if not (await self.poll_once(at)).ran:
                return ran
        return ticks_max

    async def _claim(self, tick: Tick) -> int:
        """What is new goes first, but after a tick in which all that was new was taken, history has its turn: a shop
        that is never quiet must still finish an import."""
        if not self._history_next:
            claimed = await events.claim(tick, limit=live_messages_max, historical=False)
            if claimed or await _has_work(tick):
                self._history_next = claimed < live_messages_max
                return claimed
        self._history_next = False
        tick.historical = True
        if claimed := await events.claim(tick, limit=historical_messages_max, historical=True):
            return claimed
        tick.historical = False
        return await events.claim(tick, limit=live_messages_max, historical=False)

    async def _connect(self) -> Connection:
        self._connection = await self._stack.enter_async_context(self._units.connection())
        await prepare_connection(self._connection)
        return self._connection


async def _has_work(tick: Tick) -> bool:
    return (
        await verdicts_service.has_work(tick)
        or await journeys_service.has_work(tick)
        or await customers_service.has_orders(tick)
    )
