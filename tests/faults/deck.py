"""Which harm is done, in which order: a deck of cards that a seed shuffles, so that a run of any length has its share
of every harm, and of every named moment."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from regulars.platform.checkpoints import NAMES

WEIGHTS: Final = {"server": 40, "postgres": 18, "backend": 15, "all": 12, "memory": 10, "guard": 5}
BEGIN_ANEW: Final = frozenset({"server", "all", "guard", "memory"})
"""After these the server begins a new life, which can be armed to end at a named moment."""
share_at_moments: Final = 0.35
riders_max: Final = 3
PATIENCE: Final = {"none": 35, "ready": 40, "tick": 25}
"""What is waited for before the next strike: nothing, that it answers, that it has worked."""
PASSED_OFTEN: Final = {"intake": 20, "tick": 12, "claim": 8, "send": 20, "outcome": 20, "warehouse": 3}
"""How often a moment is passed in a few seconds of a server at work."""


@dataclass(frozen=True)
class Card:
    """A harm, the moments at which the lives that follow it end, and what is waited for then."""

    harm: str
    moments: list[tuple[str, int]] = field(default_factory=list)
    patience: str = "tick"

    @property
    def kills(self) -> int:
        return 1 + len(self.moments)


def deal(chance: random.Random, kills: int, *, without: frozenset[str] = frozenset()) -> list[Card]:
    """Cards that make so many kills, if every moment comes."""
    rounds = max(1, round(share_at_moments * kills / len(NAMES)))
    moments = [*NAMES] * rounds if kills >= 2 * len(NAMES) else chance.sample(NAMES, min(len(NAMES), kills // 3))
    weights = {harm: weight for harm, weight in WEIGHTS.items() if harm not in without}
    left = max(kills - len(moments), -(-len(moments) // riders_max))
    harms = [harm for harm, weight in weights.items() for _ in range(left * weight // sum(weights.values()))]
    harms += ["server"] * (left - len(harms))
    chance.shuffle(harms)
    cards = [Card(harm, patience=_one(chance, PATIENCE)) for harm in harms]
    for name in chance.sample(moments, len(moments)):
        able = [one for one in cards if one.harm in BEGIN_ANEW and len(one.moments) < riders_max]
        chance.choice(able).moments.append((name, times(chance, name)))
    return cards


def _one(chance: random.Random, weights: Mapping[str, int]) -> str:
    return chance.choices([*weights], [*weights.values()])[0]


def times(chance: random.Random, name: str) -> int:
    """The how-manieth passing of the moment is the last: half of the lives end as soon as they begin."""
    most = 3 if chance.random() < 0.5 else PASSED_OFTEN[name.partition(".")[0]]
    return chance.randint(1, most)
