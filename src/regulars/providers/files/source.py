"""Opens a file of rows: CSV, JSON lines or Parquet. Rows stream; a row's position never changes, so reading can resume.

The whole file is read once when it is opened, to know that it can be read to its end and to name it by its content: a
copy under another name is the same file.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from regulars.providers.files.model import Rejected, Row, UnreadableFile
from regulars.providers.files.readers import CsvReader, JsonLinesReader, ParquetReader

Format = Literal["csv", "jsonl", "parquet"]

_CHUNK: Final = 1 << 20
_SAMPLE: Final = 1 << 16
_EXTENSIONS: Final[dict[str, Format]] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PACKED: Final = (
    (b"\x1f\x8b", "is gzip-compressed: unpack it first (gunzip)"),
    (b"BZh", "is bzip2-compressed: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is zstd-compressed: unpack it first"),
    (b"PK\x03\x04", "is a ZIP archive or a spreadsheet (.xlsx): unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old spreadsheet (.xls): save the sheet as CSV"),
    (b"%PDF", "is a PDF document"),
)


class Reader(Protocol):
    """How one format is read: the columns, and the rows from a position on."""

    columns: tuple[str, ...]

    def rows(self, start: int) -> Iterator[tuple[int, Row | Rejected]]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read. `identity` is the SHA-256 of its bytes; `rows_estimate` is exact for Parquet."""

    path: Path
    format: Format
    columns: tuple[str, ...]
    rows_estimate: int
    identity: str
    notes: tuple[str, ...]
    reader: Reader = field(repr=False)

    def rows(self, start: int = 0) -> Iterator[tuple[int, Row | Rejected]]:
        """Each row with its position, the first being 0, from `start` on. A row that cannot be read is `Rejected`."""
        return self.reader.rows(start)


@dataclass(frozen=True, slots=True)
class _Scan:
    identity: str
    lines: int
    head: bytes
    not_utf8_at: int | None
    size: int


def open_source(
    path: Path, *, format: Format | None = None, encoding: str | None = None, separator: str | None = None
) -> Source:
    """Raises UnreadableFile, saying what the file is instead."""
    if not path.exists():
        raise UnreadableFile(f"There is no file {str(path)!r}.")
    if not path.is_file():
        raise UnreadableFile(f"{str(path)!r} is not a file.")
    try:
        scan = _scan(path)
    except OSError as problem:
        raise UnreadableFile(f"{path.name} cannot be read: {problem.strerror or problem}.") from problem
    if scan.size == 0:
        raise UnreadableFile(f"{path.name} is empty.")
    for magic, what in _PACKED:
        if scan.head.startswith(magic):
            raise UnreadableFile(f"{path.name} {what}.")
    known = format or _format_of(path, scan.head)
    if known == "parquet":
        parquet = ParquetReader(path)
        return Source(path, known, parquet.columns, parquet.total, scan.identity, (), parquet)
    if known == "jsonl":
        _refuse_not_utf8(path, scan)
        json_lines = JsonLinesReader(path)
        return Source(path, known, json_lines.columns, scan.lines, scan.identity, (), json_lines)
    used, notes = _encoding(path, scan, encoding)
    table = CsvReader(path, used, separator)
    notes = (*notes, *table.notes)
    return Source(path, known, table.columns, max(scan.lines - 1, 0), scan.identity, notes, table)


def _scan(path: Path) -> _Scan:
    digest, lines, size, head, last = hashlib.sha256(), 0, 0, b"", b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    not_utf8_at: int | None = None
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            head = head or chunk[:_SAMPLE]
            digest.update(chunk)
            lines += chunk.count(b"\n")
            if not_utf8_at is None:
                pending = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as problem:
                    not_utf8_at = size - pending + problem.start
            size += len(chunk)
            last = chunk[-1:]
    if not_utf8_at is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            not_utf8_at = size - 1
    return _Scan(digest.hexdigest(), lines + (last not in (b"\n", b"")), head, not_utf8_at, size)


def _format_of(path: Path, head: bytes) -> Format:
    if head.startswith(b"PAR1"):
        return "parquet"
    if known := _EXTENSIONS.get(path.suffix.lower()):
        return known
    return "jsonl" if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{") else "csv"


def _refuse_not_utf8(path: Path, scan: _Scan) -> None:
    if scan.not_utf8_at is not None:
        raise UnreadableFile(f"{path.name} is not UTF-8 (byte {scan.not_utf8_at:,}); JSON lines must be.")


def _encoding(path: Path, scan: _Scan, asked: str | None) -> tuple[str, tuple[str, ...]]:
    """What the first bytes say, else UTF-8 if all bytes allow it, else what Western spreadsheets write; and says so."""
    if asked is not None:
        try:
            codecs.lookup(asked)
        except LookupError:
            raise UnreadableFile(f"There is no encoding {asked!r}; say utf-8, windows-1252, iso-8859-1, …") from None
        _decode_whole(path, asked)
        return asked, ()
    for bom, encoding in _BOMS:
        if scan.head.startswith(bom):
            _decode_whole(path, encoding)
            return encoding, () if encoding == "utf-8-sig" else (f"read as {encoding}, as its first bytes say",)
    if scan.head.count(b"\0") > len(scan.head) // 4:
        encoding = "utf-16-le" if scan.head[1:2] == b"\0" else "utf-16-be"
        _decode_whole(path, encoding)
        return encoding, (f"read as {encoding}",)
    if scan.not_utf8_at is None:
        return "utf-8", ()
    reason = f"byte {scan.not_utf8_at:,} is not UTF-8"
    try:
        _decode_whole(path, "windows-1252")
    except UnreadableFile:
        raise UnreadableFile(f"{path.name}: {reason}, and it is not Windows-1252 either; name its encoding.") from None
    return "windows-1252", (f"read as Windows-1252, because {reason}; name the encoding if letters look wrong",)


def _decode_whole(path: Path, encoding: str) -> None:
    """Proves the bytes decode to the end before a single row is taken."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError as problem:
            raise UnreadableFile(f"{path.name} is not {encoding}: {problem}.") from problem
