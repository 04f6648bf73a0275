"""Cost follows change: the same hundred touched customers in a small base and in one ten times as big."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks import ground
from benchmarks.figures import Figure
from regulars.pipeline import Pipeline
from regulars.shared.ids import Ids


@dataclass(frozen=True, slots=True)
class Touched:
    seconds: float
    statements: float


async def measure(quick: bool) -> list[Figure]:
    if quick:
        touched, rounds, small, big = 20, 4, (200, 2_000), (1_000, 10_000)
    else:
        touched, rounds, small, big = 100, 24, (5_000, 50_000), (50_000, 500_000)
    few = await _touch(*small, touched=touched, rounds=rounds)
    many = await _touch(*big, touched=touched, rounds=rounds)
    note = f"{big[0]:,} customers and {big[1]:,} events beside {small[0]:,} and {small[1]:,}"
    beside = "the same in the smaller base"
    return [
        Figure(f"a tick for {touched} touched customers", 1000 * many.seconds, "ms", 1000 * few.seconds, beside, note),
        Figure("statements a tick", many.statements, "statements", few.statements, beside, note),
    ]


async def _touch(customers: int, past: int, *, touched: int, rounds: int) -> Touched:
    at = ground.now()
    times: list[float] = []
    statements: list[int] = []
    with ground.folder() as data:
        async with ground.installation(data) as units:
            await ground.settle_people(units, customers=customers, events=past, at=at)
            await ground.lay_rules(units, at=at)
            async with Pipeline(units, Ids()) as pipeline:
                await ground.put_in_force(units, pipeline, at=at)
                for number in range(rounds):
                    await ground.receive(units, ground.calls(touched, customers=customers, run=f"touch{number}"))
                    before = units.statements
                    began = perf_counter()
                    await pipeline.poll_once(ground.now())
                    times.append(perf_counter() - began)
                    statements.append(units.statements - before)
                    await pipeline.drain(ground.now())
    half = rounds // 2
    return Touched(median(times[half:]), median(statements[half:]))
