"""What a backup says about itself, and how its own word is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from regulars.platform.postgres.migrate import Applied
from regulars.shared.errors import Conflict, Malformed

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
UNFINISHED: Final = ".unfinished"


class NoBackup(Malformed):
    """There is no backup in this folder."""


class BackupDamaged(Conflict):
    """This backup is damaged: what is in it is not what was put there."""


class BackupOfOtherFormat(Conflict):
    """This backup was made by a newer Regulars, in a format that this one does not know."""


class StoredFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a backup. `table` and `rows` are said of those that hold a table's rows."""

    path: str
    bytes: int
    sha256: str
    table: str | None = None
    rows: int | None = None


class Manifest(msgspec.Struct, frozen=True):
    """`instant`: whatever was committed before it is in the backup. `tables`: rows of each, counted by the database in
    the very snapshot that was copied. `number`: after how many others it was made in its folder: which backup is the
    newest is not for clocks to say."""

    format: int
    product: str
    postgres: str
    database_bytes: int
    instant: datetime
    finished_at: datetime
    schema: tuple[Applied, ...]
    tables: Mapping[str, int]
    files: tuple[StoredFile, ...]
    number: int = 0

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class _Sealed(msgspec.Struct, frozen=True):
    manifest: msgspec.Raw
    sha256: str


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Last of all: a folder without one is no backup."""
    body = msgspec.json.encode(manifest)
    sealed = _Sealed(msgspec.Raw(body), hashlib.sha256(body).hexdigest())
    with (folder / MANIFEST).open("xb") as file:
        file.write(msgspec.json.encode(sealed))
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Raises NoBackup, BackupDamaged, BackupOfOtherFormat."""
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NoBackup(f"There is no backup in {folder}: it has no {MANIFEST}.") from None
    except OSError as error:
        raise NoBackup(f"{folder / MANIFEST} cannot be read: {error.strerror or error}.") from None
    try:
        sealed = msgspec.json.decode(text, type=_Sealed)
        body = bytes(sealed.manifest)
        if hashlib.sha256(body).hexdigest() != sealed.sha256:
            raise BackupDamaged(f"{folder / MANIFEST} was changed after it had been written.")
        found = msgspec.json.decode(body)["format"]
        if found != FORMAT:
            raise BackupOfOtherFormat(
                f"The backup in {folder} has the format {found}, and this Regulars knows {FORMAT}. Use the version "
                "that made it, or a newer one."
            )
        return msgspec.json.decode(body, type=Manifest)
    except (msgspec.MsgspecError, KeyError, TypeError):
        raise BackupDamaged(f"{folder / MANIFEST} cannot be understood: it is cut short, or is no manifest.") from None


def whole_backups(folder: Path) -> list[tuple[Path, Manifest]]:
    """The backups in a folder that keeps several, oldest first. What cannot be read is not among them."""
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.name.endswith(UNFINISHED) and (entry / MANIFEST).exists():
            try:
                found.append((entry, read_manifest(entry)))
            except (NoBackup, BackupDamaged, BackupOfOtherFormat):
                continue
    return sorted(found, key=lambda one: (one[1].number, one[1].instant, one[0].name))


def find_backup(folder: Path) -> tuple[Path, Manifest]:
    """The folder itself, or the newest backup in it. Raises NoBackup, BackupDamaged, BackupOfOtherFormat."""
    if folder.is_dir() and not (folder / MANIFEST).exists():
        kept = whole_backups(folder)
        if kept:
            return kept[-1]
    return folder, read_manifest(folder)
