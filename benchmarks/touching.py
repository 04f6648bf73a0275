"""Cost follows change: the same touched customers in a small base and in one a hundred times as big, turn by turn."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from benchmarks import ground
from benchmarks.figures import Figure
from regulars.pipeline import Pipeline
from regulars.shared.ids import Ids


@dataclass(slots=True)
class Base:
    customers: int
    events: int
    units: ground.CountingUnits
    pipeline: Pipeline
    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)

    async def touch(self, touched: int, number: int) -> None:
        await ground.receive(self.units, ground.calls(touched, customers=self.customers, run=f"touch{number}"))
        before, began = self.units.statements, perf_counter()
        await self.pipeline.poll_once(ground.now())
        self.seconds.append(perf_counter() - began)
        self.statements.append(self.units.statements - before)
        await self.pipeline.drain(ground.now())


async def measure(quick: bool) -> list[Figure]:
    """A customer's summary is made when they are first touched; the first half of the rounds is not counted."""
    if quick:
        touched, rounds, sizes = 20, 4, ((200, 2_000), (1_000, 10_000))
    else:
        touched, rounds, sizes = 1_000, 24, ((10_000, 500_000), (1_000_000, 50_000_000))
    async with AsyncExitStack() as stack:
        few, many = [await stack.enter_async_context(_base(*size)) for size in sizes]
        for number in range(rounds):
            await few.touch(touched, number)
            await many.touch(touched, number)
    half = rounds // 2
    note = f"{many.customers:,} customers and {many.events:,} events beside {few.customers:,} and {few.events:,}"
    beside = "the same in the smaller base"
    return [
        Figure(f"a tick for {touched:,} touched customers", 1000 * median(many.seconds[half:]), "ms",
               1000 * median(few.seconds[half:]), beside, note),
        Figure("statements a tick", median(many.statements[half:]), "statements",
               median(few.statements[half:]), beside, note),
    ]  # fmt: skip


@asynccontextmanager
async def _base(customers: int, events: int) -> AsyncIterator[Base]:
    at = ground.now()
    with ground.folder() as data:
        async with ground.installation(data) as units:
            began = perf_counter()
            await ground.settle_people(units, customers=customers, events=events, at=at)
            await ground.lay_rules(units, at=at)
            async with Pipeline(units, Ids()) as pipeline:
                await ground.put_in_force(units, pipeline, at=at)
                print(f"{customers:,} customers settled in {perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
                yield Base(customers, events, units, pipeline)
