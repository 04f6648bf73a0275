from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.rules.answering import Answering, InDuckDB, InPostgreSQL


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Answering]:
    if request.param == "duckdb":
        yield InDuckDB()
        return
    with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as connection:
        yield InPostgreSQL(connection)
