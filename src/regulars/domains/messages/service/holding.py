"""Holding all sending back: by hand, and after a restore, until somebody says go.

A restored database is that of an instant in the past. What was waiting then, and whatever time has made due since, may
have been sent by the server that is gone. So the time between is lived through once more without sending, which makes
again every message that could have gone out; what was made by then is doubtful, and what is made later is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from regulars.domains.members import service as members
from regulars.domains.messages import store
from regulars.domains.messages.model import Purpose
from regulars.platform.unit import Unit
from regulars.shared.errors import Conflict


class StillDoubtful(Conflict):
    """Messages are still being made that may have been sent before the database was restored."""


class Doubtful(StrEnum):
    """What is done with messages that may have gone out before."""

    BY_PURPOSE = "by-purpose"
    """As with every attempt of unknown fate: marketing at most once, transactional at least once."""
    SEND = "send"
    GIVE_UP = "give-up"


@dataclass(frozen=True, slots=True)
class Hold:
    """`backup_at` and `made_until` after a restore: the instant that was restored, and the one up to which what was
    made may have gone out before."""

    since: datetime
    by: str
    because: str
    backup_at: datetime | None = None
    made_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """How many messages wait, and how many of those may have gone out before, by purpose."""

    waiting: Mapping[str, int]
    doubtful: Mapping[str, int]


async def hold(unit: Unit, because: str) -> None:
    """From the commit on no attempt starts. If sending is held already, that hold stays as it is."""
    await _write(unit, because)
    await members.record(unit, "sending.held", "sending", {"because": because})


async def hold_restored(unit: Unit, backup_at: datetime, late_by: timedelta = timedelta()) -> None:
    """Holds what a restored database would send; what is made up to this unit's instant is doubtful, and a little
    longer, where what the time between made due may be made so much later than it was the first time. A hold that the
    backup brought along gives way."""
    await store.drop_hold(unit)
    await _write(unit, "restored from a backup", backup_at=backup_at, made_until=unit.at + late_by)


async def held(unit: Unit) -> Hold | None:
    """Why nothing is being sent, or None."""
    value = await store.read_hold(unit)
    if value is None:
        return None
    return Hold(
        since=datetime.fromisoformat(value["since"]),
        by=value["by"],
        because=value["because"],
        backup_at=_instant(value.get("backup_at")),
        made_until=_instant(value.get("made_until")),
    )


async def count(unit: Unit) -> Held:
    """What waits while sending is held, or would wait if it were."""
    found = await held(unit)
    counts = await store.count_held(unit, found.made_until if found else None)
    return Held(
        {str(one["purpose"]): one["waiting"] for one in counts},
        {str(one["purpose"]): one["doubtful"] for one in counts},
    )


async def release(unit: Unit, doubtful: Doubtful = Doubtful.BY_PURPOSE) -> int | None:
    """Lets what is due go out; how many doubtful messages were given up and are listed as of unknown fate. None if
    nothing was held. Raises StillDoubtful."""
    found = await held(unit)
    if found is None:
        return None
    if found.made_until is not None and unit.at < found.made_until:
        raise StillDoubtful(
            f"Until {found.made_until:%Y-%m-%d %H:%M:%S} UTC messages are made that may have been sent before the "
            "database was restored. Release sending after that."
        )
    given_up = 0
    if found.made_until is not None and (purposes := _given_up(doubtful)):
        text = "It may have been sent before the database was restored, and was not sent again."
        why = {"code": "unknown", "text": text}
        given_up = await store.give_up_doubtful(unit, purposes, made_until=found.made_until, why=why)
    await store.drop_hold(unit)
    await members.record(unit, "sending.released", "sending", {"doubtful": doubtful, "given_up": given_up})
    return given_up


async def _write(
    unit: Unit, because: str, *, backup_at: datetime | None = None, made_until: datetime | None = None
) -> None:
    told = {
        "since": unit.at.isoformat(),
        "by": unit.actor.name,
        "because": because,
        "backup_at": backup_at.isoformat() if backup_at else None,
        "made_until": made_until.isoformat() if made_until else None,
    }
    await store.write_hold(unit, told)


def _given_up(doubtful: Doubtful) -> Sequence[str]:
    match doubtful:
        case Doubtful.BY_PURPOSE:
            return [Purpose.MARKETING]
        case Doubtful.SEND:
            return []
        case Doubtful.GIVE_UP:
            return [*Purpose]


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
