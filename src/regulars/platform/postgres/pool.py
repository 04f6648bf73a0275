"""Connections to PostgreSQL, all set up alike."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from regulars.platform.unit import Connection

reconnect_timeout_s: Final = 1.0
"""The pool waits twice as long after each try, so one that gives up soon, and is asked again, is back the sooner."""

# Over a network that swallows everything, nobody says that a connection is lost: to be found out within half a minute.
# On a Unix socket these say nothing.
NETWORK: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await connection.set_autocommit(False)


def make_pool(url: str, *, size_max: int = 16, name: str = "regulars") -> AsyncConnectionPool[Connection]:
    """A pool that is opened with `async with`. A caller waits at most ten seconds for a connection. `name` is what its
    connections call themselves."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size_max,
        open=False,
        timeout=10,
        configure=_configure,
        reconnect_timeout=reconnect_timeout_s,
        kwargs={**NETWORK, "prepare_threshold": 5, "application_name": name},
    )
