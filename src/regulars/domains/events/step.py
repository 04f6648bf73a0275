"""The log's steps in the tick: take what waits, append it, put back what was caused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from regulars.domains.events import store
from regulars.domains.events.model import Rejection
from regulars.platform.log import months
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

live_copies_for: Final = timedelta(days=35)
"""Senders repeat what they sent for hours, and a queue that was forgotten may be sent once more weeks later. Whoever
imports a file may do so again after years: for copies of history all of the log is looked through."""
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
    """Moves up to `limit` waiting messages into the tick, live ones or history, the oldest first, and makes the part of
    the log that they need. How many; of copies among them one is counted, and none is taken that the log holds."""
    copies_for = None if historical else live_copies_for
    claimed = tick.claimed = await store.claim_messages(tick, limit, historical=historical, copies_for=copies_for)
    if claimed.first_at is not None and claimed.last_at is not None:
        await months.make_room(tick, claimed.first_at, claimed.last_at)
    tick.count("claimed", claimed.many)
    return claimed.many


async def put_aside(unit: Unit, seq: int, came_at: datetime, *, because: str) -> bool:
    """Takes a message that makes every tick fail out of the inbox, and keeps it with the reason. Whether it was there:
    `came_at` is its `Claimed.first_at`."""
    reason = f"This could not be worked in: {because}".replace("\x00", " ")[:reason_chars_max]
    done = await store.put_aside(unit, seq, came_at, Rejection("stops_ticks", reason, ""))
    if done:
        _log.error("message_put_aside", seq=seq, because=because)
    return done


async def record(tick: Tick) -> None:
    """Appends to the log. Every claimed message has its customer by now."""
    tick.recorded = await store.record_events(tick, event_names_max)
    tick.count("recorded", tick.recorded.many)
    if tick.recorded.many:
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
