"""Messages follow their customers through merging and taking apart."""

from __future__ import annotations

from uuid import UUID

from regulars.domains.messages import step
from regulars.platform.tick import Tick, connection_for_ticks
from regulars.platform.unit import SYSTEM, Units
from regulars.shared.ids import Ids
from tests.domains.messages.conftest import Shop


async def tick(units: Units, relation: str, kept: UUID, absorbed: UUID, shop: Shop) -> None:
    async with connection_for_ticks(units) as connection, connection.transaction():
        now = Tick(connection, SYSTEM, shop.clock.at, Ids(), counts={"merges": 1})
        told = f"INSERT INTO {relation} VALUES (%(kept)s, %(absorbed)s, %(kept)s)".encode()
        await now.run(told, kept=kept, absorbed=absorbed)
        await now.run(
            b"UPDATE identifiers SET customer_id = %(to)s WHERE kind = 'customer' AND value = %(value)s",
            to=kept if relation == "merged" else absorbed,
            value=str(absorbed),
        )
        await step.follow(now)


async def test_messages_follow_a_merge_and_come_back(shop: Shop, units: Units, ana: UUID, bo: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    await shop.queue(bo)
    await tick(units, "merged", ana, bo, shop)
    assert (len(await shop.messages(ana)), len(await shop.messages(bo))) == (2, 0)
    await tick(units, "unmerged", ana, bo, shop)
    assert (len(await shop.messages(ana)), len(await shop.messages(bo))) == (1, 1)
