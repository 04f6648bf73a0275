"""The judging step: what every rule says of everyone who was touched or is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from regulars.domains.verdicts import policy, store
from regulars.platform.tick import Tick
from regulars.rules.compile import Compiled
from regulars.rules.resolve import Mentions

due_max: Final = 10_000
"""How many customers the clock brings into one tick; more wait for the next, which follows at once."""


async def judge(tick: Tick) -> None:
    if await tick.regrouped():
        await store.drop_absorbed(tick)
    await store.make_live(tick)
    mentions, queries = await _in_force(tick)
    await store.choose_scope(tick, mentions, due_max=due_max)
    if tick.counts["touched"] or tick.counts.get("due"):
        await store.judge_scope(tick, queries)
        await store.write_verdicts(tick)


async def _in_force(tick: Tick) -> tuple[Mentions, Sequence[Compiled]]:
    """Read and compiled again only when the versions in force are others than in the tick before."""
    versions = await store.versions_in_force(tick)
    known, mentions, queries = tick.memory.get("rules_in_force", (None, None, None))
    if known != versions:
        rules = policy.meanings(await store.rules_in_force(tick))
        mentions, queries = policy.spoken_of(rules.values()), await store.compiled(rules, "postgres")
        tick.memory["rules_in_force"] = (versions, mentions, queries)
    return mentions, queries
