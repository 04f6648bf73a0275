from __future__ import annotations

from typing import Any

import pytest

from regulars.rules.model import Rule, RuleNotUnderstood
from regulars.rules.resolve import MentionsItself, mentions, resolve
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree

A, B, C = ({"did": name} for name in "ABC")


def rules(**trees: Any) -> dict[str, Rule]:
    return {slug: parse_tree(tree) for slug, tree in trees.items()}


def test_an_audience_is_replaced_by_its_rule() -> None:
    audiences = rules(vip={"all": [A, {"audience": "big"}]}, big=B)
    found = resolve(parse_tree({"not": {"audience": "vip"}}), audiences=audiences, stages={})
    assert to_tree(found) == {"not": {"all": [A, B]}}


def test_being_in_a_stage_is_its_rule_and_no_later_one() -> None:
    stages = rules(first=A, second=B, third=C)
    assert to_tree(resolve(parse_tree({"stage": "first"}), audiences={}, stages=stages)) == {
        "all": [A, {"not": {"any": [B, C]}}]
    }
    assert to_tree(resolve(parse_tree({"stage": "third"}), audiences={}, stages=stages)) == C


def test_the_usual_gap_is_the_companys_where_none_is_said() -> None:
    audiences = rules(vip={"not": {"pulse": "new"}})
    tree = {"all": [{"audience": "vip"}, {"pulse": "new", "usual_gap": 7}, {"pulse": "active"}]}
    found = resolve(parse_tree(tree), audiences=audiences, stages={}, usual_gap=30)
    assert to_tree(found) == {
        "all": [
            {"not": {"pulse": "new", "usual_gap": 30}},
            {"pulse": "new", "usual_gap": 7},
            {"pulse": "active", "usual_gap": 30},
        ]
    }


def test_the_pulse_mentions_every_act() -> None:
    assert mentions(parse_tree({"not": {"pulse": "new"}})).any_event


def test_a_missing_name_is_told_with_the_nearest() -> None:
    with pytest.raises(RuleNotUnderstood, match=r"/all/1/audience: there is no audience 'vipp'\. Did you mean 'vip'\?"):
        resolve(parse_tree({"all": [A, {"audience": "vipp"}]}), audiences=rules(vip=A), stages={})
    with pytest.raises(RuleNotUnderstood, match="there is no stage 'x'"):
        resolve(parse_tree({"stage": "x"}), audiences={}, stages={})


def test_a_cycle_is_refused_with_its_path() -> None:
    audiences = rules(vip={"any": [A, {"audience": "big"}]}, big={"not": {"audience": "vip"}})
    with pytest.raises(MentionsItself, match=r"vip -> big -> vip\."):
        resolve(parse_tree({"audience": "vip"}), audiences=audiences, stages={})


def test_an_audience_being_defined_cannot_mention_itself() -> None:
    with pytest.raises(MentionsItself, match=r"new -> vip -> new\."):
        resolve(parse_tree({"audience": "vip"}), audiences=rules(vip={"audience": "new"}), stages={}, name="new")
    assert resolve(parse_tree(A), audiences=rules(new={"audience": "new"}), stages={}, name="new") == parse_tree(A)


def test_a_stage_cannot_depend_on_one_that_it_ends() -> None:
    stages = rules(first=A, second={"all": [B, {"stage": "first"}]})
    with pytest.raises(MentionsItself, match=r"first -> second -> first\."):
        resolve(parse_tree({"stage": "first"}), audiences={}, stages=stages)


def test_what_doubles_with_every_mention_is_refused_before_it_is_built() -> None:
    audiences = rules(a0=A)
    for n in range(1, 40):
        one = {"audience": f"a{n - 1}"}
        audiences[f"a{n}"] = parse_tree({"all": [one, {"not": one}]})
    with pytest.raises(RuleNotUnderstood, match="more than 5000 nodes"):
        resolve(parse_tree({"audience": "a39"}), audiences=audiences, stages={})


def test_a_long_chain_of_audiences_is_refused() -> None:
    audiences = rules(a0=A)
    for n in range(1, 150):
        audiences[f"a{n}"] = parse_tree({"not": {"audience": f"a{n - 1}"}})
    with pytest.raises(RuleNotUnderstood, match="nests more than 100 deep"):
        resolve(parse_tree({"audience": "a149"}), audiences=audiences, stages={})


def test_mentions_are_what_must_change_for_the_answer_to_change() -> None:
    found = mentions(
        parse_tree(
            {
                "all": [
                    {"did": ["A", "B"]},
                    {"not": {"did": {"prefix": "Order"}}},
                    {
                        "any": [
                            {"trait": "x", "absent": True},
                            {"audience": "vip"},
                            {"stage": "s"},
                            {"did": {"any": True}},
                        ]
                    },
                ]
            }
        )
    )
    assert found.events == {"A", "B"}
    assert found.prefixes == {"Order"}
    assert found.any_event
    assert found.traits == {"x"}
    assert found.audiences == {"vip"}
    assert found.stages == {"s"}


def test_events_are_mentioned_wherever_a_condition_asks_about_them() -> None:
    found = mentions(
        parse_tree(
            {
                "all": [
                    {"sum": "x", "of": {"did": "Summed"}, "at_least": 1},
                    {"last": {"did": "Ended"}, "has": [{"property": "x", "is": 1}]},
                    {"did": "Begun", "then_not": {"did": {"prefix": "Follow"}}, "for": "1h"},
                    {"not": {"sequence": [{"did": "First"}, {"did": {"any": True}}]}},
                    {"list": "fair"},
                    {"bucket": "summer", "share": 0.5},
                    {"trait": "plan", "is": "pro", "held_for": "1d"},
                ]
            }
        )
    )
    assert found.events == {"Summed", "Ended", "Begun", "First", "List Joined", "List Left"}
    assert found.prefixes == {"Follow"}
    assert found.any_event
    assert found.traits == {"plan"}
    assert found.lists == {"fair"}


def test_what_a_condition_asks_about_counts_when_written_out() -> None:
    audiences = rules(big={"all": [{"sequence": [A] * 10}] * 18})
    parts = [{"audience": "big"}] * 25
    assert resolve(parse_tree({"any": parts}), audiences=audiences, stages={})
    with pytest.raises(RuleNotUnderstood, match="more than 5000 nodes"):
        resolve(parse_tree({"any": [*parts, {"audience": "big"}]}), audiences=audiences, stages={})
