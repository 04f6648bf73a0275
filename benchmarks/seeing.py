"""From the post of an event to the moment it can be read on its customer's timeline, over HTTP."""

from __future__ import annotations

from typing import Any, Final

from benchmarks import ground
from benchmarks.figures import Figure, percentile
from benchmarks.served import client, serving
from regulars.pipeline import Pipeline
from regulars.shared.ids import Ids

rates: Final = (20, 100)


async def measure(quick: bool) -> list[Figure]:
    customers, past, seconds = (200, 1_000, 1.5) if quick else (2_000, 20_000, 15.0)
    at = ground.now()
    figures = []
    with ground.folder() as data:
        async with ground.installation(data) as units:
            await ground.settle_people(units, customers=customers, events=past, at=at)
            await ground.lay_rules(units, at=at)
            async with Pipeline(units, Ids()) as pipeline:
                await ground.put_in_force(units, pipeline, at=at)
        async with serving(data) as served:
            keys = served.keys()
            for rate in rates:
                told = await client(
                    "see", port=served.port, key=keys["write_key"], admin_key=keys["admin_key"], rate=rate,
                    seconds=seconds, run=f"see{rate}",
                )  # fmt: skip
                note = f"{told['sent'] / seconds:.0f} events/s beside it, {len(told['times'])} looked for"
                figures += [_figure(rate, share, told, note) for share in (0.5, 0.99)]
    return figures


def _figure(rate: int, share: float, told: dict[str, Any], note: str) -> Figure:
    return Figure(
        f"event to timeline at {rate}/s, p{100 * share:.0f}",
        1000 * percentile(told["times"], share),
        "ms",
        1000 * percentile(told["floors"], 0.5),
        "one post and one look, in quiet",
        note,
    )
