"""How far back a rule looks: nothing that happened earlier can change its answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.rules.reach import BEGINNING, asks_since
from regulars.rules.tree.reading import parse_tree

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDER = {"did": "Order Completed"}
LATELY = {**ORDER, "within": "90d"}


@pytest.mark.parametrize(
    ("tree", "days"),
    [
        (ORDER, None),
        (LATELY, 90),
        ({**ORDER, "times": {"at_most": 0}, "within": "1h"}, 1 / 24),
        ({"not": {"any": [LATELY, {**ORDER, "within": "30d"}]}}, 90),
        ({"all": [LATELY, ORDER]}, None),
        ({"sum": "revenue", "of": LATELY, "at_least": 5}, 90),
        ({"sum": "revenue", "of": ORDER, "at_least": 5}, None),
        ({"last": LATELY, "has": [{"property": "a", "is": "b"}]}, 90),
        ({"first": ORDER, "has": [{"property": "a", "is": "b"}]}, None),
        ({"did": "A", "within": "7d", "then_not": {"did": "B"}, "for": "1h"}, 7),
        ({"did": "A", "then_not": {"did": "B"}, "for": "1h"}, None),
        ({"sequence": [{"did": "A"}, {"did": "B"}], "within": "1d"}, 1),
        ({"sequence": [{"did": "A"}, {"did": "B"}]}, None),
        ({"trait": "country", "is": "DE"}, 0),
        ({"everyone": True}, 0),
        ({"pulse": "slipping"}, None),
        ({"list": "fair"}, None),
        ({"stage": "loyalty"}, None),
        ({"audience": "vip"}, None),
        ({"bucket": "summer", "share": 0.1}, 0),
    ],
)
def test_a_rule_asks_since(tree: Any, days: float | None) -> None:
    since = asks_since(parse_tree(tree), AT)
    assert since == (BEGINNING if days is None else AT - timedelta(days=days))


def test_a_stretch_of_the_calendar_is_taken_at_its_longest() -> None:
    this_year = {**ORDER, "within": "this year"}
    assert asks_since(parse_tree(this_year), datetime(2024, 12, 31, 23, tzinfo=UTC)) <= datetime(2024, 1, 1, tzinfo=UTC)
    months = {**ORDER, "within": "3mo"}
    assert asks_since(parse_tree(months), AT) <= datetime(2025, 12, 2, tzinfo=UTC)


def test_a_span_of_days_asks_since_it_began_anywhere_on_earth_and_never_for_later_than_now() -> None:
    between = {**ORDER, "between": ["2026-01-01", "2026-02-01"]}
    assert datetime(2025, 12, 30, tzinfo=UTC) < asks_since(parse_tree(between), AT) < datetime(2026, 1, 1, tzinfo=UTC)
    coming = {**ORDER, "between": ["2027-01-01", "2027-02-01"]}
    assert asks_since(parse_tree(coming), AT) == AT
