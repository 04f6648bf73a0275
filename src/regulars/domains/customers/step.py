"""The customers' steps in the tick: who did it, and what we now know of them."""

from __future__ import annotations

from regulars.domains.customers import policy, store
from regulars.domains.customers.model import Identifier, Kind, Mention
from regulars.platform.tick import Tick
from regulars.shared.ids import CustomerId


async def identify(tick: Tick) -> None:
    """Undo what a member ordered undone, then give every claimed message its customer."""
    tick.count("unmerged", await store.undo_ordered_merges(tick))
    if tick.claimed.caused:
        await store.address_caused(tick)
    if tick.claimed.sent and (mentions := await store.unsettled_mentions(tick)):
        tick.count("undecided", len(mentions))
        await _decide(tick, mentions)
        await store.resolve_messages(tick)


async def record(tick: Tick) -> None:
    """Project what the recorded events say: traits, answers, when somebody was seen, who is on which list."""
    await store.record_facts(tick)


async def _decide(tick: Tick, mentions: list[Mention]) -> None:
    mentioned = {identifier for mention in mentions for identifier in mention.identifiers}
    for mention in mentions:
        if mention.previous is not None:
            mentioned |= {Identifier(kind, mention.previous) for kind in (Kind.ANONYMOUS_ID, Kind.USER_ID)}
    known = await store.known_identifiers(tick, sorted(mentioned, key=lambda one: (one.kind, one.value)))
    customers = {CustomerId(row.customer_id) for row in known}
    resolution = policy.resolve(
        mentions,
        known={Identifier(Kind(row.kind), row.value): CustomerId(row.customer_id) for row in known},
        with_user_id={CustomerId(row.customer_id) for row in known if row.with_user_id},
        apart=await store.separations_of(tick, customers),
        new_customer=lambda: CustomerId(tick.new_id()),
    )
    await store.add_resolution(tick, resolution)
    if resolution.merges:
        await store.add_merges(tick, resolution.merges, policy.final_owners(resolution.merges))
        await store.move_to_kept(tick)
    tick.count("customers", len(resolution.customers))
    tick.count("merges", len(resolution.merges))


async def settle(tick: Tick) -> None:
    """After everything is recorded: rebuild what merges changed, and what a search looks through."""
    if tick.regrouped:
        await store.rebuild_after_change(tick)
    await store.refresh_search(tick)
