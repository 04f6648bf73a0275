"""Events on their whole way through the tick: twenty audiences, six stages and five journeys in force."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter

from benchmarks import ground
from benchmarks.accepting import copy_again
from benchmarks.figures import Figure
from regulars.pipeline import STEPS, Pipeline, Step
from regulars.platform.tick import Tick
from regulars.shared.ids import Ids


async def measure(quick: bool) -> list[Figure]:
    customers, past, messages = (200, 2_000, 500) if quick else (10_000, 100_000, 20_000)
    at = ground.now()
    spent: dict[str, float] = defaultdict(float)
    with ground.folder() as data:
        async with ground.running(data) as (server, units):
            await ground.settle_people(units, customers=customers, events=past, at=at)
            await ground.lay_rules(units, at=at)
            async with Pipeline(units, Ids(), [_timed(step, spent) for step in STEPS]) as pipeline:
                await ground.put_in_force(units, pipeline, at=at)
                # Whoever is met for the first time is judged by their history: that has happened before.
                await ground.receive(units, ground.calls(4 * customers, customers=customers, run="warm"))
                await pipeline.drain(ground.now())
                spent.clear()
                await ground.receive(units, ground.calls(messages, customers=customers, run="bench"))
                rows, copied_s = copy_again(server.url)
                began = perf_counter()
                ticks = await pipeline.drain(ground.now())
                seconds = perf_counter() - began
            async with units.open() as unit:
                recorded = await unit.value(b"SELECT count(*) FROM events WHERE source <> 'bench-past'")
    assert rows == messages
    figures = [
        Figure("fully processed", messages / seconds, "events/s", rows / copied_s,
               "COPY of the same messages into an equal table", f"{ticks} ticks, {customers:,} customers; "
               f"{recorded:,} recorded with all that was caused"),
    ]  # fmt: skip
    in_steps = sum(spent.values())
    for name, took in spent.items():
        figures.append(
            Figure(f"of a tick: {name}", 1e6 * took / messages, "µs/event", 1e6 * in_steps / messages, "all steps")
        )
    return figures


def _timed(step: Step, spent: dict[str, float]) -> Step:
    name = f"{step.__module__.split('.')[-2]}.{step.__name__}"

    async def run(tick: Tick) -> None:
        began = perf_counter()
        await step(tick)
        spent[name] += perf_counter() - began

    return run
