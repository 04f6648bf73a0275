"""The log's steps in the tick: take what waits, append it, put back what was caused."""

from __future__ import annotations

from typing import Final

from regulars.domains.events import store
from regulars.platform.tick import Tick

event_names_max: Final = 10_000


async def claim(tick: Tick, *, limit: int, historical: bool) -> int:
    """Moves up to `limit` waiting messages into the tick, live ones or history, the oldest first. How many; copies
    among them are dropped and not counted."""
    claimed = await store.claim_messages(tick, limit, historical=historical)
    tick.count("claimed", claimed)
    return claimed


async def record(tick: Tick) -> None:
    """Appends to the log, once per message id. Every claimed message has its customer by now."""
    tick.count("recorded", await store.record_events(tick))
    await store.count_event_names(tick, event_names_max)


async def put_caused(tick: Tick) -> None:
    """What the steps caused waits for the next tick; if this one was history, so is all that it caused."""
    tick.count("caused", await store.put_caused(tick))
