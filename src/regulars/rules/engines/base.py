"""Where engines differ: how they hold an event's properties, and how they keep the n latest times.

The relations an engine must offer, under these names (as tables, temporary tables or views; `Compiled.over` binds
any query to them):

- `scope(customer_id uuid, at timestamptz)`: a set, one row per question;
- `events(customer_id uuid, name text, at timestamptz, seq bigint, by_customer boolean, ...properties)`: of two at one
  instant the higher `seq` is the later;
- `trait_values(customer_id uuid, key text, at timestamptz, seq bigint, text text, number double, instant
  timestamptz)`: the forms of `values.py`; of two values at one instant the higher `seq` is the later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import ClassVar, Final
from uuid import UUID

import ibis
import ibis.backends.sql.compilers as compilers
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import sqlglot

from regulars.rules.values import FLAT_LIST, list_with

INSTANT: Final = dt.Timestamp(timezone="UTC")
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
    "seq": dt.int64,
    "by_customer": dt.boolean,
}


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, INSTANT), dt.Timestamp()))
def _local(zone, instant): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp()), INSTANT))
def _instant(zone, local): ...  # type: ignore[no-untyped-def]


@ibis.udf.scalar.builtin(name="md5", signature=((dt.string,), dt.string))
def _md5(text): ...  # type: ignore[no-untyped-def]


class Engine(ABC):
    """One SQL engine and the shape of its relations. Compared by identity: make one and keep it.

    What is not abstract is spelt as PostgreSQL and DuckDB both spell it."""

    name: ClassVar[str]
    fence: ClassVar[str] = ""
    """Ends a subquery whose columns must not be written out again, once for each mention, by the engine's planner."""
    never: ClassVar[datetime] = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    """Inside a query `never` is the last instant the engine knows, so that the earliest and the latest of several need
    no word about nulls."""
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

    def contains(self, value: ir.StringValue, text: str) -> ir.BooleanValue:
        """Of a text: has this in it. Of the JSON text of a flat list: has an element with this text form."""
        return ibis.ifelse(value.re_search(FLAT_LIST), value.re_search(list_with(text)), value.contains(text))

    @abstractmethod
    def latest(self, times: ir.TimestampValue, n: int, where: ir.BooleanValue | None) -> ir.ArrayValue:
        """The n latest times (or more), latest first; null or shorter if there are fewer."""

    @abstractmethod
    def marked(
        self,
        mark: ir.BooleanValue,
        time: ir.TimestampValue,
        seq: ir.IntegerValue,
        where: ir.BooleanValue | None,
        *,
        last: bool,
    ) -> ir.BooleanValue:
        """An aggregate: the mark of the last or first of the rows, by time and then seq; null if there is none."""

    def total(self, whole: ir.IntegerValue, where: ir.BooleanValue | None) -> ir.NumericValue:
        """An aggregate: the exact sum of 64-bit integers, however many; null if there is none."""
        return whole.sum(where=where)

    def md5(self, text: ir.StringValue) -> ir.StringValue:
        """In hexadecimal, lower case."""
        return _md5(text)

    def day(self, instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """The day it is then in a time zone: its midnight there as a time without a zone."""
        return _local(zone, instant).truncate("D")

    def midnight(self, day: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """The first instant of such a day in a time zone, also where the clocks skip midnight or it comes twice."""
        found = _instant(zone, day)
        before = found - ibis.interval(hours=1)
        return ibis.ifelse(self.day(before, zone) == day, before, found)

    def microseconds(self, many: int) -> str:
        """A length of time, written as SQL."""
        return f"INTERVAL '{many:d}' MICROSECOND"

    def instant(self, at: datetime) -> str:
        """An instant, written as SQL. By hand: some questions carry thousands."""
        return f"CAST('{at.astimezone(UTC).isoformat()}' AS TIMESTAMPTZ)"

    def micros(self, instant: str) -> str:
        """The whole microseconds since 1970 of an instant, both written as SQL."""
        return f"epoch_us({instant})"

    def from_micros(self, micros: str) -> str:
        """The instant so many microseconds after 1970, both written as SQL."""
        return f"make_timestamptz({micros})"

    def points(self, points: Iterable[tuple[UUID, datetime]]) -> str:
        """A scope of given customers and instants, as a SELECT statement."""
        values = ", ".join(f"('{customer.hex}'::uuid, {self.instant(at)})" for customer, at in points)
        return f'SELECT * FROM (VALUES {values}) AS given (customer_id, "at")'  # noqa: S608 - neither can carry text

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
