"""The verbs of the customers domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from regulars.domains.customers import policy, store
from regulars.domains.customers.model import (
    ConsentLine,
    Customer,
    CustomerName,
    CustomerUnknown,
    IdentifierLine,
    MergeAlreadyUndone,
    MergeLine,
    MergeUnknown,
    TraitValue,
)
from regulars.domains.members import service as members
from regulars.platform.unit import Unit
from regulars.shared.ids import outside

trait_history_max = 200


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
