"""The lifecycle's step: everyone whose verdicts changed goes to the stage they are now in."""

from __future__ import annotations

from regulars.domains.lifecycle import store
from regulars.platform.tick import Tick


async def settle(tick: Tick) -> None:
    """Imported history moves customers too, but as history: nothing is caused by it, and their past is found anew."""
    if tick.regrouped:
        await store.forget_absorbed(tick)
    if not tick.stirred and not tick.historical:
        return
    rules = await store.stage_rules(tick)
    if not rules:
        return
    texts = store.rule_texts(rules)
    if any(rule.new for rule in rules):
        await store.settle_everyone(tick, rules[0].lifecycle_id, texts)
    else:
        tick.count("stage_moves", await store.settle_changed(tick, texts))
    if tick.historical:
        # What arrived late has its place in the past: the moves up to now are found again once all of it is in.
        await store.want_history(tick, rules[0].lifecycle_id)
