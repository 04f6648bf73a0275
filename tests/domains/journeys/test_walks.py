"""Whatever happens in whatever order, every customer walks as a plain reading of the journey says."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.domains.journeys import service as journeys
from regulars.platform.postgres.pool import make_pool
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.conftest import AT
from tests.domains.journeys.travel import published
from tests.story import Story, living

USERS = ("ana", "bo")
STEPS: list[dict[str, Any]] = [
    {"id": "first", "wait": "10m", "next": "second"},
    {"id": "second", "wait": "30s", "next": "third"},
    {"id": "third", "wait": "5m", "next": "done"},
    {"id": "done", "leave": "done"},
]
WAITS = {"first": 600, "second": 30, "third": 300}
AFTER = {"first": "second", "second": "third", "third": "done"}

Act = tuple[Literal["knock", "order", "time", "pause", "resume"], Any]

acts = st.lists(
    st.one_of(
        st.tuples(st.just("knock"), st.sampled_from(USERS)),
        st.tuples(st.just("order"), st.sampled_from(USERS)),
        st.tuples(st.just("time"), st.sampled_from([1, 29, 30, 31, 299, 300, 599, 600, 601, 1_000, 5_000])),
        st.tuples(st.just("pause"), st.none()),
        st.tuples(st.just("resume"), st.none()),
    ),
    max_size=16,
)


@dataclass
class Traveller:
    """The plain reading: one customer, told by hand."""

    step: str | None = None
    wake_at: datetime | None = None
    ordered_at: datetime | None = None
    visited: list[tuple[str, datetime]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def ordered_lately(self, at: datetime) -> bool:
        return self.ordered_at is not None and at - self.ordered_at <= timedelta(minutes=7)

    def leave(self, because: str) -> None:
        self.left.append(because)
        self.step = self.wake_at = None

    def visit(self, step: str, at: datetime) -> None:
        self.visited.append((step, at))
        if step == "done":
            self.leave("done")
        else:
            self.step, self.wake_at = step, at + timedelta(seconds=WAITS[step])

    def knock(self, at: datetime, *, paused: bool) -> None:
        if self.step is None and not paused and not self.ordered_lately(at):
            self.visit("first", at)

    def order(self, at: datetime) -> None:
        self.ordered_at = at
        if self.step is not None:
            self.leave("rule")

    def wake(self, at: datetime, *, paused: bool) -> None:
        while self.step is not None and self.wake_at is not None and self.wake_at <= at and not paused:
            self.visit(AFTER[self.step], at)


async def live(story: Story, script: list[Act]) -> dict[str, Traveller]:
    """Acts the script out, in the product and in the plain reading."""
    travellers = {user: Traveller() for user in USERS}
    paused = False
    for user in USERS:
        await story.did(user, "Signed In")
    await story.tick()
    for kind, what in script:
        if kind == "knock":
            await story.did(what, "Knocked")
            travellers[what].knock(story.at, paused=paused)
        elif kind == "order":
            await story.did(what, "Order Completed")
            travellers[what].order(story.at)
        elif kind == "time":
            story.clock.at += timedelta(seconds=what)
        else:
            paused = kind == "pause"
            async with story.units.open() as unit:
                await (journeys.pause if paused else journeys.resume)(unit, "welcome")
        await story.tick()
        for traveller in travellers.values():
            traveller.wake(story.at, paused=paused)
        await nobody_is_stuck(story, paused=paused)
    return travellers


async def nobody_is_stuck(story: Story, *, paused: bool) -> None:
    async with story.units.open() as unit:
        for row in await unit.records(b"SELECT * FROM enrolments WHERE left_at IS NULL"):
            assert row["wake_at"] is not None
            assert row["next_step"] is not None
            assert paused or row["wake_at"] > story.at
        doubled = b"SELECT count(*) FROM (SELECT FROM passages GROUP BY enrolment_id, visit HAVING count(*) > 1) AS d"
        gaps = (
            b"SELECT count(*) FROM enrolments AS e "
            b"WHERE e.visit <> (SELECT count(*) FROM passages AS p WHERE p.enrolment_id = e.id)"
        )
        assert (await unit.value(doubled), await unit.value(gaps)) == (0, 0)


async def act_out(url: str, script: list[Act]) -> None:
    clock = SetClock(AT)
    async with make_pool(url, size_max=4) as pool:
        units = Units(pool, clock, Ids(random.Random(7)))
        async with living(units, clock) as story:
            rule = 'did "Order Completed" in the last 7 minutes'
            enter = {"event": "Knocked"}
            await published(story, enter=enter, again="after_leaving", leave_when=rule, first="first", steps=STEPS)
            travellers = await live(story, script)
            for user, traveller in travellers.items():
                customer = await story.customer(user)
                async with units.open() as unit:
                    visited = await unit.records(
                        b"SELECT p.step, p.at FROM passages AS p JOIN enrolments AS e ON e.id = p.enrolment_id "
                        b"WHERE e.customer_id = %(customer)s ORDER BY e.event_seq, p.visit",
                        customer=customer,
                    )
                    left = await unit.values(
                        b"SELECT CASE WHEN left_because = 'done' THEN 'done' ELSE 'rule' END FROM enrolments "
                        b"WHERE customer_id = %(customer)s AND left_at IS NOT NULL ORDER BY event_seq",
                        customer=customer,
                    )
                assert [(row["step"], row["at"]) for row in visited] == traveller.visited
                assert list(left) == traveller.left


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
@given(script=acts)
def test_every_customer_walks_as_the_plain_reading_says(
    postgres_url: str, database_url: str, script: list[Act]
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name} TEMPLATE regulars".encode())
    asyncio.run(act_out(database_url, script))
