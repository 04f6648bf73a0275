"""The verbs of intake and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

from regulars.domains.events import store
from regulars.domains.events.model import (
    CAUSED_PREFIX,
    BodyUnreadable,
    EventName,
    ImportLine,
    ImportMovedOn,
    ImportPlan,
    ImportState,
    KeptRejection,
    Outcome,
    RejectedItem,
    Rejection,
    Retried,
    TimelineItem,
    WriteKeyUnknown,
)
from regulars.domains.events.policy.envelope import Envelope, malformed, open_batch, unpack
from regulars.domains.events.policy.message import Arrival, key_in, read_sent
from regulars.domains.events.policy.outcomes import item_of, outcome_of
from regulars.domains.events.policy.retries import keep, read_again
from regulars.domains.members import service as members
from regulars.platform.checkpoints import checkpoint
from regulars.platform.group_commit import GroupCommit, NotStored, TooBusy
from regulars.platform.telemetry import counter
from regulars.platform.unit import Connection, Unit, Units, jsonable
from regulars.shared.ids import Ids, outside
from regulars.shared.paging import Page, decode_numbered_place, decode_place, encode_cursor, encode_place, page_of

history_chunk_max: Final = 2_000
rejection_kept_for: Final = timedelta(days=7)
event_names_shown_max: Final = 1_000
bytes_read_at_once_max: Final = 64 * 1024 * 1024
messages_between_pauses: Final = 200
key_trusted_for_s: Final = 10.0
keys_remembered_max: Final = 10_000
key_chars_max: Final = 200
key_lookups_at_once_max: Final = 2
key_lookup_timeout_s: Final = 5.0

SourceOf = Callable[[str], Awaitable[str | None]]
"""Tells by a write key which source its messages come from; None if the key is not valid."""

messages_total: Final = counter("regulars_intake_messages_total", "Messages sent to the event API.", ("outcome",))


@dataclass(frozen=True, slots=True)
class _Lot:
    """What one request brought, encoded."""

    rows: list[bytes]
    rejections: list[bytes]


class WriteKeys:
    """Remembers for a few seconds which write keys are valid and which are not, so that a revoked key soon is useless
    and a busy one does not cost a query a request."""

    def __init__(self, source_of: SourceOf) -> None:
        self._source_of = source_of
        self._known: dict[str, tuple[str | None, float]] = {}
        self._lookups = asyncio.Semaphore(key_lookups_at_once_max)

    async def source_of(self, key: str) -> str:
        """Raises WriteKeyUnknown."""
        source, until = self._known.get(key, (None, 0.0))
        now = asyncio.get_running_loop().time()
        if until <= now and 0 < len(key) <= key_chars_max and key.isascii() and key.isprintable():
            source = await self._look_up(key)
            if len(self._known) >= keys_remembered_max:
                self._known.clear()
            self._known[key] = (source, now + key_trusted_for_s)
        if source is None:
            raise WriteKeyUnknown
        return source

    async def _look_up(self, key: str) -> str | None:
        try:
            async with asyncio.timeout(key_lookup_timeout_s), self._lookups:
                return await self._source_of(key)
        except (psycopg.Error, OSError, TimeoutError):
            raise NotStored from None


def key_sources(units: Units) -> SourceOf:
    """Names the source of a message after the write key it came with."""

    async def source_of(text: str) -> str | None:
        async with units.open() as unit:
            key = await members.recognise_write_key(unit, text)
        return outside("key", key.id) if key else None

    return source_of


class Intake:
    """Takes what the event API is sent, and answers when it is durable."""

    def __init__(self, units: Units, ids: Ids, keys: WriteKeys, **ceilings: int) -> None:
        self._units = units
        self._ids = ids
        self._keys = keys
        self._reading = 0
        self._commits = GroupCommit[_Lot, Mapping[int, Rejection]](units, _write_lots, **ceilings)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Stores what is sent as long as the block lasts."""
        return self._commits.running()

    @contextmanager
    def reading(self, size: int) -> Iterator[None]:
        """Keeps the bodies that are being read at once within the memory there is for them. Raises TooBusy."""
        if self._reading and self._reading + size > bytes_read_at_once_max:
            raise TooBusy
        self._reading += size
        try:
            yield
        finally:
            self._reading -= size

    async def is_known(self, key: str) -> bool:
        try:
            return bool(await self._keys.source_of(key))
        except WriteKeyUnknown:
            return False

    async def take_one(self, kind: str, body: bytes, key: str | None) -> Rejection | None:
        """One message; why it was not taken. Raises what `Intake` may raise: WriteKeyUnknown, BodyTooLarge,
        BodyUnreadable, TooBusy, NotStored."""
        source = await self._keys.source_of(key) if key is not None else None
        raw = unpack(body).strip()
        if source is None:
            source = await self._source_in(raw)
        arrival = self._arrival(source)
        row = read_sent(raw, kind, arrival)
        if isinstance(row, Rejection):
            if row.code == "malformed_json":
                row = msgspec.structs.replace(row, reason=malformed(raw).detail)
            await self._commit([], [self._keep(row, arrival, raw, kind)])
            return row
        refused = await self._commit([msgspec.json.encode(row)], [])
        return refused.get(0)

    async def take_batch(self, body: bytes, key: str | None, *, historical: bool = False) -> Outcome:
        """Many messages, each taken or refused by itself."""
        source = await self._keys.source_of(key) if key is not None else None
        try:
            raw = unpack(body)
            envelope = open_batch(raw)
        except BodyUnreadable as error:
            if source is not None:
                fault = Rejection(error.code, error.detail, error.faults[0].pointer if error.faults else "")
                await self._commit([], [self._keep(fault, self._arrival(source), body)])
            raise
        if source is None and envelope.write_key is not None:
            source = await self._keys.source_of(envelope.write_key)
        sources = [source or await self._source_in(raw) for raw in envelope.messages] if source is None else []
        arrival = self._arrival(source or "", envelope, historical=historical)
        rows, places, rejected, kept = [], [], [], []
        for index, raw in enumerate(envelope.messages):
            mine = msgspec.structs.replace(arrival, source=sources[index]) if sources else arrival
            row = read_sent(raw, None, mine)
            if isinstance(row, Rejection):
                rejected.append(item_of(index, row))
                kept.append(self._keep(row, mine, raw))
            else:
                rows.append(msgspec.json.encode(row))
                places.append(index)
            if index % messages_between_pauses == messages_between_pauses - 1:
                await asyncio.sleep(0)
        refused = await self._commit(rows, kept) if rows or kept else {}
        return outcome_of(places, refused, rejected)

    async def _source_in(self, raw: bytes) -> str:
        """Browsers cannot always send a header: the key may stand in the message."""
        return await self._keys.source_of(key_in(raw) or "")

    def _arrival(self, source: str, envelope: Envelope | None = None, *, historical: bool = False) -> Arrival:
        received_at = self._units.clock.now()
        return Arrival(
            received_at=received_at,
            source=source,
            make_message_id=lambda: self._ids.new(received_at).hex,
            historical=historical,
            sent_at=envelope.sent_at if envelope else None,
            context=envelope.context if envelope else None,
        )

    def _keep(self, rejection: Rejection, arrival: Arrival, raw: bytes, kind: str | None = None) -> bytes:
        return keep(self._ids.new(arrival.received_at), arrival, rejection, raw, kind)

    async def _commit(self, rows: list[bytes], rejections: list[bytes]) -> Mapping[int, Rejection]:
        """The rows the database refused, by their position."""
        size = sum(map(len, rows)) + sum(map(len, rejections))
        refused = await self._commits.submit(_Lot(rows, rejections), items=len(rows) + len(rejections), size=size)
        messages_total.labels("accepted").inc(len(rows) - len(refused))
        messages_total.labels("rejected").inc(len(rejections) + len(refused))
        return refused


async def announce(
    unit: Unit,
    name: str,
    customer_id: UUID,
    properties: Mapping[str, Any],
    *,
    at: datetime | None = None,
    by_customer: bool = False,
    message_id: str | None = None,
) -> None:
    """Something happened to a customer inside the product: it joins the log with the next tick after this commits.
    Announcing the same name, time and properties, or the same `message_id`, twice makes one event.
    """
    event_at, plain = at or unit.at, jsonable(properties)
    caused = {CAUSED_PREFIX + (message_id or _told(customer_id, name, event_at, plain)): customer_id}
    await store.add_caused(unit, name, caused, plain, event_at=event_at, by_customer=by_customer)


async def announce_all(unit: Unit, told: Sequence[tuple[str, UUID, Mapping[str, Any]]]) -> None:
    """As `announce`, of many things that happened now: the name, the customer and the properties of each."""
    if rows := [(CAUSED_PREFIX + _told(who, name, unit.at, said), name, who, said) for name, who, said in told]:
        await store.add_told(unit, rows)


async def announce_for_each(
    unit: Unit, name: str, customers: Sequence[UUID], properties: Mapping[str, Any], *, historical: bool = False
) -> None:
    """The same happened to many customers now. As history it waits until all else is done, and starts nothing."""
    caused = {CAUSED_PREFIX + _told(one, name, unit.at, properties): one for one in customers}
    await store.add_caused(unit, name, caused, properties, event_at=unit.at, historical=historical)


async def add(unit: Unit, messages: Sequence[Mapping[str, Any]], *, source: str, historical: bool = False) -> Outcome:
    """Messages in the words of the Segment specification, each with its `type`, in the caller's transaction.
    What is refused is told and, unless it is history, kept among the rejections. History names its customers by
    `email` and `phone` too, and may bring `consents`: [{"channel", "topic", "answer": "yes"|"no"}].
    """
    arrival = Arrival(
        received_at=unit.at,
        source=source,
        make_message_id=lambda: unit.new_id().hex,
        historical=historical,
        trusted=historical,
    )
    rows: list[bytes] = []
    places: list[int] = []
    rejected: list[RejectedItem] = []
    kept: list[bytes] = []
    for index, message in enumerate(messages):
        raw = msgspec.json.encode(message)
        row = read_sent(raw, None, arrival)
        if isinstance(row, Rejection):
            rejected.append(item_of(index, row))
            if not historical:
                kept.append(keep(unit.new_id(), arrival, row, raw))
        else:
            rows.append(msgspec.json.encode(row))
            places.append(index)
    refused = await store.add_what_fits(unit.connection, rows, kept, unit.connection.transaction)
    return outcome_of(places, refused, rejected)


async def accept(units: Units, messages: Sequence[Mapping[str, Any]], *, source: str) -> Outcome:
    """The same, durable when this returns."""
    async with units.open() as unit:
        return await add(unit, messages, source=source)


def flaw_in(message: Mapping[str, Any], *, at: datetime) -> Rejection | None:
    """Why this, as history, would be refused; None if it would be taken. Touches nothing."""
    arrival = Arrival(received_at=at, source="", make_message_id=str, historical=True, trusted=True)
    row = read_sent(msgspec.json.encode(message), None, arrival)
    return row if isinstance(row, Rejection) else None


async def accept_history(units: Units, messages: Iterable[Mapping[str, Any]], *, source: str) -> Outcome:
    """History of any length, one transaction a chunk; who must remember how far it came, calls `add` in the transaction
    that remembers. Indexes in the outcome count over all of it."""
    accepted, start, rejected = 0, 0, []
    remaining = iter(messages)
    while chunk := list(islice(remaining, history_chunk_max)):
        async with units.open() as unit:
            outcome = await add(unit, chunk, source=source, historical=True)
        accepted += outcome.accepted
        rejected += [msgspec.structs.replace(item, index=start + item.index) for item in outcome.rejected]
        start += len(chunk)
    return Outcome(accepted, tuple(rejected))


async def has_waiting_history(unit: Unit) -> bool:
    """Whether imported history waits to be worked in."""
    return await store.has_waiting_history(unit)


async def timeline(unit: Unit, customer_id: UUID, after: str | None, limit: int) -> Page[TimelineItem]:
    """What happened to a customer, the latest first."""
    items = await store.timeline(unit, customer_id, decode_numbered_place(after), limit + 1)
    return page_of(items, limit, lambda item: encode_cursor(item.at.isoformat(), item.seq))


async def rejections(
    unit: Unit, after: str | None, limit: int, *, put_aside: bool | None = None
) -> Page[KeptRejection]:
    """What was refused in the last week and what was put aside, or one of the two; the latest first."""
    items = await store.rejections(unit, decode_place(after), limit + 1, put_aside=put_aside)
    return page_of(items, limit, lambda item: encode_place(item.at, item.id))


async def imports(unit: Unit, after: str | None, limit: int) -> Page[ImportLine]:
    """The imports of files, the latest first."""
    items = await store.imports(unit, decode_place(after), limit + 1)
    return page_of(items, limit, lambda item: encode_place(item.started_at, item.id))


async def find_import(unit: Unit, identity: str, kind: str) -> ImportState | None:
    """How far the import of this content with this mapping has come; None if it never began."""
    return await store.find_import(unit, identity, kind)


async def begin_import(unit: Unit, plan: ImportPlan) -> ImportState:
    """Begins it at its first row, or takes it up where it stopped."""
    return await store.begin_import(unit, plan)


async def advance_import(unit: Unit, before: ImportState, after: ImportState) -> None:
    """Notes how far it came, in the transaction that adds the messages. Raises ImportMovedOn."""
    if not await store.advance_import(unit, before.position, after):
        raise ImportMovedOn


async def event_names(unit: Unit) -> Sequence[EventName]:
    """The names events have, the most frequent first."""
    return await store.event_names(unit, event_names_shown_max)


async def retry(unit: Unit, ids: Sequence[UUID]) -> list[Retried]:
    """Takes each once more, as it was sent and as if it came when it came, with the message id it had. What is refused
    again stays. Two who ask at the same time put nothing back twice."""
    kept = {one.id: one for one in await store.lock_rejections(unit, ids)}
    rows, refused = read_again(kept.values())
    written = await store.add_what_fits(
        unit.connection, [msgspec.json.encode(row) for row in rows.values()], (), unit.connection.transaction
    )
    refused |= {one: written[place] for place, one in enumerate(rows) if place in written}
    back = [one for one in kept if one not in refused]
    await store.put_back(unit, [one for one in back if one not in rows])
    await store.discard_rejections(unit, back)
    for one in back:
        await members.record(unit, "rejection.retried", outside("rejection", one), {"code": kept[one].code})
    return [Retried(one, one in kept, refused.get(one)) for one in dict.fromkeys(ids)]


async def discard(unit: Unit, ids: Sequence[UUID]) -> int:
    """Forgets what was refused or put aside, for good; how many there were."""
    kept = await store.lock_rejections(unit, ids)
    for one in kept:
        details = {"code": one.code, "reason": one.reason}
        await members.record(unit, "rejection.discarded", outside("rejection", one.id), details)
    return await store.discard_rejections(unit, [one.id for one in kept])


async def purge_rejections(unit: Unit) -> int:
    """Forgets what was refused more than a week ago; how many. What was accepted and put aside stays."""
    return await store.purge_rejections(unit, unit.at - rejection_kept_for)


def _told(customer_id: UUID, name: str, at: datetime, properties: Mapping[str, Any]) -> str:
    """The same, told again, has the same message id."""
    return sha256(msgspec.json.encode([customer_id, name, at, properties], order="deterministic")).hexdigest()


async def _write_lots(connection: Connection, lots: Sequence[_Lot]) -> list[Mapping[int, Rejection]]:
    """What the database refused of each lot. Only if it refused something of a group is it written lot by lot."""
    rows = [row for lot in lots for row in lot.rows]
    rejections = [rejection for lot in lots for rejection in lot.rejections]
    checkpoint("intake.before_commit")
    try:
        await store.add_messages(connection, rows, rejections)
    except (psycopg.DataError, psycopg.IntegrityError):
        return [await store.add_what_fits(connection, lot.rows, lot.rejections, nullcontext) for lot in lots]
    checkpoint("intake.after_commit")
    return [{} for _ in lots]
