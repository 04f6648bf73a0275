"""Migrations as they are written: numbered SQL files, each with what its head says about how it is run."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

_HEAD: Final = re.compile(rb"^-- (run|works from): *(.+?) *$", re.MULTILINE)
_END: Final = re.compile(rb";[ \t]*(?:--[^\n]*)?$", re.MULTILINE)
_COMMENT: Final = re.compile(rb"^\s*--[^\n]*$", re.MULTILINE)


class MigrationMalformed(ValueError):
    """A migration's head or its statements cannot be understood. The programmer's mistake, not the operator's."""


class Run(StrEnum):
    """How a migration is applied to a database that is in use."""

    TRANSACTION = "transaction"
    """Whole or not at all, in well under a second: new tables, new columns, what changes the catalogue alone."""
    STATEMENTS = "statements"
    """One statement after the other, each by itself, since it cannot run in a transaction or takes long without being
    in anybody's way: CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT. Interrupted, all are run again: IF NOT EXISTS."""
    BATCHES = "batches"
    """Each statement again and again until it touches no row, every time in a short transaction: filling a column."""


@dataclass(frozen=True, slots=True)
class Migration:
    """`works_from`: programs that know the migrations up to this number work with the schema it makes, so the release
    before can go on, and be started again, while and after this one is applied. Unsaid: only those that know it."""

    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql).hexdigest()

    @property
    def title(self) -> str:
        return f"{self.number:04d}_{self.name}"

    @property
    def run(self) -> Run:
        said = self._said("run")
        try:
            return Run.TRANSACTION if said is None else Run(said)
        except ValueError:
            raise MigrationMalformed(f"{self.title}: `-- run: {said}` is none of {', '.join(Run)}.") from None

    @property
    def works_from(self) -> int:
        said = self._said("works from")
        if said is None:
            return self.number
        if not re.fullmatch(r"\d{4}", said) or int(said) > self.number:
            raise MigrationMalformed(f"{self.title}: `-- works from:` names an earlier migration by its four digits.")
        return int(said)

    @property
    def statements(self) -> list[bytes]:
        """One by one. A statement ends with a semicolon at the end of a line; bodies of functions do not belong in what
        is run statement by statement."""
        if b"$$" in self.sql:
            raise MigrationMalformed(
                f"{self.title}: a function's body cannot be told from statements; use a transaction."
            )
        pieces = _END.split(self.sql)
        if _COMMENT.sub(b"", pieces[-1]).strip():
            raise MigrationMalformed(f"{self.title}: its last statement does not end with a semicolon.")
        return [piece.strip() for piece in pieces if _COMMENT.sub(b"", piece).strip()]

    def _said(self, what: str) -> str | None:
        head = self.sql.split(b";", 1)[0]
        said = {name.decode(): value.decode() for name, value in _HEAD.findall(head)}
        return said.get(what)


def read_migrations(folder: Path) -> list[Migration]:
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(file.stem[:4]), file.stem[5:], file.read_bytes()) for file in files]


def newest(folder: Path) -> int:
    """The number up to which this program knows the schema."""
    return max((one.number for one in read_migrations(folder)), default=0)
