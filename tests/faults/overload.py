"""A crowd that asks as fast as it can for as much as may be asked at once, and what it is told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import psutil
import psycopg

from tests.faults.stack import Stack

batch_size = 1000
STORED = """
    SELECT split_part(message_id, '-', 2)::integer, count(*) FROM (
        SELECT message_id FROM events UNION ALL SELECT message_id FROM inbox) AS either
     WHERE message_id LIKE 'crowd-%' GROUP BY 1"""


@dataclass
class Crowd:
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[int] = field(default_factory=list)
    without_patience: int = 0
    """Refusals that do not say when to come again."""
    slowest_s: float = 0.0

    @property
    def share_taken(self) -> float:
        return self.statuses[200] / max(1, self.statuses.total())

    def lost_or_torn(self, database: psycopg.Connection[tuple[Any, ...]]) -> list[tuple[int, int]]:
        """Requests of which not all is stored though they were acknowledged, or only a part though they were not."""
        stored = Counter({row[0]: row[1] for row in database.execute(STORED.encode())})
        return [
            (one, stored[one])
            for one in {*stored, *self.acknowledged}
            if stored[one] != batch_size and (stored[one] or one in self.acknowledged)
        ]


def overload(stack: Stack, seconds: float, askers: int) -> Crowd:
    crowd, until_s, lock = Crowd(), time.monotonic() + seconds, threading.Lock()
    numbers = iter(range(10**9))

    def ask(_: int) -> None:
        with httpx2.Client(base_url=stack.url, auth=httpx2.BasicAuth(stack.write_key, ""), timeout=40) as http:
            while time.monotonic() < until_s:
                with lock:
                    number = next(numbers)
                call = {"type": "track", "anonymousId": f"crowd-{number % 500}", "event": "Page Viewed"}
                calls = [{**call, "messageId": f"crowd-{number}-{place}"} for place in range(batch_size)]
                began = time.monotonic()
                answer = http.post("/v1/batch", json={"batch": calls})
                with lock:
                    crowd.statuses[answer.status_code] += 1
                    crowd.slowest_s = max(crowd.slowest_s, time.monotonic() - began)
                    if answer.status_code == 200:
                        crowd.acknowledged.append(number)
                    elif "Retry-After" not in answer.headers:
                        crowd.without_patience += 1

    with ThreadPoolExecutor(askers) as threads:
        list(threads.map(ask, range(askers)))
    return crowd


@contextmanager
def watched(processes: Sequence[psutil.Process]) -> Iterator[list[int]]:
    """The most memory that each has resident while this lasts."""
    most = [one.memory_info().rss for one in processes]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for place, one in enumerate(processes):
                with suppress(psutil.NoSuchProcess):
                    most[place] = max(most[place], one.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
