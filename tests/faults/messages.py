"""What the client sends: a shop's customers, some of them strangers at first, and among their messages such as come
late, from clocks that are wrong, and such as nobody may accept."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.faults.journal import Journal

customers_at_once = 300
"""Who is active: the newest."""
new_share, order_share, plan_share = 0.06, 0.3, 0.05
late_share, skewed_share, bad_share, stray_share = 0.1, 0.08, 0.04, 0.02
late_most_s, skew_most_s = 30 * 86_400, 2 * 86_400
PLANS: Final = ("free", "gold", "team")

MALFORMED: Final[tuple[Mapping[str, Any], ...]] = (
    {"event": ""},
    {"event": 7},
    {"event": "x" * 201},
    {"event": "email sent"},
    {"type": "buy"},
    {"type": None},
    {"userId": "undefined"},
    {"userId": None},
    {"userId": "u" * 257},
    {"timestamp": "yesterday"},
    {"timestamp": "1912-06-23T00:00:00Z"},
    {"properties": [1, 2]},
    {"properties": {"note": "a\0b"}},
    {"properties": {"note": "\ud800"}},
    {"properties": {"note": "x" * 33_000}},
    {"properties": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": 1}}}}}}}}}}}},
)
STRAY: Final[tuple[Any, ...]] = (None, "message", 7, [], [{"type": "track"}])


@dataclass(frozen=True)
class Item:
    """A message of a batch, and what the journals call it. What is no object cannot say its own name."""

    name: str
    content: Any


class Shop:
    def __init__(self, chance: random.Random, journal: Journal) -> None:
        self._chance = chance
        self._journal = journal
        self._customers = 0
        self._made = 0

    def batch(self, size: int, mark: str = "m") -> list[Item]:
        """`mark` begins the names of its messages."""
        made: list[Item] = []
        while len(made) < size:
            if mark == "m" and (not self._customers or self._chance.random() < new_share):
                made += self._newcomer()
            else:
                made.append(self._act(f"u{self._newest_but(customers_at_once)}", mark))
        return made

    def _newest_but(self, most: int) -> int:
        return self._chance.randrange(max(0, self._customers - most), max(1, self._customers))

    def _newcomer(self) -> list[Item]:
        """Seen as a stranger first; which message comes first is chance, as everywhere."""
        user = f"u{self._customers}"
        self._customers += 1
        stranger = {"anonymousId": f"a-{user}"}
        both = {"userId": user, **stranger}
        return [
            self._call(user, "page", stranger, name="Home"),
            self._call(user, "identify", both, traits={"email": f"{user}@example.com", "plan": "free"}),
            self._call(user, "track", both, event="Consent Given", properties={"topic": "offers"}),
            self._call(user, "track", {"userId": user}, event="Signed Up"),
        ]

    def _act(self, user: str, mark: str) -> Item:
        lot, who = self._chance.random(), {"userId": user}
        if lot < stray_share:
            return self._noted(user, mark, self._chance.choice(STRAY), bad=True)
        if lot < stray_share + bad_share:
            wrong = {"event": "Page Viewed", **self._chance.choice(MALFORMED)}
            return self._call(user, "track", {**who}, mark=mark, bad=True, **wrong)
        if lot < stray_share + bad_share + plan_share:
            return self._call(user, "identify", who, mark=mark, traits={"plan": self._chance.choice(PLANS)})
        if self._chance.random() < order_share:
            revenue = {"revenue": self._chance.randint(1, 99), "items": [{"sku": "é中\U0001f600"}]}
            return self._call(user, "track", who, mark=mark, event="Order Completed", properties=revenue)
        if self._chance.random() < 0.2:
            return self._call(user, "page", {"anonymousId": f"a-{user}"}, mark=mark, name="Shelf")
        return self._call(user, "track", who, mark=mark, event="Product Viewed", properties={"n": self._made})

    def _call(
        self, user: str, kind: str, who: Mapping[str, Any], *, mark: str = "m", bad: bool = False, **more: Any
    ) -> Item:
        call: dict[str, Any] = {"type": kind, **who, **more}
        if bad:
            return self._noted(user, mark, call, bad=True)
        now, lot = time.time(), self._chance.random()
        age = self._chance.uniform(60, late_most_s) if self._chance.random() < late_share else 0.0
        if lot < skewed_share:  # By a clock that is wrong, which says so by `sentAt`.
            wrong = self._chance.uniform(-skew_most_s, skew_most_s)
            call |= {"originalTimestamp": _iso(now - age + wrong), "sentAt": _iso(now + wrong)}
        elif age:
            call["timestamp"] = _iso(now - age)
        how = "skewed" if "sentAt" in call else "stamped" if "timestamp" in call else "plain"
        return self._noted(user, mark, call, at=now - age, how=how)

    def _noted(self, user: str, mark: str, call: Any, *, bad: bool = False, **when: Any) -> Item:
        self._made += 1
        name = f"{mark}{self._made}"
        if isinstance(call, dict):
            call = {**call, "messageId": name}
        self._journal.note("made", id=name, user=user, bad=bad, **(when if bad else {**when, "call": call}))
        return Item(name, call)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
