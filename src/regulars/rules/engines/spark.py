"""Spark: the warehouse of a cluster. Runs in ANSI mode, with the settings of SETTINGS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.dialects import PySpark
from sqlglot import exp

from regulars.rules.engines.base import INSTANT, NUMBERS, TEXTS
from regulars.rules.engines.flattened import Flattened
from regulars.rules.values import SCALAR, written_as

SETTINGS: Final[Mapping[str, str]] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
    # Else `${env:…}` in a text of a rule is taken for a variable.
    "spark.sql.variable.substitute": "false",
}
"""What a session must be set to for the queries to mean what they say."""


def _max_by(generator: sqlglot.Generator, tree: exp.ArgMax) -> str:
    """With its third argument, how many, which is newer than SQLGlot's Spark."""
    return generator.func("MAX_BY", tree.this, tree.expression, tree.args.get("count"))


class _DoubleQuoted(PySpark):  # type: ignore[misc]
    """Names in double quotes, as everywhere else."""

    class Tokenizer(PySpark.Tokenizer):  # type: ignore[misc]
        QUOTES: ClassVar[list[str]] = ["'"]
        IDENTIFIERS: ClassVar[list[str]] = ['"']

    class Generator(PySpark.Generator):  # type: ignore[misc]
        TRANSFORMS: ClassVar[dict[type, Any]] = {**PySpark.Generator.TRANSFORMS, exp.ArgMax: _max_by}


class _Compiler(PySparkCompiler):  # type: ignore[misc]
    """Without the options that Ibis's own backend brings along with the package pyspark. No number is NaN here."""

    __slots__ = ()

    visit_Field = SQLGlotCompiler.visit_Field  # noqa: N815 - names of Ibis
    visit_IsNull = SQLGlotCompiler.visit_IsNull  # noqa: N815
    visit_NotNull = SQLGlotCompiler.visit_NotNull  # noqa: N815

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: dt.DataType) -> Any:  # noqa: N802
        return None if dtype.is_floating() else super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_ArrayIndex(self, op: ops.ArrayIndex, *, arg: Any, index: Any) -> Any:  # noqa: N802
        """Null beyond the end, where element_at raises."""
        return self.f.anon.try_element_at(arg, index + 1)


_compiler: Final = _Compiler()

_SCALAR: Final = SCALAR.replace(")*", ")*+")
_FLAT_LIST: Final = rf"^\[(?:{_SCALAR}(?:, {_SCALAR})*+)?\]\z"
"""As in values.py, but Java's `$` is also before a line's end."""


@ibis.udf.scalar.builtin(name="element_at", signature=((TEXTS, dt.string), dt.string))
def _text_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="element_at", signature=((NUMBERS, dt.string), dt.float64))
def _number_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="max_by", signature=((INSTANT, INSTANT, dt.int64), dt.Array(INSTANT)))
def _greatest_times(time, by, n): ...  # type: ignore[no-untyped-def]


_MARKED: Final = dt.Struct({"time": INSTANT, "seq": dt.int64, "mark": dt.boolean})


@ibis.udf.agg.builtin(name="max", signature=((_MARKED,), _MARKED))
def _greatest(row): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="min", signature=((_MARKED,), _MARKED))
def _least(row): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="convert_timezone", signature=((dt.string, dt.string, dt.Timestamp()), dt.Timestamp()))
def _moved(source, target, local): ...  # type: ignore[no-untyped-def]


@dataclass(frozen=True, eq=False)
class Spark(Flattened):
    """As in DuckDB: two maps and real columns. Ids are strings."""

    name: ClassVar[str] = "spark"

    def text_in_map(self, texts: ir.MapValue, path: str) -> ir.StringValue:
        return _text_of(texts, path)

    def number_in_map(self, numbers: ir.MapValue, path: str) -> ir.FloatingValue:
        return _number_of(numbers, path)

    def contains(self, value: ir.StringValue, text: str) -> ir.BooleanValue:
        """Possessive, since Java calls itself for each turn of a group it may have to leave again: a list of a few
        thousand elements, which anybody may send, would end the executor."""
        wanted = written_as(text)
        listed = rf"^\[(?:(?!{wanted}(?:, |\]\z)){_SCALAR}, )*+{wanted}(?:, {_SCALAR})*+\]\z"
        return ibis.ifelse(value.re_search(_FLAT_LIST), value.re_search(listed), value.contains(text))

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue | None) -> ir.ArrayValue:
        # A condition of its own would be put around n too.
        chosen = times if where is None else ibis.ifelse(where, times, ibis.null(INSTANT))
        return _greatest_times(chosen, chosen, n)

    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue | None,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        row = ibis.struct({"time": time, "seq": seq, "mark": mark})
        return (_greatest(row, where=where) if last else _least(row, where=where))["mark"]

    def total(self, whole: ir.IntegerValue, where: ir.BooleanValue | None) -> ir.NumericValue:
        return whole.cast(dt.Decimal(38, 0)).sum(where=where)

    def md5(self, text: ir.StringValue) -> ir.StringValue:
        return text.hexdigest("md5")

    def day(self, instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        return _moved("UTC", zone, instant.cast(dt.Timestamp())).truncate("D").cast(dt.Timestamp())

    def midnight(self, day: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        return _moved(zone, "UTC", day).cast(INSTANT)

    def instant(self, at: datetime) -> str:
        return f"CAST('{at.astimezone(UTC).isoformat()}' AS TIMESTAMP)"

    def micros(self, instant: str) -> str:
        return f"unix_micros({instant})"

    def from_micros(self, micros: str) -> str:
        return f"timestamp_micros({micros})"

    def points(self, points: Iterable[tuple[UUID, datetime]]) -> str:
        values = ", ".join(f"('{customer}', {self.instant(at)})" for customer, at in points)
        return f'SELECT * FROM VALUES {values} AS given (customer_id, "at")'  # noqa: S608 - neither can carry text

    def _tree(self, query: ir.Table) -> exp.Select:
        tree: exp.Select = _compiler.to_sqlglot(query)
        return tree

    def _written(self, tree: exp.Expression) -> str:
        return tree.sql(dialect=_DoubleQuoted, copy=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


spark: Final = Spark()
