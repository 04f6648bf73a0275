"""ClickHouse: a warehouse by URL. Runs with the settings of SETTINGS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot
from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.clickhouse import ClickHouseCompiler

from regulars.rules.engines.base import INSTANT, NUMBERS, TEXTS
from regulars.rules.engines.flattened import Flattened

SETTINGS: Final[Mapping[str, int]] = {
    # As in every other engine: no row and no value is null, not the zero of its type.
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "transform_null_in": 0,
    # As in every other engine: a name is the column of the relation, not the new one beside it.
    "prefer_column_name_to_alias": 1,
    # Days before 1970 and after 2106.
    "enable_extended_results_for_datetime_functions": 1,
    # Many rules in one query.
    "max_query_size": 64 * 1024 * 1024,
    "max_ast_elements": 2_000_000,
    "max_expanded_ast_elements": 10_000_000,
    "max_ast_depth": 10_000,
    "max_parser_depth": 10_000,
}
"""What a session must be set to for the queries to mean what they say."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_microsecond: Final = timedelta(microseconds=1)
_NAIVE: Final = dt.Timestamp()


class _Compiler(ClickHouseCompiler):  # type: ignore[misc]
    __slots__ = ()

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: dt.DataType) -> Any:  # noqa: N802
        """Instants by their number, since text is clamped to the years that ClickHouse promises, and intervals in
        microseconds, which Ibis does not know that ClickHouse has."""
        if dtype.is_timestamp() and dtype.timezone is not None:
            micros = (value - _EPOCH) // _microsecond
            return self.f.fromUnixTimestamp64Micro(self.f.toInt64(micros), "UTC")
        if dtype.is_interval() and dtype.unit.short == "us":
            return self.f.toIntervalMicrosecond(value)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_ArrayIndex(self, op: ops.ArrayIndex, *, arg: Any, index: Any) -> Any:  # noqa: N802
        """Null beyond the end, where ClickHouse gives the zero of the type."""
        return self.if_(self.f.length(arg) > index, self.f.arrayElement(arg, index + 1), NULL)


_compiler: Final = _Compiler()


@ibis.udf.scalar.builtin(name="mapContains", signature=((TEXTS, dt.string), dt.boolean))
def _has_text(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="arrayElement", signature=((TEXTS, dt.string), dt.string))
def _text_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="mapContains", signature=((NUMBERS, dt.string), dt.boolean))
def _has_number(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="arrayElement", signature=((NUMBERS, dt.string), dt.float64))
def _number_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="groupArray", signature=((INSTANT,), dt.Array(INSTANT)))
def _all_times(time): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="arrayReverseSort", signature=((dt.Array(INSTANT),), dt.Array(INSTANT)))
def _latest_first(times): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="tuple", signature=((INSTANT, dt.int64), dt.Struct({"time": INSTANT, "seq": dt.int64})))
def _pair(time, seq): ...  # type: ignore[no-untyped-def]


_ORDER: Final = dt.Struct({"time": INSTANT, "seq": dt.int64})


@ibis.udf.agg.builtin(name="argMax", signature=((dt.boolean, _ORDER), dt.boolean))
def _mark_of_last(mark, order): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="argMin", signature=((dt.boolean, _ORDER), dt.boolean))
def _mark_of_first(mark, order): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="MD5", signature=((dt.string,), dt.binary))
def _digest(text): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="hex", signature=((dt.binary,), dt.string))
def _hex(digest): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="toTimeZone", signature=((INSTANT, dt.string), INSTANT))
def _in_zone(instant, zone): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="toDate32", signature=((INSTANT,), dt.date))
def _date(instant): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="toDate32", signature=((_NAIVE,), dt.date))
def _date_of(day): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="toDateTime64", signature=((dt.date, dt.int64, dt.string), _NAIVE))
def _day(date, digits, zone): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="toDateTime64", signature=((dt.date, dt.int64, dt.string), INSTANT))
def _start(date, digits, zone): ...  # type: ignore[no-untyped-def]


@dataclass(frozen=True, eq=False)
class ClickHouse(Flattened):
    """As in DuckDB: two maps and real columns."""

    name: ClassVar[str] = "clickhouse"

    def text_in_map(self, texts: ir.MapValue, path: str) -> ir.StringValue:
        return ibis.ifelse(_has_text(texts, path), _text_of(texts, path), ibis.null(dt.string))

    def number_in_map(self, numbers: ir.MapValue, path: str) -> ir.FloatingValue:
        return ibis.ifelse(_has_number(numbers, path), _number_of(numbers, path), ibis.null(dt.float64))

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue | None) -> ir.ArrayValue:
        return _latest_first(_all_times(times, where=where))

    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue | None,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        """A null would be passed over, and the mark of another row taken."""
        end = _mark_of_last if last else _mark_of_first
        return end(mark.fill_null(False), _pair(time, seq), where=where)

    def total(self, whole: ir.IntegerValue, where: ir.BooleanValue | None) -> ir.NumericValue:
        return whole.cast(dt.Decimal(38, 0)).sum(where=where)

    def md5(self, text: ir.StringValue) -> ir.StringValue:
        return _hex(_digest(text)).lower()

    def day(self, instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """ClickHouse has no times without a zone: a midnight in UTC stands for the day."""
        return _day(_date(_in_zone(instant, zone)), 6, "UTC")

    def midnight(self, day: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        return _in_zone(_start(_date_of(day), 6, zone), "UTC")

    def instant(self, at: datetime) -> str:
        return f"fromUnixTimestamp64Micro(toInt64({(at - _EPOCH) // _microsecond}), 'UTC')"

    def microseconds(self, many: int) -> str:
        return f"toIntervalMicrosecond({many:d})"

    def micros(self, instant: str) -> str:
        return f"toUnixTimestamp64Micro({instant})"

    def from_micros(self, micros: str) -> str:
        return f"fromUnixTimestamp64Micro({micros}, 'UTC')"

    def points(self, points: Iterable[tuple[UUID, datetime]]) -> str:
        given = ", ".join(f"('{customer}', {(at - _EPOCH) // _microsecond})" for customer, at in points)
        columns = "customer_id, fromUnixTimestamp64Micro(micros, 'UTC') AS \"at\""
        return f"SELECT {columns} FROM VALUES('customer_id UUID, micros Int64', {given})"  # noqa: S608 - ids, numbers

    def _tree(self, query: ir.Table) -> sqlglot.exp.Select:
        tree: sqlglot.exp.Select = _compiler.to_sqlglot(query)
        return tree


clickhouse: Final = ClickHouse()
