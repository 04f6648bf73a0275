"""The engines that answer made histories, all in one way: another is one more implementation of `Answering`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import duckdb
import psycopg
import pyarrow as pa

from regulars.rules.compile import Compiled
from regulars.rules.engines.base import Engine
from regulars.rules.engines.duckdb import duckdb as duckdb_engine
from regulars.rules.engines.postgresql import postgresql as postgresql_engine
from regulars.shared.forms import number_form, text_form
from tests.rules import plain
from tests.rules.plain import History

Answer = tuple[bool, datetime | None]


@dataclass(frozen=True)
class Asked:
    customer: int
    at: datetime


def customer_id(customer: int) -> UUID:
    return UUID(int=customer + 1)


def numbered(histories: Sequence[History]) -> list[History]:
    """The same, each told whose it is."""
    return [replace(history, customer=str(customer_id(n))) for n, history in enumerate(histories)]


class Answering(Protocol):
    @property
    def engine(self) -> Engine: ...

    def load(self, histories: Sequence[History]) -> None: ...

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]: ...


def event_rows(histories: Sequence[History]) -> list[dict[str, Any]]:
    """`seq`: in the order in which the history tells them."""
    return [
        {
            "customer_id": str(customer_id(customer)),
            "name": event.name,
            "at": event.at,
            "seq": seq,
            "by_customer": event.by_customer,
            "properties": dict(event.properties),
        }
        for customer, history in enumerate(histories)
        for seq, event in enumerate(history.events)
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


def flattened(properties: Mapping[str, object]) -> dict[str, str]:
    """The text forms of an event's properties by dotted path, as warehouses have them. Objects have one too, lists no
    inner ones. A key that holds the dots itself goes before a nested one."""
    forms: dict[str, str] = {}
    waiting: Iterable[tuple[str, object]] = properties.items()
    while waiting:
        inner: list[tuple[str, object]] = []
        for path, value in waiting:
            if (text := text_form(value)) is not None:
                forms.setdefault(path, text)
            if isinstance(value, Mapping):
                inner += [(f"{path}.{key}", one) for key, one in value.items()]
        waiting = inner
    return forms


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
            f'CREATE TABLE events (customer_id uuid, name text, "at" timestamptz, seq bigint, by_customer boolean,'
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
            **{path: pa.float64() for path, kind in duckdb_engine.plain.items() if kind.is_floating()},
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
            'CREATE TEMPORARY TABLE events (customer_id uuid, name text, "at" timestamptz, seq bigint,'
            " by_customer boolean, properties jsonb)"
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
