"""When something is wrong: the thresholds, and the findings that follow from a status. Decided here for page, API,
command line and metrics alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from regulars.platform.watch.model import Disk, Finding, Held, Process, Status, Waiting, WarehouseLag

beat_every_s: Final = 2.0
silent_for_max: Final = timedelta(seconds=15)
"""A process that was not heard of for longer is not alive. Beats come every two seconds."""
queue_age_max_s: Final = 30.0
timers_late_max_s: Final = 60.0
messages_late_max_s: Final = 300.0
warehouse_late_max_s: Final = 60.0
failing_for_max: Final = timedelta(seconds=30)
disk_free_min_bytes: Final = 2_000_000_000
disk_free_min_share: Final = 0.05
disk_free_enough_bytes: Final = 50_000_000_000
"""On a large volume a twentieth is more than anybody needs: with this much free, it is not nearly full."""

CODES: Final = (
    "not_running",
    "schema_behind",
    "no_worker",
    "queue_old",
    "timers_late",
    "sending_held",
    "messages_late",
    "quarantined",
    "warehouse_behind",
    "loop_failing",
    "disk_nearly_full",
)
"""Every code a finding can have."""


def findings(status: Status) -> list[Finding]:
    """The worst first."""
    return [
        *_workers(status),
        *_loops(status.processes, status.at),
        *_held(status.held),
        *_late(status),
        *_quarantined(status.of("rejections", "quarantined")),
        *_warehouse(status.warehouse),
        *_disk(status.disk),
    ]


def is_alive(seen_at: datetime, stopped_at: datetime | None, at: datetime) -> bool:
    return stopped_at is None and at - seen_at <= silent_for_max


def duration(seconds: float) -> str:
    """For people: the two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    sizes = {"d": whole // 86_400, "h": whole % 86_400 // 3_600, "min": whole % 3_600 // 60, "s": whole % 60}
    return " ".join(f"{many} {unit}" for unit, many in [one for one in sizes.items() if one[1]][:2])


def _workers(status: Status) -> Iterator[Finding]:
    workers = [one for one in status.processes if one.role != "web"]
    if any(one.alive for one in workers):
        return
    since = max((one.stopped_at or one.seen_at for one in workers), default=None)
    yield Finding(
        "no_worker",
        "No worker is alive: events are accepted and wait, no message goes out.",
        since,
        "Start `regulars serve`, or one with `--role worker`; if one should run, its log says why it ended.",
    )


def _loops(processes: Sequence[Process], at: datetime) -> Iterator[Finding]:
    for process in processes:
        for failing in process.failing:
            if process.alive and at - failing.since >= failing_for_max:
                yield Finding(
                    "loop_failing",
                    f"The loop {failing.loop} of process {process.pid} on {process.host} fails every time: "
                    f"{failing.error}.",
                    failing.since,
                    "Look for `round_failed` in that process's log: the traceback is beside it.",
                )


def _held(held: Held | None) -> Iterator[Finding]:
    if held is None:
        return
    more = " or more" if held.more else ""
    waiting = "1 message waits" if held.waiting == 1 else f"{held.waiting:,}{more} messages wait"
    doubtful = f", {held.doubtful:,}{more} of which may have been sent before" if held.doubtful else ""
    release = "`regulars sending --release` lets them go out"
    if held.doubtful:
        release += ", and with `--doubtful` you choose what becomes of those that may have been sent before"
    yield Finding("sending_held", f"Sending is held ({held.because}): {waiting}{doubtful}.", held.since, f"{release}.")


_LATE: Final = {
    "queue": (
        "queue_old",
        "The oldest event that waits came {late} ago.",
        "Look at the time of ticks and at `round_failed` in the worker's log; after a burst it passes by itself.",
    ),
    "timers": (
        "timers_late",
        "Timers of {name} are due and late, the most by {late} ({of}).",
        "Look at the queue and at the time of ticks: timers go off in ticks.",
    ),
    "messages": (
        "messages_late",
        "The oldest {name} message should have gone out {late} ago.",
        "Look at the mail server (`regulars doctor`) and for `sender_address_unusable` in the worker's log.",
    ),
}
_late_max_s: Final = {"queue": queue_age_max_s, "timers": timers_late_max_s, "messages": messages_late_max_s}


def _late(status: Status) -> Iterator[Finding]:
    """History may wait for hours while an import runs, of an unknown message nothing more will be known, and what is
    held is not late."""
    for one in status.waiting:
        if one.kind == "rejections" or one.name in ("historical", "unknown"):
            continue
        if one.kind == "messages" and status.held:
            continue
        code, what, advice = _LATE[one.kind]
        if one.late_s > _late_max_s[one.kind]:
            words = what.format(name=one.name, late=duration(one.late_s), of=one.of or "unnamed")
            yield Finding(code, words, one.oldest_at, advice)


def _quarantined(waiting: Waiting) -> Iterator[Finding]:
    if waiting.count:
        many = f"{waiting.count:,}{' or more' if waiting.more else ''}"
        told, them = ("message was", "it") if waiting.count == 1 else ("messages were", "them")
        yield Finding(
            "quarantined",
            f"{many} accepted {told} put aside, because no tick could work {them} in.",
            waiting.oldest_at,
            "Read the reason on the System page or with `regulars rejections`; retry after an upgrade, or discard.",
        )


def _warehouse(lag: WarehouseLag | None) -> Iterator[Finding]:
    if lag is not None and lag.rows and lag.late_s > warehouse_late_max_s:
        many = f"{lag.rows:,}{' or more' if lag.more else ''}"
        yield Finding(
            "warehouse_behind",
            f"The warehouse lacks {many} events and was whole {duration(lag.late_s)} ago.",
            lag.through,
            "Look for the loop `warehouse` in the worker's log; `regulars doctor` tells whether it answers.",
        )


def _disk(disk: Disk) -> Iterator[Finding]:
    least = max(disk_free_min_bytes, min(disk_free_min_share * disk.total_bytes, disk_free_enough_bytes))
    if disk.free_bytes < least:
        yield Finding(
            "disk_nearly_full",
            f"The volume of {disk.folder} has {disk.free_bytes / 1e9:.1f} GB free of {disk.total_bytes / 1e9:.1f} GB.",
            None,
            "Free some space, or move the data folder: on a full disk events are answered with 503.",
        )
