"""Live shoppers for the running demo: somebody does something in the shop every few seconds. Made up, never ending.

Pure: a seeded source and an instant go in, calls come out. What can grow has a ceiling: so many people in the shop at
once, so many strangers ever; when those are used up, the same people come back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from regulars.providers.demo.browsing import Call, Product, shop_url, stamp
from regulars.providers.demo.people import Person, invent
from regulars.providers.demo.store import Shop

inside_max: Final = 12
strangers_max: Final = 1_000
mean_pause_s: Final = 3.0
shortest_pause_s: Final = 0.5
longest_pause_s: Final = 12.0

_COUNTRIES: Final = ("GB",) * 12 + ("DE", "DE", "FR", "FR", "IE", "ES", "NL", "SE")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody in the shop: a person once known, or only a browser's anonymous id."""

    anonymous_id: str
    person: Person | None
    basket: tuple[Product, ...] = ()
    looked: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody does now, and how long it is quiet afterwards."""

    calls: tuple[Call, ...]
    pause: timedelta


class Shoppers:
    """`next` says what happens now. The same seed, shop and instants give the same acts."""

    def __init__(self, source: random.Random, shop: Shop) -> None:
        self._source, self._shop = source, shop
        self._run = f"{source.getrandbits(48):012x}"
        self._inside: list[Visitor] = []
        self._met: list[Visitor] = []
        self._count = 0

    def next(self, at: datetime) -> Action:
        full = len(self._inside) >= inside_max
        if not self._inside or (not full and self._source.random() < 0.25):
            calls = self._arrive(at)
        else:
            place = self._source.randrange(len(self._inside))
            visitor, calls = self._go_on(self._inside[place], at)
            self._inside[place : place + 1] = [visitor] if visitor else []
        pause = min(max(self._source.expovariate(1 / mean_pause_s), shortest_pause_s), longest_pause_s)
        return Action(tuple(calls), timedelta(seconds=pause))

    def _arrive(self, at: datetime) -> list[Call]:
        if self._source.random() < 0.35:
            person = self._source.choice(self._shop.people)
            visitor = Visitor(f"live-{person.user_id}", person)
        elif len(self._met) < strangers_max:
            visitor = Visitor(f"live-{self._run}-{len(self._met)}", None)
            self._met.append(visitor)
        else:
            visitor = self._source.choice(self._met)
        self._inside.append(visitor)
        source = self._source.choice(("", "", "?utm_source=instagram", "?utm_source=newsletter"))
        properties = {"path": "/", "url": f"{shop_url}/{source}", "title": "Home"}
        return [self._call("page", visitor, at, name="Home", properties=properties)]

    def _go_on(self, visitor: Visitor, at: datetime) -> tuple[Visitor | None, list[Call]]:
        """The next thing this visitor does; None for the visitor when they leave."""
        acts: list[tuple[float, Callable[[Visitor, datetime], tuple[Visitor | None, list[Call]]]]] = [(5, self._look)]
        if visitor.looked:
            acts.append((2, self._pick))
            acts.append((0.5 + visitor.looked, self._leave))
        if visitor.looked and visitor.person is None:
            acts.append((1, self._sign_up))
        if visitor.basket:
            acts.append((2.5, self._order))
        if visitor.person and visitor.person.user_id:
            acts.append((0.15, self._speak))
        (act,) = self._source.choices([act for _, act in acts], weights=[weight for weight, _ in acts])
        return act(visitor, at)

    def _look(self, visitor: Visitor, at: datetime) -> tuple[Visitor, list[Call]]:
        product = self._source.choice(self._shop.shelf)
        call = self._track("Product Viewed", visitor, at, product.properties())
        return replace(visitor, looked=visitor.looked + 1), [call]

    def _pick(self, visitor: Visitor, at: datetime) -> tuple[Visitor, list[Call]]:
        product = self._source.choice(self._shop.shelf)
        call = self._track("Product Added", visitor, at, product.properties())
        return replace(visitor, basket=(*visitor.basket, product)[-5:]), [call]

    def _sign_up(self, visitor: Visitor, at: datetime) -> tuple[Visitor, list[Call]]:
        self._count += 1
        tag = f"live{self._run}{self._count}"
        person = invent(self._source, tag=tag, user_id=tag, country=self._source.choice(_COUNTRIES))
        known = replace(visitor, person=person)
        self._met = [known if met.anonymous_id == visitor.anonymous_id else met for met in self._met]
        calls = [self._call("identify", known, at, traits=person.traits)]
        calls.append(self._track("Signed Up", known, at, {"source": "pop-up"}))
        answer = "Consent Given" if self._source.random() < 0.8 else "Consent Withdrawn"
        calls.append(self._track(answer, known, at, {"channel": "email", "topic": "marketing", "source": "pop-up"}))
        return known, calls

    def _order(self, visitor: Visitor, at: datetime) -> tuple[Visitor | None, list[Call]]:
        """Half of those at the checkout go through with it; strangers sign up there first."""
        lines = [product.properties() | {"quantity": self._source.randint(1, 6)} for product in visitor.basket]
        total = round(sum(float(str(line["price"])) * int(str(line["quantity"])) for line in lines), 2)
        cart: dict[str, object] = {"value": total, "currency": "GBP"}
        calls = [self._track("Checkout Started", visitor, at, cart)]
        if self._source.random() < 0.5:
            return visitor, calls
        if visitor.person is None:
            visitor, more = self._sign_up(visitor, at)
            calls += more
        self._count += 1
        order: dict[str, object] = {"order_id": f"L{self._run}-{self._count}", "revenue": total, "currency": "GBP"}
        calls.append(self._track("Order Completed", visitor, at, order | {"products": lines}))
        return None, calls

    def _speak(self, visitor: Visitor, at: datetime) -> tuple[Visitor, list[Call]]:
        product = self._source.choice(self._shop.shelf)
        about: dict[str, object] = {"product_id": product.product_id, "name": product.name}
        if self._source.random() < 0.6:
            rating = self._source.choice((5, 5, 5, 4, 4, 3, 1))
            return visitor, [self._track("Product Reviewed", visitor, at, about | {"rating": rating})]
        return visitor, [self._track("Product Shared", visitor, at, about | {"share_via": "link"})]

    def _leave(self, visitor: Visitor, at: datetime) -> tuple[None, list[Call]]:
        return None, []

    def _track(self, event: str, visitor: Visitor, at: datetime, properties: dict[str, object]) -> Call:
        return self._call("track", visitor, at, event=event, properties=properties)

    def _call(self, kind: str, visitor: Visitor, at: datetime, **fields: object) -> Call:
        self._count += 1
        call: Call = {"type": kind, "messageId": f"live-{self._run}-{self._count}", "timestamp": stamp(at)}
        call["anonymousId"] = visitor.anonymous_id
        if visitor.person and visitor.person.user_id:
            call["userId"] = visitor.person.user_id
        return call | fields
