"""A file and a mapping together: what each row becomes, in order, from any position on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from regulars.providers.files.calls import to_calls
from regulars.providers.files.fields import as_text, look_up
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
                yield Record(position, 1, row if isinstance(row, Rejected) else self._calls([row], position))
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
            yield Record(first, len(rows), self._calls(rows, first))

    def _calls(self, rows: list[Row], position: int) -> tuple[Call, ...] | Rejected | Skipped:
        return to_calls(
            self.mapping, rows, position=position, identity=self.source.identity, at=self.at, zone=self.zone
        )
