"""Why a rule holds or not: the same query for each of its conditions, beside the words that say them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from regulars.rules.compile import Compiled, compile_rules
from regulars.rules.engines.base import Engine
from regulars.rules.model import Rule, conditions
from regulars.rules.resolve import resolve
from regulars.rules.text import to_text

WHOLE: Final = "rule"
"""The key of the rule itself; its conditions have the keys `0`, `1`, … in the order they are written."""


@dataclass(frozen=True, slots=True)
class Explanation:
    compiled: Compiled
    texts: Mapping[str, str]
    """Of each condition's key, its words. A mentioned audience or stage is one condition."""


def explain(
    rule: Rule, engine: Engine, *, audiences: Mapping[str, Rule], stages: Mapping[str, Rule], zone: tzinfo = UTC
) -> Explanation:
    """Of a rule as it was written, before `resolve`. Raises what `resolve` raises."""
    parts = {str(place): part for place, part in enumerate(conditions(rule))}
    rules = {key: resolve(part, audiences=audiences, stages=stages) for key, part in {WHOLE: rule, **parts}.items()}
    return Explanation(compile_rules(rules, engine, zone), {key: to_text(part) for key, part in parts.items()})
