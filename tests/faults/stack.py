"""The product as it runs, started as a program, with the mail server and the client that are never killed beside it."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from tests.entrypoints.served import PROGRAM, environment, free_port, until
from tests.faults import poison
from tests.faults.journal import Journal

ROOT = Path(__file__).resolve().parents[2]
ready_timeout_s = 240.0
PAGE = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


@dataclass
class Part:
    """A `regulars serve`: its guard, and what that guards."""

    arguments: tuple[str, ...]
    settings: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as err:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", *self.arguments],
                stdout=subprocess.DEVNULL,
                stderr=err,
                env=environment(self.settings),
            )

    def server(self) -> psutil.Process | None:
        """The process that serves; None while it is being started again."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.process is not None:
                for child in psutil.Process(self.process.pid).children():
                    if child.status() != psutil.STATUS_ZOMBIE:
                        return child
        return None

    def postgres(self) -> psutil.Process | None:
        with contextlib.suppress(psutil.NoSuchProcess):
            server = self.server()
            for child in server.children() if server is not None else ():
                if child.name() == "postgres" and child.status() != psutil.STATUS_ZOMBIE:
                    return child
        return None

    def clean_up(self) -> None:
        if self.process is None:
            return
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            family = [first, *first.children(recursive=True)]
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(20)
        psutil.wait_procs(family, timeout=20)


@dataclass
class Stack:
    """`parts[0]` has the web part and PostgreSQL; further parts are workers on the same data folder."""

    folder: Path
    seed: int
    journal: Journal
    port: int = field(default_factory=free_port)
    sink_port: int = field(default_factory=free_port)
    parts: list[Part] = field(default_factory=list)
    write_key: str = ""
    admin_key: str = ""
    database_url: str | None = None
    _beside: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client_journal(self) -> Path:
        return self.folder / "client.jsonl"

    @property
    def sink_journal(self) -> Path:
        return self.folder / "sink.jsonl"

    @property
    def checkpoint_file(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def words(self) -> str:
        return "".join(part.log.read_text(errors="replace") for part in self.parts if part.log.exists())

    def part(self, *arguments: str, **settings: str) -> Part:
        """Adds a part of the product and starts it."""
        said = {
            "REGULARS_SMTP_URL": f"smtp+plain://127.0.0.1:{self.sink_port}",
            "CHECKPOINT_FILE": str(self.checkpoint_file),
            **settings,
        }
        where = ("--data", str(self.data), "--port", str(self.port))
        part = Part((*where, *arguments), said, self.folder / f"stderr-{len(self.parts)}")
        self.parts.append(part)
        part.start()
        return part

    def await_ready(self, within_s: float = ready_timeout_s) -> float:
        """How long that took."""
        began = time.monotonic()
        until(self.is_ready, seconds=within_s, every_s=0.02, what="readiness")
        return time.monotonic() - began

    def is_ready(self) -> bool:
        """By as little work as asking takes, since it is asked often."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(asked), contextlib.suppress(OSError, http.client.HTTPException):
            asked.request("GET", "/health/ready")
            return asked.getresponse().status == 200
        return False

    def accepts(self, calls: Sequence[Mapping[str, Any]]) -> bool:
        """Whether these messages were acknowledged."""
        with contextlib.suppress(httpx2.TransportError):
            auth = httpx2.BasicAuth(self.write_key, "")
            answer = httpx2.post(f"{self.url}/v1/batch", json={"batch": calls}, auth=auth, timeout=20)
            return answer.status_code == 200 and "rejected" not in answer.json()
        return False

    def learn_keys(self) -> None:
        def printed(label: str) -> str:
            found = re.search(rf"^ +{label} +(\S+)", self.words, re.MULTILINE)
            return found[1] if found else ""

        self.admin_key = until(lambda: printed("admin key"), what="the admin key")
        self.write_key = printed("write key")

    def put(self, path: str, body: Any = None) -> None:
        headers = {"Authorization": f"Bearer {self.admin_key}"}
        answer = httpx2.put(f"{self.url}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text

    def furnish(self) -> None:
        """Audiences that count and that time changes, mail of both kinds, and journeys that wait."""
        self.put(
            "/api/settings",
            {
                "company_name": "Shop",
                "time_zone": "Europe/Berlin",
                "sender_name": "Shop",
                "sender_email": "shop@example.com",
                "public_url": self.url,
            },
        )
        for slug, purpose in (("hello", "transactional"), ("offer", "marketing"), ("receipt", "transactional")):
            self.put(
                f"/api/templates/{slug}",
                {"name": slug, "subject": slug, "body": PAGE.format(slug), "purpose": purpose, "topic": "offers"},
            )
        self.put("/api/audiences/buyers", {"name": "Buyers", "rule": 'did "Order Completed" at least 3 times'})
        self.put("/api/audiences/golden", {"name": "Golden", "rule": {"trait": "plan", "is": "gold"}})
        self.put("/api/audiences/lately", {"name": "Lately", "rule": 'did "Order Completed" in the last 20 seconds'})
        self._journey(
            "welcome", "Signed Up", "never", {"send": "hello"}, {"wait": "2s"}, {"send": "offer"}, {"wait": "1s"}
        )
        self._journey("receipts", "Order Completed", "after_leaving", {"send": "receipt"})
        with self.database() as database:
            database.execute(poison.SPOILED.trigger)
        # Whoever is in an audience from its beginning never entered it.
        until(self._all_count, seconds=120, what="rules that count")

    def _all_count(self) -> bool:
        with self.database() as database:
            return database.execute("SELECT FROM rules WHERE state IN ('filling', 'filled')").fetchone() is None

    def _journey(self, slug: str, event: str, again: str, *steps: dict[str, str]) -> None:
        named = [{"id": f"s{n}", **step, "next": f"s{n + 1}"} for n, step in enumerate(steps)]
        named.append({"id": f"s{len(steps)}", "leave": "done"})
        definition = {"enter": {"event": event}, "again": again, "first": "s0", "steps": named}
        self.put(f"/api/journeys/{slug}", {"name": slug, "definition": definition})
        self.put(f"/api/journeys/{slug}/publication")

    def start_sink(self) -> None:
        self._start("sink", self.sink_port, self.sink_journal, self.seed)

    def start_load(self, rate: float) -> subprocess.Popen[bytes]:
        return self._start("load", self.url, self.write_key, self.client_journal, self.sink_journal, self.seed, rate)

    def start_relay(self, listen: Path, target: str, orders: Path) -> None:
        self._start("proxy", listen, target, orders, self.seed)
        until(listen.exists, what="the relay")

    def _start(self, program: str, *arguments: object) -> subprocess.Popen[bytes]:
        with (self.folder / f"stderr-{program}").open("ab") as err:
            beside = subprocess.Popen(
                [sys.executable, "-m", f"tests.faults.{program}", *map(str, arguments)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=err,
            )
        self._beside.append(beside)
        return beside

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        url = self.database_url
        if url is None:
            lock = (self.data / "postgres" / "postmaster.pid").read_text().splitlines()
            url = f"postgresql:///regulars?host={lock[4]}&user=regulars"
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def kill(self, what: psutil.Process | None, named: str) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            if what is not None:
                what.kill()
                self.journal.note("killed", what=named)
                return True
        return False

    def a_backend(self, chance: random.Random) -> psutil.Process | None:
        """One of PostgreSQL's processes that serve a connection."""
        with contextlib.suppress(psutil.NoSuchProcess):
            postgres = self.parts[0].postgres()
            found = [one for one in postgres.children() if "regulars" in " ".join(one.cmdline())] if postgres else []
            return chance.choice(found) if found else None
        return None

    def clean_up(self) -> None:
        for part in self.parts:
            part.clean_up()
        for beside in self._beside:
            beside.kill()
            beside.wait(20)

    def end(self, within_s: float = 60) -> list[int]:
        """Stops all parts, the first last, as an operator would; their exit codes."""
        codes = []
        for part in reversed(self.parts):
            assert part.process is not None
            os.kill(part.process.pid, signal.SIGTERM)
            codes.append(part.process.wait(within_s))
        return codes
