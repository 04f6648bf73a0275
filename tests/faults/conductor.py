"""The conductor: starts everything, does harm in an order that a seed decides, notes what it did and when, and at the
end waits for quiet and lets the checker look."""

from __future__ import annotations

import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from regulars.platform.checkpoints import NAMES
from tests.entrypoints.served import until
from tests.faults import hunger, poison
from tests.faults.checker import Findings, check, check_warehouse
from tests.faults.deck import Card, riders_max
from tests.faults.journal import Journal, lines
from tests.faults.memory import Ceiling, ceiling
from tests.faults.stack import Stack
from tests.faults.waits import Waits

CHECKPOINTS = NAMES
back_within_s = 90.0
quiet_within_s = 240.0
fires_within_s = 20.0
still_s = 0.02

# What the product would wait for by the clock, and a test has no minutes for: the next try of mail that was put off,
# and the leases of workers that are known to be dead.
HASTEN = """
    UPDATE messages SET due_at = created_at WHERE state = 'queued' AND attempts > 0 AND due_at > now();
    UPDATE messages AS m SET lease_until = created_at WHERE state = 'sending'
       AND EXISTS (SELECT FROM deliveries AS d WHERE d.message_id = m.id AND d.attempt = m.attempts
                      AND d.started_at < to_timestamp({dead_since}))"""
WAITING = """
    SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')),
           (SELECT count(*) FROM enrolments WHERE left_at IS NULL),
           (SELECT count(*) FROM due WHERE at < now() + interval '1 min')"""


class Conductor:
    def __init__(self, stack: Stack, room: Ceiling | None) -> None:
        self.stack = stack
        self.chance = random.Random(stack.seed)
        self.kills: list[float] = []
        self.done: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.waits = Waits()
        self.poisoned: dict[str, poison.Kind] = {}
        self.room = room
        self._answered = True
        self._load: subprocess.Popen[bytes] | None = None

    @property
    def kills_done(self) -> int:
        return sum(self.done.values())

    @property
    def cannot(self) -> frozenset[str]:
        """Harms that cannot be done where this runs."""
        return frozenset() if self.room else frozenset({"memory"})

    def send(self, rate: float) -> None:
        self._load = self.stack.start_load(rate)
        until(lambda: self.acknowledged() > 20, seconds=40, what="the first acknowledged events")

    def acknowledged(self) -> int:
        return sum(line["kind"] == "answer" and line["status"] == 200 for line in lines(self.stack.client_journal))

    def note(self, what: str) -> None:
        self.kills.append(time.time())
        self.done[what] += 1
        self.stack.journal.note("did", what=what)

    def play(self, card: Card) -> list[str]:
        """Does the harm, arms the lives that follow it, and waits until all answers again; the moments that did not
        come, which are not counted as passed."""
        file = self.stack.checkpoint_file
        file.write_text("".join(f"{name} {many}\n" for name, many in card.moments))
        self._do(card.harm)
        if not self._answered:
            self.waits.killed_again()
        self._answered = False
        missed = self._await_moments(card)
        if card.patience != "none" or missed:
            kind = card.harm if card.moments == missed else "moment"
            self._await_back(kind, ticking=card.patience == "tick" and not missed)
        return [name for name, _ in missed]

    def harm(self, what: str) -> None:
        self.play(Card(what))

    def kill_at(self, *names: str) -> None:
        """Kills the server so that its next lives end at these moments; one that does not come is tried for again."""
        left = [*names]
        for _ in range(2 * len(names)):
            riders, left = left[:riders_max], left[riders_max:]
            if riders:
                left += self.play(Card("server", [(name, self.chance.randint(1, 3)) for name in riders]))

    def poison(self, kind: poison.Kind = poison.SPOILED) -> str:
        """Has a message accepted that no tick can work in; its id."""
        name = f"poison-{len(self.poisoned)}"
        call = {"type": "track", "userId": name, "event": kind.name, "messageId": name}
        until(lambda: self.stack.accepts([call]), seconds=back_within_s, every_s=0.2, what="acceptance of poison")
        self.stack.journal.note("poison", id=name)
        self.poisoned[name] = kind
        return name

    def _do(self, harm: str) -> None:
        {
            "server": self._kill_server,
            "postgres": self._kill_postgres,
            "backend": self._kill_backend,
            "all": self._kill_all,
            "guard": self._kill_guard,
            "memory": self._kill_for_memory,
        }[harm]()

    def _await_moments(self, card: Card) -> list[tuple[str, int]]:
        """Each life is looked at: when it answered, and when it ended. Those that did not come."""
        file, kind = self.stack.checkpoint_file, card.harm
        for number, (name, _) in enumerate(card.moments):
            left, patience = len(card.moments) - number, time.monotonic() + fires_within_s
            while len(file.read_text().splitlines()) == left:
                if time.monotonic() > patience:
                    self.stack.journal.note("did not come", what=name)
                    file.write_text("")
                    return card.moments[number:]
                self._look_whether_ready(kind)
                time.sleep(still_s)
            if not self._answered:
                self.waits.killed_again()
            self.passed[name] += 1
            self.note("moment")
            kind, self._answered = "moment", False
            time.sleep(still_s)  # Who has noted that its moment has come lives on for an instant.
        return []

    def _look_whether_ready(self, kind: str) -> bool:
        if not self._answered and self.stack.is_ready():
            self.waits.ready(kind, time.time() - self.kills[-1])
            self._answered = True
        return self._answered

    def _await_back(self, kind: str, *, ticking: bool) -> None:
        killed_at = self.kills[-1]
        until(lambda: self._look_whether_ready(kind), seconds=back_within_s, every_s=still_s, what="readiness")
        if ticking:
            until(lambda: self._ticked_since(killed_at), seconds=back_within_s, every_s=0.05, what="a tick")
            self.waits.ticked(kind, time.time() - killed_at)
        self.stack.journal.note("back", after_s=round(time.time() - killed_at, 2))

    def _ticked_since(self, at: float) -> bool:
        with suppress(OSError, psycopg.Error), self.stack.database() as database:
            row = database.execute(b"SELECT at > to_timestamp(%s) FROM last_tick", [at]).fetchone()
            return bool(row and row[0])
        return False

    def _kill_server(self) -> None:
        """Whichever life it is in: one that has not begun yet is waited for."""
        until(lambda: self.stack.parts[0].server(), every_s=still_s, what="a server")
        self.note("server")
        for part in self.stack.parts:
            self.stack.kill(part.server(), "server")

    def _kill_postgres(self) -> None:
        found = until(lambda: self.stack.parts[0].postgres(), every_s=still_s, what="PostgreSQL")
        self.note("postgres")
        self.stack.kill(found, "postgres")

    def _kill_backend(self) -> None:
        found = until(lambda: self.stack.a_backend(self.chance), every_s=still_s, what="a backend")
        self.note("backend")
        self.stack.kill(found, "backend")

    def _kill_all(self) -> None:
        postgres = self.stack.parts[0].postgres()
        until(lambda: self.stack.parts[0].server(), every_s=still_s, what="a server")
        self.note("all")
        for part in self.stack.parts:
            self.stack.kill(part.server(), "server")
        self.stack.kill(postgres, "postgres")

    def _kill_guard(self) -> None:
        """As when the machine stops: then somebody starts it again."""
        self.note("guard")
        postgres = self.stack.parts[0].postgres()
        for part in self.stack.parts:
            assert part.process is not None
            part.process.kill()
            part.process.wait(20)
        self.stack.kill(postgres, "postgres")
        for part in self.stack.parts:
            part.start()

    def _kill_for_memory(self) -> None:
        """By the kernel: the server may have no more than it has, and is asked for what needs more."""
        assert self.room is not None
        until(self.stack.is_ready, seconds=back_within_s, every_s=still_s, what="readiness")
        server: psutil.Process = until(lambda: self.stack.parts[0].server(), what="a server")
        if not hunger.starve(self.stack, server, self.room, lambda: self.note("memory")):
            self.stack.journal.note("did not come", what="memory")
            self._kill_server()

    def finish(self, *, spare_s: float = 3.0, clock_spare_s: float = 0.5) -> Findings:
        """Sends nothing new, waits until all that was sent has had its effects, and looks."""
        self.stack.checkpoint_file.write_text("")
        until(self.stack.is_ready, seconds=back_within_s, what="readiness")
        if self._load is not None:
            self._load.send_signal(signal.SIGTERM)
            assert self._load.wait(90) == 0, "the client could not get rid of what it had to send"
        self._await_quiet()
        stack = self.stack
        with stack.database() as database:
            journals = (stack.client_journal, stack.sink_journal)
            findings = check(database, *journals, self.kills, spare_s=spare_s, clock_spare_s=clock_spare_s)
            log = [(row[0], row[1]) for row in database.execute("SELECT seq, name FROM events ORDER BY seq")]
            postgres_log = stack.data / "postgres.log"
            if postgres_log.exists():
                spoiled = poison.offenders(database, postgres_log, self.poisoned, len(self.kills))
                findings.add("poison not put aside, or not in time, or not it alone", spoiled)
        time.sleep(2.5)  # The warehouse follows once a second.
        findings.add("exit codes", [code for code in stack.end() if code != 0])
        check_warehouse(findings, stack.data / "warehouse.duckdb", log)
        findings.add("ended in a way nobody had thought of", ["Traceback"] if "\nTraceback" in stack.words else [])
        findings.figures |= {"kills": self.kills_done, "put aside": len(self.poisoned)} | self.waits.figures()
        return findings

    def _await_quiet(self) -> None:
        dead_since = self.kills[-1] if self.kills else 0.0
        waiting: Sequence[object] = ()

        def quiet() -> bool:
            nonlocal waiting
            with suppress(OSError, psycopg.OperationalError), self.stack.database() as database:
                database.execute(HASTEN.format(dead_since=dead_since).encode())
                waiting = database.execute(WAITING.encode()).fetchone() or ()
                return not any(waiting)
            return False

        try:
            until(quiet, seconds=quiet_within_s, every_s=0.5, what="quiet")
        except AssertionError:
            self.stack.journal.note("not quiet", waiting=list(waiting))

    def report(self, findings: Findings) -> str:
        did = ", ".join(f"{many} {what}" for what, many in self.done.items())
        last = "\n".join(str(line) for line in list(lines(self.stack.journal.path))[-50:])
        return f"seed {self.stack.seed}; did: {did}\nlast:\n{last}\noffenders:\n{findings.in_words()}"


@contextmanager
def conducted(
    seed: int, begin: Callable[[Stack], object] | None = None, kept: Path | None = None
) -> Iterator[Conductor]:
    """A furnished product that is up, in a folder of its own, which is removed unless it is one to be `kept`. `begin`
    starts its parts."""
    with ExitStack() as around:
        folder = kept or Path(around.enter_context(tempfile.TemporaryDirectory(prefix="regulars-faults-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        room = around.enter_context(ceiling("regulars-faults"))
        stack = Stack(folder, seed, Journal(folder / "conductor.jsonl"))
        try:
            stack.start_sink()
            (begin or Stack.part)(stack)
            stack.await_ready()
            stack.learn_keys()
            stack.furnish()
            yield Conductor(stack, room)
        except BaseException:
            print(f"seed {seed}", *list(lines(stack.journal.path))[-20:], sep="\n")  # noqa: T201
            print(stack.words[-4000:])  # noqa: T201
            raise
        finally:
            stack.clean_up()
            stack.journal.close()
