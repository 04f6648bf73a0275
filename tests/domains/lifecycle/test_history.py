"""The past, found from history alone, is exact; and finding it beside running ticks loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.domains.customers import service as customers
from regulars.domains.events import service as events
from regulars.domains.lifecycle import jobs, policy
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.lifecycle.model import UNKNOWN, Move
from tests.domains.lifecycle.conftest import SHOP, activate
from tests.rules import plain
from tests.rules.plain import Event, History, World
from tests.story import Story

START = datetime(2026, 1, 1, tzinfo=UTC)
ANA = UUID(int=1)
ORDER = ("low", "mid", "high")


def step(n: int) -> datetime:
    return START + timedelta(seconds=n)


class Windowed:
    """A rule in whole seconds: at least n of its events within so many seconds."""

    def __init__(self, times: Sequence[int], n: int, seconds: int) -> None:
        self.times, self.n, self.seconds = times, n, seconds

    def holds(self, at: int) -> bool:
        return sum(at - self.seconds <= one <= at for one in self.times) >= self.n

    def changes_at(self, at: int, until: int) -> int | None:
        return next((one for one in range(at + 1, until + 1) if self.holds(one) != self.holds(at)), None)


windows = st.lists(
    st.builds(Windowed, st.lists(st.integers(0, 30), max_size=6), st.integers(1, 3), st.integers(1, 12)),
    min_size=3,
    max_size=3,
)


@settings(max_examples=300)
@given(rules=windows, until=st.integers(0, 45), others=st.lists(st.integers(0, 40), max_size=4))
def test_the_unfolded_past_equals_asking_at_every_second(rules: list[Windowed], until: int, others: list[int]) -> None:
    arrivals = sorted({*others, *(one for rule in rules for one in rule.times)})
    unfolding = policy.Unfolding({ANA: [step(one) for one in arrivals]}, ORDER, until=step(until))
    while points := unfolding.take_open():
        for customer, at in points:
            second = int((at - START).total_seconds())
            changes = [rule.changes_at(second, 60) for rule in rules]
            told = [None if change is None else step(change) for change in changes]
            unfolding.learn(customer, at, [rule.holds(second) for rule in rules], told)
    asked = [
        (step(second), policy.stage_of([rule.holds(second) for rule in rules], ORDER))
        for second in range(arrivals[0] if arrivals else until + 1, until + 1)
    ]
    assert unfolding.moves(ANA) == policy.moves_between(asked, ORDER)


def test_moves_know_how_long_they_took_and_why() -> None:
    stages = [(step(0), "low"), (step(5), "low"), (step(7), "high"), (step(9), UNKNOWN), (step(12), "mid")]
    assert policy.moves_between(stages, ORDER) == [
        Move(step(0), UNKNOWN, "low", None, stopped=False),
        Move(step(7), "low", "high", 7.0, stopped=False),
        Move(step(9), "high", UNKNOWN, 2.0, stopped=True),
        Move(step(12), UNKNOWN, "mid", 3.0, stopped=False),
    ]


def test_directions_follow_the_order() -> None:
    assert policy.direction("low", "mid", ORDER) == "forward"
    assert policy.direction("low", "high", ORDER) == "skip"
    assert policy.direction("high", "low", ORDER) == "back"
    assert policy.direction(UNKNOWN, "low", ORDER) == "forward"
    assert policy.direction(UNKNOWN, "mid", ORDER) == "skip"
    assert policy.direction("low", UNKNOWN, ORDER) == "back"


async def recorded(story: Story, user: str) -> list[tuple[str, str, datetime]]:
    customer = await story.customer(user)
    async with story.units.open() as unit:
        rows = await unit.records(
            b"SELECT from_stage, to_stage, at FROM stage_moves "
            b"WHERE customer_id = %(customer)s AND superseded_at IS NULL ORDER BY at, id",
            customer=customer,
        )
    return [(row["from_stage"], row["to_stage"], row["at"]) for row in rows]


async def plainly(story: Story, user: str, until: datetime) -> list[tuple[str, str, datetime]]:
    """The same by the plain reading of the rules, asked just at and after every instant that could matter."""
    customer = await story.customer(user)
    async with story.units.open() as unit:
        rows = await unit.records(
            b"SELECT name, at, properties FROM events WHERE customer_id = %(customer)s ORDER BY at", customer=customer
        )
    history = History([Event(row["name"], row["at"], row["properties"]) for row in rows])
    trees = {stage["slug"]: as_tree(stage["enter"]) for stage in SHOP["stages"]}
    world = World(stages=trees)
    turns = sorted(plain.turning_points(history, world, *trees.values()) | {event.at for event in history.events})
    stages = []
    for at in turns:
        if history.events[0].at <= at <= until:
            holding = [slug for slug, tree in trees.items() if plain.holds(tree, history, at, world)]
            stages.append((at, holding[-1] if holding else UNKNOWN))
    moves = policy.moves_between(stages, list(trees))
    return [(move.from_stage, move.to_stage, move.at) for move in moves]


def as_tree(rule: Any) -> Any:
    texts = {'did "Product Viewed" in the last 10 days': {"did": "Product Viewed", "within": "10d"}}
    return texts[rule] if isinstance(rule, str) else rule


def call(n: int, user: str, name: str, at: datetime) -> dict[str, Any]:
    return {"type": "track", "userId": user, "event": name, "messageId": f"h{n}", "timestamp": at.isoformat()}


days = st.lists(
    st.tuples(
        st.sampled_from(["ana", "bo"]), st.sampled_from(["Order Completed", "Product Viewed"]), st.integers(0, 90)
    ),
    min_size=1,
    max_size=12,
)


async def test_after_an_import_everyones_past_is_on_record(shop: Story) -> None:
    await shop.did("ana", "Signed In")
    await shop.did("bo", "Order Completed")
    await shop.tick()
    await shop.pass_time(days=2)
    begin = shop.at - timedelta(days=100)
    past = [
        ("ana", "Order Completed", 0),
        ("ana", "Order Completed", 10),
        ("ana", "Product Viewed", 20),
        ("ana", "Product Viewed", 69),
        ("bo", "Product Viewed", 3),
        ("chi", "Order Completed", 96),
    ]
    calls = [call(n, user, name, begin + timedelta(days=day)) for n, (user, name, day) in enumerate(past)]
    await events.accept_history(shop.units, calls, source="import")
    await shop.tick()
    assert await jobs.rebuild_history(shop.units, None, shop.at) == 0
    for user in ("ana", "bo", "chi"):
        found = await recorded(shop, user)
        assert found == await plainly(shop, user, shop.at)
        assert len(found) >= 1
    assert [(one[0], one[1]) for one in await recorded(shop, "ana")] == [
        ("unknown", "buying"),
        ("buying", "loyal"),
        ("loyal", "buying"),
        ("buying", "aware"),
        ("aware", "looking"),
        ("looking", "aware"),
    ]


async def test_a_stay_began_when_history_says_and_what_a_tick_noted_is_kept_superseded(shop: Story) -> None:
    begin = shop.at - timedelta(days=5)
    await events.accept_history(shop.units, [call(1, "ana", "Order Completed", begin)], source="import")
    await shop.tick()
    await shop.did("bo", "Signed In")
    await shop.tick()
    await jobs.rebuild_history(shop.units, None, shop.at)
    async with shop.units.open() as unit:
        report = await lifecycle.report_on(unit, await shop.customer("ana"))
        kinds = await unit.records(
            b"SELECT historical, superseded_at IS NULL AS counts FROM stage_moves ORDER BY historical, superseded_at"
        )
    assert report.since == begin
    assert [(row["historical"], row["counts"]) for row in kinds] == [(False, False), (True, True), (True, True)]


async def test_finding_the_past_twice_finds_the_same_rows(shop: Story) -> None:
    calls = [call(n, "ana", "Order Completed", shop.at - timedelta(days=40 - 9 * n)) for n in range(4)]
    await events.accept_history(shop.units, calls, source="import")
    await shop.tick()
    snapshots = []
    for _ in range(2):
        await jobs.rebuild_history(shop.units, None, shop.at)
        async with shop.units.open() as unit:
            statement = b"SELECT to_jsonb(m) - 'seq' AS move FROM stage_moves AS m ORDER BY id"
            snapshots.append(await unit.values(statement))
    assert snapshots[0] == snapshots[1]
    assert len(snapshots[0]) == 3


async def test_ticks_go_on_from_where_history_ends(shop: Story) -> None:
    calls = [call(1, "ana", "Order Completed", shop.at - timedelta(days=29))]
    await events.accept_history(shop.units, calls, source="import")
    await shop.tick()
    horizon = shop.at
    await shop.pass_time(days=3)
    await shop.did("ana", "Product Viewed")
    await shop.tick()
    await jobs.rebuild_history(shop.units, None, horizon)
    found = await recorded(shop, "ana")
    assert [(one[0], one[1]) for one in found] == [("unknown", "buying"), ("buying", "aware"), ("aware", "looking")]


async def test_a_change_by_time_that_no_tick_has_seen_is_left_to_the_tick(shop: Story) -> None:
    await shop.did("ana", "Product Viewed")
    await shop.tick()
    seen = shop.at
    shop.clock.at += timedelta(days=11)
    assert await jobs.rebuild_history(shop.units, None, shop.at) == 0
    assert await recorded(shop, "ana") == [("unknown", "looking", seen)]
    await shop.tick()
    assert [one[:2] for one in await recorded(shop, "ana")] == [("unknown", "looking"), ("looking", "aware")]


async def test_whom_something_has_happened_to_meanwhile_is_left_to_the_next_try(shop: Story) -> None:
    await shop.did("ana", "Product Viewed")
    await shop.did("bo", "Product Viewed")
    await shop.tick()

    class Interrupted:
        """Relations that a customer's order overtakes while they are being read."""

        dialect = "postgres"
        interruptions = 0

        def __init__(self, story: Story) -> None:
            self.story = story

        async def catch_up(self, seq: int) -> None:
            if self.interruptions == 0:
                self.interruptions += 1
                await self.story.did("ana", "Order Completed")
                await self.story.tick()

        async def stream(self, query: str) -> Any:
            async with self.story.units.connection() as connection:
                rows = await (await connection.execute(query.encode())).fetchall()
            yield rows

    interrupted = Interrupted(shop)
    assert await jobs.rebuild_history(shop.units, interrupted, shop.at) == 0
    assert interrupted.interruptions == 1
    for user in ("ana", "bo"):
        assert await recorded(shop, user) == await plainly(shop, user, shop.at)
    assert [one[1] for one in await recorded(shop, "ana")] == ["buying"]


async def test_after_an_import_the_past_is_wanted(shop: Story) -> None:
    await jobs.rebuild_wanted_history(shop.units, None, shop.at)
    await events.accept_history(
        shop.units, [call(1, "ana", "Order Completed", shop.at - timedelta(days=60))], source="import"
    )
    await shop.tick()
    assert await jobs.rebuild_wanted_history(shop.units, None, shop.at)
    assert [one[:2] for one in await recorded(shop, "ana")] == [("unknown", "buying"), ("buying", "aware")]


async def test_after_activation_and_redefinition_the_past_is_wanted_and_found(story: Story) -> None:
    await story.did("ana", "Order Completed")
    await story.tick()
    await story.pass_time(days=40)
    assert not await jobs.rebuild_wanted_history(story.units, None, story.at)
    await activate(story, "shop", SHOP)
    assert await jobs.rebuild_wanted_history(story.units, None, story.at)
    assert [one[:2] for one in await recorded(story, "ana")] == [("unknown", "buying"), ("buying", "aware")]
    assert not await jobs.rebuild_wanted_history(story.units, None, story.at)
    async with story.units.open() as unit:
        await lifecycle.put(unit, "shop", SHOP | {"stages": SHOP["stages"][:2]})
    await story.fill()
    assert await jobs.rebuild_wanted_history(story.units, None, story.at)
    assert [one[:2] for one in await recorded(story, "ana")] == [("unknown", "aware")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=days)
async def test_any_history_is_found_as_the_plain_reading_says(shop: Story, past: list[tuple[str, str, int]]) -> None:
    async with shop.units.open() as unit:
        for table in (
            "stage_moves",
            "customer_stages",
            "verdicts",
            "trait_values",
            "events",
            "identifiers",
            "customers",
        ):
            await unit.run(f"DELETE FROM {table}".encode())
    begin = shop.at - timedelta(days=80)
    calls = [call(n, user, name, begin + timedelta(days=day)) for n, (user, name, day) in enumerate(past)]
    await events.accept_history(shop.units, calls, source="import")
    await shop.tick()
    assert await jobs.rebuild_history(shop.units, None, shop.at) == 0
    for user in {user for user, _, _ in past}:
        async with shop.units.open() as unit:
            await customers.find_by_user_id(unit, user)
        assert await recorded(shop, user) == await plainly(shop, user, shop.at)
