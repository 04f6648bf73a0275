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
    judging = await _in_force(tick)
    await store.choose_scope(tick, judging.mentions, due_max=due_max)
    if tick.counts["touched"] or tick.counts.get("due"):
        await store.keep_summaries(tick, judging)
        await store.judge_scope(tick, judging)
        await store.write_verdicts(tick)


async def _in_force(tick: Tick) -> store.Judging:
    """Read and compiled again only when the versions in force are others than in the tick before."""
    versions = await store.versions_in_force(tick)
    known: list[tuple[int, str]] | None
    judging: store.Judging | None
    known, judging = tick.memory.get("rules_in_force", (None, None))
    if judging is None or known != versions:
        rules = policy.meanings(await store.rules_in_force(tick))
        judging = await store.judging(rules, policy.spoken_of(rules.values()))
        tick.memory["rules_in_force"] = (versions, judging)
    return judging
