"""What a migration may do to a database that is in use. The general rules are squawk's; those about how ours are run
are here. docs/contribute/migrations.md says what to write instead."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from regulars.platform.postgres.migrations import Migration, MigrationMalformed, Run

FIRST_RELEASE: Final = 12
"""The last migration of the first release. Up to it they make a database that nobody uses yet; it moves until that
release is made, and never afterwards."""

SQUAWK: Final = Path(sys.executable).with_name("squawk")
oldest_server: Final = "15"
_NOT_ASKED: Final = (
    # The migrator sets the timeouts, takes back what is slow, and runs again what was interrupted.
    "require-lock-timeout",
    "require-statement-timeout",
    "require-timeout-settings",
    "prefer-robust-stmts",
    # Matters of taste.
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-text-field",
    "prefer-identity",
)
_FORBIDDEN: Final = {
    r"VACUUM|CLUSTER|TRUNCATE|LOCK(?:\s+TABLE)?": "keeps everybody out of the table for as long as it takes",
    r"ALTER\s+TABLE\s+.*\bSET\s+(?:UN)?LOGGED\b": "writes the whole table anew",
    r"REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY)": "keeps readers out; refresh it concurrently",
}
_CHANGES_ROWS: Final = re.compile(r"^(?:WITH\b.*\b)?(?:UPDATE|DELETE\s+FROM)\b", re.IGNORECASE | re.DOTALL)
_BY_ITSELF: Final = re.compile(
    r"\bCONCURRENTLY\s+IF\s+(?:NOT\s+)?EXISTS\b|\bREINDEX\b.*\bCONCURRENTLY\b|\bDETACH\s+PARTITION\b.*\bCONCURRENTLY\b"
    r"|\bVALIDATE\s+CONSTRAINT\b|\bDROP\s+CONSTRAINT\s+IF\s+EXISTS\b|\bSET\s+NOT\s+NULL\b",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"^\s*--[^\n]*$", re.MULTILINE)
_BODY: Final = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def faults_of(migration: Migration, folder: Path) -> list[str]:
    """What must not be done so, in words; nothing for those of the first release."""
    if migration.number <= FIRST_RELEASE:
        return []
    try:
        found = [*_ours(migration), *_squawks(migration, folder)]
    except MigrationMalformed as error:
        found = [str(error)]
    return [f"{migration.title}: {fault}" for fault in found]


def _ours(migration: Migration) -> Iterator[str]:
    text = migration.sql.decode()
    if not re.search(r"^-- works from: ", text, re.MULTILINE):
        yield "say with `-- works from: NNNN` which programs work with the schema it makes"
    statements = _statements(migration)
    for statement in statements:
        for pattern, why in _FORBIDDEN.items():
            if re.match(pattern, statement, re.IGNORECASE | re.DOTALL):
                yield f"{_short(statement)} {why}"
        match migration.run:
            case Run.TRANSACTION if _CHANGES_ROWS.match(statement):
                yield f"{_short(statement)} changes rows at one go; fill in batches (`-- run: batches`)"
            case Run.TRANSACTION if re.search(r"\bCONCURRENTLY\b", statement, re.IGNORECASE):
                yield f"{_short(statement)} cannot run in a transaction (`-- run: statements`)"
            case Run.STATEMENTS if not _BY_ITSELF.search(statement):
                yield f"{_short(statement)} cannot be run again after an interruption, or belongs in a transaction"
            case Run.BATCHES if not (_CHANGES_ROWS.match(statement) and re.search(r"\bLIMIT\b", statement)):
                yield f"{_short(statement)} is no UPDATE or DELETE of so many rows (LIMIT)"


def _squawks(migration: Migration, folder: Path) -> Iterator[str]:
    asked = ["--reporter=json", f"--pg-version={oldest_server}", f"--exclude={','.join(_excluded(migration))}"]
    if migration.run is not Run.STATEMENTS:
        asked.append("--assume-in-transaction")
    said = subprocess.run(
        [SQUAWK, *asked, folder / f"{migration.title}.sql"], capture_output=True, text=True, timeout=60, check=False
    )
    for one in json.loads(said.stdout or "[]"):
        yield f"line {one['line'] + 1}, {one['rule_name']}: {one['message']}"


def _excluded(migration: Migration) -> list[str]:
    """What older programs need may go once none of them can be running."""
    contracts = migration.works_from == migration.number
    return [*_NOT_ASKED, *(("ban-drop-column", "ban-drop-table", "ban-drop-not-null") if contracts else ())]


def _statements(migration: Migration) -> list[str]:
    text = _BODY.sub("''", _COMMENT.sub("", migration.sql.decode()))
    return [piece.strip() for piece in text.split(";") if piece.strip()]


def _short(statement: str) -> str:
    return " ".join(statement.split())[:60]
