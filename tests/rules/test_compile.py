from __future__ import annotations

import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regulars.rules import compile as compiler
from regulars.rules.compile import TooWide, compile_rules
from regulars.rules.engines.base import Engine
from regulars.rules.engines.duckdb import duckdb
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.formulas import formula
from regulars.rules.leaves import Happened, Negation
from regulars.rules.tree.reading import parse_tree

engines = pytest.mark.parametrize("engine", [duckdb, postgresql], ids=["duckdb", "postgresql"])


@engines
def test_rules_share_one_pass_over_events_and_one_over_traits(engine: Engine) -> None:
    rules = {
        f"r{n}": parse_tree({"all": [{"did": f"Event {n}", "within": f"{n + 1}d"}, {"trait": f"key {n}", "is": n}]})
        for n in range(10)
    }
    sql = compile_rules(rules, engine).sql
    assert sql.count('FROM "events"') == 1
    assert sql.count('FROM "trait_values"') == 1


@engines
def test_one_leaf_serves_every_window_and_number_of_times(engine: Engine) -> None:
    rules = {
        "often": parse_tree({"did": "A", "times": {"at_least": 3}, "within": "30d"}),
        "once": parse_tree({"did": ["A", "A"], "within": "1w"}),
        "never": parse_tree({"did": "A", "times": {"at_most": 0}}),
    }
    sql = compile_rules(rules, engine).sql
    assert sql.count("FILTER") == 2  # the latest three, and the next


def test_what_means_the_same_is_the_same() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    pairs: list[tuple[Any, Any]] = [
        ({"trait": "x", "is": 10}, {"trait": "x", "is": "10"}),
        ({"trait": "x", "is": "a"}, {"trait": "x", "in": ["a", "a"]}),
        ({"trait": "x", "in": ["b", "a"]}, {"trait": "x", "in": ["a", "b"]}),
        ({"trait": "x", "absent": True}, {"not": {"trait": "x", "exists": True}}),
        ({"trait": "x", "before": "2026-03-30"}, {"trait": "x", "before": "2026-03-29T22:00:00Z"}),
        ({"trait": "x", "after": "2026-03-29"}, {"trait": "x", "after": "2026-03-29T21:59:59.999999Z"}),
        ({"did": "A", "times": {"at_most": 0}}, {"not": {"did": ["A"]}}),
        ({"all": [{"did": "A"}, {"all": [{"did": "A"}, {"did": "B"}]}]}, {"all": [{"did": "A"}, {"did": "B"}]}),
        ({"all": [{"did": "A"}, {"everyone": True}]}, {"did": "A"}),
        ({"any": [{"did": "A"}, {"everyone": True}]}, {"everyone": True}),
        ({"did": "A", "within": "14d"}, {"did": "A", "within": "2w"}),
    ]
    for one, other in pairs:
        assert formula(parse_tree(one), berlin) == formula(parse_tree(other), berlin)
    never = formula(parse_tree({"not": {"did": "A"}}), berlin)
    assert isinstance(never, Negation)
    assert isinstance(never.of, Happened)


def test_what_differs_in_kind_only_where_it_matters_stays_apart() -> None:
    assert formula(parse_tree({"trait": "x", "is": 1}), ZoneInfo("UTC")) != formula(
        parse_tree({"trait": "x", "is": True}), ZoneInfo("UTC")
    )


@pytest.mark.parametrize("key", ["", "A", "a-b", 'a"', "a" * 61])
def test_a_key_must_be_a_column_name(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be a column name"):
        compile_rules({key: parse_tree({"everyone": True})}, duckdb)


def test_rules_that_mention_others_must_be_resolved_first() -> None:
    with pytest.raises(ValueError, match="resolve the rule first"):
        compile_rules({"r": parse_tree({"audience": "vip"})}, duckdb)


def test_more_than_one_query_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "columns_max", 20)
    with pytest.raises(TooWide):
        compile_rules({f"r{n}": parse_tree({"did": f"{n}"}) for n in range(11)}, duckdb)


@engines
def test_fifty_conditions_are_put_together_quickly(engine: Engine) -> None:
    rule = parse_tree(
        {"all": [{"did": f"{n}", "within": "30d"} if n % 2 else {"trait": f"{n}", "is": n} for n in range(50)]}
    )
    compile_rules({"r": rule}, engine)
    begun = time.perf_counter()
    compile_rules({"r": rule}, engine)
    assert time.perf_counter() - begun < 0.05
