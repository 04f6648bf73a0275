"""Regulars as it is used: a program that is started, asked over HTTP and its command line, and stopped or killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import httpx2
import psutil
import psycopg

from regulars.platform.postgres.server import running_url

PROGRAM = Path(sys.executable).parent / "regulars"
ready_timeout_s = 90.0
command_timeout_s = 90.0
slower_at_most = 3
"""What comes in seconds here may take so many times as long on a machine that others use too."""
T = TypeVar("T")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(look: Callable[[], T | None], *, seconds: float = 20.0, every_s: float = 0.05, what: str = "it") -> T:
    """What `look` finds, as soon as it finds something true."""
    seconds *= slower_at_most
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} s"
        time.sleep(every_s)
    return found


def environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    """The present environment without Regulars' settings of it, and with these."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
    return {**bare, "COLUMNS": "400", **(settings or {})}


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.out.startswith(("{", "[")), self
        return json.loads(self.out)

    @property
    def is_plain(self) -> bool:
        """Whether a person can read it: some words, and nothing of the program's insides."""
        return bool((self.out + self.err).strip()) and "Traceback" not in self.out + self.err


def regulars(*arguments: str | Path, settings: Mapping[str, str] | None = None, cwd: Path | None = None) -> Said:
    """Runs a command to its end."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=command_timeout_s,
        env=environment(settings),
        cwd=cwd,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@dataclass
class Served:
    """A running `regulars serve`, or `demo`: its process, its data folder, and the keys it printed."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    ready_after_s: float = 0.0
    admin_key: str = ""
    write_key: str = ""
    _family: list[psutil.Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def words(self) -> str:
        """What it wrote on stderr so far."""
        return self.log.read_text(errors="replace")

    @property
    def crashed(self) -> bool:
        """Whether it ended in a way nobody had thought of: what is logged is on lines of JSON."""
        return "\nTraceback" in self.words

    def printed(self, label: str) -> str:
        """What stands beside a label in the words of the first start."""
        found = re.search(rf"^ +{label} +(\S+)", self.words, re.MULTILINE | re.IGNORECASE)
        assert found, self.words
        return found[1]

    def wait_until_ready(self, began: float) -> None:
        def look() -> bool:
            assert self.process.poll() is None, self.words
            with contextlib.suppress(httpx2.TransportError):
                return httpx2.get(f"{self.url}/health/ready", timeout=5).status_code == 200
            return False

        until(look, seconds=ready_timeout_s, every_s=0.02, what="readiness")
        self.ready_after_s = time.monotonic() - began
        until(lambda: "write key" in self.words.lower(), what="the write key")
        self.write_key = self.printed("write key:?")
        if "admin key" in self.words.lower():
            self.admin_key = self.printed("admin key:?")
        self.family()

    def family(self) -> list[psutil.Process]:
        """The process and all it started, also those that meanwhile ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            known = {one.pid for one in self._family}
            self._family += [one for one in (first, *first.children(recursive=True)) if one.pid not in known]
        return self._family

    def postgres(self) -> psutil.Process:
        """The database server, a child of the process."""
        return next(one for one in self.family() if one.is_running() and one.name() == "postgres")

    def end(self, how: signal.Signals = signal.SIGTERM, *, within_s: float = 40.0) -> int:
        """Sends the signal to the process alone; its exit code. Nothing it started may be left behind."""
        self.family()
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(within_s)
        _, alive = psutil.wait_procs(self._family, timeout=20)
        assert not alive, f"left behind: {alive}"
        return code

    def clean_up(self) -> None:
        """Ends what is still alive, whatever the test did."""
        for one in [*self.family()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(20)
        psutil.wait_procs(self._family, timeout=20)

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """The embedded database, for a question of the test's own."""
        url = running_url(self.data)
        assert url, "PostgreSQL does not run in this data folder"
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def ask(self, path: str, **values: Any) -> httpx2.Response:
        """Asks the admin API by the admin key."""
        # Who has no key asks without one: which test of a shared server runs first, and learns its key, is chance.
        headers = {"Authorization": f"Bearer {self.admin_key}"} if self.admin_key else {}
        return httpx2.get(f"{self.url}{path}", params=values, headers=headers, timeout=30)

    def send(self, *calls: Mapping[str, Any], key: str | None = None) -> httpx2.Response:
        """Sends Segment calls to the event API in one batch."""
        auth = httpx2.BasicAuth(key or self.write_key, "")
        return httpx2.post(f"{self.url}/v1/batch", json={"batch": list(calls)}, auth=auth, timeout=30)


@contextlib.contextmanager
def serving(
    data: Path | None = None,
    *arguments: str,
    command: str = "serve",
    port: int | None = None,
    web: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """A server that answers. Without a folder it gets one of its own, which is removed with it; without the web part
    it is only started."""
    own = Path(tempfile.mkdtemp(prefix="regulars-served-"))
    folder, number, log = data or own / "data", port or free_port(), own / "stderr"
    began = time.monotonic()
    with log.open("wb") as err:
        process = subprocess.Popen(
            [PROGRAM, command, "--data", folder, "--port", str(number), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=err,
            env=environment(settings),
        )
    served = Served(folder, number, process, log)
    try:
        if web:
            served.wait_until_ready(began)
        yield served
    finally:
        served.clean_up()
        shutil.rmtree(own, ignore_errors=True)


def put(served: Served, path: str, body: Any = None) -> Any:
    """Changes something over the admin API; what it answers."""
    headers = {"Authorization": f"Bearer {served.admin_key}"}
    answer = httpx2.put(f"{served.url}{path}", json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


class Clients:
    """Clients of a server, each sending one thing after the other for as long as they may."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._numbers = count()
        self._stop = Event()
        self._lock = Lock()

    @contextlib.contextmanager
    def _at_work(self, send: Callable[[httpx2.Client, int], bool], clients: int) -> Iterator[None]:
        """`send` gets the number of its client, and says whether to go on."""
        threads = [Thread(target=self._loop, args=(send, number)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(30)

    def _loop(self, send: Callable[[httpx2.Client, int], bool], number: int) -> None:
        auth = httpx2.BasicAuth(self._served.write_key, "")
        with httpx2.Client(base_url=self._served.url, auth=auth, timeout=20) as http:
            while not self._stop.is_set() and send(http, number):
                pass
