"""Connections to PostgreSQL, all set up alike."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from regulars.platform.unit import Connection

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await connection.set_autocommit(False)


def make_pool(url: str, *, size_max: int = 16) -> AsyncConnectionPool[Connection]:
    """A pool that is opened with `async with`. A caller waits at most ten seconds for a connection."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size_max,
        open=False,
        timeout=10,
        configure=_configure,
        kwargs={"prepare_threshold": 5},
    )
