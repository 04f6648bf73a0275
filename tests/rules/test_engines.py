"""Every engine gives the plain reading, and knows when it will change."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.rules.compile import compile_rules
from regulars.rules.resolve import resolve
from regulars.rules.tree.reading import parse_tree
from tests.rules import plain, worlds
from tests.rules.answering import Answering, Asked, customer_id, numbered
from tests.rules.plain import History, World
from tests.rules.plain_times import TICK

ZONES = {zone: ZoneInfo(zone) for zone in ("UTC", "Europe/Berlin", "America/New_York")}


def check(
    engine: Answering, trees: list[Any], histories: list[History], instants: list[datetime], world: World
) -> None:
    nodes = {slug: parse_tree(tree) for slug, tree in world.audiences.items()}
    stages = {slug: parse_tree(tree) for slug, tree in world.stages.items()}
    rules = {
        f"r{n}": resolve(parse_tree(tree), audiences=nodes, stages=stages, usual_gap=world.usual_gap)
        for n, tree in enumerate(trees)
    }
    compiled = compile_rules(rules, engine.engine, world.zone)
    histories = numbered(histories)
    engine.load(histories)
    asked = [Asked(customer, at) for customer in range(len(histories)) for at in instants]
    answers = engine.answers(compiled, asked)
    assert set(answers) == set(asked)
    for one in asked:
        for n, tree in enumerate(trees):
            holds, changes_at = answers[one][f"r{n}"]
            history = histories[one.customer]
            told = f"{tree} for {history} at {one.at}"
            assert holds is plain.holds(tree, history, one.at, world), told
            assert changes_at is None or changes_at > one.at, told
            change = plain.first_change(tree, history, one.at, world)
            assert changes_at is not None or change is None, f"{told}: never, but it changes at {change}"
            assert change is None or (changes_at is not None and changes_at <= change), (
                f"{told}: {changes_at}, {change}"
            )
            if is_simple(tree) or ("pulse" in tree and max([*plain.acts(history), one.at]) == one.at):
                assert changes_at == change, f"{told}: {changes_at} is not the moment, {change} is"


def is_simple(tree: dict[str, Any]) -> bool:
    """Where the moment can be told exactly: one event is enough to decide, or nothing can."""
    bound = tree.get("times", {"at_least": 1})
    one_event = "did" in tree and "then_not" not in tree and bound in ({"at_least": 1}, {"at_most": 0}, {"exactly": 0})
    return one_event or not tree.keys().isdisjoint(("everyone", "bucket"))


made = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(
    trees=st.lists(worlds.rules, min_size=1, max_size=4),
    histories=st.lists(worlds.histories, min_size=1, max_size=4),
    instants=worlds.asked_everywhere,
    zone=st.sampled_from(list(ZONES)),
)
@settings(made, max_examples=30)
def test_every_engine_gives_the_plain_reading(
    engine: Answering, trees: list[Any], histories: list[History], instants: list[datetime], zone: str
) -> None:
    check(engine, trees, histories, instants, World(zone=ZONES[zone]))


@given(
    trees=st.lists(worlds.rules_with_mentions, min_size=1, max_size=3),
    histories=st.lists(worlds.histories, min_size=1, max_size=3),
    instants=worlds.asked_everywhere,
    world=worlds.worlds,
)
@settings(made, max_examples=10)
def test_stages_and_audiences_are_what_their_rules_say(
    engine: Answering, trees: list[Any], histories: list[History], instants: list[datetime], world: World
) -> None:
    check(engine, trees, histories, instants, world)


@given(
    trees=st.lists(worlds.rules, min_size=1, max_size=4),
    histories=st.lists(worlds.histories, min_size=1, max_size=3),
    instants=worlds.asked_everywhere,
)
@settings(made, max_examples=10)
def test_until_the_moment_that_is_told_the_answer_stays(
    engine: Answering, trees: list[Any], histories: list[History], instants: list[datetime]
) -> None:
    """As the engine itself says, asked again a microsecond before the moment and at it, and then at the next."""
    world = World(zone=ZONES["Europe/Berlin"])
    histories = numbered(histories)
    engine.load(histories)
    rules = {
        f"r{n}": resolve(parse_tree(tree), audiences={}, stages={}, usual_gap=world.usual_gap)
        for n, tree in enumerate(trees)
    }
    compiled = compile_rules(rules, engine.engine, world.zone)
    asked = {Asked(customer, at) for customer in range(len(histories)) for at in instants}
    answers = engine.answers(compiled, list(asked))
    for _ in range(3):
        moments = {(one, key, at) for one in asked for key, (_, at) in answers[one].items() if at is not None}
        before = {(one, key): Asked(one.customer, at - TICK) for one, key, at in moments}
        asked = {Asked(one.customer, at) for one, _, at in moments}
        again = engine.answers(compiled, [*{*before.values(), *asked}]) if asked else {}
        for (one, key), just_before in before.items():
            assert again[just_before][key][0] is answers[one][key][0], f"{trees} {key} {histories[one.customer]} {one}"
        for one in asked:
            for n, tree in enumerate(trees):
                assert again[one][f"r{n}"][0] is plain.holds(tree, histories[one.customer], one.at, world)
        answers = again


def test_a_bucket_is_a_share_of_the_hashes_of_its_name_and_the_customers(engine: Answering) -> None:
    engine.load([History()] * 20)
    places = [int(hashlib.md5(f"summer:{customer_id(n)}".encode()).hexdigest()[:8], 16) for n in range(20)]
    shares = {f"r{n}_{more}": (place + more) / 2**32 for n, place in enumerate(places) for more in (0, 1)}
    rules = {key: parse_tree({"bucket": "summer", "share": share}) for key, share in shares.items()}
    compiled = compile_rules(rules, engine.engine)
    answers = engine.answers(compiled, [Asked(n, worlds.START) for n in range(20)])
    for one, found in answers.items():
        assert found == {key: (places[one.customer] / 2**32 < share, None) for key, share in shares.items()}


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    trees=st.lists(worlds.rules, min_size=1, max_size=12),
    histories=st.lists(worlds.histories, min_size=1, max_size=8),
    instants=worlds.asked_everywhere,
    zone=st.sampled_from(list(ZONES)),
)
@settings(made, max_examples=120, phases=[Phase.explicit, Phase.generate])
def test_every_engine_gives_the_plain_reading_at_length(
    engine: Answering, trees: list[Any], histories: list[History], instants: list[datetime], zone: str
) -> None:
    check(engine, trees, histories, instants, World(zone=ZONES[zone]))


def test_just_before_the_moment_the_answer_is_the_same(engine: Answering) -> None:
    """Told by the engine itself: asked again a microsecond before it changes, and at the moment."""
    tree = {"did": "Order Completed", "within": "1d", "times": {"at_least": 2}}
    times = [worlds.START, worlds.START + worlds.minutes(30), worlds.START + worlds.minutes(3000)]
    engine.load([History([plain.Event("Order Completed", at) for at in times])])
    compiled = compile_rules({"r": parse_tree(tree)}, engine.engine)
    at = worlds.START + worlds.minutes(40)
    holds, changes_at = engine.answers(compiled, [Asked(0, at)])[Asked(0, at)]["r"]
    assert holds
    assert changes_at == worlds.START + worlds.minutes(1440) + TICK
    before, then = Asked(0, changes_at - TICK), Asked(0, changes_at)
    answers = engine.answers(compiled, [before, then])
    assert answers[before]["r"] == (True, changes_at)
    assert answers[then]["r"][0] is False


@pytest.mark.parametrize(
    "text",
    [
        "it's",
        '"quoted"',
        "100% %s %(x)s %%",
        "a\\b\\",
        "é ü 漢 😀",
        "$1 {x} :y",
        "line\nfeed\ttab",
        "[x]*.+?^$(|)_#~&-",
    ],
)
@pytest.mark.parametrize("operator", ["is", "contains", "starts_with"])
def test_values_of_any_kind_are_quoted(engine: Answering, text: str, operator: str) -> None:
    trees: list[Any] = [
        {"trait": text, operator: text},
        {"did": text, "where": [{"property": text.replace(".", ""), operator: text}]},
        {"did": {"prefix": text}},
        {"trait": "list", operator if operator == "contains" else "contains": text},
    ]
    events = [plain.Event(text, worlds.START, {text.replace(".", ""): text}), plain.Event("other", worlds.START, {})]
    traits = [plain.TraitValue(text, worlds.START, 1, text), plain.TraitValue("list", worlds.START, 2, ["x", text])]
    check(engine, trees, [History(events, traits), History(events[1:])], [worlds.START], World())


def test_a_customer_named_twice_at_one_instant_is_counted_once(engine: Answering) -> None:
    compiled = compile_rules({"r": parse_tree({"did": "A", "times": {"at_least": 2}})}, engine.engine)
    engine.load([History([plain.Event("A", worlds.START)])])
    one = Asked(0, worlds.START)
    assert engine.answers(compiled, [one, one]) == {one: {"r": (False, None)}}


def test_relations_can_be_given_as_queries(engine: Answering) -> None:
    engine.load([History([plain.Event("A", worlds.START)])])
    compiled = compile_rules({"r": parse_tree({"did": "A"})}, engine.engine)
    one = Asked(0, datetime(2026, 12, 1, tzinfo=UTC))
    given_scope = f"SELECT CAST('{customer_id(0)}' AS uuid) AS customer_id, TIMESTAMPTZ '2026-12-01 00:00Z' AS at"
    bound = type(compiled)(compiled.keys, compiled.over(scope=given_scope))
    assert engine.answers(bound, []) == {one: {"r": (True, None)}}


def test_a_window_may_be_a_hundred_years_long(engine: Answering) -> None:
    tree = {"did": "A", "within": "36525d", "times": {"at_least": 1000}}
    check(engine, [tree], [History([plain.Event("A", worlds.START)] * 1000), History()], [worlds.START], World())


def test_a_number_that_no_double_holds_is_no_number(engine: Answering) -> None:
    """Anybody may send such a property; it must not stop the tick."""
    trees: list[Any] = [
        {"did": "A", "where": [{"property": path, operator: 0}]}
        for path in ("revenue", "other", "deep.er")
        for operator in ("at_least", "less_than")
    ]
    texts = [
        "1e400",
        "-1e400",
        "1e-400",
        "9" * 400,
        "٣",
        "0x10",
        "NaN",
        "Infinity",
        "1 ",
        "",
        "[" * 30_000,
        "1" * 20_000,
    ]
    values: list[Any] = [*texts, 10**350, [1], {"a": 1}, True]
    events = [plain.Event("A", worlds.START, {"revenue": one, "other": one, "deep": {"er": one}}) for one in values]
    check(engine, trees, [History([event]) for event in events], [worlds.START], World())


def test_rules_nest_through_audiences_as_deep_as_is_allowed(engine: Answering) -> None:
    audiences = {"a0": parse_tree({"did": "A"})}
    for n in range(1, 49):
        kind = "any" if n % 2 else "all"
        audiences[f"a{n}"] = parse_tree({kind: [{"audience": f"a{n - 1}"}, {"not": {"did": "A", "within": f"{n}d"}}]})
    rule = resolve(parse_tree({"audience": "a48"}), audiences=audiences, stages={})
    engine.load([History([plain.Event("A", worlds.START)])])
    one = Asked(0, worlds.START)
    engine.answers(compile_rules({"r": rule}, engine.engine), [one])
