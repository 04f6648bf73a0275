"""A PostgreSQL that its parent left behind on its way down is waited for, and helped if it never gets there. What one
that was killed leaves behind keeps no other from starting."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest

from regulars.platform.postgres.server import EmbeddedPostgres, answering_url

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
rounds = 3
gone_within_s = 30.0


async def recovering(postgres: EmbeddedPostgres) -> None:
    """One of its processes has just been killed."""
    async with await psycopg.AsyncConnection.connect(postgres.url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS lines AS SELECT generate_series(1, 10000)")
        await connection.commit()
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        await asyncio.sleep(0.12)


async def test_one_that_is_told_to_stop_while_it_recovers_is_gone_in_seconds(tmp_path: Path) -> None:
    for _ in range(rounds):
        postgres = EmbeddedPostgres(tmp_path / "data")
        await postgres.start()
        try:
            await recovering(postgres)
            assert postgres.pid is not None
            os.kill(postgres.pid, signal.SIGINT)  # As when its parent dies.
            async with asyncio.timeout(gone_within_s):
                assert await answering_url(tmp_path / "data") is None
        finally:
            await postgres.stop()


async def test_one_that_recovers_is_stopped_in_seconds(tmp_path: Path) -> None:
    for _ in range(rounds):
        postgres = EmbeddedPostgres(tmp_path / "data")
        await postgres.start()
        try:
            await recovering(postgres)
        finally:
            async with asyncio.timeout(gone_within_s):
                await postgres.stop()


async def test_lock_files_that_were_left_empty_are_removed(tmp_path: Path) -> None:
    """By whoever was killed between making one and writing into it."""
    locks = (tmp_path / "data" / "postgres" / "postmaster.pid", tmp_path / "data" / "run" / ".s.PGSQL.5432.lock")
    first = EmbeddedPostgres(tmp_path / "data")
    await first.start()
    for lock in locks:
        assert lock.stat().st_size
    await first.stop()
    for lock in locks:
        lock.write_bytes(b"")
        again = EmbeddedPostgres(tmp_path / "data")
        await again.start()
        try:
            assert await answering_url(tmp_path / "data") == again.url
        finally:
            await again.stop()
