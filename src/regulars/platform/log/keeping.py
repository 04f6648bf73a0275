"""What the log needs now and then: parts for what is to come, and to be rid of what nobody needs in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from regulars.platform.log.months import make_ahead
from regulars.platform.log.removing import Asked, Needs, Stays, remove_month
from regulars.platform.unit import Unit, Units
from regulars.platform.warehouse.facts import EVENTS
from regulars.platform.warehouse.feeding import Warehouse

_log = structlog.get_logger(__name__)


async def keep_log(
    units: Units,
    warehouse: Warehouse | None,
    months: int | None,
    *,
    at: datetime,
    asked: Callable[[Unit], Awaitable[Asked]],
    mentioned: Sequence[bytes],
) -> None:
    """Makes the parts of this month and the next. With `months`, takes out one month before the last so many, if there
    is one that nobody needs: one at a time, so that a clock that is wrong for an hour costs no years."""
    async with units.open(at=at) as unit:
        await make_ahead(unit)
    if months is None or warehouse is None:
        return
    fed = (await warehouse.offsets()).get(EVENTS, 0)
    found = await remove_month(units, at=at, months=months, needs=Needs(fed=fed, asked=asked, mentioned=mentioned))
    if isinstance(found, Stays):
        _log.info("log_month_stays", part=found.part.name, because=found.because)
