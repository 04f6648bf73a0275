"""Many callers, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from regulars.platform import group_commit
from regulars.platform.group_commit import GroupCommit, NotStored, TooBusy
from regulars.platform.unit import Connection, Units


class Recorder:
    """Writes by remembering, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.failures: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, connection: Connection, lots: Sequence[int]) -> Sequence[int]:
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.groups.append(list(lots))
        return [lot * 10 for lot in lots]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def test_what_arrives_during_a_commit_is_written_together_by_the_next(units: Units, recorder: Recorder) -> None:
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        assert await commits.submit(1, items=1, size=1) == 10
        recorder.open.clear()
        sending = [asyncio.create_task(commits.submit(lot, items=1, size=1)) for lot in range(2, 7)]
        await asyncio.sleep(0.1)
        recorder.open.set()
        assert await asyncio.gather(*sending) == [20, 30, 40, 50, 60]
    assert recorder.groups[0] == [1]
    assert [lot for group in recorder.groups for lot in group] == [1, 2, 3, 4, 5, 6]
    assert len(recorder.groups) <= 3
    assert (commits.items, commits.size) == (0, 0)


@pytest.mark.parametrize(("items", "size"), [(6, 1), (1, 60)])
async def test_what_does_not_fit_is_put_off(units: Units, recorder: Recorder, items: int, size: int) -> None:
    commits = GroupCommit(units, recorder.write, items_max=10, bytes_max=100)
    async with commits.running():
        recorder.open.clear()
        first = asyncio.create_task(commits.submit(1, items=items, size=size))
        await asyncio.sleep(0.05)
        with pytest.raises(TooBusy):
            await commits.submit(2, items=items, size=size)
        recorder.open.set()
        assert await first == 10
        assert await commits.submit(3, items=items, size=size) == 30


async def test_a_broken_connection_is_tried_once_more(units: Units, recorder: Recorder) -> None:
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        for lot in (1, 2):
            recorder.failures = [psycopg.OperationalError("server closed the connection unexpectedly")]
            assert await commits.submit(lot, items=1, size=1) == lot * 10


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), ValueError("a slip")])
async def test_a_group_that_fails_is_told_so_and_the_next_is_written(
    units: Units, recorder: Recorder, error: Exception
) -> None:
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        recorder.failures = [error, error] if isinstance(error, psycopg.Error) else [error]
        with pytest.raises(NotStored):
            await commits.submit(1, items=1, size=1)
        assert await commits.submit(2, items=1, size=1) == 20
    assert (commits.items, commits.size) == (0, 0)


async def test_a_caller_that_gives_up_leaves_the_others_alone(units: Units, recorder: Recorder) -> None:
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        recorder.open.clear()
        gone = asyncio.create_task(commits.submit(1, items=1, size=1))
        stays = asyncio.create_task(commits.submit(2, items=1, size=1))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0)
        recorder.open.set()
        assert await stays == 20


async def test_nobody_waits_for_ever(units: Units, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "answer_timeout_s", 0.05)
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        recorder.open.clear()
        with pytest.raises(NotStored):
            await commits.submit(1, items=1, size=1)
        recorder.open.set()


async def test_what_waits_at_the_end_is_still_written(units: Units, recorder: Recorder) -> None:
    commits = GroupCommit(units, recorder.write)
    async with commits.running():
        sending = asyncio.create_task(commits.submit(1, items=1, size=1))
        await asyncio.sleep(0)
    assert await sending == 10
    with pytest.raises(NotStored):
        await commits.submit(2, items=1, size=1)
