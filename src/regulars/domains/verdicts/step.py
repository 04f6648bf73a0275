"""The judging step: what every rule says of everyone who was touched or is due."""

from __future__ import annotations

from typing import Final

from regulars.domains.verdicts import policy, store
from regulars.platform.tick import Tick

due_max: Final = 10_000
"""How many customers the clock brings into one tick; more wait for the next, which follows at once."""


async def judge(tick: Tick) -> None:
    if await tick.regrouped():
        await store.drop_absorbed(tick)
    await store.make_live(tick)
    in_force = await _in_force(tick)
    await store.choose_scope(tick, in_force.mentions, due_max=due_max)
    if tick.counts["touched"] or tick.counts.get("due"):
        await store.judge_scope(tick, in_force.rules, await store.time_zone(tick))
        await store.write_verdicts(tick)


async def _in_force(tick: Tick) -> policy.InForce:
    """Read and written out again only when the versions in force are others than in the tick before."""
    versions = await store.versions_in_force(tick)
    known, in_force = tick.memory.get("rules_in_force", (None, None))
    if known != versions or not isinstance(in_force, policy.InForce):
        in_force = policy.in_force(await store.rules_in_force(tick))
        tick.memory["rules_in_force"] = (versions, in_force)
    return in_force
