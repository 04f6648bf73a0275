"""Every named statement is prepared on the real schema, so that none names a column that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import regulars
from regulars.platform.statements import load_statements
from regulars.platform.tick import TEMPORARY

SOURCE = Path(regulars.__path__[0])
MAKES_TEMPORARY = re.compile(rb"^CREATE TEMP", re.MULTILINE)


def packages() -> list[str]:
    """Every package with a folder of statements."""
    return sorted(
        ".".join(("regulars", *folder.parent.relative_to(SOURCE).parts))
        for folder in SOURCE.rglob("sql")
        if any(folder.glob("*.sql"))
    )


def numbered(statement: bytes) -> bytes:
    """The statement with PostgreSQL's own parameters, as the driver sends it."""
    found: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[1] not in found:
            found.append(match[1])
        return f"${found.index(match[1]) + 1}"

    return re.sub(r"%\((\w+)\)s|%%", number, statement.decode()).encode()


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(TEMPORARY)
        for package in packages():
            for statement in load_statements(package).values():
                if MAKES_TEMPORARY.search(statement):
                    connection.execute(statement.replace(b"ON COMMIT DROP", b""))
        yield connection


def test_there_are_statements() -> None:
    assert "regulars.domains.members" in packages()


def test_every_statement_fits_the_schema(connection: psycopg.Connection) -> None:
    misfits = []
    for package in packages():
        for name, statement in load_statements(package).items():
            result = connection.pgconn.prepare(b"", numbered(statement))
            if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                misfits.append(f"{package} {name}: {result.error_message.decode(errors='replace')}")
    assert not misfits, "\n".join(misfits)


def test_every_statement_is_used() -> None:
    """A statement that nobody runs is a leftover."""
    idle = []
    for package in packages():
        folder = SOURCE.joinpath(*package.split(".")[1:])
        code = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.py"))
        idle += [f"{package}: {name}" for name in load_statements(package) if f'"{name}"' not in code]
    assert not idle, "\n".join(idle)
