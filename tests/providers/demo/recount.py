"""The apparel store's stages, counted again from the demo's calls with pandas and without the rule language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

LOOKS = [
    "Products Searched", "Product List Viewed", "Product Viewed", "Product Added", "Product Added to Wishlist",
    "Cart Viewed", "Checkout Started",
]  # fmt: skip
SPEAKS = ["Product Reviewed", "Product Shared", "Cart Shared", "Invite Sent"]


def table(calls: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a call: who (user id, or anonymous id of those who have none), what and when."""
    rows = [
        (
            call.get("userId"),
            call.get("anonymousId"),
            call["event"]
            if call["type"] == "track"
            else {"page": "Page Viewed", "identify": "Identified"}[call["type"]],
            call["timestamp"],
        )
        for call in calls
    ]
    frame = pd.DataFrame(rows, columns=["user", "anonymous", "event", "at"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True, format="ISO8601")
    known = frame.dropna(subset=["user", "anonymous"]).drop_duplicates("anonymous").set_index("anonymous")["user"]
    frame["customer"] = frame["user"].fillna(frame["anonymous"].map(known)).fillna(frame["anonymous"])
    return frame


def stages(frame: pd.DataFrame, at: datetime) -> pd.Series[str]:
    """Each customer's stage at an instant."""
    seen = frame[frame["at"] <= at]
    index = pd.Index(sorted(seen["customer"].unique()), name="customer")

    def count(events: list[str], days: int | None = None) -> pd.Series[int]:
        chosen = seen[seen["event"].isin(events)]
        if days is not None:
            chosen = chosen[chosen["at"] >= pd.Timestamp(at) - pd.Timedelta(days=days)]
        return chosen.groupby("customer").size().reindex(index, fill_value=0)

    ordered = ["Order Completed"]
    ever, month, quarter = count(ordered), count(ordered, 30), count(ordered, 90)
    stage = pd.Series("awareness", index=index)
    stage[count(LOOKS, 30) > 0] = "consideration"
    stage[(ever == 1) & (month > 0)] = "acquisition"
    help_needed = (ever > 0) & (count(["Support Requested", "Order Refunded"], 14) > 0)
    stage[((quarter > 0) & ((ever >= 2) | (month == 0))) | help_needed] = "service"
    stage[(count(ordered, 365) >= 3) & (count(ordered, 60) > 0)] = "loyalty"
    stage[(count(ordered, 180) > 0) & (count(SPEAKS, 60) > 0)] = "advocacy"
    return stage


def slipping_away(frame: pd.DataFrame, at: datetime) -> set[str]:
    """The user ids of those with two orders or more within 180 days, and none within 60."""
    orders = frame[(frame["event"] == "Order Completed") & (frame["at"] <= at)]
    age = pd.Timestamp(at) - orders["at"]
    recent = orders[age <= pd.Timedelta(days=180)].groupby("customer").size()
    lately = set(orders.loc[age <= pd.Timedelta(days=60), "customer"])
    return {str(customer) for customer in recent[recent >= 2].index} - lately
