"""Finding the past of the lifecycle."""

from __future__ import annotations

from datetime import datetime

from regulars.domains.lifecycle import service
from regulars.domains.verdicts.model import Relations
from regulars.platform.unit import Units


async def rebuild_history(units: Units, relations: Relations | None, at: datetime) -> int:
    """After an import: everyone's moves up to an instant, from their history. How many customers were left out."""
    return await service.rebuild_history(units, relations, at)


async def rebuild_wanted_history(units: Units, relations: Relations | None, at: datetime) -> bool:
    """Every few seconds: the same, if the stages' rules have changed since. Whether there was anything to do."""
    return await service.rebuild_wanted_history(units, relations, at)
