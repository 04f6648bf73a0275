"""The messages' step in the tick: whose they are when customers become one or are taken apart."""

from __future__ import annotations

from regulars.domains.messages import store
from regulars.platform.tick import Tick


async def follow(tick: Tick) -> None:
    """Messages move with the customers they were made for; before the journeys' step, which queues new ones."""
    if tick.regrouped:
        tick.count("messages_moved", await store.move_regrouped(tick))
