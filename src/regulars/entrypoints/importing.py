"""Puts a file's rows into the inbox as history: chunk by chunk, each noted in the transaction that stores it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from regulars.domains.events import service as events
from regulars.domains.events.model import ImportMovedOn, ImportPlan, ImportState
from regulars.platform.unit import SYSTEM, Actor, Units
from regulars.providers.files.model import Rejected, Skipped, UnreadableFile
from regulars.providers.files.reading import Reading, Record
from regulars.shared.errors import Conflict

rows_per_chunk: Final = 1_000


class RejectedFileUnwritable(Conflict):
    """The file for rejected rows cannot be written."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the rows so far. What was passed over by the mapping is `skipped`."""

    position: int = 0
    accepted: int = 0
    rejected: int = 0

    @property
    def skipped(self) -> int:
        return self.position - self.accepted - self.rejected


@dataclass(frozen=True, slots=True)
class Report:
    """`again` is true if the file had been imported whole before, so that nothing was done. `resumed_at` is the row it
    went on from, counted from 0."""

    tally: Tally
    again: bool = False
    resumed_at: int = 0


Told = Callable[[Tally], None]


async def run_import(
    units: Units,
    reading: Reading,
    *,
    mapping_name: str,
    rejected_file: Path,
    told: Told = lambda tally: None,
    actor: Actor = SYSTEM,
) -> Report:
    """Raises ImportMovedOn or UnreadableFile. A row it cannot use goes to `rejected_file` with its reason.

    Stopped at any moment, it goes on after the last chunk that was stored when it is called again: nothing is lost and
    nothing repeated.
    """
    source, mapping = reading.source, reading.mapping
    plan = ImportPlan(
        file=source.path.name,
        identity=reading.identity,
        kind=mapping.kind,
        mapping={"name": mapping_name, "fingerprint": mapping.fingerprint, "shift_days": mapping.shift_days},
        rows=source.rows_estimate,
    )
    async with units.open(actor) as unit:
        known = await events.find_import(unit, plan.identity, plan.kind)
        if known and known.state == "done":
            return Report(_tally(known), again=True)
        state = await events.begin_import(unit, plan)
    try:
        with RejectedRows(rejected_file, start=state.position) as rejected_rows:
            state = await _store_all(units, reading, state, rejected_rows, told, actor)
    except ImportMovedOn:
        raise
    except BaseException as problem:
        await _note_end(units, reading, problem, actor)
        raise
    return Report(_tally(state), resumed_at=known.position if known else 0)


async def _store_all(
    units: Units, reading: Reading, state: ImportState, rejected_rows: RejectedRows, told: Told, actor: Actor
) -> ImportState:
    records = reading.records(state.position)
    told(_tally(state))
    while chunk := await asyncio.to_thread(_take, records):
        state = await _store_chunk(units, state, chunk, rejected_rows, actor)
        told(_tally(state))
    async with units.open(actor) as unit:
        done = replace(state, state="done", rows=state.position)
        await events.advance_import(unit, state, done)
    return done


async def _store_chunk(
    units: Units, state: ImportState, chunk: list[Record], rejected_rows: RejectedRows, actor: Actor
) -> ImportState:
    messages: list[dict[str, object]] = []
    owners: list[int] = []
    reasons: dict[int, Rejected] = {}
    for index, record in enumerate(chunk):
        match record.outcome:
            case Rejected() as rejected:
                reasons[index] = rejected
            case Skipped():
                pass
            case calls:
                messages += calls
                owners += [index] * len(calls)
    async with units.open(actor) as unit:
        outcome = await events.add(unit, messages, source="import", historical=True)
        for item in outcome.rejected:
            reasons.setdefault(owners[item.index], _refused(item.reason, item.pointer, chunk[owners[item.index]]))
        usable = sum(chunk[index].rows for index in set(owners) - reasons.keys())
        after = replace(
            state,
            position=chunk[-1].next_position,
            accepted=state.accepted + usable,
            rejected=state.rejected + sum(chunk[index].rows for index in reasons),
        )
        await events.advance_import(unit, state, after)
        # Before the commit: a line too many is taken back on resuming, a line too few would be lost.
        rejected_rows.write((chunk[index], reasons[index]) for index in sorted(reasons))
    return after


async def _note_end(units: Units, reading: Reading, problem: BaseException, actor: Actor) -> None:
    """That it stopped and why; how far it came was noted with each chunk."""
    with suppress(Exception):
        async with units.open(actor) as unit:
            state = await events.find_import(unit, reading.identity, reading.mapping.kind)
            if state is None:
                return
            if isinstance(problem, asyncio.CancelledError | KeyboardInterrupt):
                ended = replace(state, state="cancelled", failed_because=None)
            else:
                said = problem.detail if isinstance(problem, UnreadableFile | Conflict) else type(problem).__name__
                ended = replace(state, state="failed", failed_because=said[:1_000])
            await events.advance_import(unit, state, ended)


def check_rows(reading: Reading, *, rejected_rows: RejectedRows, told: Told) -> Tally:
    """What an import would make of every row, without a database."""
    records, tally = reading.records(), Tally()
    while chunk := _take(records):
        found = [(record, _flaw(record, reading)) for record in chunk]
        rejected_rows.write((record, flaw) for record, flaw in found if flaw)
        usable = sum(record.rows for record, flaw in found if not flaw and not isinstance(record.outcome, Skipped))
        refused = sum(record.rows for record, flaw in found if flaw)
        tally = Tally(chunk[-1].next_position, tally.accepted + usable, tally.rejected + refused)
        told(tally)
    return tally


def _flaw(record: Record, reading: Reading) -> Rejected | None:
    match record.outcome:
        case Rejected() as rejected:
            return rejected
        case Skipped():
            return None
        case calls:
            for call in calls:
                if flaw := events.flaw_in(call, at=reading.at):
                    return _refused(flaw.reason, flaw.pointer, record)
            return None


class RejectedRows:
    """A file of JSON lines {"row", "reason", "values"}, made with its first line. Rows are counted from 1.

    `start` is the first position that will be read: lines on it and after it, left by a run that was killed, are taken
    back.
    """

    def __init__(self, path: Path, *, start: int = 0) -> None:
        self._path, self._start = path, start
        self._file: TextIO | None = None

    def __enter__(self) -> RejectedRows:
        try:
            kept = [line for line in self._lines() if line[0] <= self._start] if self._start else []
            if kept or self._path.exists():
                self._path.write_text("".join(text for _, text in kept), "utf-8")
        except OSError as problem:
            raise RejectedFileUnwritable(f"{self._path} cannot be written: {problem.strerror}.") from problem
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def write(self, rows: Iterable[tuple[Record, Rejected]]) -> None:
        for record, rejected in rows:
            line = {"row": record.position + 1, "reason": rejected.reason, "values": rejected.held}
            if self._file is None:
                try:
                    self._file = self._path.open("a", encoding="utf-8")
                except OSError as problem:
                    raise RejectedFileUnwritable(f"{self._path} cannot be written: {problem.strerror}.") from problem
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        if self._file:
            self._file.flush()

    def _lines(self) -> Iterator[tuple[int, str]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as file:
            for text in file:
                with suppress(ValueError, TypeError, KeyError):
                    line: Any = json.loads(text)
                    yield int(line["row"]), text


def _refused(reason: str, pointer: str, record: Record) -> Rejected:
    return Rejected(f"{reason} ({pointer})" if pointer else reason, record.values)


def _take(records: Iterator[Record]) -> list[Record]:
    return list(islice(records, rows_per_chunk))


def _tally(state: ImportState) -> Tally:
    return Tally(state.position, state.accepted, state.rejected)
