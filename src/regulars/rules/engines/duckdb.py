"""DuckDB: the embedded warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules.engines.base import INSTANT, NUMBERS, TEXTS
from regulars.rules.engines.flattened import Flattened


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((TEXTS, dt.string), dt.string))
def _text_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((NUMBERS, dt.string), dt.float64))
def _number_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="max", signature=((INSTANT, dt.int64), dt.Array(INSTANT)))
def _greatest_times(time, n): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="epoch_us", signature=((INSTANT,), dt.int64))
def _microseconds(time): ...  # type: ignore[no-untyped-def]


_ORDERS: Final = 2**63
"""More than twice any `seq`. Without a sign, so that what it is multiplied with has 128 bits."""


@dataclass(frozen=True, eq=False)
class DuckDB(Flattened):
    """Properties flattened into two maps by dotted path, and some again as real columns, which equal their map
    entries."""

    name: ClassVar[str] = "duckdb"

    def text_in_map(self, texts: ir.MapValue, path: str) -> ir.StringValue:
        return _text_of(texts, path)

    def number_in_map(self, numbers: ir.MapValue, path: str) -> ir.FloatingValue:
        return _number_of(numbers, path)

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue | None) -> ir.ArrayValue:
        return _greatest_times(times, n, where=where)

    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue | None,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        # One whole number instead of a row of three: a quarter of the time.
        place = _microseconds(time) * ibis.literal(_ORDERS, type=dt.uint64) + (2 * seq + ibis.ifelse(mark, 1, 0))
        return (place.max(where=where) if last else place.min(where=where)) & 1 != 0


duckdb: Final = DuckDB()
