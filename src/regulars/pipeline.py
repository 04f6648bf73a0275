"""The tick: the ordered list of the domains' steps, and the one function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeAlias
from uuid import UUID

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
from regulars.platform.checkpoints import checkpoint
from regulars.platform.note import Note, note_in
from regulars.platform.postgres.crashes import crash_mark
from regulars.platform.search import CRASHED, Running, Search, noted, put_aside_max, taken_up
from regulars.platform.tick import TICK_LOCK, Tick, connection_for_ticks, last_instant, note_instant
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

live_messages_max: Final = 4_000
historical_messages_max: Final = 5_000
history_looked_for_every: Final = timedelta(seconds=1)
_CRASH_OF_ANOTHER: Final = "57P02"
_TRANSACTION_REFUSED: Final = "25"
"""It was ended since we were stopped in it, or the database is a standby by now."""
_LIMITS: Final = ("53200", "54")
"""Out of memory, and what is too long, too deep or too complex for PostgreSQL: it may be a message's doing."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did. `ran` is false when there was nothing to do, or another process was at it."""

    ran: bool
    claimed: int
    counts: dict[str, int]
    seconds: float


class Pipeline:
    """Runs ticks on a connection of its own, which keeps the temporary relations the steps share.

    A message that no tick can work in must not stop all others: once it alone has made ticks fail three times, and
    ticks without it do not, it goes among the rejections. If that happens to several in a row, it is not them that are
    at fault, and every message waits until the fault is found. Where the search stands is kept in the folder `notes`: a
    tick may fail in that its process dies."""

    def __init__(self, units: Units, ids: Ids, steps: Sequence[Step] = STEPS, *, notes: Path | None = None) -> None:
        self._units = units
        self._ids = ids
        self._steps = steps
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._memory: dict[str, Any] = {}
        self._history_next = False
        self._no_history_at: datetime | None = None
        self._live_at: datetime | None = None
        self._notes = notes
        self._note = Note()
        self._noting = ExitStack()
        self._search = Search()
        self._well_since: datetime | None = None
        self._crashed_elsewhere = False
        self._crash_mark: UUID | None = None
        self._lost: tuple[Running, str] | None = None

    async def __aenter__(self) -> Pipeline:
        if self._notes is not None:
            self._note = self._noting.enter_context(note_in(self._notes, "tick"))
        self._search, claimed = taken_up(self._note.read())
        if claimed:
            _log.warning("killed_in_a_tick", claimed=claimed, next_at_most=self._search.most, tries=self._search.tries)
        self._keep_note()
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        with self._noting:
            await self._stack.aclose()

    async def poll_once(self, at: datetime) -> Ticked:
        """One tick at `at`, if there is anything to do. It commits whole or leaves no trace."""
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connect()
        try:
            if (ticked := await self._tick_without_messages(connection, at)) is None:
                ticked = await self._run(self._tick(connection, at), self._search.most)
                self._search.acquit()
            return ticked
        except Exception as error:
            self._well_since = None
            self._blame(error, connection)
            raise
        finally:
            self._search.running = None
            self._keep_note()

    async def drain(self, at: datetime, *, ticks_max: int = 10_000) -> int:
        """Ticks at one instant until nothing is left to do; how many ran."""
        for ran in range(ticks_max):
            if not (await self.poll_once(at)).ran:
                return ran
        return ticks_max

    async def _tick_without_messages(self, connection: Connection, at: datetime) -> Ticked | None:
        """While a message is doubted, and it is not known yet that all goes well without it. Then it is tried again, or
        put aside if it was tried enough. None: a tick with messages may run."""
        search = self._search
        if search.peace is None:
            return None
        tick = self._tick(connection, at)
        ticked = await self._run(tick, 0)
        if "claimed" not in tick.counts:
            return ticked  # Another process was at it, and this says nothing.
        if self._well_since is None:
            self._well_since = at
        if at - self._well_since < search.peace:
            return ticked
        if search.found and search.alone and search.put_aside < put_aside_max:
            seq, came_at = search.alone
            async with self._units.open(at=at) as unit:
                done = await events.put_aside(unit, seq, came_at, because=search.because)
            search.dismiss(put_aside=done)
        return None

    async def _run(self, tick: Tick, most: int | None) -> Ticked:
        """At most so many messages are taken of those among which one is doubted; None: as many as a tick takes. A tick
        that is to show that all goes well without messages goes all the way, also where there is nothing to do."""
        began = perf_counter()
        live_max, historical_max = live_messages_max, historical_messages_max
        if most is not None and (most == 0 or not self._search.historical):
            live_max = min(live_max, most)
        if most is not None and (most == 0 or self._search.historical):
            historical_max = min(historical_max, most)
        async with tick.connection.transaction():
            if not await tick.value(b"SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=TICK_LOCK):
                return Ticked(False, 0, {}, 0.0)
            if (last_at := await last_instant(tick)) is not None:
                tick.at = max(tick.at, last_at)
                self._live_at = last_at if self._live_at is None else max(self._live_at, last_at)
            needed = await self._claim(tick, live_max, historical_max)
            if not needed and most != 0:
                return Ticked(False, 0, {}, 0.0)
            claimed = tick.claimed.many
            if claimed:
                self._begin(tick)
            await tick.expect(claimed)
            checkpoint("tick.after_claim")
            for step in self._steps:
                await step(tick)
                checkpoint("tick.after_step")
            await note_instant(tick)
            checkpoint("tick.before_commit")
        checkpoint("tick.after_commit")
        if most != 0:
            self._history_next = not tick.historical and claimed < live_max
            self._live_at = tick.at
        return Ticked(needed, claimed, tick.counts, perf_counter() - began)

    async def _claim(self, tick: Tick, live_max: int, historical_max: int) -> bool:
        """Whether there is anything to do. What is new goes first, but after a tick in which all that was new was
        taken, history has its turn: a shop that is never quiet must still finish an import. What history changes is not
        told, so it is worked in at an instant at which nothing is due that must be."""
        asked_at = tick.at
        if self._history_next and self._live_at is not None and self._history_may_have_come(asked_at):
            tick.at = min(self._live_at, asked_at)
            if not await _has_work(tick) and await self._claim_history(tick, historical_max, asked_at):
                return True
            tick.at = asked_at
        if await events.claim(tick, limit=live_max, historical=False) or await _has_work(tick):
            return True
        return await self._claim_history(tick, historical_max, asked_at)

    def _history_may_have_come(self, at: datetime) -> bool:
        """Whether it is long enough since none was found: to look takes a tick of one event a fifth of its time."""
        seen = self._no_history_at
        return seen is None or not timedelta() <= at - seen < history_looked_for_every

    async def _claim_history(self, tick: Tick, limit: int, asked_at: datetime) -> bool:
        tick.historical = True
        tick.historical = await events.claim(tick, limit=limit, historical=True) > 0
        self._no_history_at = None if tick.historical else asked_at
        return tick.historical

    def _tick(self, connection: Connection, at: datetime) -> Tick:
        return Tick(connection, SYSTEM, at, self._ids, memory=self._memory)

    def _begin(self, tick: Tick) -> None:
        """From here to the end of the tick, whoever finds the note knows what this process may have died of."""
        one = tick.claimed
        alone = (one.first, one.first_at) if one.many == 1 and one.first is not None and one.first_at else None
        self._search.running = Running(one.many, one.last or 0, tick.historical, alone)
        self._keep_note()

    def _keep_note(self) -> None:
        self._note.write(noted(self._search))

    def _blame(self, error: Exception, connection: Connection) -> None:
        """Nobody is accused of what is the world's doing: a database that is away, full or told to stop. Whose
        connection ends without a word may have been at something that cost the process at its other end its life;
        whether it did is seen once there is another."""
        said = f"{type(error).__name__}: {str(error).strip()}"
        if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_TRANSACTION_REFUSED):
            return
        if not isinstance(error, psycopg.OperationalError):
            if not isinstance(error, psycopg.InterfaceError | OSError):
                self._search.accuse(said)
        elif error.sqlstate is not None:
            if error.sqlstate.startswith(_LIMITS):
                self._search.accuse(said, silent=True)
        elif connection.closed and self._search.running and not self._crashed_elsewhere:
            self._lost = self._search.running, f"{CRASHED} {said}"

    def _blame_for_a_crash(self, mark: UUID) -> None:
        """A network may cut whatever takes long or is large, time and again: a lost connection accuses nobody, unless
        PostgreSQL has crashed."""
        if self._lost and mark != self._crash_mark:
            self._search.running, because = self._lost
            self._search.accuse(because, silent=True)
            self._keep_note()
        self._lost, self._crash_mark = None, mark

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        self._crashed_elsewhere = self._crashed_elsewhere or notice.sqlstate == _CRASH_OF_ANOTHER

    async def _connect(self) -> Connection:
        self._connection = None
        await self._stack.aclose()
        connection = await self._stack.enter_async_context(connection_for_ticks(self._units))
        self._blame_for_a_crash(await crash_mark(connection, self._ids.new(self._units.clock.now())))
        self._crashed_elsewhere = False
        connection.add_notice_handler(self._hear)
        self._stack.callback(connection.remove_notice_handler, self._hear)
        self._connection = connection
        return connection


async def _has_work(tick: Tick) -> bool:
    return (
        await verdicts_service.has_work(tick)
        or await journeys_service.has_work(tick)
        or await customers_service.has_orders(tick)
    )
