"""Every statement of the events domain, one thin function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from regulars.domains.events.model import (
    INBOX_CHANNEL,
    PERSONAL,
    EventName,
    ImportLine,
    ImportPlan,
    ImportState,
    KeptRejection,
    Rejection,
    TimelineItem,
)
from regulars.platform.statements import load_statements
from regulars.platform.tick import Claimed, Recorded, Tick
from regulars.platform.unit import Connection, Unit

sql: Final = load_statements(__package__)


async def add_messages(connection: Connection, rows: Sequence[bytes], rejections: Sequence[bytes] = ()) -> None:
    """`rows` are encoded `InboxRow`s, `rejections` encoded rows of their table: each list travels as one document."""
    values = {"rows": _document(rows), "rejections": _document(rejections), "channel": INBOX_CHANNEL}
    await connection.execute(sql["add_messages"], values)


async def add_caused(
    unit: Unit,
    name: str,
    caused: Mapping[str, UUID],
    properties: Mapping[str, Any],
    *,
    event_at: datetime,
    by_customer: bool = False,
    historical: bool = False,
) -> None:
    """`caused` maps each message id to its customer."""
    await unit.run(
        sql["add_caused"],
        name=name,
        message_ids=list(caused),
        customers=list(caused.values()),
        event_at=event_at,
        at=unit.at,
        by_customer=by_customer,
        historical=historical,
        properties=Jsonb(properties),
        channel=INBOX_CHANNEL,
    )


async def add_told(unit: Unit, told: Sequence[tuple[str, str, UUID, Mapping[str, Any]]]) -> None:
    """Each with its message id, name, customer and properties."""
    keys = ("message_id", "name", "customer_id", "properties")
    rows = [dict(zip(keys, one, strict=True)) for one in told]
    await unit.run(sql["add_told"], told=Jsonb(rows), at=unit.at, channel=INBOX_CHANNEL)


async def add_what_fits(
    connection: Connection,
    rows: Sequence[bytes],
    rejections: Sequence[bytes],
    attempt: Callable[[], AbstractAsyncContextManager[object]],
) -> dict[int, Rejection]:
    """All in one statement. If the database refuses a value that we let through, each row by itself, so that only the
    one that it refuses is lost, with a reason."""
    try:
        async with attempt():
            await add_messages(connection, rows, rejections)
        return {}
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(rows) + len(rejections) <= 1:
            said = str(error).splitlines()[0][:200]
            return dict.fromkeys(range(len(rows)), Rejection("unstorable", f"This cannot be stored: {said}.", ""))
    refused: dict[int, Rejection] = {}
    for index, row in enumerate(rows):
        refused.update((index, reason) for reason in (await add_what_fits(connection, [row], (), attempt)).values())
    for rejection in rejections:
        await add_what_fits(connection, (), [rejection], attempt)
    return refused


async def purge_rejections(unit: Unit, before: datetime) -> int:
    return await unit.run(sql["purge_rejections"], before=before)


async def claim_messages(tick: Tick, limit: int, *, historical: bool, copies_for: timedelta | None) -> Claimed:
    """`copies_for`: for how long before them the log is looked through for copies; None: from its beginning."""
    (row,) = await tick.rows(
        sql["claim_messages"], Claimed, historical=historical, limit=limit, at=tick.at, copies_for=copies_for
    )
    return row


async def put_aside(unit: Unit, seq: int, came_at: datetime, why: Rejection) -> bool:
    return bool(
        await unit.run(
            sql["put_aside"],
            seq=seq,
            came_at=came_at,
            id=unit.new_id(),
            at=unit.at,
            code=why.code,
            reason=why.reason,
            pointer=why.pointer,
        )
    )


async def record_events(tick: Tick, names_max: int) -> Recorded:
    (row,) = await tick.records(sql["record_events"], names_max=names_max)
    return Recorded(row["many"], frozenset(row["names"]), row["by_customer"])


async def remember_properties(tick: Tick, **ceilings: int) -> None:
    await tick.run(sql["remember_properties"], personal=PERSONAL, **ceilings)


async def put_caused(tick: Tick) -> int:
    return await tick.run(sql["put_caused"], at=tick.at, historical=tick.historical)


async def has_waiting_history(unit: Unit) -> bool:
    waits: bool = await unit.value(sql["has_waiting_history"])
    return waits


async def timeline(
    unit: Unit, customer_id: UUID, before: tuple[datetime, int] | None, limit: int
) -> list[TimelineItem]:
    before_at, before_seq = before or (None, None)
    return await unit.rows(
        sql["timeline"],
        TimelineItem,
        customer_id=customer_id,
        before_at=before_at,
        before_seq=before_seq,
        limit=limit,
    )


async def rejections(
    unit: Unit, before: tuple[datetime, UUID] | None, limit: int, *, put_aside: bool | None
) -> list[KeptRejection]:
    at, id = before or (None, None)
    which = {None: "rejections", True: "rejections_put_aside", False: "rejections_refused"}[put_aside]
    return await unit.rows(sql[which], KeptRejection, before_at=at, before_id=id, limit=limit)


async def lock_rejections(unit: Unit, ids: Sequence[UUID]) -> list[KeptRejection]:
    return await unit.rows(sql["lock_rejections"], KeptRejection, ids=list(ids))


async def put_back(unit: Unit, ids: Sequence[UUID]) -> int:
    return await unit.run(sql["put_back"], ids=list(ids), channel=INBOX_CHANNEL)


async def discard_rejections(unit: Unit, ids: Sequence[UUID]) -> int:
    return await unit.run(sql["discard_rejections"], ids=list(ids))


async def imports(unit: Unit, before: tuple[datetime, UUID] | None, limit: int) -> list[ImportLine]:
    at, id = before or (None, None)
    return await unit.rows(sql["imports"], ImportLine, before_at=at, before_id=id, limit=limit)


async def find_import(unit: Unit, identity: str, kind: str) -> ImportState | None:
    return await unit.row(sql["find_import"], ImportState, identity=identity, kind=kind)


async def begin_import(unit: Unit, plan: ImportPlan) -> ImportState:
    begun = await unit.row(
        sql["begin_import"],
        ImportState,
        id=unit.new_id(),
        file=plan.file,
        identity=plan.identity,
        kind=plan.kind,
        mapping=Jsonb(plan.mapping),
        rows=plan.rows,
        at=unit.at,
        started_by=unit.actor.name,
    )
    assert begun is not None
    return begun


async def advance_import(unit: Unit, before: int, after: ImportState) -> int:
    return await unit.run(
        sql["advance_import"],
        id=after.id,
        before=before,
        at=unit.at,
        state=after.state,
        position=after.position,
        rows=after.rows,
        accepted=after.accepted,
        rejected=after.rejected,
        failed_because=after.failed_because,
    )


async def event_names(unit: Unit, limit: int) -> list[EventName]:
    return await unit.rows(sql["event_names"], EventName, limit=limit)


def _document(parts: Sequence[bytes]) -> str:
    return (b"[" + b",".join(parts) + b"]").decode()
