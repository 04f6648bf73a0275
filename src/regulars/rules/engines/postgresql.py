"""PostgreSQL: where the log is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules.engines.base import Engine
from regulars.shared.forms import NUMERIC_TEXT, numeric_chars_max

JSONB: Final = dt.unknown
"""Known to Ibis as jsonb, a column would be cast to text when a query hands it on."""


@ibis.udf.scalar.builtin(name="jsonb_object_field", signature=((JSONB, dt.string), JSONB))
def _field(value, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="jsonb_object_field_text", signature=((JSONB, dt.string), dt.string))
def _field_text(value, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="max", signature=((dt.Array(dt.int64),), dt.Array(dt.int64)))
def _greatest(row): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="min", signature=((dt.Array(dt.int64),), dt.Array(dt.int64)))
def _least(row): ...  # type: ignore[no-untyped-def]


@dataclass(frozen=True, eq=False)
class PostgreSQL(Engine):
    """Properties as one jsonb column."""

    name: ClassVar[str] = "postgres"
    fence: ClassVar[str] = " OFFSET 0"
    columns: Mapping[str, dt.DataType] = field(default_factory=lambda: {"properties": JSONB})

    def text(self, events: ir.Table, path: str) -> ir.StringValue:
        """Walks objects only: `->` with a key finds nothing in an array. A key that holds the dots itself is found
        first, as the warehouse cannot tell it from a nested one."""
        whole = _field_text(events.properties, path)
        *outer, last = path.split(".")
        if not outer:
            return whole
        value = events.properties
        for key in outer:
            value = _field(value, key)
        return ibis.coalesce(whole, _field_text(value, last))

    def number(self, events: ir.Table, path: str) -> ir.FloatingValue:
        text = self.text(events, path)
        safe = (text.length() <= numeric_chars_max) & text.re_search(NUMERIC_TEXT)
        return ibis.ifelse(safe, text.cast(dt.float64), ibis.null(dt.float64))

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue | None) -> ir.ArrayValue:
        return times.collect(where=where, order_by=ibis.desc(times))

    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue | None,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        row = ibis.array([time.epoch_seconds(), seq, mark.ifelse(1, 0)])  # PostgreSQL's epoch keeps the microseconds.
        end = _greatest(row, where=where) if last else _least(row, where=where)
        return end[2] == 1

    def micros(self, instant: str) -> str:
        return f"(extract(epoch FROM {instant}) * 1000000)::bigint"

    def from_micros(self, micros: str) -> str:
        """The whole seconds apart from the rest: an interval is multiplied by a double."""
        return (
            f"(timestamptz 'epoch' + ({micros}) / 1000000 * interval '1 second'"
            f" + ({micros}) % 1000000 * interval '1 microsecond')"
        )

    def microseconds(self, many: int) -> str:
        return f"INTERVAL '{many:d} MICROSECOND'"


postgresql: Final = PostgreSQL()
