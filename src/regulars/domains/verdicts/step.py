"""The judging step: what every rule says of everyone who was touched or is due."""

from __future__ import annotations

from typing import Final

from regulars.domains.verdicts import policy, store
from regulars.platform.tick import Tick

due_max: Final = 10_000
"""How many customers the clock brings into one tick; more wait for the next, which follows at once."""


async def judge(tick: Tick) -> None:
    await store.drop_absorbed(tick)
    await store.make_live(tick)
    await store.choose_scope(tick, due_max=due_max)
    if not (tick.counts["touched"] or tick.counts.get("due")):
        return
    rows = await store.rules_in_force(tick)
    if rows:
        await store.judge_scope(tick, policy.keyed(policy.rule_set(rows)), await store.time_zone(tick))
        await store.write_verdicts(tick)
