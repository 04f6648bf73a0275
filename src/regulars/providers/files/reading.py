"""A file and a mapping together: what each row becomes, in order, from any position on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from regulars.providers.files.calls import to_calls
from regulars.providers.files.fields import as_text, look_up, plain
from regulars.providers.files.mapping import FileMapping
from regulars.providers.files.model import Call, Rejected, Row, Skipped
from regulars.providers.files.source import Source

lines_per_order_max: Final = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """What one row, or the rows of one order, became. Reading resumes at `next_position`."""

    position: int
    rows: int
    outcome: tuple[Call, ...] | Rejected | Skipped
    read: Sequence[Row] = ()

    @property
    def values(self) -> object:
        """The row, or the rows of one order, JSON-ready."""
        return plain(self.read[0] if len(self.read) == 1 else list(self.read))

    @property
    def next_position(self) -> int:
        return self.position + self.rows


@dataclass(frozen=True, slots=True)
class Reading:
    """Raises UnknownColumn when made, if the file lacks a column the mapping names."""

    source: Source
    mapping: FileMapping
    at: datetime
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        self.mapping.check_columns(self.source)

    @property
    def identity(self) -> str:
        """The file's content and the mapping's meaning: what an import resumes by."""
        return f"{self.source.identity}:{self.mapping.fingerprint}"

    def records(self, start: int = 0) -> Iterator[Record]:
        """From `start` on, which must be 0 or the `next_position` of a record."""
        if self.mapping.lines is None:
            for position, row in self.source.rows(start):
                yield Record(position, 1, row) if isinstance(row, Rejected) else self._record([row], position)
            return
        same = self.mapping.lines.same
        gathered: list[Row] = []
        first, key = start, ""
        for position, row in self.source.rows(start):
            if isinstance(row, Rejected):
                yield from self._order(gathered, first)
                gathered, first = [], position + 1
                yield Record(position, 1, row)
                continue
            found = look_up(row, same)
            own = "" if found is None else as_text(found)
            if gathered and (own != key or not own or len(gathered) >= lines_per_order_max):
                yield from self._order(gathered, first)
                gathered = []
            if not gathered:
                first, key = position, own
            gathered.append(row)
        yield from self._order(gathered, first)

    def _order(self, rows: list[Row], first: int) -> Iterator[Record]:
        if rows:
            yield self._record(rows, first)

    def _record(self, rows: list[Row], position: int) -> Record:
        identity = self.source.identity
        calls = to_calls(self.mapping, rows, position=position, identity=identity, at=self.at, zone=self.zone)
        return Record(position, len(rows), calls, rows)
