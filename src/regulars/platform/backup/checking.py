"""Reads a backup from beginning to end: every byte, every row."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from regulars.platform.backup.manifest import DATABASE, MANIFEST, BackupDamaged, Manifest, StoredFile
from regulars.platform.postgres.tools import ToolFailed, run_tool

block_bytes: Final = 1 << 20
ROWS_END: Final = b"\\.\n\n\n"
_TABLE_DATA: Final = re.compile(r"^(\d+); \d+ \d+ TABLE DATA (\S+) (\S+) ", re.MULTILINE)

Tell = Callable[[str], None]


def look_at(root: Path, path: Path, table: str | None) -> StoredFile:
    """Reads one file whole, a piece at a time. Raises BackupDamaged when rows are expected in it and do not come."""
    digest, size, rows, tail = hashlib.sha256(), 0, 0, b""
    inflate = zlib.decompressobj(wbits=31)
    name = path.relative_to(root).as_posix()
    with path.open("rb") as file:
        while block := file.read(block_bytes):
            digest.update(block)
            size += len(block)
            while table is not None and block:
                try:
                    text = inflate.decompress(block, block_bytes)
                except zlib.error:
                    raise BackupDamaged(f"{name} is damaged: it cannot be unpacked.") from None
                block = inflate.unconsumed_tail
                rows += text.count(b"\n")
                tail = (tail + text)[-len(ROWS_END) :]
    if table is None:
        return StoredFile(name, size, digest.hexdigest())
    if not inflate.eof or tail != ROWS_END:
        raise BackupDamaged(f"{name} is cut short: the rows of {table} do not come to their end.")
    return StoredFile(name, size, digest.hexdigest(), table, rows - ROWS_END.count(b"\n"))


async def tables_by_file(folder: Path) -> Mapping[str, str]:
    """Which table's rows are in which file of a backup, by PostgreSQL's own table of contents."""
    listing = await run_tool("pg_restore", ["--list", str(folder / DATABASE)])
    return {f"{DATABASE}/{entry}.dat.gz": f"{schema}.{table}" for entry, schema, table in _TABLE_DATA.findall(listing)}


def check_counts(manifest: Manifest) -> None:
    """Every row that the database counted is in a file. Raises BackupDamaged."""
    rows = {file.table: file.rows for file in manifest.files if file.table is not None}
    if lacking := sorted(manifest.tables.keys() - rows.keys()):
        raise BackupDamaged(f"The backup has no rows of {', '.join(lacking[:3])}.")
    for table, counted in manifest.tables.items():
        if rows[table] != counted:
            raise BackupDamaged(f"The backup holds {rows[table]:,} rows of {table}, and the database had {counted:,}.")


def _files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


async def check_backup(folder: Path, manifest: Manifest, tell: Tell) -> None:
    """Raises BackupDamaged at the first thing that is not as it was written."""
    said = {file.path: file for file in manifest.files}
    found = _files_in(folder) - {MANIFEST}
    missing, strange = sorted(said.keys() - found), sorted(found - said.keys())
    if missing or strange:
        words = [f"{name} is missing" for name in missing[:3]] + [f"{name} is not part of it" for name in strange[:3]]
        raise BackupDamaged(f"The backup in {folder} is damaged: {'; '.join(words)}.")
    # Sizes first: what is cut short is found at once, and not after an hour of reading.
    for file in manifest.files:
        if (size := (folder / file.path).stat().st_size) != file.bytes:
            raise BackupDamaged(f"{folder / file.path} has {size:,} bytes, and had {file.bytes:,} when it was written.")
    for file in manifest.files:
        tell(file.table or file.path)
        seen = await asyncio.to_thread(look_at, folder, folder / file.path, file.table)
        if seen.sha256 != file.sha256:
            raise BackupDamaged(f"{folder / file.path} was changed after it had been written: its checksum is another.")
    check_counts(manifest)
    try:
        await tables_by_file(folder)
    except ToolFailed as error:
        raise BackupDamaged(f"The table of contents of {folder} cannot be read: {error.detail}") from None
