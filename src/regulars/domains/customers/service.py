"""The verbs of the customers domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from regulars.domains.customers import policy, store
from regulars.domains.customers.model import (
    ConsentLine,
    Customer,
    CustomerName,
    CustomerUnknown,
    IdentifierLine,
    ListChange,
    ListMember,
    ListPlace,
    ListUnknown,
    MergeAlreadyUndone,
    MergeLine,
    MergeUnknown,
    Pointer,
    StaticList,
    TooManyLists,
    TraitValue,
)
from regulars.domains.events import service as events
from regulars.domains.members import service as members
from regulars.platform.unit import Unit
from regulars.rules.model import JOINED, LEFT
from regulars.shared.ids import outside
from regulars.shared.paging import Page, decode_cursor, decode_place, encode_cursor, encode_place, page_of
from regulars.shared.slugs import check_slug

trait_history_max = 200
lists_max: Final = 1_000
left_per_statement: Final = 10_000


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """Everything this domain knows of one customer."""

    customer: Customer
    name: CustomerName
    identifiers: Sequence[IdentifierLine]
    consents: Sequence[ConsentLine]
    merges: Sequence[MergeLine]


async def find(unit: Unit, customer_id: UUID) -> Customer:
    """The customer with this id; for one that was absorbed, the customer it became part of."""
    customer = await store.find(unit, customer_id)
    if customer is None:
        raise CustomerUnknown
    return customer


async def find_by_user_id(unit: Unit, user_id: str) -> UUID:
    customer_id = await store.find_by_user_id(unit, user_id)
    if customer_id is None:
        raise CustomerUnknown(f"No customer has the user id {user_id[:80]!r}.")
    return customer_id


async def card(unit: Unit, customer_id: UUID) -> CustomerCard:
    customer = await find(unit, customer_id)
    return CustomerCard(
        customer,
        (await store.names(unit, [customer.id]))[0],
        await store.identifiers_of(unit, customer.id),
        await store.consents_of(unit, customer.id),
        await store.merges_of(unit, customer.id),
    )


async def names(unit: Unit, customers: Sequence[UUID]) -> dict[UUID, CustomerName]:
    return {name.id: name for name in await store.names(unit, customers)}


async def trait_history(unit: Unit, customer_id: UUID, key: str) -> list[TraitValue]:
    customer = await find(unit, customer_id)
    return await store.trait_history(unit, customer.id, key, trait_history_max)


async def record_consent(
    unit: Unit,
    customer_id: UUID,
    *,
    channel: str,
    topic: str,
    answer: str,
    source: str,
    because: Mapping[str, object],
    email: str | None = None,
    message_id: str | None = None,
) -> None:
    """Appends an answer. `message_id` makes repeating it harmless; `email` is the address the answer came for."""
    channel, topic = channel.lower(), topic.lower()
    policy.check_consent(channel, topic, answer)
    await store.hold(unit, customer_id)
    added = await store.add_consent(
        unit,
        customer_id=customer_id,
        email=email,
        channel=channel,
        topic=topic,
        answer=answer,
        source=source,
        because=because,
        message_id=message_id or f"consent:{unit.new_id().hex}",
    )
    if not added and message_id is None:
        raise CustomerUnknown


async def answer_for(unit: Unit, customer_id: UUID, *, channel: str, topic: str, answer: str) -> list[ConsentLine]:
    """A member notes what a customer has said."""
    customer = await find(unit, customer_id)
    because: dict[str, object] = {"member": unit.actor.name}
    await record_consent(
        unit, customer.id, channel=channel, topic=topic, answer=answer, source="member", because=because
    )
    subject = outside("customer", customer.id)
    await members.record(unit, "consent.recorded", subject, {"channel": channel, "topic": topic, "answer": answer})
    return await store.consents_of(unit, customer.id)


async def undo_merge(unit: Unit, merge_id: UUID) -> None:
    """Orders the next tick to take a merged customer out again, with its identifiers, events, traits and answers."""
    undone = await store.merge_state(unit, merge_id)
    if undone is None:
        raise MergeUnknown
    if undone:
        raise MergeAlreadyUndone
    await store.order_unmerge(unit, merge_id)
    await members.record(unit, "merge.undone", outside("merge", merge_id), {})


async def has_orders(unit: Unit) -> bool:
    """Whether a tick has merges to undo."""
    return await store.count_orders(unit) > 0


async def put_list(unit: Unit, slug: str, name: str) -> StaticList:
    """Makes a static list, or gives it another name."""
    check_slug(slug)
    name = policy.read_list_name(name)
    known = await list_slugs(unit)
    if slug not in known and len(known) >= lists_max:
        raise TooManyLists(f"There are {lists_max:,} lists, as many as there can be; delete one first.")
    await store.put_list(unit, slug, name)
    await members.record(unit, "list.changed", slug, {"name": name})
    return await find_list(unit, slug)


async def find_list(unit: Unit, slug: str) -> StaticList:
    found = await store.one_list(unit, slug)
    if found is None:
        raise ListUnknown(f"There is no list {slug[:80]!r}.")
    return found


async def lists(unit: Unit, after: str | None, limit: int) -> Page[StaticList]:
    position = str(decode_cursor(after, str)[0]) if after is not None else None
    return page_of(await store.lists(unit, position, limit + 1), limit, lambda one: encode_cursor(one.slug))


async def list_slugs(unit: Unit) -> Sequence[str]:
    """All lists that a rule can mention."""
    return await store.list_slugs(unit)


async def list_members(unit: Unit, slug: str, after: str | None, limit: int) -> Page[ListMember]:
    """Who is on a list, the newest first."""
    await find_list(unit, slug)
    rows = await store.list_members(unit, slug, decode_place(after), limit + 1)
    return page_of(rows, limit, lambda row: encode_place(row.since, row.customer_id))


async def lists_of(unit: Unit, customer_id: UUID) -> Sequence[ListPlace]:
    """The lists a customer is on, as of the last tick."""
    return await store.lists_of(unit, customer_id)


async def change_list(unit: Unit, slug: str, add: Sequence[Pointer], remove: Sequence[Pointer]) -> ListChange:
    """Puts customers on a list and takes others off it. Who is named in both is taken off. Each change is an event, on
    which the next tick goes; who is where they should be already, counting what waits, gets none."""
    policy.check_list_change(len(add), len(remove))
    if not await store.touch_list(unit, slug):
        raise ListUnknown(f"There is no list {slug[:80]!r}.")
    pointers = [*add, *remove]
    found = await store.pointed_to(unit, [policy.kept_form(one) for one in pointers])
    leaving = {found[place] for place in range(len(add), len(pointers)) if place in found}
    joining = {found[place] for place in range(len(add)) if place in found} - leaving
    there = await store.on_list_among(unit, slug, joining | leaving)
    joined, left = sorted(joining - there), sorted(leaving & there)
    await events.announce_for_each(unit, JOINED, joined, {"list": slug})
    await events.announce_for_each(unit, LEFT, left, {"list": slug})
    details = {"added": len(joined), "removed": len(left)}
    await members.record(unit, "list.members_changed", slug, details)
    unknown = tuple(dict.fromkeys(one for place, one in enumerate(pointers) if place not in found))
    return ListChange(len(joined), len(left), unknown)


async def delete_list(unit: Unit, slug: str) -> None:
    """Ends a list: everybody leaves it, quietly. Whoever calls sees to it that no rule mentions it."""
    if not await store.touch_list(unit, slug):
        raise ListUnknown(f"There is no list {slug[:80]!r}.")
    there = sorted(await store.on_list(unit, slug))
    for start in range(0, len(there), left_per_statement):
        lot = there[start : start + left_per_statement]
        await events.announce_for_each(unit, LEFT, lot, {"list": slug}, historical=True)
    await store.delete_list(unit, slug)
    await members.record(unit, "list.deleted", slug, {"left": len(there)})
