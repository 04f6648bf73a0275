"""The journeys' step: follow merges, leave, walk, enter."""

from __future__ import annotations

from typing import Final

from regulars.domains.journeys import store
from regulars.domains.messages.service import outbox
from regulars.platform.tick import Tick

hops_per_tick_max: Final = 25
"""Steps one enrolment takes in one tick at most; it wakes again in the next."""
walkers_per_hop_max: Final = 10_000
"""Enrolments of one journey that take a step together; the others follow in the next hop or tick."""


async def advance(tick: Tick) -> None:
    """Leave, then walk, then enter: nobody takes a step in a journey they are leaving.

    Imported history may end an enrolment, because its leave rule holds, but nobody enters, walks or is written to."""
    if tick.regrouped:
        await store.follow_merges(tick)
    work = await store.work(tick, tick.recorded.names)
    if tick.stirred:
        tick.count("journeys_left", await store.leave_where_rule_holds(tick))
    if work.inside:
        tick.count("journeys_left", await store.leave_ended(tick))
    if tick.historical:
        return
    walked = await _walk(tick, entrants_only=False) if work.inside else 0
    if work.at_the_door and (entered := await store.enter(tick)):
        tick.count("journeys_entered", entered)
        walked += await _walk(tick, entrants_only=True)
    tick.count("journey_steps", walked)
    if walked:
        tick.count("messages_queued", await outbox.queue(tick))


async def _walk(tick: Tick, *, entrants_only: bool) -> int:
    await outbox.open_addressed(tick)
    walked = 0
    for _ in range(hops_per_tick_max):
        moved = await store.walk(tick, entrants_only=entrants_only, batch_max=walkers_per_hop_max)
        walked += moved
        if not moved:
            break
    return walked
