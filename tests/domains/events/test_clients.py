"""The official Segment library for Python, unmodified, against a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from segment.analytics.client import Client

from tests.domains.events.conftest import WRITE_KEY, EventApi
from tests.domains.events.test_step import log_of, tick_of


def tell(url: str, key: str, failures: list[str], **options: Any) -> None:
    """Everything the library can say, said and delivered."""
    client = Client(key, host=url, on_error=lambda error, items: failures.append(str(error)), **options)
    client.identify("ana", {"email": "ana@example.com", "plan": "pro"})
    client.track("ana", "Order Completed", {"total": 27.5, "products": [{"product_id": "p-1"}]})
    client.page("ana", "Docs", "Install", {"url": "https://shop.example/docs"})
    client.screen("ana", "Home")
    client.group("ana", "acme", {"name": "Acme"})
    client.alias("anon-1", "ana")
    client.track(anonymous_id="anon-9", event="Product Viewed")
    client.shutdown()


@pytest.mark.parametrize("packed", [False, True])
async def test_segments_python_library_is_understood(api: EventApi, packed: bool) -> None:
    failures: list[str] = []
    await asyncio.to_thread(tell, api.url, WRITE_KEY, failures, gzip=packed)
    assert failures == []
    rows = await api.inbox()
    assert [row["name"] for row in rows] == [
        "Identified",
        "Order Completed",
        "Page Viewed",
        "Screen Viewed",
        "Grouped",
        "Aliased",
        "Product Viewed",
    ]
    assert rows[0]["email"] == "ana@example.com"
    assert rows[0]["traits"]["plan"] == {"v": "pro", "t": "pro"}
    assert rows[5]["previous_id"] == "anon-1"
    assert (rows[6]["user_id"], rows[6]["anonymous_id"]) == (None, "anon-9")
    assert (await tick_of(api.units))["recorded"] == 7
    assert len({row["message_id"] for row in await log_of(api.units)}) == 7


async def test_segments_python_library_is_told_what_is_wrong(api: EventApi) -> None:
    failures: list[str] = []
    await asyncio.to_thread(tell, api.url, "other", failures)
    assert failures
    assert "write_key_unknown" in failures[0]
    assert "write key is not known" in failures[0]
    assert await api.inbox() == []
