"""Servers that are killed, stopped or lose their database: what was acknowledged is in the log, once."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest

from regulars.platform.postgres.server import EmbeddedPostgres, running_url
from tests.entrypoints.served import Clients, Served, serving, until

pytestmark = pytest.mark.slow

batch_size = 10
WAITING = "SELECT count(*) FROM inbox WHERE kind <> 'caused'"
MISCOUNTED = """
    SELECT j.entry, count(e.seq) FROM journal AS j
      LEFT JOIN (SELECT seq, properties ->> 'entry' AS entry FROM events
                 UNION ALL SELECT seq, properties ->> 'entry' FROM inbox) AS e ON e.entry = j.entry
     GROUP BY j.entry HAVING count(e.seq) <> 1"""


class Senders(Clients):
    """Clients that send batch after batch and keep a journal of what they sent and of what was acknowledged."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self.acknowledged: list[list[dict[str, Any]]] = []
        self.unanswered: list[list[dict[str, Any]]] = []

    def sending(self, clients: int = 4) -> AbstractContextManager[None]:
        return self._at_work(self._send, clients)

    def _send(self, http: httpx2.Client, client: int) -> bool:
        batch = [self._call(client) for _ in range(batch_size)]
        try:
            said = http.post("/v1/batch", json={"batch": batch}).status_code
        except httpx2.TransportError:
            said = 0
        with self._lock:
            (self.acknowledged if said == 200 else self.unanswered).append(batch)
        return said == 200

    def _call(self, client: int) -> dict[str, Any]:
        entry = f"{client}-{next(self._numbers)}"
        properties = {"entry": entry}
        return {"type": "track", "userId": f"u{client}", "event": "Tried", "messageId": entry, "properties": properties}


def miscounted(connection: psycopg.Connection[Any], batches: list[list[dict[str, Any]]]) -> list[Any]:
    """The entries of the journal that are not in the database exactly once."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS journal (entry text PRIMARY KEY)")
    connection.execute("TRUNCATE journal")
    with connection.cursor().copy("COPY journal FROM STDIN") as copy:
        for batch in batches:
            for call in batch:
                copy.write_row((call["messageId"],))
    return connection.execute(MISCOUNTED.encode()).fetchall()


def nothing_waits(served: Served) -> bool:
    with served.database() as connection:
        row = connection.execute(WAITING.encode()).fetchone()
    return row == (0,)


def test_a_server_killed_in_the_middle_loses_nothing_and_doubles_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        senders = Senders(served)
        with senders.sending():
            until(lambda: len(senders.acknowledged) > 40)
            began = time.monotonic()
            served.process.kill()
            served.process.wait(20)
            with serving(served.data) as again:
                restarted_s = time.monotonic() - began
                again.write_key = served.write_key
                for batch in senders.unanswered:
                    assert again.send(*batch).status_code == 200  # as any client does that was not answered
                until(lambda: nothing_waits(again))
                with again.database() as connection:
                    assert miscounted(connection, senders.acknowledged + senders.unanswered) == []
                    inside = connection.execute("SELECT count(*) FROM inbox WHERE kind <> 'caused'").fetchone()
                assert inside == (0,)
                assert again.end() == 0
    assert senders.unanswered, "nobody was cut off in the middle"
    with capsys.disabled():
        told = len(senders.acknowledged) * batch_size
        print(f"\nkilled after {told} acknowledged events; ready again {restarted_s:.1f} s after the kill")  # noqa: T201


async def test_a_server_told_to_stop_finishes_what_it_accepted() -> None:
    with serving() as served:
        senders = Senders(served)
        with senders.sending():
            until(lambda: len(senders.acknowledged) > 20)
            assert served.end(signal.SIGTERM) == 0
        assert not served.crashed
        assert running_url(served.data) is None
        postgres = EmbeddedPostgres(served.data)
        await postgres.start()
        try:
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                assert miscounted(connection, senders.acknowledged) == []
        finally:
            await postgres.stop()


def test_when_the_pages_have_used_up_every_connection_events_are_taken_nonetheless() -> None:
    with serving() as served:
        senders = Senders(served)
        with senders.sending(), served.database() as database, ThreadPoolExecutor(40) as pages:
            with database.transaction():
                database.execute("LOCK TABLE members IN ACCESS EXCLUSIVE MODE")
                asked = [pages.submit(served.ask, "/api/members") for _ in range(40)]
                answered, _ = wait(asked, timeout=20)
                before = len(senders.acknowledged)
                until(lambda: len(senders.acknowledged) > before + 20)
            statuses = Counter(one.result().status_code for one in asked)
            until(lambda: served.ask("/api/members").status_code == 200, seconds=10)
        assert "round_failed" not in served.words
        assert {one.result().status_code for one in answered} == {503}
        assert statuses.keys() == {200, 503}
        assert senders.unanswered == []
        until(lambda: nothing_waits(served))
        with served.database() as database:
            assert miscounted(database, senders.acknowledged) == []


def server_of(served: Served) -> psutil.Process:
    """The process that serves, which the guard started."""
    (child,) = psutil.Process(served.process.pid).children()
    return child


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)


def test_whatever_is_killed_is_back_in_seconds() -> None:
    with serving() as served:
        calls = [{"type": "track", "userId": "ana", "event": "Tried", "messageId": f"m{number}"} for number in range(9)]
        victims: list[Callable[[], psutil.Process]] = [served.postgres, partial(server_of, served)]
        for number, victim in enumerate(victims):
            assert served.send(calls[number]).status_code == 200
            dead = victim()
            dead.kill()
            until(partial(ended, dead), what="its end")
            until(partial(sent, served, calls[number + 1]), seconds=10, what="an answer")
        until(lambda: nothing_waits(served))
        with served.database() as connection:
            found = connection.execute("SELECT count(*) FROM events WHERE name = 'Tried'").fetchone()
        assert found == (3,)
        assert served.end() == 0
        assert not served.crashed


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what a process has read")
def test_what_libraries_read_late_the_guard_has_read_for_every_life() -> None:
    with serving() as served:
        guard = Path(f"/proc/{served.process.pid}/maps")
        until(lambda: "/pandas/_libs/" in guard.read_text(), what="pandas")
        assert served.end() == 0


def sent(served: Served, *calls: dict[str, Any]) -> bool:
    """Whether that was acknowledged; a server that is away may refuse, and may not answer otherwise."""
    try:
        status = served.send(*calls).status_code
    except httpx2.TransportError:
        return False
    assert status in (200, 503)
    return status == 200


def test_a_server_on_anothers_database_stops_with_it() -> None:
    """`--role web` beside `--role worker` on one folder: the first has PostgreSQL, the second uses it."""
    with (
        serving(None, "--role", "web") as owner,
        serving(owner.data, "--role", "worker", web=False) as guest,
    ):
        until(lambda: "write key" in guest.words, seconds=60)
        assert owner.end() == 0
        assert guest.process.wait(40) == 1
        assert "PostgreSQL has ended" in guest.words.splitlines()[-1]
        assert not guest.crashed
