"""Every statement of the customers domain, one thin function each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from regulars.domains.customers.model import (
    ConsentLine,
    Customer,
    CustomerName,
    Identifier,
    IdentifierLine,
    Kind,
    ListMember,
    ListPlace,
    Mention,
    Merge,
    MergeLine,
    Resolution,
    StaticList,
    TraitValue,
)
from regulars.domains.events.model import PERSONAL
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit
from regulars.shared.ids import CustomerId

sql = load_statements(__package__)

PERSONAL_TRAIT: Final = rf"{PERSONAL}|(^|[._-])name$"
examples_max: Final = 50
personal_examples_max: Final = 8
sight_grain: Final = timedelta(minutes=1)
"""Who was seen this short a time before is not written again: a visit has many events, and an hour many visits."""
_LIST_EVENTS: Final = frozenset({"List Joined", "List Left"})


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    kind: str
    value: str
    customer_id: UUID
    with_user_id: bool


@dataclass(frozen=True, slots=True)
class UnmergeOrder:
    merge_id: UUID
    kept_id: UUID
    absorbed_id: UUID
    identifier_ids: list[int]


async def address_caused(tick: Tick) -> None:
    await tick.run(sql["address_caused"])
    tick.count("unaddressed", await tick.run(sql["drop_unaddressed"]))


async def unsettled_mentions(tick: Tick) -> list[Mention]:
    """Of the messages that a decision is needed for. All others have their customer now."""
    await tick.run(sql["settle_messages"])
    mentions = []
    for row in await tick.records(sql["unsettled_mentions"]):
        identifiers = tuple(Identifier(kind, row[kind]) for kind in Kind if row[kind] is not None)
        mentions.append(Mention(row["message_id"], row["at"], identifiers, row["previous_id"]))
    return mentions


async def known_identifiers(tick: Tick, identifiers: Iterable[Identifier]) -> list[KnownIdentifier]:
    wanted = list(identifiers)
    kinds, values = [str(one.kind) for one in wanted], [one.value for one in wanted]
    return await tick.rows(sql["known_identifiers"], KnownIdentifier, kinds=kinds, values=values)


async def separations_of(tick: Tick, customers: Iterable[CustomerId]) -> set[frozenset[CustomerId]]:
    rows = await tick.records(sql["separations_of"], customers=list(customers))
    return {frozenset((row["one_id"], row["other_id"])) for row in rows}


async def add_resolution(tick: Tick, resolution: Resolution) -> None:
    """Writes new customers, then new identifiers, then the merges in their order."""
    new = resolution.customers
    if new:
        await tick.run(sql["add_customers"], at=tick.at, ids=list(new), seen_at=list(new.values()))
    if joined := resolution.joined:
        await tick.run(
            sql["add_identifiers"],
            kinds=[str(identifier.kind) for identifier in joined],
            values=[identifier.value for identifier in joined],
            customers=[customer for customer, _ in joined.values()],
            seen_at=[at for _, at in joined.values()],
        )


async def add_merges(tick: Tick, merges: Sequence[Merge], final: Mapping[CustomerId, CustomerId]) -> None:
    ids = [tick.new_id() for _ in merges]
    for merge_id, merge in zip(ids, merges, strict=True):
        because = Jsonb({"message_id": merge.message_id, "text": merge.because})
        await tick.run(sql["merge"], id=merge_id, kept=merge.kept, absorbed=merge.absorbed, at=tick.at, because=because)
    absorbed = [merge.absorbed for merge in merges]
    await tick.run(
        sql["remember_merged"], kept=[final[customer] for customer in absorbed], absorbed=absorbed, merges=ids
    )


async def move_to_kept(tick: Tick) -> None:
    await tick.run(sql["keep_the_no"], at=tick.at)
    for name in (
        "move_events",
        "move_caused",
        "move_trait_values",
        "move_consents",
        "close_absorbed",
        "shorten_pointers",
    ):
        await tick.run(sql[name])


async def resolve_messages(tick: Tick) -> None:
    await tick.run(sql["resolve_messages"])


async def undo_ordered_merges(tick: Tick) -> int:
    orders = await tick.rows(sql["take_unmerge_orders"], UnmergeOrder, at=tick.at)
    for order in orders:
        await tick.run(
            sql["unmerge"],
            merge_id=order.merge_id,
            kept_id=await tick.value(sql["owner_of"], id=order.kept_id),
            merged_with=order.kept_id,
            absorbed_id=order.absorbed_id,
            identifier_ids=order.identifier_ids,
            at=tick.at,
        )
    if orders:
        await tick.run(sql["repoint_after_unmerge"])
    return len(orders)


async def rebuild_after_change(tick: Tick) -> None:
    await tick.run(sql["rebuild_after_change"])
    for name in ("move_list_members", "forget_lists_of_unmerged", "reread_lists_of_unmerged"):
        await tick.run(sql[name])


async def record_facts(tick: Tick) -> None:
    if tick.claimed.traits and (told := await tick.run(sql["add_trait_values"])):
        await tick.run(sql["project_traits"])
        await tick.run(
            sql["remember_trait_keys"], personal=PERSONAL_TRAIT, few=personal_examples_max, many=examples_max
        )
        tick.count("trait_values", told)
    if tick.claimed.consents:
        tick.count("consents", await tick.run(sql["add_consents"]))
    if tick.recorded.by_customer:
        await tick.run(sql["mark_seen"], sight_grain=sight_grain)
    if tick.recorded.names & _LIST_EVENTS:
        tick.count("list_members", await tick.run(sql["note_list_events"]))


async def refresh_search(tick: Tick) -> None:
    if tick.counts.get("undecided") or tick.counts.get("trait_values") or tick.regrouped:
        await tick.run(sql["refresh_search"])


async def find(unit: Unit, customer_id: UUID) -> Customer | None:
    return await unit.row(sql["find"], Customer, id=customer_id)


async def find_by_user_id(unit: Unit, user_id: str) -> UUID | None:
    found: UUID | None = await unit.value(sql["find_by_user_id"], user_id=user_id)
    return found


async def identifiers_of(unit: Unit, customer_id: UUID) -> list[IdentifierLine]:
    return await unit.rows(sql["identifiers_of"], IdentifierLine, id=customer_id)


async def consents_of(unit: Unit, customer_id: UUID) -> list[ConsentLine]:
    return await unit.rows(sql["consents_of"], ConsentLine, id=customer_id)


async def merges_of(unit: Unit, customer_id: UUID) -> list[MergeLine]:
    return await unit.rows(sql["merges_of"], MergeLine, id=customer_id)


async def trait_history(unit: Unit, customer_id: UUID, key: str, limit: int) -> list[TraitValue]:
    return await unit.rows(sql["trait_history"], TraitValue, id=customer_id, key=key, limit=limit)


async def names(unit: Unit, customers: Sequence[UUID]) -> list[CustomerName]:
    return await unit.rows(sql["names"], CustomerName, ids=list(customers))


async def add_consent(
    unit: Unit,
    *,
    customer_id: UUID,
    email: str | None,
    channel: str,
    topic: str,
    answer: str,
    source: str,
    because: Mapping[str, object],
    message_id: str,
) -> int:
    return await unit.run(
        sql["add_consent"],
        customer_id=customer_id,
        email=email,
        channel=channel,
        topic=topic,
        answer=answer,
        at=unit.at,
        source=source,
        because=Jsonb(dict(because)),
        message_id=message_id,
    )


async def hold(unit: Unit, customer_id: UUID) -> None:
    await unit.run(sql["hold"], id=customer_id)


async def merge_state(unit: Unit, merge_id: UUID) -> bool | None:
    """Whether a merge is undone, or ordered to be; None when there is no such merge."""
    undone: bool | None = await unit.value(sql["merge_state"], id=merge_id)
    return undone


async def order_unmerge(unit: Unit, merge_id: UUID) -> None:
    await unit.run(sql["order_unmerge"], id=merge_id, at=unit.at, by=unit.actor.name)


async def count_orders(unit: Unit) -> int:
    count: int = await unit.value(sql["count_orders"])
    return count


async def put_list(unit: Unit, slug: str, name: str) -> None:
    await unit.run(sql["put_list"], slug=slug, name=name, at=unit.at, by=unit.actor.name)


async def delete_list(unit: Unit, slug: str) -> None:
    await unit.run(sql["delete_list"], slug=slug)


async def touch_list(unit: Unit, slug: str) -> bool:
    """Whether there is such a list."""
    return await unit.run(sql["touch_list"], slug=slug, at=unit.at, by=unit.actor.name) > 0


async def one_list(unit: Unit, slug: str) -> StaticList | None:
    return await unit.row(sql["one_list"], StaticList, slug=slug)


async def lists(unit: Unit, after: str | None, limit: int) -> list[StaticList]:
    return await unit.rows(sql["lists"], StaticList, after=after, limit=limit)


async def list_slugs(unit: Unit) -> Sequence[str]:
    return await unit.values(sql["list_slugs"])


async def list_members(unit: Unit, slug: str, before: tuple[datetime, UUID] | None, limit: int) -> list[ListMember]:
    before_at, before_id = before or (None, None)
    return await unit.rows(
        sql["list_members"], ListMember, slug=slug, before_at=before_at, before_id=before_id, limit=limit
    )


async def lists_of(unit: Unit, customer_id: UUID) -> list[ListPlace]:
    return await unit.rows(sql["lists_of"], ListPlace, customer_id=customer_id)


async def pointed_to(unit: Unit, pointers: Sequence[tuple[str, str]]) -> dict[int, UUID]:
    """The customers that identifiers (kind and value) point to, by the identifier's place."""
    kinds, values = [kind for kind, _ in pointers], [value for _, value in pointers]
    rows = await unit.records(sql["pointed_to"], kinds=kinds, values=values)
    return {row["place"]: row["customer_id"] for row in rows}


async def on_list_among(unit: Unit, slug: str, customers: Iterable[UUID]) -> set[UUID]:
    return set(await unit.values(sql["on_list_among"], slug=slug, customers=list(customers)))


async def on_list(unit: Unit, slug: str) -> Sequence[UUID]:
    return await unit.values(sql["on_list"], slug=slug)
