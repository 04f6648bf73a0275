"""Merging and taking apart, through ticks, on the real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from regulars.domains.customers import service as customers
from regulars.platform.unit import Units
from tests.story import Story

ORDERED = {"did": "Order Completed"}
MESSAGES = b"""
WITH template AS (
    INSERT INTO templates VALUES (%(template)s, 't', 't', 'marketing', 'news', 1, %(at)s, 'me') RETURNING id)
INSERT INTO messages (id, key, customer_id, made_for, channel, template_id, version, purpose, topic, state, because,
                      why, created_at, due_at, attempts)
SELECT derived_id(%(at)s, m.key), m.key, m.customer, m.customer, 'email', template.id, 1, 'marketing', 'news', 'sent',
       '{}', '{}', %(at)s, %(at)s, 1
  FROM template, (VALUES ('1', %(stranger)s::uuid), ('2', %(ana)s::uuid)) AS m (key, customer)"""


async def anonymous(units: Units, value: str) -> UUID:
    async with units.open() as unit:
        found: UUID = await unit.value(
            b"SELECT customer_id FROM identifiers WHERE kind = 'anonymous_id' AND value = %(value)s", value=value
        )
    return found


async def traits(units: Units, customer: UUID) -> dict[str, object]:
    async with units.open() as unit:
        return (await customers.find(unit, customer)).traits


async def answers(units: Units, customer: UUID) -> dict[str, str]:
    async with units.open() as unit:
        return {line.topic: line.answer for line in (await customers.card(unit, customer)).consents}


async def undo_only_merge(story: Story) -> None:
    async with story.units.open() as unit:
        (merge,) = await unit.values(b"SELECT id FROM merges WHERE undone_at IS NULL")
        await customers.undo_merge(unit, merge)
    await story.tick()


async def test_what_a_stranger_did_belongs_to_whom_they_turn_out_to_be(story: Story) -> None:
    await story.audience("lookers", {"did": "Product Viewed"})
    await story.did("ana", "Order Completed")
    await story.receive({"type": "track", "anonymousId": "a", "event": "Product Viewed"})
    await story.tick()
    assert await story.members("lookers") == set()
    await story.receive({"type": "identify", "userId": "ana", "anonymousId": "a", "traits": {"name": "Ana"}})
    await story.tick()
    assert await story.members("lookers") == {"ana"}
    assert await anonymous(story.units, "a") == await story.customer("ana")
    assert "Product Viewed" in await story.timeline("ana")


async def test_undoing_a_merge_gives_each_what_was_theirs(story: Story) -> None:
    await story.audience("lookers", {"did": "Product Viewed"})
    await story.is_known("ana", plan="gold")
    await story.receive(
        {"type": "track", "anonymousId": "a", "event": "Product Viewed"},
        {"type": "identify", "anonymousId": "a", "traits": {"size": "M"}},
    )
    await story.tick()
    stranger = await anonymous(story.units, "a")
    await story.receive({"type": "track", "userId": "ana", "anonymousId": "a", "event": "Order Completed"})
    await story.tick()
    ana = await story.customer("ana")
    assert await traits(story.units, ana) == {"plan": "gold", "size": "M"}
    await undo_only_merge(story)
    assert await story.customer("ana") == ana
    assert await anonymous(story.units, "a") == stranger
    assert await traits(story.units, ana) == {"plan": "gold"}
    assert await traits(story.units, stranger) == {"size": "M"}
    assert "Product Viewed" not in await story.timeline("ana")
    assert "Order Completed" in await story.timeline("ana")
    assert await story.members("lookers") == set()


async def test_what_was_taken_apart_stays_apart_when_the_device_speaks_again(story: Story) -> None:
    await story.is_known("ana")
    await story.receive({"type": "page", "anonymousId": "a"})
    await story.tick()
    again = {"type": "page", "userId": "ana", "anonymousId": "a"}
    await story.receive(again)
    await story.tick()
    await undo_only_merge(story)
    await story.receive(again)
    await story.tick()
    assert await anonymous(story.units, "a") != await story.customer("ana")


async def test_a_merge_never_turns_a_no_into_a_yes(story: Story) -> None:
    given = {"channel": "email", "topic": "news"}
    await story.receive(
        {"type": "track", "anonymousId": "a", "event": "Consent Withdrawn", "properties": given},
    )
    await story.tick()
    story.clock.at += timedelta(hours=1)
    await story.receive({"type": "track", "userId": "ana", "event": "Consent Given", "properties": given})
    await story.tick()
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a"})
    await story.tick()
    ana = await story.customer("ana")
    assert await answers(story.units, ana) == {"news": "no"}
    story.clock.at += timedelta(hours=1)
    await story.receive({"type": "track", "userId": "ana", "event": "Consent Given", "properties": given})
    await story.tick()
    assert await answers(story.units, ana) == {"news": "yes"}


async def test_undoing_a_merge_restores_consents_but_keeps_what_was_refused_meanwhile(story: Story) -> None:
    news, offers = {"channel": "email", "topic": "news"}, {"channel": "email", "topic": "offers"}
    await story.receive(
        {"type": "track", "anonymousId": "a", "event": "Consent Withdrawn", "properties": news},
        {"type": "track", "userId": "ana", "event": "Consent Given", "properties": news},
    )
    await story.tick()
    stranger = await anonymous(story.units, "a")
    story.clock.at += timedelta(hours=1)
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a"})
    await story.tick()
    story.clock.at += timedelta(hours=1)
    await story.receive({"type": "track", "userId": "ana", "event": "Consent Withdrawn", "properties": offers})
    await story.tick()
    await undo_only_merge(story)
    assert await answers(story.units, await story.customer("ana")) == {"news": "yes", "offers": "no"}
    assert await answers(story.units, stranger) == {"news": "no", "offers": "no"}


async def test_an_absorbed_customer_answers_under_the_old_id(story: Story) -> None:
    await story.receive({"type": "page", "anonymousId": "a"})
    await story.is_known("ana")
    await story.tick()
    stranger = await anonymous(story.units, "a")
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a"})
    await story.tick()
    async with story.units.open() as unit:
        assert (await customers.find(unit, stranger)).id == await customers.find_by_user_id(unit, "ana")


async def test_a_chain_of_merges_in_one_tick_ends_with_one_customer(story: Story) -> None:
    await story.audience("buyers", ORDERED)
    await story.receive(
        {"type": "track", "anonymousId": "a", "event": "Order Completed"},
        {"type": "identify", "anonymousId": "b", "traits": {"email": "ana@example.com"}},
        {"type": "identify", "anonymousId": "a", "traits": {"email": "ana@example.com"}},
        {"type": "identify", "userId": "ana", "anonymousId": "b"},
    )
    await story.tick()
    assert await story.members("buyers") == {"ana"}
    assert await anonymous(story.units, "a") == await anonymous(story.units, "b") == await story.customer("ana")


async def test_the_same_message_twice_counts_once(story: Story) -> None:
    order = {"type": "track", "userId": "ana", "event": "Order Completed", "messageId": "once"}
    await story.receive(order, order)
    await story.tick()
    await story.receive(order)
    await story.tick()
    assert (await story.timeline("ana")).count("Order Completed") == 1


async def test_a_late_trait_does_not_undo_a_newer_one(story: Story) -> None:
    await story.is_known("ana", city="Bonn")
    early = (story.at - timedelta(days=3)).isoformat()
    await story.receive(
        {"type": "identify", "userId": "ana", "traits": {"city": "Ulm", "size": "S"}, "timestamp": early}
    )
    await story.tick()
    ana = await story.customer("ana")
    assert await traits(story.units, ana) == {"city": "Bonn", "size": "S"}
    story.clock.at += timedelta(hours=1)
    await story.is_known("ana", city="", size=None)
    await story.tick()
    assert await traits(story.units, ana) == {"size": "S"}


@pytest.mark.parametrize("latest_first", [False, True])
async def test_merges_undone_together_come_apart_as_one_by_one(story: Story, latest_first: bool) -> None:
    await story.receive({"type": "page", "anonymousId": "a"}, {"type": "page", "userId": "ana"})
    await story.tick()
    stranger, ana = await anonymous(story.units, "a"), await story.customer("ana")
    await story.receive({"type": "alias", "userId": "ana", "previousId": "a"})
    await story.tick()
    await story.receive({"type": "page", "userId": "bo"})
    await story.receive({"type": "alias", "userId": "bo", "previousId": "ana"})
    await story.tick()
    async with story.units.open() as unit:
        merges = await unit.values(b"SELECT id FROM merges ORDER BY seq")
        for merge in reversed(merges) if latest_first else merges:
            await customers.undo_merge(unit, merge)
    await story.tick()
    assert await anonymous(story.units, "a") == stranger
    assert await story.customer("ana") == ana
    assert await story.customer("bo") not in (ana, stranger)
    for one in (stranger, ana):
        async with story.units.open() as unit:
            assert await unit.value(b"SELECT merged_into IS NULL FROM customers WHERE id = %(id)s", id=one)
    assert await story.timeline("bo") == ["Page Viewed", "Aliased"]
    assert await story.timeline("ana") == ["Page Viewed", "Aliased"]


async def test_taken_apart_stays_apart_also_from_whom_they_become_part_of_later(story: Story) -> None:
    await story.is_known("ana")
    await story.receive({"type": "page", "anonymousId": "a"})
    await story.tick()
    stranger = await anonymous(story.units, "a")
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a"})
    await story.tick()
    await undo_only_merge(story)
    await story.receive({"type": "page", "userId": "bo"})
    await story.receive({"type": "alias", "userId": "bo", "previousId": "ana"})
    await story.tick()
    await story.receive({"type": "page", "userId": "bo", "anonymousId": "a"})
    await story.tick()
    assert await anonymous(story.units, "a") == stranger != await story.customer("bo")


async def test_an_undoing_and_a_merge_in_one_tick_leave_each_with_their_own(story: Story) -> None:
    await story.audience("strangers", {"not": {"did": "Order Completed"}})
    await story.did("bo", "Order Completed")
    await story.is_known("ana")
    await story.receive({"type": "page", "anonymousId": "a"})
    await story.tick()
    stranger, ana = await anonymous(story.units, "a"), await story.customer("ana")
    async with story.units.open() as unit:
        await unit.run(MESSAGES, template=unit.new_id(), stranger=stranger, ana=ana, at=unit.at)
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a"})
    await story.tick()
    async with story.units.open() as unit:
        await customers.undo_merge(unit, await unit.value(b"SELECT id FROM merges"))
    await story.receive({"type": "alias", "userId": "bo", "previousId": "ana"})
    await story.tick()
    bo = await story.customer("bo")
    async with story.units.open() as unit:
        held = await unit.values(b"SELECT customer_id FROM verdicts WHERE holds")
        owners = await unit.values(b"SELECT customer_id FROM messages ORDER BY key")
    assert held == [stranger]
    assert owners == [stranger, bo]


async def test_a_copy_of_a_message_decides_nothing(story: Story) -> None:
    await story.receive({"type": "page", "anonymousId": "a", "messageId": "one"})
    await story.tick()
    await story.receive({"type": "page", "userId": "ana", "anonymousId": "a", "messageId": "one"})
    await story.tick()
    async with story.units.open() as unit:
        assert await unit.values(b"SELECT value FROM identifiers WHERE kind <> 'customer'") == ["a"]


async def test_after_an_undoing_each_was_seen_when_they_were(story: Story) -> None:
    await story.receive({"type": "page", "anonymousId": "a"})
    await story.tick()
    early = story.at
    await story.pass_time(days=1)
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=1)
    await story.receive({"type": "alias", "userId": "ana", "previousId": "a"})
    await story.tick()
    late = story.at
    await undo_only_merge(story)
    async with story.units.open() as unit:
        ana = await customers.find(unit, await story.customer("ana"))
        stranger = await customers.find(unit, await anonymous(story.units, "a"))
    assert (ana.first_seen_at, ana.last_seen_at) == (early + timedelta(days=1), late)
    assert (stranger.first_seen_at, stranger.last_seen_at) == (early, early)


async def test_who_was_seen_a_moment_ago_is_not_written_again(story: Story) -> None:
    begin = story.at
    seen = []
    for passed_s in (0, 59, 60, 61, 119, 120):
        await story.tick(begin + timedelta(seconds=passed_s))
        await story.receive({"type": "page", "userId": "ana"})
        await story.tick()
        async with story.units.open() as unit:
            ana = await customers.find(unit, await story.customer("ana"))
        assert ana.first_seen_at == begin
        seen.append((ana.last_seen_at - begin).total_seconds())
    assert seen == [0, 0, 60, 60, 60, 120]
