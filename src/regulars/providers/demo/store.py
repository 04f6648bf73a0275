"""The demo store: a real shop's orders, moved so that its last day is yesterday, and what is made up around them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, cast

from regulars.providers.demo.browsing import Call, Order, Product, around, person_of, shelf_of, strangers
from regulars.providers.demo.people import Person
from regulars.providers.files.model import Rejected, Skipped
from regulars.providers.files.presets import find_mapping
from regulars.providers.files.reading import Reading
from regulars.providers.files.source import open_source

seed_default: Final = 1
last_day: Final = date(2011, 12, 9)
days_covered: Final = 374

note: Final = (
    "The orders and refunds are real: one year of an online gift shop in the United Kingdom (Online Retail data set, "
    "CC0), all moved by the same number of days so that the shop's last day is yesterday. Everything else is made up: "
    "names, e-mail addresses, consent, visits, sign-ups, reviews, shares, support requests, strangers who never "
    "bought, and the shoppers who are in the shop now."
)
_DATA: Final = files("regulars.providers.demo") / "data" / "orders.parquet"


@dataclass(frozen=True, slots=True)
class Shop:
    """Who knows the shop and what it sells, for the shoppers of the running demo."""

    shelf: tuple[Product, ...]
    people: tuple[Person, ...]


def shift_days(at: datetime) -> int:
    """How far the data moves so that its last day is the day before `at` (in UTC)."""
    return (at.astimezone(UTC).date() - timedelta(days=1) - last_day).days


def ends_at(at: datetime) -> datetime:
    """The last instant of the shop's last day."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC) - timedelta(milliseconds=1)


def history(at: datetime, *, seed: int = seed_default) -> Iterator[Call]:
    """All of it up to yesterday, as calls of the intake's shape in order of time. Same day and seed, same calls."""
    with _reading(at) as reading:
        orders = _orders(reading)
        made_up = _made_up(orders, seed=seed, until=ends_at(at))
        yield from heapq.merge(made_up, _real(reading), key=_when)


def shop(*, seed: int = seed_default) -> Shop:
    with _reading(datetime(2011, 12, 10, tzinfo=UTC)) as reading:
        orders = _orders(reading)
    shelf = shelf_of(order for _, bought in orders.values() for order in bought if not order.refund)
    people = (person_of(customer_id, seed=seed, country=country) for customer_id, (country, _) in orders.items())
    return Shop(tuple(shelf), tuple(people))


@contextmanager
def _reading(at: datetime) -> Iterator[Reading]:
    with as_file(_DATA) as path:
        mapping = find_mapping("demo-orders", shift_days=shift_days(at))
        yield Reading(open_source(Path(path)), mapping, at)


def _real(reading: Reading) -> Iterator[Call]:
    for record in reading.records():
        if isinstance(record.outcome, Rejected | Skipped):
            raise RuntimeError(f"row {record.position} of the demo's own data: {record.outcome}")
        yield from record.outcome


def _orders(reading: Reading) -> dict[str, tuple[str | None, list[Order]]]:
    """Each customer's country and orders. The country is that of the latest order that has one."""
    moved = timedelta(days=reading.mapping.shift_days)
    customers: dict[str, tuple[str | None, list[Order]]] = {}
    for _, row in reading.source.rows():
        values = cast("dict[str, Any]", row)
        first = values["products"][0]
        order = Order(
            order_id=values["order_id"],
            at=values["ordered_at"].replace(tzinfo=UTC) + moved,
            refund=values["kind"] == "refund",
            revenue=float(values["revenue"]),
            product=Product(first["product_id"], first["name"], first["price"]),
        )
        country, orders = customers.get(values["customer_id"], (None, []))
        orders.append(order)
        customers[values["customer_id"]] = (values["country"] or country, orders)
    return customers


def _made_up(orders: dict[str, tuple[str | None, list[Order]]], *, seed: int, until: datetime) -> list[Call]:
    calls: list[Call] = []
    for customer_id, (country, bought) in orders.items():
        calls += around(customer_id, country, bought, seed=seed, ends_at=until)
    shelf = shelf_of(order for _, bought in orders.values() for order in bought if not order.refund)
    for visits in strangers(shelf, seed=seed, ends_at=until, days=days_covered):
        calls += visits
    calls.sort(key=_when)
    return calls


def _when(call: Call) -> str:
    return str(call["timestamp"])
