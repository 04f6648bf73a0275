"""The verbs of the log."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from regulars.domains.events import service as events
from regulars.domains.events.model import WriteKeyUnknown
from regulars.domains.members import service as members
from regulars.domains.members.model import KeyKind
from regulars.platform.group_commit import NotStored
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import outside
from regulars.shared.paging import UnknownCursor, encode_cursor
from tests.conftest import AT
from tests.domains.events.test_step import ANA, ORDER, send, tick_of


async def test_the_timeline_shows_the_latest_first_page_by_page(units: Units) -> None:
    when = [AT - timedelta(days=day) for day in (3, 1, 1, 2)]
    await send(units, *({**ORDER, "messageId": f"m{n}", "timestamp": at.isoformat()} for n, at in enumerate(when)))
    await tick_of(units)
    async with units.open() as unit:
        first = await events.timeline(unit, ANA, None, 3)
        assert first.next is not None
        second = await events.timeline(unit, ANA, first.next, 3)
        assert second.next is None
        items = [*first.items, *second.items]
        assert [item.at for item in items] == sorted(when, reverse=True)
        assert items[0].seq > items[1].seq
        assert (items[0].name, items[0].kind, items[0].by_customer) == ("Order Completed", "track", True)
        assert not (await events.timeline(unit, UUID(int=2), None, 3)).items
        for cursor in ("x", encode_cursor("yesterday", 1)):
            with pytest.raises(UnknownCursor):
                await events.timeline(unit, ANA, cursor, 3)


async def test_history_of_any_length_is_taken_in_chunks(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "history_chunk_max", 10)
    messages = [{**ORDER, "messageId": f"m{n}", "timestamp": "2024-01-01"} for n in range(25)]
    messages[13]["event"] = ""
    outcome = await events.accept_history(units, messages, source="shop.csv")
    assert (outcome.accepted, [(one.index, one.code) for one in outcome.rejected]) == (24, [(13, "event_missing")])
    async with units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM inbox WHERE historical AND source = 'shop.csv'") == 24
        assert not (await events.rejections(unit, None, 10)).items


async def test_refused_messages_are_kept_for_a_week(units: Units, clock: SetClock) -> None:
    for _ in range(3):
        await events.accept(units, [{**ORDER, "event": "x" * 6_000}, ORDER], source="webhook")
        clock.at += timedelta(days=3)
    async with units.open() as unit:
        first = await events.rejections(unit, None, 2)
        second = await events.rejections(unit, first.next, 2)
        assert [kept.at for kept in (*first.items, *second.items)] == [AT + timedelta(days=day) for day in (6, 3, 0)]
        assert (first.items[0].code, first.items[0].source, len(first.items[0].body)) == (
            "event_too_long",
            "webhook",
            4096,
        )
        assert await events.purge_rejections(unit) == 1
        assert len((await events.rejections(unit, None, 10)).items) == 2


async def test_a_value_the_database_refuses_costs_only_its_own_message(units: Units) -> None:
    async with units.open() as unit:
        await unit.run(b"ALTER TABLE inbox ADD CHECK (name <> 'Poison')")
    outcome = await events.accept(units, [ORDER, {**ORDER, "event": "Poison"}, ORDER], source="test")
    assert (outcome.accepted, [(one.index, one.code) for one in outcome.rejected]) == (2, [(1, "unstorable")])


async def test_keys_are_asked_for_once_in_a_while() -> None:
    asked: list[str] = []

    async def source_of(key: str) -> str | None:
        asked.append(key)
        return "key_1" if key == "good" else None

    keys = events.WriteKeys(source_of)
    for _ in range(3):
        assert await keys.source_of("good") == "key_1"
        with pytest.raises(WriteKeyUnknown):
            await keys.source_of("bad")
    for impossible in ("", "x" * 201, "clé", "a\nb"):
        with pytest.raises(WriteKeyUnknown):
            await keys.source_of(impossible)
    assert asked == ["good", "bad"]


async def test_a_key_that_cannot_be_looked_up_is_not_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    async def source_of(key: str) -> str | None:
        await asyncio.sleep(60)
        return None

    monkeypatch.setattr(events, "key_lookup_timeout_s", 0.01)
    with pytest.raises(NotStored):
        await events.WriteKeys(source_of).source_of("good")


async def test_a_source_is_named_after_its_write_key(units: Units) -> None:
    async with units.open() as unit:
        made = await members.make_key(unit, KeyKind.WRITE, "Shop")
        admin = await members.new_admin_key(unit, "Analyst")
    source_of = events.key_sources(units)
    assert await source_of(made.secret) == outside("key", made.key.id)
    assert await source_of(admin) is None
    assert await source_of("other") is None
    async with units.open() as unit:
        await members.revoke_key(unit, made.key.id)
    assert await source_of(made.secret) is None
