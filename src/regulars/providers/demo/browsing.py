"""What the demo's data does not hold: visits, sign-ups, reviews, shares and strangers. Made up, always the same.

Pure: orders, a seed and the instant the history ends at go in, calls of the intake's shape come out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from regulars.providers.demo.people import Person, dice, invent

Call = dict[str, object]

strangers_total: Final = 1500
shop_url: Final = "https://shop.example"

_YES, _NO = 0.60, 0.10
_GLIMPSED = 0.10
_SOURCES: Final = (
    ("", "https://www.google.com/", None),
    ("", "", None),
    (
        "?utm_source=instagram",
        "https://www.instagram.com/",
        {"source": "instagram", "medium": "social", "name": "gifts"},
    ),
    ("?utm_source=google", "https://www.google.com/", {"source": "google", "medium": "cpc", "name": "brand"}),
    (
        "?utm_source=pinterest",
        "https://www.pinterest.com/",
        {"source": "pinterest", "medium": "social", "name": "home"},
    ),
)
_COUNTRIES: Final = ("GB",) * 14 + ("DE", "FR", "IE", "ES", "NL", "SE", "BE", "PT")


@dataclass(frozen=True, slots=True)
class Product:
    product_id: str
    name: str
    price: float

    def properties(self) -> dict[str, object]:
        return {"product_id": self.product_id, "name": self.name, "price": self.price, "currency": "GBP"}


@dataclass(frozen=True, slots=True)
class Order:
    """An order or refund as far as browsing needs it."""

    order_id: str
    at: datetime
    refund: bool
    revenue: float
    product: Product


@dataclass(slots=True)
class _Diary:
    """One person's made-up calls, each with an id that only depends on whose it is and how many came before."""

    tag: str
    ends_at: datetime
    calls: list[Call] = field(default_factory=list)
    user_id: str = ""
    anonymous_id: str = ""

    def write(self, kind: str, at: datetime, **fields: object) -> None:
        if at > self.ends_at:
            return
        call: Call = {"type": kind, "messageId": f"demo-{self.tag}-{len(self.calls)}", "timestamp": stamp(at)}
        if self.user_id:
            call["userId"] = self.user_id
        if self.anonymous_id:
            call["anonymousId"] = self.anonymous_id
        self.calls.append(call | fields)

    def track(self, event: str, at: datetime, properties: Mapping[str, object]) -> None:
        self.write("track", at, event=event, properties=dict(properties))

    def page(self, name: str, path: str, at: datetime, source: random.Random | None = None) -> None:
        query, referrer, advert = source.choice(_SOURCES) if source else ("", "", None)
        properties = {"path": path, "url": f"{shop_url}{path}{query}", "title": name, "referrer": referrer}
        context: Call = {"context": {"campaign": advert}} if advert else {}
        self.write("page", at, name=name, properties=properties, **context)


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person_of(customer_id: str, *, seed: int, country: str | None) -> Person:
    """The name and address made up for a customer of the data set."""
    return invent(dice(seed, "person", customer_id), tag=customer_id, user_id=customer_id, country=country)


def around(
    customer_id: str, country: str | None, orders: Sequence[Order], *, seed: int, ends_at: datetime
) -> list[Call]:
    """What is made up around one customer's real orders, in order of time: who they are, and how they came to buy."""
    source = dice(seed, "customer", customer_id)
    person = person_of(customer_id, seed=seed, country=country)
    orders = sorted(orders, key=lambda order: order.at)
    diary = _Diary(f"c{customer_id}", ends_at, anonymous_id=f"a-{customer_id}")
    first = orders[0].at - timedelta(minutes=source.randint(4, 25))
    if source.random() < _GLIMPSED:
        _visit(diary, source, first - timedelta(days=source.uniform(0.5, 12)), [orders[0].product])
    diary.user_id, known_at = customer_id, first - timedelta(minutes=source.randint(1, 5))
    consents = _answer(source)
    diary.write("identify", known_at, traits=person.traits, **consents)
    if consents and source.random() < 0.5:
        diary.track("Signed Up", known_at + timedelta(seconds=2), {"source": "checkout"})
    diary.anonymous_id = ""
    for order in orders:
        _around_order(diary, source, order)
    for _ in range(source.choice((0, 0, 0, 0, 1, 1, 2))):
        # Just looking: a visit of somebody who bought before, any time since.
        since = (ends_at - orders[0].at).total_seconds()
        _visit(diary, source, orders[0].at + timedelta(seconds=source.uniform(0, since)), [orders[-1].product])
    diary.calls.sort(key=_when)
    return diary.calls


def strangers(shelf: Sequence[Product], *, seed: int, ends_at: datetime, days: int) -> Iterator[list[Call]]:
    """People who never bought: most only passed by, some left an address. More of them of late, as adverts run."""
    for number in range(strangers_total):
        source = dice(seed, "stranger", number)
        diary = _Diary(f"s{number}", ends_at, anonymous_id=f"stranger-{number:04d}")
        at = ends_at - timedelta(days=days * source.random() ** 2.2, minutes=source.randint(0, 600))
        for _ in range(source.choice((1, 1, 1, 2, 3))):
            _visit(diary, source, at, source.choices(shelf, k=source.choice((0, 0, 1, 1, 2, 3))))
            at += timedelta(days=source.expovariate(1 / 6))
        if source.random() < 0.3 and diary.calls:
            person = invent(source, tag=f"s{number}", user_id="", country=source.choice(_COUNTRIES))
            signed_up_at = _instant(diary.calls[0]) + timedelta(minutes=source.randint(1, 9))
            diary.write("identify", signed_up_at, traits=person.traits, **_answer(source, asked=True))
            diary.track("Signed Up", signed_up_at + timedelta(seconds=2), {"source": "newsletter form"})
        diary.calls.sort(key=_when)
        yield diary.calls


def shelf_of(orders: Iterable[Order]) -> list[Product]:
    """What sells best, each product once: the shelf strangers look at."""
    sold: dict[str, tuple[int, Product]] = {}
    for order in orders:
        count, _ = sold.get(order.product.product_id, (0, order.product))
        sold[order.product.product_id] = (count + 1, order.product)
    best = sorted(sold.values(), key=lambda entry: (-entry[0], entry[1].product_id))
    return [product for _, product in best[:200]]


def _around_order(diary: _Diary, source: random.Random, order: Order) -> None:
    if order.refund:
        if source.random() < 0.12:
            asked_at = order.at - timedelta(hours=source.uniform(1, 60))
            diary.track("Support Requested", asked_at, {"about": "return", "channel": source.choice(("email", "chat"))})
        return
    cart = {"order_id": order.order_id, "revenue": order.revenue, "currency": "GBP"}
    at = order.at - timedelta(minutes=source.uniform(2, 22))
    if source.random() < 0.4:
        diary.page("Home", "/", at, source)
    if source.random() < 0.65:
        diary.track("Product Viewed", at + timedelta(seconds=source.randint(20, 50)), order.product.properties())
    if source.random() < 0.35:
        diary.track("Product Added", at + timedelta(seconds=source.randint(55, 80)), order.product.properties())
    if source.random() < 0.35:
        diary.track("Checkout Started", order.at - timedelta(seconds=source.randint(30, 100)), cart)
    if source.random() < 0.04:
        coupon = {"coupon_id": source.choice(("WELCOME10", "COMEBACK", "SPRING5")), "order_id": order.order_id}
        diary.track("Coupon Applied", order.at - timedelta(seconds=20), coupon)
    if source.random() < 0.012:
        about = source.choice(("delivery", "damage", "invoice"))
        asked_at = order.at + timedelta(days=source.uniform(1, 9))
        diary.track("Support Requested", asked_at, {"about": about, "channel": source.choice(("email", "chat"))})
    _afterwards(diary, source, order)


def _afterwards(diary: _Diary, source: random.Random, order: Order) -> None:
    later = order.at + timedelta(days=source.uniform(4, 26))
    product = {"product_id": order.product.product_id, "name": order.product.name}
    if source.random() < 0.035:
        rating = source.choices((5, 4, 3, 2, 1), weights=(52, 28, 11, 5, 4))[0]
        diary.track("Product Reviewed", later, product | {"rating": rating})
    if source.random() < 0.015:
        diary.track(
            "Product Shared", later + timedelta(hours=1), product | {"share_via": source.choice(("email", "whatsapp"))}
        )
    if source.random() < 0.008:
        diary.track("Invite Sent", later + timedelta(days=1), {"via": source.choice(("email", "link"))})


def _visit(diary: _Diary, source: random.Random, at: datetime, products: Sequence[Product]) -> None:
    diary.page("Home", "/", at, source)
    for product in products:
        at += timedelta(seconds=source.randint(15, 120))
        diary.track("Product Viewed", at, product.properties())
        if source.random() < 0.12:
            diary.track("Product Added", at + timedelta(seconds=10), product.properties())
    if products and source.random() < 0.08:
        diary.track("Checkout Started", at + timedelta(minutes=1), {"value": products[-1].price, "currency": "GBP"})


def _answer(source: random.Random, *, asked: bool = False) -> Call:
    """Consent to e-mail: most say yes, some no, the rest said nothing. Who fills in the newsletter form was asked."""
    draw = source.random() * (_YES + _NO) if asked else source.random()
    if draw >= _YES + _NO:
        return {}
    return {"consents": [{"channel": "email", "topic": "marketing", "answer": "yes" if draw < _YES else "no"}]}


def _instant(call: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(call["timestamp"]))


def _when(call: Mapping[str, object]) -> str:
    return str(call["timestamp"])
