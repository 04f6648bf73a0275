"""The log's steps in the tick: take what waits, append it, put back what was caused."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from regulars.domains.events import store
from regulars.domains.events.model import Rejection
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

event_names_max: Final = 10_000
properties_looked_at_every: Final = timedelta(seconds=1)
events_looked_into_max: Final = 50
property_depth_max: Final = 3
properties_of_event_max: Final = 200
properties_max: Final = 50_000
property_examples_max: Final = 50
reason_chars_max: Final = 500
_log = structlog.get_logger(__name__)


async def claim(tick: Tick, *, limit: int, historical: bool) -> int:
    """Moves up to `limit` waiting messages into the tick, live ones or history, the oldest first. How many; copies
    among them are dropped and not counted."""
    claimed = await store.claim_messages(tick, limit, historical=historical)
    tick.count("claimed", claimed)
    return claimed


async def first_claimed(tick: Tick) -> int:
    """Where the first message of this tick stands in the inbox."""
    return await store.first_claimed(tick)


async def put_aside(unit: Unit, seq: int, *, because: str) -> None:
    """Takes a message that makes every tick fail out of the inbox, and keeps it with the reason."""
    _log.error("message_put_aside", seq=seq, because=because)
    reason = f"This could not be worked in: {because}".replace("\x00", " ")[:reason_chars_max]
    await store.put_aside(unit, seq, Rejection("stops_ticks", reason, ""))


async def record(tick: Tick) -> None:
    """Appends to the log, once per message id. Every claimed message has its customer by now."""
    recorded = await store.record_events(tick)
    tick.count("recorded", recorded)
    await store.count_event_names(tick, event_names_max)
    if recorded:
        await _look_into_some(tick)


async def _look_into_some(tick: Tick) -> None:
    """Notes what properties events have. It is a sample: where one tick follows the other, most do not look."""
    looked_at = tick.memory.get("properties_looked_at")
    if looked_at is not None and timedelta() <= tick.at - looked_at < properties_looked_at_every:
        return
    tick.memory["properties_looked_at"] = tick.at
    await store.remember_properties(
        tick,
        events_max=events_looked_into_max,
        depth_max=property_depth_max,
        paths_max=properties_of_event_max,
        rows_max=properties_max,
        examples_max=property_examples_max,
    )


async def put_caused(tick: Tick) -> None:
    """What the steps caused waits for the next tick; if this one was history, so is all that it caused."""
    tick.count("caused", await store.put_caused(tick))
