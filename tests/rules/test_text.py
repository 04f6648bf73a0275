from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.rules.model import RuleNotUnderstood
from regulars.rules.sentence import parse_text
from regulars.rules.text import to_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
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
        ('pulse is "slipping"', {"pulse": "slipping"}),
        ('not pulse is "new"', {"not": {"pulse": "new"}}),
        ('pulse is "lapsed" with usual gap 30 days', {"pulse": "lapsed", "usual_gap": 30}),
        (
            'pulse is "lapsed" with usual gap 1 day in zone "Asia/Tokyo"',
            {"pulse": "lapsed", "usual_gap": "1d@Asia/Tokyo"},
        ),
        ('"pulse" is "slipping"', {"trait": "pulse", "is": "slipping"}),
        ('plan is "pro" held for 30 days', {"trait": "plan", "is": "pro", "held_for": "30d"}),
        ("birthday has its anniversary in the next 7 days", {"trait": "birthday", "anniversary_in": 7}),
        ("birthday has its anniversary today", {"trait": "birthday", "anniversary_in": 0}),
        (
            'birthday has its anniversary in the next 1 day in zone "Asia/Tokyo"',
            {"trait": "birthday", "anniversary_in": "1d@Asia/Tokyo"},
        ),
        ("seen within the last 3 months", {"trait": "seen", "within_last": "3mo"}),
        ('seen not within this week in zone "UTC"', {"trait": "seen", "not_within_last": "this week@UTC"}),
        ('did "A" in the last 3 months', {"did": "A", "within": "3mo"}),
        ('did "A" in the last 1 year in zone "Asia/Tokyo"', {"did": "A", "within": "1y@Asia/Tokyo"}),
        ('did "A" at least 2 times today', {"did": "A", "times": {"at_least": 2}, "within": "today"}),
        ('did "A" this month in zone "Asia/Tokyo"', {"did": "A", "within": "this month@Asia/Tokyo"}),
        (
            'sum of revenue over (did "Order Completed" in the last 365 days) at least 500',
            {"sum": "revenue", "of": {"did": "Order Completed", "within": "365d"}, "at_least": 500},
        ),
        ('average of revenue over (did "A") more than -0.5', {"avg": "revenue", "of": {"did": "A"}, "more_than": -0.5}),
        ('minimum of "the sum" over (did "A") at most 5', {"min": "the sum", "of": {"did": "A"}, "at_most": 5}),
        (
            "maximum of a.b over (did anything this year) less than 5",
            {"max": "a.b", "of": {"did": {"any": True}, "within": "this year"}, "less_than": 5},
        ),
        (
            'number of different product_id over (did "A" where x is 1) at least 3',
            {"distinct": "product_id", "of": {"did": "A", "where": [{"property": "x", "is": 1}]}, "at_least": 3},
        ),
        (
            'the last (did "Order Completed") has category is "shoes", revenue at least 5',
            {
                "last": {"did": "Order Completed"},
                "has": [{"property": "category", "is": "shoes"}, {"property": "revenue", "at_least": 5}],
            },
        ),
        (
            'the first (did "A" between 2026-01-01 and 2026-02-01) has category is absent',
            {
                "first": {"did": "A", "between": ["2026-01-01", "2026-02-01"]},
                "has": [{"property": "category", "absent": True}],
            },
        ),
        (
            'did "Checkout Started" in the last 30 days then not did "Order Completed" for 1 hour',
            {"did": "Checkout Started", "within": "30d", "then_not": {"did": "Order Completed"}, "for": "1h"},
        ),
        (
            'did "A" where x is 1 then not did "B" where x is 2 for 90 seconds',
            {
                "did": "A",
                "where": [{"property": "x", "is": 1}],
                "then_not": {"did": "B", "where": [{"property": "x", "is": 2}]},
                "for": "90s",
            },
        ),
        (
            'sequence (did "A" then did "B" where x is 1) in the last 1 day',
            {"sequence": [{"did": "A"}, {"did": "B", "where": [{"property": "x", "is": 1}]}], "within": "1d"},
        ),
        ('in list "fair-2026"', {"list": "fair-2026"}),
        ('in bucket "summer" share 0.1', {"bucket": "summer", "share": 0.1}),
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


WORDS_OF_THE_LANGUAGE = [
    "sum", "of", "over", "number", "different", "first", "last", "the", "has", "sequence", "then", "not", "for", "held",
    "list", "bucket", "share", "stage", "zone", "in", "today", "this", "within", "did", "at", "is", "anniversary",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS_OF_THE_LANGUAGE)
def test_words_of_the_language_may_be_names(word: str) -> None:
    where = [{"property": word, "is": word}, {"property": word, "exists": True}]
    trees: list[Any] = [
        {"trait": word, "is": word, "held_for": "1d"},
        {"trait": word, "within_last": "today"},
        {"trait": word, "anniversary_in": 1},
        {"did": word, "where": where, "then_not": {"did": word, "where": where}, "for": "1h"},
        {"sequence": [{"did": word, "where": where}, {"did": word}], "within": "today"},
        {"distinct": word, "of": {"did": word, "where": where, "within": "this week@UTC"}, "at_least": 1},
        {"last": {"did": word}, "has": where},
        *({kind: word} for kind in ("stage", "audience", "list")),
        {"bucket": word, "share": 0.5},
    ]
    rule = parse_tree({"any": trees})
    assert parse_text(to_text(rule)) == rule


def test_texts_from_before_the_newer_words_mean_what_they_meant() -> None:
    text = "sum exists and sequence exists and number is 1 and list exists and first is true and today exists"
    assert [one["trait"] for one in to_tree(parse_text(text))["all"]] == [  # type: ignore[attr-defined]
        "sum", "sequence", "number", "list", "first", "today",
    ]  # fmt: skip
    assert to_tree(parse_text('did "A" where for is 1, then is 2, over exists at least 2 times')) == {
        "did": "A",
        "where": [{"property": "for", "is": 1}, {"property": "then", "is": 2}, {"property": "over", "exists": True}],
        "times": {"at_least": 2},
    }


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('country iss "DE"', 1, 9, "Did you mean 'is'?"),
        ('country is "DE"\nan did "A"', 2, 1, "Did you mean 'and'?"),
        ('did "A" at least 2 tims', 1, 20, "Did you mean 'times'?"),
        ('did "A" in the last 5 fortnights', 1, 23, "Expected one of days, hours"),
        ("did Order", 1, 5, "an event's name in quotes"),
        ('a is "x', 1, 6, "never closed"),
        ("a > 5", 1, 3, "'>' is not understood"),
        ("(a exists", 1, 10, "the rule ends here. Expected )."),
        ("", 1, 1, "the rule ends here"),
        ('x is "a" and\n  did "A" at least 2000 times', 2, 3, "a whole number from 1 to 1000"),
        ('a is "\\x"', 1, 6, "must be written"),
        ("(" * 51 + "x", 1, 52, "nests more than 50 deep"),
        ('the lst (did "A")', 1, 5, "Did you mean 'last'? Expected one of last, first."),
        ('did "A" this fortnight', 1, 9, "Expected one of this week, this month, this year."),
        ('did "A"\nthen did "B"', 2, 6, "Expected not."),
        ("birthday has its anniversary in the next 3 weeks", 1, 44, "Expected days."),
        (f"birthday has its anniversary in the next {'9' * 5000} days", 1, 1, "a whole number from 0 to 365"),
        ('sum of revenue over (did "A") is 5', 1, 31, "Expected one of at least, more than, at most, less than."),
        ('sum of revenue (did "A") at least 5', 1, 16, "Expected over."),
        ('sum of revenue over (did "A" at least 2 times) at least 5', 1, 22, "'times' is not understood here"),
        ('in lst "fair"', 1, 4, "Did you mean 'list'? Expected one of stage, audience, list, bucket."),
        ('in bucket "x"', 1, 14, "Expected share."),
        ('x exists and in bucket "x" share 2', 1, 14, "Expected a number from 0 to 1."),
        ("seen within 3 days", 1, 13, "Expected one of the last, today, this week, this month, this year."),
        ("plan exists held for 3 months", 1, 24, "months differ in length, and this one is exact"),
        ('x exists and\n  did "A" today in zone "Mars"', 2, 3, "There is no time zone 'Mars'"),
        ('did "A" in the last 3 days in zone "UTC"', 1, 28, "in is not understood here"),
        ("born has its aniversary today", 1, 6, "has its anniversary today"),
        ('sequence (did "A" and did "B")', 1, 19, "Expected one of then, )."),
        ('sequence (did "A" then did "B" today)', 1, 24, "'within' is not understood here"),
        ('did "A" then not did "B" today for 1 hour', 1, 18, "'within' is not understood here"),
        ('did "A" then not did "B"', 1, 25, "Expected for."),
    ],
)
def test_what_is_not_understood_is_placed(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(RuleNotUnderstood) as problem:
        parse_text(text)
    assert said in str(problem.value)
    assert (problem.value.line, problem.value.column) == (line, column)
    assert problem.value.extra["line"] == line
