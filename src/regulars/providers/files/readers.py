"""How rows are read from CSV, JSON lines and Parquet: in order, in bounded memory, from any position on."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.providers.files.model import Rejected, Row, UnreadableFile, listed

row_bytes_max: Final = 1_048_576
columns_max: Final = 2_000
_CHUNK: Final = 1 << 20
_SAMPLE: Final = 1 << 16
_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class CsvReader:
    """Records as RFC 4180 has them, with any one-character separator. Blank lines are not rows."""

    def __init__(self, path: Path, encoding: str, separator: str | None) -> None:
        self._path, self._encoding = path, encoding
        with self._open() as lines:
            sample = lines.read(_SAMPLE)
        if separator is not None and len(separator) != 1:
            raise UnreadableFile(f"A separator is one character; {separator!r} is not.")
        self.separator = separator or _separator(sample)
        guessed = separator is None and self.separator != ","
        self.notes = (f"columns are separated by {_SEPARATORS[self.separator]}",) if guessed else ()
        header = self._header()
        blank = {index: f"column {index + 1}" for index, name in enumerate(header) if not name}
        self.columns = tuple(blank.get(index, name) for index, name in enumerate(header))
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise UnreadableFile(f"{path.name} has two columns of one name: {listed(twice)}. Rename one of each.")

    def rows(self, start: int) -> Iterator[tuple[int, Row | Rejected]]:
        width, position = len(self.columns), -1
        with self._open() as text:
            lines = _Lines(text)
            records = csv.reader(lines, delimiter=self.separator)
            headed = False
            while True:
                try:
                    record = next(records)
                except StopIteration:
                    return
                except csv.Error:
                    position += 1
                    if position >= start:
                        longest = csv.field_size_limit()
                        yield (
                            position,
                            Rejected(f"A field is longer than {longest:,} characters; is a quote left open?"),
                        )
                    continue
                if not record:
                    continue
                if not headed:
                    headed = True
                    continue
                position += 1
                if position >= start:
                    yield position, self._row(record, width, lines)
                lines.overlong = False

    def _row(self, record: list[str], width: int, lines: _Lines) -> Row | Rejected:
        if lines.overlong:
            return Rejected(f"The row is longer than {row_bytes_max:,} characters.", record[:5])
        if any("\0" in value for value in record):
            return Rejected(
                "The row holds a NUL character.", [value.replace("\0", "\N{REPLACEMENT CHARACTER}") for value in record]
            )
        if len(record) != width:
            return Rejected(f"The row has {len(record)} fields where the header has {width}.", record)
        return {name: value.strip() for name, value in zip(self.columns, record, strict=True)}

    def _header(self) -> list[str]:
        with self._open() as text:
            try:
                header = next((record for record in csv.reader(_Lines(text), delimiter=self.separator) if record), None)
            except csv.Error as problem:
                raise UnreadableFile(f"The first row of {self._path.name} cannot be read: {problem}.") from problem
        if header is None:
            raise UnreadableFile(f"{self._path.name} holds blank lines only.")
        if len(header) > columns_max:
            raise UnreadableFile(f"{self._path.name} has {len(header):,} columns; at most {columns_max:,} are read.")
        return [name.strip() for name in header]

    def _open(self) -> io.TextIOWrapper:
        return self._path.open(encoding=self._encoding, newline="", errors="strict")


class JsonLinesReader:
    """One JSON object a line, in UTF-8. Blank lines are not rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {}
        first: object = None
        for position, row in self.rows(0):
            if position == 0:
                first = row
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
            if position >= 200 or len(names) > columns_max:
                break
        if isinstance(first, Rejected) and not names:
            with path.open("rb") as file:
                opening = file.read(64).lstrip()
            if opening.startswith(b"["):
                raise UnreadableFile(f"{path.name} is one JSON array; write one object a line (jq -c '.[]').")
            raise UnreadableFile(f"{path.name} is not JSON lines: row 1: {first.reason}")
        self.columns = tuple(names)

    def rows(self, start: int) -> Iterator[tuple[int, Row | Rejected]]:
        position = -1
        with self._path.open("rb") as file:
            if file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            while line := file.readline(row_bytes_max + 1):
                whole = len(line) <= row_bytes_max
                while not whole and not line.endswith(b"\n") and (rest := file.readline(_CHUNK)):
                    line = line[:200] + rest[-1:]
                if not line.strip():
                    continue
                position += 1
                if position >= start:
                    yield (
                        position,
                        _object(line) if whole else Rejected(f"The row is longer than {row_bytes_max:,} bytes."),
                    )


class ParquetReader:
    """Any table Parquet can hold; nested values stay lists and objects."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            head = file.read(4)
            size = file.seek(0, io.SEEK_END)
            file.seek(max(size - 4, 0))
            tail = file.read(4)
        if head != b"PAR1":
            raise UnreadableFile(f"{path.name} is not a Parquet file.")
        if tail != b"PAR1" or size < 12:
            raise UnreadableFile(f"{path.name} is a Parquet file cut short: it ends before its footer.")
        try:
            with pq.ParquetFile(path) as table:
                self.columns = tuple(table.schema_arrow.names)
                self.total = int(table.metadata.num_rows)
                self._groups = [
                    table.metadata.row_group(index).num_rows for index in range(table.metadata.num_row_groups)
                ]
        except (pa.ArrowException, OSError) as problem:
            raise UnreadableFile(
                f"{path.name} is a damaged Parquet file: {str(problem).splitlines()[0][:200]}"
            ) from problem
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise UnreadableFile(f"{path.name} has two columns of one name: {listed(twice)}.")

    def rows(self, start: int) -> Iterator[tuple[int, Row | Rejected]]:
        skipped = position = 0
        while skipped < len(self._groups) and position + self._groups[skipped] <= start:
            position += self._groups[skipped]
            skipped += 1
        wanted = list(range(skipped, len(self._groups)))
        if not wanted:
            return
        with pq.ParquetFile(self._path) as table:
            batches = table.iter_batches(batch_size=2_048, row_groups=wanted)
            while True:
                try:
                    batch = next(batches)
                except StopIteration:
                    return
                except (pa.ArrowException, OSError) as problem:
                    reason = str(problem).splitlines()[0][:200]
                    raise UnreadableFile(f"{self._path.name} is damaged after row {position}: {reason}") from problem
                for row in batch.to_pylist():
                    if position >= start:
                        yield position, row
                    position += 1


class _Lines:
    """Lines of a text file, none longer than the ceiling: what a field may not hold is dropped, and said."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.overlong = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(row_bytes_max)
        if not line:
            raise StopIteration
        if len(line) >= row_bytes_max and not line.endswith(("\n", "\r")):
            self.overlong = True
            while (rest := self._text.readline(row_bytes_max)) and not rest.endswith(("\n", "\r")):
                pass
            return line[:200] + "\n"
        return line


def _separator(sample: str) -> str:
    """The separator that cuts the first rows into the same, largest number of fields."""

    def score(separator: str) -> tuple[float, int]:
        try:
            widths = [len(record) for record in csv.reader(io.StringIO(sample), delimiter=separator) if record][:50]
        except csv.Error:
            return 0.0, 0
        # The last row of the sample may be cut.
        widths = widths[:-1] if len(widths) > 2 else widths
        if not widths or widths[0] < 2:
            return 0.0, 0
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    best = max(_SEPARATORS, key=score)
    return best if score(best)[1] else ","


def _object(line: bytes) -> Row | Rejected:
    shown = line[:500].decode("utf-8", "replace").strip()
    if b"\0" in line:
        return Rejected("The row holds a NUL character.", shown)
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        return Rejected(f"The row is not JSON: {problem}.", shown)
    return value if isinstance(value, dict) else Rejected("The row is JSON, but not an object.", shown)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")
