"""The judging step: what every rule says of everyone who was touched or is due."""

from __future__ import annotations

from typing import Final

from regulars.domains.verdicts import service
from regulars.domains.verdicts.model import Brought, Judging
from regulars.domains.verdicts.store import ticks, versions
from regulars.platform.tick import Tick

due_max: Final = 10_000
"""How many customers the clock brings into one tick; more wait for the next, which follows at once."""


async def judge(tick: Tick) -> None:
    if tick.regrouped:
        await ticks.drop_absorbed(tick)
    in_force = await versions.in_force(tick)
    if in_force.any_filled:
        await ticks.make_live(tick)
        in_force = await versions.in_force(tick)
    judging = await service.judging_by(tick, in_force)
    brought = await ticks.choose_scope(tick, judging.mentions, due_max=due_max)
    if not tick.counts["touched"] and not tick.counts.get("due"):
        return
    by_history = await ticks.keep_summaries(tick, judging, brought)
    if tick.counts["judged"]:
        wanted = await _mentioned(tick, judging, brought)
        tick.count("rules_run", len(wanted.rules))
        await ticks.judge_scope(tick, wanted, by_history)
        await ticks.write_verdicts(tick, wanted, whole=wanted is judging)


async def _mentioned(tick: Tick, judging: Judging, brought: Brought) -> Judging:
    """Of the rules those that speak of what this tick brought. All, if somebody is judged for another reason than that:
    new, due, merged; and if it is most of them, since each set of rules is a query of its own to be planned."""
    if tick.historical or tick.regrouped:
        return judging
    keys = frozenset(key for key, said in judging.spoken.items() if brought.concerns(said))
    if tick.counts.get("customers") or brought.anybody_due or 2 * len(keys) > len(judging.rules):
        return judging
    return await ticks.narrowed(tick, judging, keys)
