from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from regulars.rules import model
from regulars.rules.model import Between, RuleNotUnderstood, Within
from regulars.rules.tree import parse_tree, to_tree
from tests.rules import worlds


@given(tree=worlds.rules_with_mentions)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_a_rule_written_as_a_tree_reads_back_the_same(tree: Any) -> None:
    rule = parse_tree(tree)
    assert parse_tree(to_tree(rule)) == rule


def test_a_written_tree_keeps_what_was_said() -> None:
    tree = {
        "all": [
            {"trait": "age", "in": [10, "10", 10.5, True]},
            {"did": {"prefix": "Order"}, "times": {"exactly": 0}, "between": ["2026-01-01", "2026-02-01T10:00:00Z"]},
            {"did": ["A", "B"], "where": [{"property": "a.b", "absent": True}], "within": "90d"},
        ]
    }
    assert to_tree(parse_tree(tree)) == tree


def test_ten_as_a_number_and_as_a_text_are_told_apart_when_written_back() -> None:
    assert parse_tree({"trait": "x", "is": 1}) != parse_tree({"trait": "x", "is": True})
    assert to_tree(parse_tree({"trait": "x", "is": 10.0}))["is"] == 10.0


def test_windows_are_exact_lengths_or_moments() -> None:
    within = parse_tree({"did": "A", "within": "2w"})
    assert isinstance(within, model.Did)
    assert within.window == Within(timedelta(days=14))
    between = parse_tree({"did": "A", "between": ["2026-01-01", "2026-02-01T10:00:00+02:00"]})
    assert isinstance(between, model.Did)
    assert between.window == Between(date(2026, 1, 1), datetime(2026, 2, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("tree", "pointer", "said"),
    [
        ({"trait": "x", "iss": "a"}, "/iss", "Did you mean 'is'?"),
        ({"did": "A", "wihtin": "3d"}, "/wihtin", "Did you mean 'within'?"),
        ({"all": [{"trait": "x", "is": "a"}, {"alll": []}]}, "/all/1/alll", "Did you mean 'all'?"),
        ({"all": []}, "/all", "not a list with something in it"),
        ({"not": []}, "/not", "a list is not a rule"),
        ({}, "", "an empty node says nothing"),
        (None, "", "null is not a rule"),
        ("did A", "", "'did A' is not a rule"),
        ({"everyone": False}, "/everyone", "false is not understood. Expected true."),
        ({"all": [{"everyone": True}], "any": [{"everyone": True}]}, "", "'all' and 'any' cannot stand in one node"),
        ({"trait": "x"}, "", "this trait has no operator"),
        ({"trait": "x", "is": 1, "in": [1]}, "", "cannot stand in one condition"),
        ({"trait": "", "is": 1}, "/trait", "'' is not a name"),
        ({"trait": "x", "is": None}, "/is", "null is not a text, a number, true or false"),
        ({"trait": "x", "is": ["a"]}, "/is", "a list is not a text"),
        ({"trait": "x", "in": []}, "/in", "not a list with something in it"),
        ({"trait": "x", "in": ["a", {}]}, "/in/1", "an object is not a text"),
        ({"trait": "x", "is": "a\0b"}, "/is", "contains a NUL character"),
        ({"trait": "x", "is": "\ud800"}, "/is", "half of a surrogate pair"),
        ({"trait": "x", "is": "a" * 1001}, "/is", "longer than 1000 characters"),
        ({"trait": "x", "at_least": "5"}, "/at_least", "'5' is not a number"),
        ({"trait": "x", "at_least": True}, "/at_least", "true is not a number"),
        ({"trait": "x", "at_least": float("nan")}, "/at_least", "too large for a number"),
        ({"trait": "x", "at_least": 10**400}, "/at_least", "too large for a number"),
        ({"trait": "x", "before": "2026-02-30"}, "/before", "neither a date nor an instant"),
        ({"trait": "x", "before": "2026-02-03T10:00:00"}, "/before", "neither a date nor an instant"),
        ({"trait": "x", "before": "0001-01-01T00:00:00+14:00"}, "/before", "neither a date nor an instant"),
        ({"trait": "x", "within_last": "3mo"}, "/within_last", "is not a duration"),
        ({"trait": "x", "within_last": 3}, "/within_last", "is not a duration"),
        ({"trait": "x", "exists": 1}, "/exists", "Expected true."),
        ({"trait": "x", "held_for": "3d"}, "/held_for", "'held_for' is not understood here"),
        ({"trait": "x", "anniversary_in": 3}, "/anniversary_in", "'anniversary_in' is not understood here"),
        ({"sum": "revenue", "of": {"did": "A"}, "at_least": 5}, "/sum", "'sum' is not understood"),
        ({"last": {"did": "A"}, "has": []}, "/last", "'last' is not understood"),
        ({"sequence": [{"did": "A"}]}, "/sequence", "'sequence' is not understood"),
        ({"did": "A", "then_not": {"did": "B"}, "for": "1h"}, "/then_not", "'then_not' is not understood here"),
        ({"pulse": "slipping"}, "/pulse", "Expected one of all, any, not, everyone, trait, did, stage, audience."),
        ({"list": "fair"}, "/list", "'list' is not understood"),
        ({"bucket": "x", "share": 0.1}, "/bucket", "'bucket' is not understood"),
        ({"did": {"any": False}}, "/did/any", "Expected true"),
        ({"did": {"prefix": "A", "any": True}}, "/did", "this names no event"),
        ({"did": {"prefx": "A"}}, "/did/prefx", "Did you mean 'prefix'?"),
        ({"did": 5}, "/did", "this names no event"),
        ({"did": ["A", ""]}, "/did/1", "'' is not a name"),
        ({"did": "A", "times": 2}, "/times", "not a number of times"),
        ({"did": "A", "times": {"at_least": 0}}, "/times/at_least", "a whole number from 1 to 1000"),
        ({"did": "A", "times": {"exactly": 1001}}, "/times/exactly", "a whole number from 0 to 1000"),
        ({"did": "A", "times": {"exactly": 1.5}}, "/times/exactly", "not such a number"),
        ({"did": "A", "within": "1d", "between": ["2026-01-01", "2026-01-02"]}, "", "cannot stand in one node"),
        ({"did": "A", "between": ["2026-01-02", "2026-01-01"]}, "/between", "ends before it begins"),
        ({"did": "A", "between": ["2026-01-02"]}, "/between", "has two ends"),
        ({"did": "A", "where": [{"property": "x", "before": "2026-01-01"}]}, "/where/0/before", "not understood here"),
        ({"did": "A", "where": [{"is": "x"}]}, "/where/0", "this names no property"),
        ({"did": "A", "where": {"property": "x", "is": 1}}, "/where", "not a list with something in it"),
        ({"a/b~c": 1}, "/a~1b~0c", "is not understood"),
    ],
)
def test_what_is_not_understood_is_pointed_at(tree: Any, pointer: str, said: str) -> None:
    with pytest.raises(RuleNotUnderstood) as problem:
        parse_tree(tree)
    assert problem.value.pointer == pointer
    assert said in str(problem.value)
    assert problem.value.faults[0].pointer == pointer
    str(problem.value).encode()


def test_a_rule_may_be_twelve_deep_and_no_deeper() -> None:
    tree: Any = {"everyone": True}
    for _ in range(model.depth_max - 1):
        tree = {"not": tree}
    parse_tree(tree)
    with pytest.raises(RuleNotUnderstood, match="at most 12 deep"):
        parse_tree({"not": tree})
    for _ in range(100_000):
        tree = {"not": tree}
    with pytest.raises(RuleNotUnderstood, match="at most 12 deep"):
        parse_tree(tree)
    while (
        "not" in tree
    ):  # taken apart by hand: so deep a thing would overflow the stack of the interpreter's own clean-up
        tree = tree.pop("not")


def test_a_rule_may_have_two_hundred_nodes_and_no_more() -> None:
    parse_tree({"all": [{"everyone": True}] * (model.nodes_max - 1)})
    with pytest.raises(RuleNotUnderstood, match="at most 200 nodes"):
        parse_tree({"all": [{"everyone": True}] * model.nodes_max})


def test_conditions_are_the_smallest_parts_and_a_negated_one_stays_whole() -> None:
    tree = {
        "all": [
            {"trait": "x", "exists": True},
            {"not": {"did": "A"}},
            {"not": {"any": [{"stage": "s"}, {"trait": "x", "exists": True}]}},
        ]
    }
    found = [to_tree(one) for one in model.conditions(parse_tree(tree))]
    assert found == [{"trait": "x", "exists": True}, {"not": {"did": "A"}}, {"stage": "s"}]
