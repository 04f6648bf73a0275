"""Why a rule holds of somebody: each condition, what it looked at, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars.domains.verdicts import service as verdicts
from regulars.rules.tree.reading import parse_tree
from tests.conftest import AT
from tests.story import Story

ORDER = {"did": "Order Completed"}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"trait": "country", "is": "DE"}, "DE"),
        ({"not": {"trait": "age", "at_least": 40}}, "30"),
        ({"trait": "country", "is": "DE", "held_for": "1h"}, "DE"),
        ({"sum": "revenue", "of": ORDER, "at_least": 500}, "70.25"),
        ({"max": "revenue", "of": ORDER, "at_least": 500}, "50"),
        ({"distinct": "revenue", "of": ORDER, "at_least": 2}, "2"),
        ({"sum": "revenue", "of": {"did": "Page Viewed"}, "at_least": 1}, "0"),
        (ORDER, (AT - timedelta(hours=2)).isoformat()),
        ({**ORDER, "times": {"at_least": 2}}, (AT - timedelta(hours=5)).isoformat()),
        ({"last": ORDER, "has": [{"property": "revenue", "is": 1}]}, (AT - timedelta(hours=2)).isoformat()),
        ({**ORDER, "then_not": {"did": "Page Viewed"}, "for": "1h"}, (AT - timedelta(hours=2)).isoformat()),
        ({"did": "Page Viewed"}, None),
        ({"bucket": "x", "share": 0.5}, None),
    ],
)
async def test_a_condition_tells_what_it_looked_at(story: Story, rule: Any, value: Any) -> None:
    await story.is_known("ana", country="DE", age=30)
    await story.did("ana", "Order Completed", revenue=20.25, at=AT - timedelta(hours=5))
    await story.did("ana", "Order Completed", revenue=50, at=AT - timedelta(hours=2))
    await story.tick()
    async with story.units.open() as unit:
        told = await verdicts.explain(unit, {"it": parse_tree(rule)}, await story.customer("ana"), at=story.at)
    (condition,) = told["it"].conditions
    assert condition.value == value
