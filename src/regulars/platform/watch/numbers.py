"""The last look at the installation as numbers for Prometheus. Each process tells the same of what all share; of its
pools it tells its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import psycopg
import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from regulars.platform.telemetry import REGISTRY
from regulars.platform.watch.looking import Watch
from regulars.platform.watch.model import Kind, Status
from regulars.platform.watch.policy import CODES

# By kind of what waits: the number's name, its label, and what the count and the lateness mean.
_WAITING: Final[dict[Kind, tuple[str, str, str, str, str]]] = {
    "queue": (
        "regulars_queue_messages",
        "queue",
        "Messages that wait for a tick, counted up to 10,000.",
        "regulars_queue_age_seconds",
        "How long the oldest message waits for a tick.",
    ),
    "timers": (
        "regulars_timers_due",
        "of",
        "Timers that are due, counted up to 10,000.",
        "regulars_timers_late_seconds",
        "How late the most late timer is.",
    ),
    "messages": (
        "regulars_messages_waiting",
        "lane",
        "Messages that may go out and have not, or whose fate is unknown; counted up to 10,000.",
        "regulars_messages_late_seconds",
        "How long ago the oldest of them was due.",
    ),
    "rejections": (
        "regulars_rejections",
        "kind",
        "Messages kept because they were refused or put aside, counted up to 10,000.",
        "regulars_rejections_age_seconds",
        "How long ago the last was refused, and the first put aside.",
    ),
}
_log = structlog.get_logger(__name__)


class _Shown(Collector):
    """What is shown is what was looked at when somebody last asked."""

    def __init__(self) -> None:
        self.watch: Watch | None = None

    def collect(self) -> Iterable[Metric]:
        status = self.watch.last if self.watch else None
        yield from _waiting(status)
        yield from _others(status)
        yield from _pools(self.watch)


_shown: Final = _Shown()
REGISTRY.register(_shown)


async def refresh(watch: Watch) -> None:
    """Looks before numbers are told. When the database is away, nothing is known, and that is told."""
    _shown.watch = watch
    try:
        await watch.look()
    except (psycopg.Error, OSError, TimeoutError):
        watch.forget()
        _log.warning("status_not_known")


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def _waiting(status: Status | None) -> Iterator[Metric]:
    for kind, (name, label, meaning, late_name, late_meaning) in _WAITING.items():
        many, late = _gauge(name, meaning, label), _gauge(late_name, late_meaning, label)
        for one in status.waiting if status else ():
            if one.kind == kind:
                many.add_metric([one.name], one.count)
                late.add_metric([one.name], one.late_s)
        yield from (many, late)


def _others(status: Status | None) -> Iterator[Metric]:
    known = _gauge("regulars_status_known", "1 when the database could be asked how things are.")
    known.add_metric([], 1 if status else 0)
    rows = _gauge("regulars_warehouse_lag_rows", "Events that the warehouse lacks, counted up to 10,000.")
    late = _gauge("regulars_warehouse_lag_seconds", "How long ago the warehouse held everything, while it lacks some.")
    disk = _gauge("regulars_disk_bytes", "What the data folder takes, by part.", "part")
    free = _gauge("regulars_disk_free_bytes", "What is free on the data folder's volume.")
    total = _gauge("regulars_disk_total_bytes", "How large the data folder's volume is.")
    alive = _gauge("regulars_processes", "Processes that are alive.", "role", "version")
    wrong = _gauge("regulars_findings", "1 while this is wrong, by the code of the finding.", "code")
    if status is not None:
        if status.warehouse is not None:
            rows.add_metric([], status.warehouse.rows)
            late.add_metric([], status.warehouse.late_s)
        for part in status.disk.parts:
            disk.add_metric([part.name], part.bytes)
        free.add_metric([], status.disk.free_bytes)
        total.add_metric([], status.disk.total_bytes)
        kinds = [(one.role, one.version) for one in status.processes if one.alive]
        for kind in sorted(set(kinds)):
            alive.add_metric(kind, kinds.count(kind))
        found = {one.code for one in status.findings}
        for code in CODES:
            wrong.add_metric([code], 1 if code in found else 0)
    yield from (known, rows, late, disk, free, total, alive, wrong)


def _pools(watch: Watch | None) -> Iterator[Metric]:
    used = _gauge("regulars_pool_connections", "Connections of a pool, by what they do.", "pool", "state")
    most = _gauge("regulars_pool_connections_max", "How many connections a pool may have.", "pool")
    waiting = _gauge("regulars_pool_waiting", "Callers that wait for a connection of a pool.", "pool")
    for name, pool in (watch.pools if watch else {}).items():
        stats = pool.get_stats()
        idle = stats.get("pool_available", 0)
        used.add_metric([name, "used"], stats.get("pool_size", 0) - idle)
        used.add_metric([name, "idle"], idle)
        most.add_metric([name], stats.get("pool_max", 0))
        waiting.add_metric([name], stats.get("requests_waiting", 0))
    yield from (used, most, waiting)
