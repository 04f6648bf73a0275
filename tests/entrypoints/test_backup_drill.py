"""The drill: a server under load is backed up, destroyed with its folder, and restored elsewhere."""

from __future__ import annotations

import shutil
import time
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.entrypoints.served import Clients, Served, put, regulars, serving, until

pytestmark = pytest.mark.slow

BODY = "<mjml><mj-body><mj-section><mj-column><mj-text>Thank you.</mj-text></mj-column></mj-section></mj-body></mjml>"
WAIT_S = 4
MISCOUNTED = """
    SELECT j.entry, count(e.message_id) FROM journal AS j
      LEFT JOIN (SELECT message_id FROM events UNION ALL SELECT message_id FROM inbox) AS e ON e.message_id = j.entry
     GROUP BY j.entry HAVING count(e.message_id) <> 1"""
TWICE = """
    SELECT message_id FROM (SELECT message_id FROM events UNION ALL SELECT message_id FROM inbox) AS e
     GROUP BY message_id HAVING count(*) > 1"""
TIMERS = "SELECT count(*) FROM enrolments WHERE left_at IS NULL"
STUCK = "SELECT count(*) FROM enrolments WHERE left_at IS NULL AND wake_at IS NULL"


class Shoppers(Clients):
    """Clients who order one thing after the other, and note what was acknowledged and when."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self.acknowledged: list[str] = []

    def ordering(self, clients: int = 3) -> AbstractContextManager[None]:
        return self._at_work(self._order, clients)

    def _order(self, http: httpx2.Client, _: int) -> bool:
        batch = [call for _ in range(5) for call in orders_of(f"c{next(self._numbers)}")]
        try:
            answer = http.post("/v1/batch", json={"batch": batch})
        except httpx2.TransportError:
            return False
        if answer.status_code == 200:
            with self._lock:
                self.acknowledged += [call["messageId"] for call in batch]
        return True


def orders_of(who: str) -> list[dict[str, Any]]:
    """Who signs up, agrees to mail and orders."""
    one = {"userId": who, "traits": {"email": f"{who}@example.com"}}
    consent = {"channel": "email", "topic": "newsletter"}
    return [
        {"type": "identify", **one, "messageId": f"{who}-i"},
        {"type": "track", "userId": who, "event": "Consent Given", "properties": consent, "messageId": f"{who}-c"},
        {"type": "track", "userId": who, "event": "Order Completed", "properties": {"n": 1}, "messageId": f"{who}-o"},
    ]


def open_shop(served: Served) -> None:
    """Writes to whoever ordered, a few seconds later, and again the day after; and keeps an audience of buyers."""
    until(lambda: served.ask("/api/lifecycle").json()["state"] == "live", what="the first lifecycle")
    put(served, "/api/settings", {**served.ask("/api/settings").json(), "sender_email": "hello@shop.example"})
    template = {"name": "Thanks", "subject": "Thanks", "body": BODY, "purpose": "marketing", "topic": "newsletter"}
    put(served, "/api/templates/thanks", template)
    definition = {
        "enter": {"event": "Order Completed"},
        "again": "never",
        "first": "pause",
        "steps": [
            {"id": "pause", "wait": f"{WAIT_S}s", "next": "write"},
            {"id": "write", "send": "thanks", "next": "later"},
            {"id": "later", "wait": "1d", "next": "again"},
            {"id": "again", "send": "thanks", "next": "end"},
            {"id": "end", "leave": "written to"},
        ],
    }
    put(served, "/api/journeys/thanks", {"name": "Thanks", "definition": definition})
    put(served, "/api/journeys/thanks/publication")
    put(served, "/api/audiences/buyers", {"name": "Buyers", "rule": 'did "Order Completed" in the last 30 days'})
    until(lambda: served.ask("/api/audiences/buyers").json()["state"] == "live", what="the audience")


def first(connection: psycopg.Connection[Any], statement: str, *values: Any) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def not_once(connection: psycopg.Connection[Any], entries: list[str]) -> list[Any]:
    connection.execute("CREATE TEMP TABLE journal (entry text PRIMARY KEY)")
    with connection.cursor().copy("COPY journal FROM STDIN") as copy:
        for entry in entries:
            copy.write_row((entry,))
    return connection.execute(MISCOUNTED.encode()).fetchall()


def members_and_matches(served: Served) -> tuple[int, int]:
    """Who is in the audience, and who the rule holds for when everybody is judged anew."""
    stored = served.ask("/api/audiences/buyers").json()["members"]
    headers = {"Authorization": f"Bearer {served.admin_key}"}
    rule = {"rule": 'did "Order Completed" in the last 30 days'}
    answer = httpx2.post(f"{served.url}/api/audiences/preview", json=rule, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return int(stored), int(answer.json()["count"])


def written_to(served: Served) -> list[str]:
    with served.database() as connection:
        return [one for (one,) in connection.execute("SELECT mail_to[1] FROM caught_mail").fetchall()]


def released(served: Served) -> dict[str, Any] | None:
    """What the command says, or None while it is too early: a slow machine lived through the time with long strides."""
    said = regulars("sending", "--data", served.data, "--release", "--json")
    assert said.code == 0 or "Release sending after that" in " ".join(said.err.split()), said
    return said.json() if said.code == 0 else None


def backed_up_and_destroyed(kept: Path) -> tuple[Served, list[str], list[str], int]:
    """A server that is no more, what it had acknowledged before the backup, whom it wrote to, and its timers."""
    with serving() as served:
        open_shop(served)
        shoppers = Shoppers(served)
        with shoppers.ordering():
            until(lambda: len(shoppers.acknowledged) > 600, what="600 events")
            before = list(shoppers.acknowledged)
            made = regulars("backup", "--data", served.data, "--to", kept, "--json")
            assert made.code == 0, made
            several = len(before) + 300
            until(lambda: len(shoppers.acknowledged) > several, what="events after the backup")
        time.sleep(WAIT_S + 1)  # Those who were waiting for their mail at the backup's instant get it now.
        wrote = written_to(served)
        served.process.kill()
        served.process.wait(20)
        served.clean_up()
        shutil.rmtree(served.data)
        return served, before, wrote, made.json()["tables"]["public.enrolments"]


def test_a_backup_under_load_is_one_instant_and_sends_no_mail_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    lost, before, wrote, enrolments = backed_up_and_destroyed(kept)
    assert regulars("backup", "--verify", kept).code == 0
    began = time.monotonic()
    restored = regulars("restore", "--from", kept, "--data", tmp_path / "new", "--json")
    assert restored.code == 0, restored
    took_s = time.monotonic() - began
    with serving(tmp_path / "new") as again:
        again.admin_key = lost.admin_key  # Known by its hash, and in force again.
        again.write_key = lost.write_key
        assert "sending is held" in again.words.lower()
        with again.database() as connection:
            assert not_once(connection, before) == []
            assert connection.execute(TWICE.encode()).fetchall() == []
            assert first(connection, STUCK) == 0
            assert first(connection, "SELECT count(*) FROM enrolments") >= enrolments > 0
            timers = first(connection, TIMERS)
            assert timers > 0
            present = first(connection, "SELECT count(*) FROM events WHERE name = 'Order Completed'")
            assert first(connection, "SELECT count(*) FROM enrolments") == present
        for check in ("summaries", "reconcile"):
            port = ("--port", str(again.port)) if check == "reconcile" else ()
            said = regulars(check, "--data", again.data, *port)
            assert said.code == 0, said
        stored, matching = members_and_matches(again)
        assert stored == matching == present
        held = regulars("sending", "--data", again.data, "--json").json()
        assert held["held"]
        assert held["doubtful"]["marketing"] > 0, "nobody was waiting for mail at the backup's instant"
        old = written_to(again)
        assert again.send(*orders_of("newcomer")).status_code == 200
        assert until(partial(released, again), what="release")["given_up"] > 0
        # Behind all whom the lost server had not written to yet, of whom a quick machine has many.
        until(lambda: "newcomer@example.com" in written_to(again), seconds=WAIT_S + 90, what="mail to a newcomer")
        # Where the lost server was behind, some had no mail of it yet, and get it now.
        new = set(written_to(again)) - set(old)
        assert sorted(new & set(wrote)) == []
        with again.database() as connection:
            unknown = first(connection, "SELECT count(*) FROM messages WHERE state = 'unknown'")
        assert unknown >= held["doubtful"]["marketing"]
        assert again.end() == 0
        assert not again.crashed
    with capsys.disabled():
        print(f"\n{restored.json()['rows']:,} rows restored in {took_s:.1f} s; {unknown} doubtful mails")  # noqa: T201
