"""Sending that is held: nothing goes out, nothing is lost, and what may have gone out before is told apart."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from regulars.domains.messages.model import Purpose
from regulars.domains.messages.service import holding
from regulars.domains.messages.service.holding import Doubtful, StillDoubtful
from tests.domains.messages.conftest import Shop

TRANSACTIONAL = Purpose.TRANSACTIONAL


async def ready(shop: Shop) -> None:
    await shop.template()
    await shop.template("receipt", purpose="transactional", topic="orders", subject="Your order")


async def dispatch_all(shop: Shop) -> list[str]:
    """What went out, by template."""
    before = len(shop.sender.delivered)
    for purpose in Purpose:
        await shop.dispatch(purpose=purpose)
    return sorted("receipt" if b"Your order" in mail.raw else "sale" for mail in shop.sender.delivered[before:])


async def test_what_is_held_waits_and_goes_out_when_it_is_released(shop: Shop, ana: UUID) -> None:
    await ready(shop)
    await shop.queue(ana)
    await shop.queue(ana, "receipt")
    async with shop.units.open() as unit:
        await holding.hold(unit, "held by hand")
        await holding.hold(unit, "said again")
        found = await holding.held(unit)
    assert found is not None
    assert (found.because, found.made_until) == ("held by hand", None)
    assert await dispatch_all(shop) == []
    async with shop.units.open() as unit:
        counts = await holding.count(unit)
        assert dict(counts.waiting) == {"marketing": 1, "transactional": 1}
        assert sum(counts.doubtful.values()) == 0
        assert await holding.release(unit) == 0
        assert await holding.release(unit) is None
        actions = await unit.values(b"SELECT action FROM audit_log WHERE subject = 'sending' ORDER BY seq")
    assert actions == ["sending.held", "sending.held", "sending.released"]
    assert await dispatch_all(shop) == ["receipt", "sale"]


@pytest.mark.parametrize(
    ("doubtful", "sent", "given_up"),
    [
        (Doubtful.BY_PURPOSE, ["receipt", "receipt", "sale"], 1),
        (Doubtful.SEND, ["receipt", "receipt", "sale", "sale"], 0),
        (Doubtful.GIVE_UP, ["receipt", "sale"], 2),
    ],
)
async def test_after_a_restore_what_may_have_gone_out_is_treated_as_was_said(
    shop: Shop, ana: UUID, doubtful: Doubtful, sent: list[str], given_up: int
) -> None:
    """One of each was made before the restore was complete, and one of each after it."""
    await ready(shop)
    for template in ("sale", "receipt"):
        await shop.queue(ana, template)
    async with shop.units.open() as unit:
        await holding.hold_restored(unit, shop.clock.now() - timedelta(hours=1))
    shop.clock.at += timedelta(seconds=1)
    for template in ("sale", "receipt"):
        await shop.queue(ana, template)
    assert await dispatch_all(shop) == []
    async with shop.units.open() as unit:
        assert dict((await holding.count(unit)).doubtful) == {"marketing": 1, "transactional": 1}
        assert await holding.release(unit, doubtful) == given_up
    assert await dispatch_all(shop) == sent
    unknown = [one for one in await shop.messages(ana) if one.state == "unknown"]
    assert len(unknown) == given_up
    assert {one.why["code"] for one in unknown} <= {"unknown"}
    assert all("before the database was restored" in str(one.why["text"]) for one in unknown)


async def test_an_attempt_that_was_under_way_at_the_backups_instant_is_of_unknown_fate(shop: Shop, ana: UUID) -> None:
    await ready(shop)
    await shop.queue(ana)
    async with shop.units.open() as unit:
        await unit.run(
            b"UPDATE messages SET state = 'sending', attempts = 1, lease_until = %(at)s, lease_token = %(token)s",
            at=unit.at,
            token=unit.new_id(),
        )
        await unit.run(
            b"INSERT INTO deliveries (message_id, attempt, started_at) SELECT id, 1, %(at)s FROM messages", at=unit.at
        )
        await holding.hold_restored(unit, unit.at)
        assert await holding.release(unit) == 1
    assert await dispatch_all(shop) == []
    message = await shop.message(ana)
    assert message.state == "unknown"
    (delivery,) = (await shop.story(message.id)).deliveries
    assert (delivery.outcome, delivery.ended_at) == ("unknown", shop.clock.now())


async def test_release_waits_until_what_may_have_gone_out_is_made(shop: Shop, ana: UUID) -> None:
    await ready(shop)
    async with shop.units.open() as unit:
        await holding.hold_restored(unit, shop.clock.now() - timedelta(hours=1), late_by=timedelta(seconds=2))
    shop.clock.at += timedelta(seconds=1)
    await shop.queue(ana)  # Due before the restore was complete, and made a moment later than it was the first time.
    async with shop.units.open() as unit:
        with pytest.raises(StillDoubtful, match="Release sending after that"):
            await holding.release(unit)
        assert await holding.held(unit) is not None
    shop.clock.at += timedelta(seconds=1)
    async with shop.units.open() as unit:
        assert await holding.release(unit) == 1
    assert await dispatch_all(shop) == []
