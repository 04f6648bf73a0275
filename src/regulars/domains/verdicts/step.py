"""The judging step: what every rule says of everyone who was touched or is due."""

from __future__ import annotations

from typing import Final

from regulars.domains.verdicts import service, store
from regulars.platform.tick import Tick

due_max: Final = 10_000
"""How many customers the clock brings into one tick; more wait for the next, which follows at once."""


async def judge(tick: Tick) -> None:
    if await tick.regrouped():
        await store.drop_absorbed(tick)
    await store.make_live(tick)
    judging = await service.judging_in_force(tick)
    await store.choose_scope(tick, judging.mentions, due_max=due_max)
    if tick.counts["touched"] or tick.counts.get("due"):
        await store.keep_summaries(tick, judging)
        await store.judge_scope(tick, judging)
        await store.write_verdicts(tick)
