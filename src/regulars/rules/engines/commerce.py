"""The properties of events that matter to commerce: real columns wherever properties are kept as maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis.expr.datatypes as dt

COMMERCE: Final[Mapping[str, dt.DataType]] = {
    **dict.fromkeys(
        ("revenue", "total", "subtotal", "value", "shipping", "tax", "discount", "price", "quantity", "rating"),
        dt.float64,
    ),
    **dict.fromkeys(
        ("currency", "order_id", "checkout_id", "product_id", "sku", "category", "brand", "variant", "coupon"),
        dt.string,
    ),
    **dict.fromkeys(("url", "path", "referrer", "title", "query"), dt.string),
}
"""As Segment's specifications of commerce and of pages name them. Each equals its entry in the map of texts or of
numbers, where all properties are: a column is read many times faster, and means the same. A product's `name` is in the
maps alone, since a column `name` is the event's."""
