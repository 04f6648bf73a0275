"""Where engines differ: how they hold an event's properties, and how they keep the n latest times.

The relations an engine must offer, under these names (as tables, temporary tables or views; `Compiled.over` binds
any query to them):

- `scope(customer_id uuid, at timestamptz)`: a set, one row per question;
- `events(customer_id uuid, name text, at timestamptz, by_customer boolean, ...properties)`;
- `trait_values(customer_id uuid, key text, at timestamptz, seq bigint, text text, number double, instant
  timestamptz)`: the forms of `values.py`; of two values at one instant the higher `seq` is the later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

import ibis
import ibis.backends.sql.compilers as compilers
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import sqlglot

from regulars.shared.forms import NUMERIC_TEXT, numeric_chars_max

INSTANT: Final = dt.Timestamp(timezone="UTC")
JSONB: Final = dt.unknown
"""Known to Ibis as jsonb, a column would be cast to text when a query hands it on."""
TEXTS: Final = dt.Map(dt.string, dt.string)
NUMBERS: Final = dt.Map(dt.string, dt.float64)

SCOPE: Final = ibis.table({"customer_id": dt.uuid, "at": INSTANT}, name="scope")
TRAIT_VALUES: Final = ibis.table(
    {
        "customer_id": dt.uuid,
        "key": dt.string,
        "at": INSTANT,
        "seq": dt.int64,
        "text": dt.string,
        "number": dt.float64,
        "instant": INSTANT,
    },
    name="trait_values",
)
EVENT_COLUMNS: Final[Mapping[str, dt.DataType]] = {
    "customer_id": dt.uuid,
    "name": dt.string,
    "at": INSTANT,
    "by_customer": dt.boolean,
}


@ibis.udf.scalar.builtin(name="jsonb_object_field", signature=((JSONB, dt.string), JSONB))
def _field(value, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="jsonb_object_field_text", signature=((JSONB, dt.string), dt.string))
def _field_text(value, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((TEXTS, dt.string), dt.string))
def _text_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="map_extract_value", signature=((NUMBERS, dt.string), dt.float64))
def _number_of(properties, key): ...  # type: ignore[no-untyped-def]


@ibis.udf.agg.builtin(name="max", signature=((INSTANT, dt.int64), dt.Array(INSTANT)))
def _greatest_times(time, n): ...  # type: ignore[no-untyped-def]


class Engine(ABC):
    """One SQL engine and the shape of its relations. Compared by identity: make one and keep it."""

    name: ClassVar[str]
    fence: ClassVar[str] = ""
    """Ends a subquery whose columns must not be written out again, once for each mention, by the engine's planner."""
    columns: Mapping[str, dt.DataType]
    """The columns of `events` beyond EVENT_COLUMNS."""

    @cached_property
    def events(self) -> ir.Table:
        return ibis.table({**EVENT_COLUMNS, **self.columns}, name="events")

    @abstractmethod
    def text(self, events: ir.Table, path: str) -> ir.StringValue:
        """The text form of a property, null if there is none."""

    @abstractmethod
    def number(self, events: ir.Table, path: str) -> ir.FloatingValue:
        """A property as a number, null if it is none. Never raises."""

    @abstractmethod
    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue) -> ir.ArrayValue:
        """The n latest times (or more), latest first; null or shorter if there are fewer."""

    def sql(self, query: ir.Table) -> str:
        return self._written(self._tree(query))

    def columns_sql(self, query: ir.Table) -> dict[str, str]:
        """Each column of a query over one table, which its expressions call `t0`."""
        return {column.alias_or_name: self._written(column.unalias()) for column in self._tree(query).expressions}

    def _tree(self, query: ir.Table) -> sqlglot.exp.Select:
        tree: sqlglot.exp.Select = getattr(compilers, self.name).compiler.to_sqlglot(query)
        return tree

    def _written(self, tree: sqlglot.exp.Expression) -> str:
        return tree.sql(dialect=self.name, copy=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


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

    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue) -> ir.ArrayValue:
        return times.collect(where=where, order_by=ibis.desc(times))


COMMERCE: Final[Mapping[str, dt.DataType]] = {
    **dict.fromkeys(("revenue", "quantity", "price"), dt.float64),
    **dict.fromkeys(("currency", "order_id", "product_id", "category", "url", "coupon"), dt.string),
}
"""The properties that matter to commerce, as real columns: reading a map costs about six times as much."""


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


postgresql: Final = PostgreSQL()
duckdb: Final = DuckDB()
