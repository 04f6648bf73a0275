"""The engines of warehouses: properties in two maps by dotted path, and some again as real columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules.engines.base import NUMBERS, TEXTS, Engine
from regulars.rules.engines.commerce import COMMERCE


@dataclass(frozen=True, eq=False)
class Flattened(Engine):
    """The real columns equal their map entries."""

    plain: Mapping[str, dt.DataType] = field(default_factory=lambda: COMMERCE)

    @cached_property
    def columns(self) -> Mapping[str, dt.DataType]:  # type: ignore[override]
        return {"text": TEXTS, "number": NUMBERS, **self.plain}

    def text(self, events: ir.Table, path: str) -> ir.StringValue:
        if path in self.plain and self.plain[path].is_string():
            return events[path]
        return self.text_in_map(events.text, path)

    def number(self, events: ir.Table, path: str) -> ir.FloatingValue:
        if path in self.plain and self.plain[path].is_floating():
            return events[path]
        return self.number_in_map(events.number, path)

    @abstractmethod
    def text_in_map(self, texts: ir.MapValue, path: str) -> ir.StringValue:
        """The entry of a map, null if there is none."""

    @abstractmethod
    def number_in_map(self, numbers: ir.MapValue, path: str) -> ir.FloatingValue:
        """The entry of a map, null if there is none."""
