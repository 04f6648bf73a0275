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


def ago(**length: float) -> str:
    return (AT - timedelta(**length)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"trait": "country", "is": "DE"}, "DE"),
        ({"not": {"trait": "age", "at_least": 40}}, "30"),
        ({"trait": "country", "is": "DE", "held_for": "1h"}, "DE"),
        ({"sum": "revenue", "of": ORDER, "at_least": 500}, "70.25"),
        ({"avg": "revenue", "of": ORDER, "at_least": 500}, "35.125"),
        ({"avg": "revenue", "of": {**ORDER, "within": "3h"}, "at_least": 0.000001}, "50"),
        ({"avg": "revenue", "of": {"did": "Page Viewed"}, "at_least": 1}, None),
        ({"pulse": "lapsed"}, f"latest act {ago()}, usual gap 14 days"),
        ({"pulse": "new", "usual_gap": 1}, f"latest act {ago()}, usual gap 1 day"),
        ({"max": "revenue", "of": ORDER, "at_least": 500}, "50"),
        ({"distinct": "revenue", "of": ORDER, "at_least": 2}, "2"),
        ({"sum": "revenue", "of": {"did": "Page Viewed"}, "at_least": 1}, "0"),
        (ORDER, ago(hours=2)),
        ({**ORDER, "times": {"at_least": 2}}, ago(hours=5)),
        ({"last": ORDER, "has": [{"property": "revenue", "is": 1}]}, ago(hours=2)),
        ({**ORDER, "then_not": {"did": "Page Viewed"}, "for": "1h"}, ago(hours=2)),
        ({"did": "Page Viewed"}, None),
        ({"trait": "renews_at", "before": "2030-01-01"}, "2026-05-01T22:00:00Z"),
        ({"bucket": "x", "share": 0.5}, None),
    ],
)
async def test_a_condition_tells_what_it_looked_at(story: Story, rule: Any, value: Any) -> None:
    await story.is_known("ana", country="DE", age=30, renews_at="2026-05-02T00:00:00+02:00")
    await story.did("ana", "Order Completed", revenue=20.25, at=AT - timedelta(hours=5))
    await story.did("ana", "Order Completed", revenue=50, at=AT - timedelta(hours=2))
    await story.tick()
    async with story.units.open() as unit:
        told = await verdicts.explain(unit, {"it": parse_tree(rule)}, await story.customer("ana"), at=story.at)
    (condition,) = told["it"].conditions
    assert condition.value == value


async def test_of_somebody_who_never_acted_a_pulse_looked_at_nothing(story: Story) -> None:
    async with story.units.open() as unit:
        customer = unit.new_id()
        told = await verdicts.explain(unit, {"it": parse_tree({"pulse": "new"})}, customer, at=story.at)
        assert await verdicts.heartbeat(unit, customer, at=story.at) is None
    (condition,) = told["it"].conditions
    assert (condition.holds, condition.value, condition.changes_at) == (False, None, None)
