"""What a restored database lives through again is due no later than it was for the server that is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from regulars.entrypoints.backup_command import live_through
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.domains.journeys.travel import published, visits
from tests.story import Story

CHAIN = [
    {"id": "pause", "wait": "4s", "next": "greet"},
    {"id": "greet", "send": "hello", "next": "rest"},
    {"id": "rest", "wait": "3s", "next": "advise"},
    {"id": "advise", "send": "hello", "next": "done"},
    {"id": "done", "leave": "done"},
]


class Watch(SetClock):
    """A clock whose every look takes a while."""

    def __init__(self, at: datetime, look: timedelta) -> None:
        super().__init__(at)
        self._look = look

    def now(self) -> datetime:
        self.at += self._look
        return self.at


async def test_what_had_come_in_begins_to_wait_at_the_backups_instant(story: Story) -> None:
    """Were it worked in at the present, its mail would be made again when nobody doubts it any more."""
    await published(story, first="pause", steps=CHAIN)
    await story.did("ana", "Signed Up")
    since = story.at
    clock = Watch(since + timedelta(seconds=30), timedelta(milliseconds=20))
    reached, stride = await live_through(story.units, Ids(), since, clock, lambda _: None)
    assert stride == timedelta(seconds=1)
    assert reached - since >= timedelta(seconds=30)
    assert [step for _, step in await visits(story, "ana")] == ["pause", "greet", "rest", "advise", "done"]
    async with story.units.open() as unit:
        made = await unit.values(b"SELECT created_at FROM messages ORDER BY created_at")
    assert [(at - since).total_seconds() for at in made] == [4, 7]


async def test_a_slow_machine_reaches_the_present_with_longer_strides(story: Story) -> None:
    since = story.at
    clock = Watch(since + timedelta(minutes=1), timedelta(seconds=3))
    reached, stride = await live_through(story.units, Ids(), since, clock, lambda _: None)
    assert reached - since < timedelta(minutes=5)
    assert stride == timedelta(seconds=6)
