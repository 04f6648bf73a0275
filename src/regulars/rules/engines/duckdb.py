"""DuckDB: the embedded warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from regulars.rules.engines.base import INSTANT, NUMBERS, TEXTS, Engine
from regulars.rules.engines.commerce import COMMERCE


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((TEXTS, dt.string), dt.string))
def _text_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((NUMBERS, dt.string), dt.float64))
def _number_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="max", signature=((INSTANT, dt.int64), dt.Array(INSTANT)))
def _greatest_times(time, n): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, INSTANT), dt.Timestamp()))
def _local(zone, instant): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp()), INSTANT))
def _instant(zone, local): ...  # type: ignore[no-untyped-def]


_MARKED: Final = dt.Struct({"time": INSTANT, "seq": dt.int64, "mark": dt.boolean})


@ibis.udf.agg.builtin(name="max", signature=((_MARKED,), _MARKED))
def _greatest(row): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="min", signature=((_MARKED,), _MARKED))
def _least(row): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="md5", signature=((dt.string,), dt.string))
def _md5(text): ...  # type: ignore[no-untyped-def]


@dataclass(frozen=True, eq=False)
class DuckDB(Engine):
    """Properties flattened into two maps by dotted path, and some again as real columns, which equal their map
    entries."""

    name: ClassVar[str] = "duckdb"
    plain: Mapping[str, dt.DataType] = field(default_factory=lambda: COMMERCE)

    @cached_property
    def columns(self) -> Mapping[str, dt.DataType]:  # type: ignore[override]
        return {"text": TEXTS, "number": NUMBERS, **self.plain}

    def text(self, events: ir.Table, path: str) -> ir.StringValue:
        if path in self.plain and self.plain[path].is_string():
            return events[path]
        return _text_of(events.text, path)

    def number(self, events: ir.Table, path: str) -> ir.FloatingValue:
        if path in self.plain and self.plain[path].is_floating():
            return events[path]
        return _number_of(events.number, path)

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue) -> ir.ArrayValue:
        return _greatest_times(times, n, where=where)

    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        row = ibis.struct({"time": time, "seq": seq, "mark": mark})
        return (_greatest(row, where=where) if last else _least(row, where=where))["mark"]

    def total(self, whole: ir.IntegerValue, where: ir.BooleanValue) -> ir.NumericValue:
        return whole.sum(where=where)

    def md5(self, text: ir.StringValue) -> ir.StringValue:
        return _md5(text)

    def day(self, instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        return _local(zone, instant).truncate("D")

    def midnight(self, day: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        found = _instant(zone, day)
        before = found - ibis.interval(hours=1)  # Where midnight comes twice, the first begins the day.
        return ibis.ifelse(self.day(before, zone) == day, before, found)


duckdb: Final = DuckDB()
