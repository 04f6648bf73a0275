from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from regulars.rules import model
from regulars.rules.model import Between, RuleNotUnderstood, Within
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
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


@pytest.mark.parametrize(
    "tree",
    [
        {"trait": "plan", "is": "pro", "held_for": "30d"},
        {"trait": "birthday", "anniversary_in": 7},
        {"trait": "birthday", "anniversary_in": "7d@Asia/Tokyo"},
        {"pulse": "slipping"},
        {"pulse": "returned", "usual_gap": 30},
        {"pulse": "new", "usual_gap": "1d@Asia/Tokyo"},
        {"trait": "seen", "not_within_last": "this week@Europe/Berlin"},
        {"did": "A", "within": "3mo"},
        {"did": "A", "within": "1y@America/New_York"},
        {"sum": "revenue", "of": {"did": "Order Completed", "within": "365d"}, "at_least": 500},
        {
            "distinct": "product_id",
            "of": {"did": ["A", "B"], "between": ["2026-01-01", "2026-02-01"]},
            "less_than": 0.5,
        },
        {"last": {"did": "Order Completed"}, "has": [{"property": "category", "is": "shoes"}]},
        {
            "did": "Checkout Started",
            "where": [{"property": "revenue", "at_least": 5}],
            "within": "30d",
            "then_not": {"did": "Order Completed", "where": [{"property": "revenue", "at_least": 5}]},
            "for": "1h",
        },
        {"sequence": [{"did": "A"}, {"did": {"any": True}}], "within": "this month"},
        {"list": "fair-2026"},
        {"bucket": "summer", "share": 0.1},
    ],
)
def test_every_condition_is_written_as_it_was_read(tree: Any) -> None:
    assert to_tree(parse_tree(tree)) == tree


def test_some_things_can_be_said_in_two_ways() -> None:
    assert to_tree(parse_tree({"trait": "birthday", "anniversary_in": "7d"})) == {
        "trait": "birthday",
        "anniversary_in": 7,
    }
    assert parse_tree({"did": "A", "within": "12mo"}) == parse_tree({"did": "A", "within": "1y"})
    assert parse_tree({"bucket": "x", "share": 1}) == parse_tree({"bucket": "x", "share": 1.0})


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
        ({"trait": "x", "within_last": 3}, "/within_last", "is not a duration"),
        ({"trait": "x", "exists": 1}, "/exists", "Expected true."),
        ({"trait": "x", "within_last": "3mon"}, "/within_last", "By the calendar: 3mo, 1y, today"),
        ({"did": "A", "within": "0mo"}, "/within", "not from one month to a hundred years"),
        ({"did": "A", "within": "101y"}, "/within", "not from one month to a hundred years"),
        ({"did": "A", "within": "36526d"}, "/within", "longer than a hundred years"),
        ({"did": "A", "within": "today@Mars/Base"}, "/within", "There is no time zone 'Mars/Base'"),
        ({"did": "A", "within": "today@localtime"}, "/within", "There is no time zone 'localtime'"),
        ({"did": "A", "within": "7d@Asia/Tokyo"}, "/within", "is not a duration"),
        ({"trait": "x", "held_for": "3d"}, "", "this trait has no operator"),
        ({"trait": "x", "is": 1, "held_for": "3mo"}, "/held_for", "is not a duration"),
        ({"trait": "x", "is_not": 1, "held_for": "3d"}, "/held_for", "'held_for' cannot stand beside 'is_not'"),
        ({"trait": "x", "absent": True, "held_for": "3d"}, "/held_for", "cannot stand beside 'absent'"),
        ({"trait": "x", "anniversary_in": 1, "held_for": "3d"}, "/held_for", "beside 'anniversary_in'"),
        ({"trait": "x", "anniversary_in": 366}, "/anniversary_in", "a whole number from 0 to 365"),
        ({"trait": "x", "anniversary_in": -1}, "/anniversary_in", "a whole number from 0 to 365"),
        ({"trait": "x", "anniversary_in": True}, "/anniversary_in", "a whole number from 0 to 365"),
        ({"trait": "x", "anniversary_in": "1w"}, "/anniversary_in", "a whole number from 0 to 365"),
        ({"trait": "x", "anniversary_in": "366d"}, "/anniversary_in", "a whole number from 0 to 365"),
        ({"trait": "x", "anniversary_in": "1d@Mars"}, "/anniversary_in", "There is no time zone 'Mars'"),
        ({"did": "A", "where": [{"property": "x", "anniversary_in": 1}]}, "/where/0/anniversary_in", "understood here"),
        ({"sum": "r", "of": {"did": "A"}}, "", "this number has no operator. Expected one of at_least, more_than"),
        ({"sum": "r", "at_least": 5}, "", "'sum' needs 'of' beside it"),
        ({"sum": "r", "avg": "r", "of": {"did": "A"}, "at_least": 5}, "", "'sum' and 'avg' cannot stand in one node"),
        ({"sum": "r", "of": {"did": "A"}, "is": 5}, "/is", "Expected one of sum, of, at_least"),
        ({"sum": "r", "of": {"did": "A"}, "atleast": 5}, "/atleast", "Did you mean 'at_least'?"),
        ({"sum": "r", "of": {"did": "A"}, "at_least": "5"}, "/at_least", "'5' is not a number"),
        ({"sum": "", "of": {"did": "A"}, "at_least": 5}, "/sum", "'' is not a name"),
        ({"sum": "r", "of": {"trait": "A", "is": 1}, "at_least": 5}, "/of/trait", "Expected did."),
        ({"sum": "r", "of": {"did": "A", "times": {"at_least": 1}}, "at_least": 5}, "/of/times", "not understood here"),
        ({"sum": "r", "of": {"did": "A", "wihtin": "1d"}, "at_least": 5}, "/of/wihtin", "Did you mean 'within'?"),
        ({"sum": "r", "of": {}, "at_least": 5}, "/of", "an empty node says nothing. Expected did."),
        ({"avg": "r", "of": {"did": "A"}, "at_least": 1e-7}, "/at_least", "0.0000001 is too fine for an average"),
        ({"last": {"did": "A"}, "has": []}, "/has", "not a list with something in it"),
        ({"last": {"did": "A"}}, "", "'last' needs 'has' beside it"),
        ({"last": {"did": "A"}, "had": []}, "/had", "Did you mean 'has'?"),
        ({"first": {"did": "A"}, "has": [{"property": "x"}]}, "/has/0", "this property has no operator"),
        ({"first": {"did": "A"}, "has": [{"property": "x", "is": 1}] * 21}, "/has", "21 entries, 20 are allowed"),
        ({"last": {"did": "A", "times": {"at_least": 1}}, "has": []}, "/last/times", "not understood here"),
        ({"did": "A", "then_not": {"did": "B"}}, "", "'then_not' needs 'for' beside it"),
        ({"did": "A", "for": "1h"}, "", "'for' needs 'then_not' beside it"),
        ({"did": "A", "then_not": {"did": "B"}, "for": "1mo"}, "/for", "is not a duration"),
        ({"did": "A", "then_not": {"did": "B", "within": "1d"}, "for": "1h"}, "/then_not/within", "understood here"),
        ({"did": "A", "then_not": {"stage": "B"}, "for": "1h"}, "/then_not/stage", "Expected did."),
        ({"did": "A", "times": {"at_least": 2}, "then_not": {"did": "B"}, "for": "1h"}, "", "'times' and 'then_not'"),
        ({"sequence": [{"did": "A"}]}, "/sequence", "Expected 2 to 10 steps."),
        ({"sequence": [{"did": "A"}] * 11}, "/sequence", "11 entries, 10 are allowed"),
        ({"sequence": [{"did": "A"}, {"did": "B", "within": "1d"}]}, "/sequence/1/within", "not understood here"),
        ({"sequence": [{"did": "A"}, {"everyone": True}]}, "/sequence/1/everyone", "Expected did."),
        ({"sequence": [{"did": "A"}, {"did": "B"}], "withn": "1d"}, "/withn", "Did you mean 'within'?"),
        ({"pulse": "sliping"}, "/pulse", "there is no pulse 'sliping'. Did you mean 'slipping'? Expected one of"),
        ({"pulse": ["new"]}, "/pulse", "a list is not a name"),
        ({"pulse": "new", "is": "new"}, "/is", "Expected one of pulse, usual_gap."),
        ({"pulse": "new", "usual_gap": 0}, "/usual_gap", "a whole number from 1 to 180"),
        ({"pulse": "new", "usual_gap": "181d@UTC"}, "/usual_gap", "a whole number from 1 to 180"),
        ({"pulse": "new", "usual_gap": "2w"}, "/usual_gap", "a whole number from 1 to 180"),
        ({"pulse": "new", "usual_gap": "14d@Mars/Olympus"}, "/usual_gap", "There is no time zone 'Mars/Olympus'"),
        ({"usual_gap": 14}, "/usual_gap", "is not understood. Expected one of all"),
        ({"list": ["fair"]}, "/list", "a list is not a name"),
        ({"bucket": "x"}, "", "'bucket' needs 'share' beside it"),
        ({"bucket": "x", "share": 1.01}, "/share", "Expected a number from 0 to 1."),
        ({"bucket": "x", "share": -0.1}, "/share", "Expected a number from 0 to 1."),
        ({"bucket": "x", "share": float("nan")}, "/share", "Expected a number from 0 to 1."),
        ({"bucket": "x", "share": True}, "/share", "Expected a number from 0 to 1."),
        ({"bucket": "x", "share": "10%"}, "/share", "'10%' is not a number"),
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


def test_the_events_that_a_condition_asks_about_are_nodes_too() -> None:
    sequence = {"sequence": [{"did": "A"}] * 10}
    parse_tree({"all": [sequence] * 18})
    with pytest.raises(RuleNotUnderstood, match="at most 200 nodes") as problem:
        parse_tree({"all": [sequence] * 19})
    assert problem.value.pointer == "/all/18/sequence/0"
    number: Any = {"sum": "x", "of": {"did": "A"}, "at_least": 1}
    for _ in range(model.depth_max - 2):
        number = {"not": number}
    parse_tree(number)
    with pytest.raises(RuleNotUnderstood, match="at most 12 deep"):
        parse_tree({"not": number})


def test_conditions_are_the_smallest_parts_and_a_negated_one_stays_whole() -> None:
    tree = {
        "all": [
            {"trait": "x", "exists": True},
            {"not": {"did": "A"}},
            {"not": {"any": [{"stage": "s"}, {"trait": "x", "exists": True}]}},
            {"sequence": [{"did": "A"}, {"did": "B"}]},
        ]
    }
    found = [to_tree(one) for one in model.conditions(parse_tree(tree))]
    assert found == [
        {"trait": "x", "exists": True},
        {"not": {"did": "A"}},
        {"stage": "s"},
        {"sequence": [{"did": "A"}, {"did": "B"}]},
    ]
