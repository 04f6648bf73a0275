"""One PostgreSQL for the whole run; a database cloned from a migrated template for each test that asks for one."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlencode

import psycopg
import pytest

from regulars.platform import shipped
from regulars.platform.postgres.migrate import migrate
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.spark_cluster import LOOPBACK, Cluster, cluster, session

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POOL_MAX = 6


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A server for this test process, on a Unix socket, without fsync."""
    folder = Path(tempfile.mkdtemp(prefix="regulars-test-"))
    server = EmbeddedPostgres(
        folder, options={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
    )
    ready, over, failure = Event(), Event(), []

    async def live() -> None:
        try:
            await server.start()
            await migrate(server.url, shipped.migrations(), at=AT)
        except BaseException as error:
            failure.append(error)
            raise
        finally:
            ready.set()
        await asyncio.to_thread(over.wait)
        await server.stop()

    thread = Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    ready.wait(90)
    if failure:
        raise failure[0]
    yield server
    over.set()
    thread.join(30)
    shutil.rmtree(folder, ignore_errors=True)


_numbers = itertools.count()


@pytest.fixture
def database_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A fresh migrated database of this test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = postgres_server.url.replace("/regulars?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE regulars")
        yield postgres_server.url.replace("/regulars?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[Cluster]:
    """A master and two workers, for tests that are slow anyway."""
    with cluster(workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def spark_url(spark_cluster: Cluster) -> Iterator[str]:
    """Without a folder. The connection is kept from test to test, since it takes seconds to make."""
    with session(spark_cluster, {}):
        yield f"{spark_cluster.address}/?{urlencode(LOOPBACK)}"


@pytest.fixture(scope="session")
def postgres_url(postgres_server: EmbeddedPostgres) -> str:
    """A database that a whole test session may share: `postgres`, empty. Make temporary tables only."""
    return postgres_server.url.replace("/regulars?", "/postgres?")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(AT)


@pytest.fixture
async def units(database_url: str, clock: SetClock) -> AsyncIterator[Units]:
    """Opens units of work on the test's own database, at the instant the test's clock shows."""
    async with make_pool(database_url, size_max=POOL_MAX) as pool:
        yield Units(pool, clock, Ids(random.Random(7)))
