"""The worker: small loops around functions that do one round at a given instant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import psycopg
import structlog

from regulars.bootstrap import Product
from regulars.domains.messages.model import OUTBOX_CHANNEL, Purpose
from regulars.pipeline import live_messages_max
from regulars.platform.telemetry import counter, seconds
from regulars.platform.tick import few_max
from regulars.platform.tracing import span
from regulars.platform.warehouse.facts import EVENTS

INBOX_CHANNEL: Final = "regulars_inbox"
idle_max_s: Final = 1.0
warehouse_every_s: Final = 1.0
jobs_every_s: Final = 0.5
gathering_max_s: Final = 0.2
"""After a tick of many as much is gathered for the next as came while it ran, for no longer than this: in a tick of 500
messages each costs twice what it costs in one of 4,000, and whoever ticks without a pause has a core others need."""
failure_pause_s: Final = 1.0
_log = structlog.get_logger(__name__)

ticks_total: Final = counter("regulars_ticks_total", "Ticks that did something.")
tick_seconds: Final = seconds("regulars_tick_seconds", "Time of one tick.")
claimed_total: Final = counter("regulars_messages_processed_total", "Messages taken from the inbox.")
recorded_total: Final = counter("regulars_events_recorded_total", "Events appended to the log.")
summaries_made_total: Final = counter(
    "regulars_summaries_made_total",
    "Summaries made from a customer's history: on first touch, after merges and new rules.",
)
histories_read_total: Final = counter(
    "regulars_histories_read_total",
    "Times a tick read what a customer did long ago, since a rule asks for what no summary keeps.",
)
judged_by_history_total: Final = counter(
    "regulars_judged_by_history_total",
    "Times a customer was judged by their history, since no summary can be kept of it.",
)
warehouse_rows_total: Final = counter("regulars_warehouse_rows_total", "Rows that reached the warehouse.")
failures_total: Final = counter("regulars_loop_failures_total", "Rounds of a background loop that raised.", ("loop",))

Round = Callable[[datetime], Awaitable[float]]
"""One round at an instant; how long the loop may then wait, in seconds."""


class Worker:
    """Runs the loops until told to stop, and then lets each finish its round. A round that raises is logged, counted,
    and tried again after a pause."""

    def __init__(self, product: Product, stopping: asyncio.Event) -> None:
        self._product = product
        self._stopping = stopping
        self._wake = {name: asyncio.Event() for name in ("tick", *Purpose, "warehouse", "jobs")}

    async def run(self) -> None:
        listening = asyncio.create_task(self._listen())
        stop = asyncio.create_task(self._wake_all_when_stopping())
        try:
            await asyncio.gather(
                self._forever("tick", self._tick),
                self._send(Purpose.TRANSACTIONAL),
                self._send(Purpose.MARKETING),
                self._forever("warehouse", self._feed),
                self._forever("jobs", self._jobs),
            )
        finally:
            listening.cancel()
            stop.cancel()

    async def _forever(self, name: str, round_once: Round) -> None:
        wake = self._wake[name]
        while not self._stopping.is_set():
            wake.clear()
            try:
                pause_s = await round_once(self._product.clock.now())
                self._product.meter.went_well(name)
            except Exception as error:
                failures_total.labels(name).inc()
                self._product.meter.failed(name, self._product.clock.now(), error)
                _log.exception("round_failed", loop=name)
                pause_s = failure_pause_s
            if pause_s > 0:
                try:
                    await asyncio.wait_for(wake.wait(), pause_s)
                except TimeoutError:
                    continue

    async def _tick(self, at: datetime) -> float:
        with span("tick") as spanned:
            ticked = await self._product.pipeline.poll_once(at)
            if not ticked.ran:
                spanned.drop()
                return idle_max_s
            spanned.set(claimed=ticked.claimed, recorded=ticked.counts.get("recorded", 0))
        ticks_total.inc()
        tick_seconds.observe(ticked.seconds)
        claimed_total.inc(ticked.claimed)
        recorded = ticked.counts.get("recorded", 0)
        recorded_total.inc(recorded)
        self._product.meter.ticked(at, ticked.seconds, recorded)
        summaries_made_total.inc(ticked.counts.get("stale", 0))
        histories_read_total.inc(ticked.counts.get("histories_read", 0))
        judged_by_history_total.inc(ticked.counts.get("judged_by_history", 0))
        if few_max < ticked.claimed < live_messages_max:
            await asyncio.sleep(min(ticked.seconds, gathering_max_s))
        return 0

    async def _send(self, purpose: Purpose) -> None:
        lane = self._product.lane(purpose, self._wake[purpose].set)

        async def round_once(at: datetime) -> float:
            more_at = await lane.turn(at)
            if more_at is None:
                return idle_max_s
            return min(idle_max_s, max(0.0, (more_at - self._product.clock.now()).total_seconds()))

        await self._forever(purpose, round_once)
        await lane.finish()

    async def _feed(self, at: datetime) -> float:
        warehouse, meter = self._product.warehouse, self._product.meter
        if warehouse is None:
            return warehouse_every_s
        came = await warehouse.feed()
        warehouse_rows_total.inc(came)
        seq = meter.fed.seq if meter.fed and not came else (await warehouse.offsets()).get(EVENTS, 0)
        meter.feeding(warehouse.dialect, seq, at)
        return warehouse_every_s

    async def _jobs(self, at: datetime) -> float:
        await self._product.fill(at)
        await self._product.keep_house(at)
        return jobs_every_s

    async def _listen(self) -> None:
        """Wakes a loop when there is something for it. Without this the loops still look every second."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._product.database_url, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {INBOX_CHANNEL}; LISTEN {OUTBOX_CHANNEL}".encode())
                    async for told in connection.notifies():
                        for name in ("tick",) if told.channel == INBOX_CHANNEL else tuple(Purpose):
                            self._wake[name].set()
            except psycopg.OperationalError:
                await asyncio.sleep(failure_pause_s)

    async def _wake_all_when_stopping(self) -> None:
        await self._stopping.wait()
        for wake in self._wake.values():
            wake.set()
