"""Made rules and histories, and the engines that answer them.

The vocabulary is small on purpose: what matters is that events, conditions and windows meet, and meet on their
edges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import duckdb
import psycopg
import pyarrow as pa
from hypothesis import strategies as st

from regulars.rules.compile import Compiled
from regulars.rules.engines import Engine
from regulars.rules.engines import duckdb as duckdb_engine
from regulars.rules.engines import postgresql as postgresql_engine
from regulars.shared.forms import flattened, number_form, text_form
from tests.rules import plain
from tests.rules.plain import Event, History, TraitValue

START = datetime(2026, 3, 27, 22, 0, tzinfo=UTC)
"""Two days before the clocks change in Berlin, so that windows of days span it."""

Answer = tuple[bool, datetime | None]


@dataclass(frozen=True)
class Asked:
    customer: int
    at: datetime


def customer_id(customer: int) -> UUID:
    return UUID(int=customer + 1)


class Answering(Protocol):
    @property
    def engine(self) -> Engine: ...

    def load(self, histories: Sequence[History]) -> None: ...

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]: ...


def event_rows(histories: Sequence[History]) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": str(customer_id(customer)),
            "name": event.name,
            "at": event.at,
            "by_customer": event.by_customer,
            "properties": dict(event.properties),
        }
        for customer, history in enumerate(histories)
        for event in history.events
    ]


def trait_rows(histories: Sequence[History]) -> list[dict[str, Any]]:
    rows = []
    for customer, history in enumerate(histories):
        for value in history.traits:
            text = text_form(value.value)
            rows.append(
                {
                    "customer_id": str(customer_id(customer)),
                    "key": value.key,
                    "at": value.at,
                    "seq": value.seq,
                    "text": text,
                    "number": number_form(text),
                    "instant": plain.instant_of(value.value),
                }
            )
    return rows


def read(compiled: Compiled, rows: Sequence[Sequence[Any]]) -> dict[Asked, dict[str, Answer]]:
    found = {}
    for who, at, *columns in rows:
        pairs = zip(columns[::2], columns[1::2], strict=True)
        utc = [(holds, changes_at and changes_at.astimezone(UTC)) for holds, changes_at in pairs]
        found[Asked(UUID(str(who)).int - 1, at.astimezone(UTC))] = dict(zip(compiled.keys, utc, strict=True))
    return found


TRAITS = (
    'customer_id uuid, key text, "at" timestamptz, seq bigint, text text, number double precision, instant timestamptz'
)


class InDuckDB:
    engine = duckdb_engine

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'Europe/Berlin'")  # must not matter
        plain_columns = ", ".join(
            f"{name} {'text' if kind.is_string() else 'double'}" for name, kind in duckdb_engine.plain.items()
        )
        self.connection.execute('CREATE TABLE scope (customer_id uuid, "at" timestamptz)')
        self.connection.execute(
            f'CREATE TABLE events (customer_id uuid, name text, "at" timestamptz, by_customer boolean,'
            f" text map(varchar, varchar), number map(varchar, double), {plain_columns})"
        )
        self.connection.execute(f"CREATE TABLE trait_values ({TRAITS})")

    def load(self, histories: Sequence[History]) -> None:
        events = []
        for row in event_rows(histories):
            texts = flattened(row.pop("properties"))
            numbers = {path: number for path, text in texts.items() if (number := number_form(text)) is not None}
            columns = {
                name: (texts if kind.is_string() else numbers).get(name) for name, kind in duckdb_engine.plain.items()
            }
            events.append({**row, "text": list(texts.items()), "number": list(numbers.items()), **columns})
        self._fill("events", events)
        self._fill("trait_values", trait_rows(histories))

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]:
        self._fill("scope", [{"customer_id": str(customer_id(one.customer)), "at": one.at} for one in asked])
        return read(compiled, self.connection.execute(compiled.sql).fetchall())

    def _fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.connection.execute(f"DELETE FROM {name}")
        if not rows:
            return
        special = {
            "at": pa.timestamp("us", "UTC"),
            "instant": pa.timestamp("us", "UTC"),
            "number": pa.map_(pa.string(), pa.float64()) if name == "events" else pa.float64(),
            "text": pa.map_(pa.string(), pa.string()) if name == "events" else pa.string(),
            "by_customer": pa.bool_(),
            "seq": pa.int64(),
            **dict.fromkeys(("revenue", "quantity", "price"), pa.float64()),
        }
        schema = pa.schema([(key, special.get(key, pa.string())) for key in rows[0]])
        given = pa.Table.from_pylist(rows, schema=schema)
        self.connection.register("given", given)
        self.connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM given")
        self.connection.unregister("given")


class InPostgreSQL:
    engine = postgresql_engine

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        connection.execute('CREATE TEMPORARY TABLE scope (customer_id uuid, "at" timestamptz)')
        connection.execute(
            'CREATE TEMPORARY TABLE events (customer_id uuid, name text, "at" timestamptz, by_customer boolean,'
            " properties jsonb)"
        )
        connection.execute(f"CREATE TEMPORARY TABLE trait_values ({TRAITS})")

    def load(self, histories: Sequence[History]) -> None:
        self._fill("events", event_rows(histories))
        self._fill("trait_values", trait_rows(histories))

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]:
        self._fill("scope", [{"customer_id": str(customer_id(one.customer)), "at": one.at} for one in asked])
        return read(compiled, self.connection.execute(compiled.sql.encode()).fetchall())

    def _fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.connection.execute(f"TRUNCATE {name}".encode())
        document = json.dumps(rows, default=lambda value: value.isoformat())
        self.connection.execute(
            f"INSERT INTO {name} SELECT * FROM jsonb_populate_recordset(NULL::{name}, %s)".encode(), [document]
        )


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


edges = st.sampled_from([timedelta(), plain.TICK, -plain.TICK])
steps = st.sampled_from([0, 1, 2, 60, 61, 1440, 1441, 2880, 4320])
instants = st.builds(lambda step, edge: START + minutes(step) + edge, steps, edges)
names = st.sampled_from(["Order Completed", "Page Viewed", "Order's é%"])
keys = st.sampled_from(["country", "tags", "seen.at"])
paths = st.sampled_from(["category", "revenue", "color", "a.b", "a"])
needles = st.sampled_from(["DE", "D", "10", 10, 10.0, True, "", "é%s", "it's", '["DE"]', "a\\b", "2026"])
plain_values = st.one_of(
    needles, st.sampled_from(["2026-03-28T01:00:00Z", "2026-03-28T22:01:00.000001Z", "1e400", "-.5", 9])
)
values = st.one_of(
    plain_values,
    st.lists(needles | st.none(), max_size=3),
    st.sampled_from([None, {"b": 10}, {"b": "DE"}, [["DE"]], '["DE", "x"', "10 "]),
)
spans = st.sampled_from(["1m", "60m", "1d", "2d"])
moments = st.one_of(
    st.sampled_from(["2026-03-28", "2026-03-29", "2026-03-30"]),
    instants.map(lambda at: at.isoformat().replace("+00:00", "Z")),
)
histories = st.builds(
    History,
    st.lists(
        st.builds(
            Event,
            names,
            instants,
            st.dictionaries(st.sampled_from(["category", "revenue", "color", "a", "a.b"]), values, max_size=3),
            st.booleans(),
        ),
        max_size=7,
    ),
    st.lists(st.tuples(keys, instants, values.filter(lambda value: value is not None)), max_size=5).map(
        lambda rows: [TraitValue(key, at, seq, value) for seq, (key, at, value) in enumerate(rows)]
    ),
)


def _tests(kind: str, names_of: st.SearchStrategy[str], *, times: bool) -> st.SearchStrategy[dict[str, Any]]:
    operators: list[tuple[str, st.SearchStrategy[Any]]] = [
        *((operator, needles) for operator in ("is", "is_not", "contains", "starts_with")),
        *((operator, st.lists(needles, min_size=1, max_size=2)) for operator in ("in", "not_in")),
        *((operator, st.just(True)) for operator in ("exists", "absent")),
        *((operator, st.sampled_from([9, 10, 10.5])) for operator in ("at_least", "more_than", "at_most", "less_than")),
    ]
    if times:
        operators += [(operator, moments) for operator in ("before", "after")]
        operators += [(operator, spans) for operator in ("within_last", "not_within_last")]
    return st.one_of(*(st.fixed_dictionaries({kind: names_of, operator: operand}) for operator, operand in operators))


def _in_order(ends: list[str]) -> bool:
    return plain.begin(ends[0], UTC) <= plain.begin(ends[1], UTC)


dids = st.fixed_dictionaries(
    {
        "did": st.one_of(
            names,
            st.lists(names, min_size=1, max_size=2),
            st.just({"any": True}),
            st.sampled_from([{"prefix": "Order"}, {"prefix": "Order'"}]),
        )
    },
    optional={
        "where": st.lists(_tests("property", paths, times=False), min_size=1, max_size=2),
        "times": st.one_of(
            st.fixed_dictionaries({"at_least": st.integers(1, 3)}),
            st.fixed_dictionaries({"exactly": st.integers(0, 2)}),
            st.fixed_dictionaries({"at_most": st.integers(0, 2)}),
        ),
        "within": spans,
        "between": st.lists(moments, min_size=2, max_size=2).filter(_in_order),
    },
).map(lambda tree: {key: value for key, value in tree.items() if key != "between" or "within" not in tree})

leaves = st.one_of(dids, dids, _tests("trait", keys, times=True))


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda of: {"all": of}), some.map(lambda of: {"any": of}), inner.map(lambda of: {"not": of})
    )


rules = st.recursive(leaves | st.just({"everyone": True}), _nested, max_leaves=5)
rules_with_mentions = st.recursive(
    st.one_of(
        leaves, st.sampled_from([{"stage": "first"}, {"stage": "second"}, {"audience": "vip"}, {"audience": "big"}])
    ),
    _nested,
    max_leaves=4,
)
worlds = st.builds(
    lambda vip, big, first, second: plain.World(
        audiences={"big": big, "vip": {"all": [{"audience": "big"}, vip]}}, stages={"first": first, "second": second}
    ),
    leaves,
    leaves,
    leaves,
    leaves,
)
asked_everywhere: st.SearchStrategy[list[datetime]] = st.lists(instants, min_size=1, max_size=4, unique=True)


def judged(tree: Mapping[str, Any], history: History, at: datetime, world: plain.World) -> Answer:
    return plain.holds(tree, history, at, world), plain.first_change(tree, history, at, world)
