"""How long the next tick is put off, so that it has more to do."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from regulars.entrypoints import worker
from regulars.pipeline import Ticked, live_messages_max
from regulars.platform.tick import few_max
from regulars.platform.watch.meter import Meter
from tests.conftest import AT


@pytest.mark.parametrize(
    ("claimed", "took_s", "gathers_s"),
    [
        (0, 0.05, None),
        (1, 0.05, None),
        (few_max, 0.05, None),
        (few_max + 1, 0.05, 0.05),
        (live_messages_max - 1, 3.0, worker.gathering_max_s),
        (live_messages_max, 3.0, None),
    ],
)
async def test_after_a_tick_of_many_more_is_gathered_unless_more_waits_anyway(
    monkeypatch: pytest.MonkeyPatch, claimed: int, took_s: float, gathers_s: float | None
) -> None:
    async def poll_once(at: datetime) -> Ticked:
        return Ticked(True, claimed, {}, took_s)

    product: Any = SimpleNamespace(pipeline=SimpleNamespace(poll_once=poll_once), meter=Meter())
    ticking = worker.Worker(product, asyncio.Event())
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert await ticking._tick(AT) == 0
    assert slept == ([] if gathers_s is None else [gathers_s])
