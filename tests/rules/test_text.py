from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.rules.model import RuleNotUnderstood
from regulars.rules.sentence import parse_text
from regulars.rules.text import to_text
from regulars.rules.tree import parse_tree, to_tree
from tests.rules import worlds


@given(tree=worlds.rules_with_mentions | worlds.rules)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_a_rule_said_in_words_reads_back_the_same(tree: Any) -> None:
    rule = parse_tree(tree)
    assert parse_text(to_text(rule)) == rule


@given(name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_any_name_and_value_can_be_said(name: str) -> None:
    rule = parse_tree({"any": [{"trait": name, "is": name}, {"did": name, "where": [{"property": name, "is": name}]}]})
    assert parse_text(to_text(rule)) == rule


@given(text=st.text(st.sampled_from('abt"\\ ()0159-.,T:Z\n') | st.characters(), max_size=40))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    placed = True
    try:
        parse_text(text)
    except RuleNotUnderstood as problem:
        placed = problem.line is not None and problem.column is not None
    assert placed


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (
            'country is "DE" and did "Order Completed" where category is "beauty" at least 2 times in the last 90 days'
            ' and not did "Page Viewed" in the last 30 days',
            {
                "all": [
                    {"trait": "country", "is": "DE"},
                    {
                        "did": "Order Completed",
                        "where": [{"property": "category", "is": "beauty"}],
                        "times": {"at_least": 2},
                        "within": "90d",
                    },
                    {"not": {"did": "Page Viewed", "within": "30d"}},
                ]
            },
        ),
        ('in stage "loyalty" or in audience "vip"', {"any": [{"stage": "loyalty"}, {"audience": "vip"}]}),
        ("did anything in the last 1 hour", {"did": {"any": True}, "within": "1h"}),
        ('did anything starting with "Order" exactly 1 time', {"did": {"prefix": "Order"}, "times": {"exactly": 1}}),
        ('did one of ("A", "B") at most 0 times', {"did": ["A", "B"], "times": {"at_most": 0}}),
        ('did "A" between 2026-01-01 and 2026-02-01', {"did": "A", "between": ["2026-01-01", "2026-02-01"]}),
        (
            'did "A" where revenue at least 50, "sold in" is one of ("DE", 10, true)',
            {
                "did": "A",
                "where": [{"property": "revenue", "at_least": 50}, {"property": "sold in", "in": ["DE", 10, True]}],
            },
        ),
        ("address.country is absent", {"trait": "address.country", "absent": True}),
        ("renews_at not within the last 36 hours", {"trait": "renews_at", "not_within_last": "36h"}),
        ('"stage" starts with "x"', {"trait": "stage", "starts_with": "x"}),
    ],
)
def test_the_readable_form(text: str, tree: Any) -> None:
    assert to_tree(parse_text(text)) == tree
    assert to_text(parse_tree(tree)).replace('"stage" starts', "stage starts") == text.replace(
        '"stage" starts', "stage starts"
    )


def test_and_binds_closer_than_or() -> None:
    a, b, c = ({"trait": key, "exists": True} for key in "abc")
    assert to_tree(parse_text("a exists and b exists or c exists")) == {"any": [{"all": [a, b]}, c]}
    assert to_tree(parse_text("a exists and (b exists or c exists)")) == {"all": [a, {"any": [b, c]}]}
    assert to_tree(parse_text("not a exists and b exists")) == {"all": [{"not": a}, b]}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('country iss "DE"', 1, 9, "Did you mean 'is'?"),
        ('country is "DE"\nan did "A"', 2, 1, "Did you mean 'and'?"),
        ('did "A" at least 2 tims', 1, 20, "Did you mean 'times'?"),
        ('did "A" in the last 5 fortnights', 1, 23, "Expected one of days, weeks"),
        ("did Order", 1, 5, "an event's name in quotes"),
        ('a is "x', 1, 6, "never closed"),
        ("a > 5", 1, 3, "'>' is not understood"),
        ("(a exists", 1, 10, "the rule ends here. Expected )."),
        ("", 1, 1, "the rule ends here"),
        ('x is "a" and\n  did "A" at least 2000 times', 2, 3, "a whole number from 1 to 1000"),
        ('a is "\\x"', 1, 6, "must be written"),
        ("(" * 51 + "x", 1, 52, "nests more than 50 deep"),
    ],
)
def test_what_is_not_understood_is_placed(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(RuleNotUnderstood) as problem:
        parse_text(text)
    assert said in str(problem.value)
    assert (problem.value.line, problem.value.column) == (line, column)
    assert problem.value.extra["line"] == line
