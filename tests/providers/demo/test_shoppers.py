from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.providers.demo import store
from regulars.providers.demo.shoppers import Shoppers, inside_max, longest_pause_s, shortest_pause_s, strangers_max

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> store.Shop:
    return store.shop()


def acts(shop: store.Shop, count: int, seed: int = 5) -> tuple[Shoppers, list[dict[str, Any]], timedelta]:
    shoppers, at = Shoppers(random.Random(seed), shop), AT
    calls = []
    for _ in range(count):
        action = shoppers.next(at)
        assert shortest_pause_s <= action.pause.total_seconds() <= longest_pause_s
        calls += list(action.calls)
        at += action.pause
    return shoppers, calls, at - AT


def test_shoppers_repeat_with_the_same_seed(shop: store.Shop) -> None:
    assert acts(shop, 500)[1:] == acts(shop, 500)[1:]
    assert acts(shop, 500)[1] != acts(shop, 500, seed=6)[1]


def test_a_day_of_shoppers_is_lively_and_bounded(shop: store.Shop) -> None:
    shoppers, calls, passed = acts(shop, 30_000)
    assert timedelta(hours=18) < passed < timedelta(hours=30)
    assert len({call["messageId"] for call in calls}) == len(calls)
    assert len(shoppers._met) <= strangers_max
    assert len(shoppers._inside) <= inside_max
    counts = Counter(call.get("event") or call["type"] for call in calls)
    for event in (
        "page",
        "Product Viewed",
        "Product Added",
        "Checkout Started",
        "Order Completed",
        "Signed Up",
        "Product Reviewed",
    ):
        assert counts[event] > 50, counts
    assert counts["Order Completed"] < counts["Checkout Started"] < counts["Product Viewed"]


def test_an_order_is_always_somebodys(shop: store.Shop) -> None:
    _, calls, _ = acts(shop, 3_000)
    orders = [call for call in calls if call.get("event") == "Order Completed"]
    assert orders
    assert all(call.get("userId") for call in orders)
    assert all(call["properties"]["revenue"] > 0 for call in orders)
