"""The tick: the ordered list of the domains' steps, and the one function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final, TypeAlias

import psycopg
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
narrowing: Final = 16
tries_alone_max: Final = 3
put_aside_max: Final = 3
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did. `ran` is false when there was nothing to do, or another process was at it."""

    ran: bool
    claimed: int
    counts: dict[str, int]
    seconds: float


class _Search:
    """For the message that makes ticks fail: fewer and fewer are taken at a time, until it stands alone."""

    def __init__(self) -> None:
        self.share = 1
        """One in so many of the messages that a tick may take is taken."""
        self.tries = 0
        """How often a tick with one message alone has failed."""
        self._suspects = 0
        self._historical = False

    def narrow(self, claimed: int, *, historical: bool) -> None:
        self._suspects, self._historical = claimed, historical
        if claimed > 1:
            self.share *= narrowing
        else:
            self.tries += 1

    def acquit(self, claimed: int, *, historical: bool) -> None:
        """What has been worked in, or put aside, is no suspect any more."""
        if historical == self._historical:
            self._suspects -= claimed
            self.tries = 0
            if self._suspects <= 0:
                self.share = 1


class Pipeline:
    """Runs ticks on a connection of its own, which keeps the temporary relations the steps share.

    A message that no tick can work in must not stop all others: once it alone has made `tries_alone_max` ticks fail,
    and a tick without it does not, it goes among the rejections. If that happens to several in a row, it is not them
    that are at fault, and every message waits until the fault is found."""

    def __init__(self, units: Units, ids: Ids, steps: Sequence[Step] = STEPS) -> None:
        self._units = units
        self._ids = ids
        self._steps = steps
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._memory: dict[str, Any] = {}
        self._history_next = False
        self._live_at: datetime | None = None
        self._search = _Search()
        self._alone = 0
        self._put_aside = 0

    async def __aenter__(self) -> Pipeline:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def poll_once(self, at: datetime) -> Ticked:
        """One tick at `at`, if there is anything to do. It commits whole or leaves no trace."""
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connect()
        tick = Tick(connection, SYSTEM, at, self._ids, memory=self._memory)
        try:
            ticked = await self._run(tick, self._search.share)
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError):
            raise  # The world's doing, and no message's.
        except Exception as error:
            await self._look_for_the_fault(tick, error)
            raise
        if ticked.claimed:
            self._search.acquit(ticked.claimed, historical=tick.historical)
            self._put_aside = 0
        return ticked

    async def drain(self, at: datetime, *, ticks_max: int = 10_000) -> int:
        """Ticks at one instant until nothing is left to do; how many ran."""
        for ran in range(ticks_max):
            if not (await self.poll_once(at)).ran:
                return ran
        return ticks_max

    async def _run(self, tick: Tick, share: int | None) -> Ticked:
        """One in `share` of the messages that a tick may take is taken; None: no message."""
        began = perf_counter()
        live_max, historical_max = (
            max(1, most // share) if share else 0 for most in (live_messages_max, historical_messages_max)
        )
        async with tick.connection.transaction():
            if not await tick.value(b"SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=TICK_LOCK):
                return Ticked(False, 0, {}, 0.0)
            claimed = await self._claim(tick, live_max, historical_max)
            if not claimed and not await _has_work(tick):
                return Ticked(False, 0, {}, 0.0)
            if claimed == 1:
                self._alone = await events.first_claimed(tick)
            for step in self._steps:
                await step(tick)
        if share:
            self._history_next = not tick.historical and claimed < live_max
            self._live_at = tick.at
        return Ticked(True, claimed, tick.counts, perf_counter() - began)

    async def _claim(self, tick: Tick, live_max: int, historical_max: int) -> int:
        """What is new goes first, but after a tick in which all that was new was taken, history has its turn: a shop
        that is never quiet must still finish an import. What history changes is not told, so it is worked in at an
        instant at which nothing is due that must be."""
        asked_at = tick.at
        if self._history_next and self._live_at is not None:
            tick.at = min(self._live_at, asked_at)
            if not await _has_work(tick) and (claimed := await _claim_history(tick, historical_max)):
                return claimed
            tick.at = asked_at
        if (claimed := await events.claim(tick, limit=live_max, historical=False)) or await _has_work(tick):
            return claimed
        return await _claim_history(tick, historical_max)

    async def _look_for_the_fault(self, failed: Tick, error: Exception) -> None:
        claimed = failed.counts.get("claimed", 0)
        if not claimed:
            return
        self._search.narrow(claimed, historical=failed.historical)
        if self._search.tries < tries_alone_max or self._put_aside == put_aside_max:
            return
        try:
            await self._run(Tick(failed.connection, SYSTEM, failed.at, self._ids, memory=self._memory), None)
        except Exception:
            _log.exception("tick_fails_without_messages")
            return
        async with self._units.open(at=failed.at) as unit:
            await events.put_aside(unit, self._alone, because=f"{type(error).__name__}: {error}")
        self._search.acquit(1, historical=failed.historical)
        self._put_aside += 1

    async def _connect(self) -> Connection:
        self._connection = None
        await self._stack.aclose()
        connection = await self._stack.enter_async_context(self._units.connection())
        await prepare_connection(connection)
        self._connection = connection
        return connection


async def _claim_history(tick: Tick, limit: int) -> int:
    tick.historical = True
    claimed = await events.claim(tick, limit=limit, historical=True)
    tick.historical = claimed > 0
    return claimed


async def _has_work(tick: Tick) -> bool:
    return (
        await verdicts_service.has_work(tick)
        or await journeys_service.has_work(tick)
        or await customers_service.has_orders(tick)
    )
