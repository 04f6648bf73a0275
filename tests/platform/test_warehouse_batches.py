"""What a batch of the log holds is what was written, to the last character, digit and microsecond."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from regulars.platform.warehouse.batches import ARROW, COPIED_AS, Batch, batch_of
from regulars.platform.warehouse.facts import Fact
from regulars.platform.warehouse.properties import maps_of, rows_at_a_time
from regulars.shared.forms import NUMERIC_TEXT, number_form
from tests.rules.answering import flattened

THINGS = Fact(
    name="things",
    grain="one row a thing",
    columns={
        "customer_id": "uuid",
        "visits": "whole",
        "share": "number",
        "note": "text",
        "kept": "truth",
        "at": "instant",
        "properties": "json",
    },
    plain={"price": "number", "sku": "text", "a.b": "text"},
    select=b"SELECT at, note, seq, share, customer_id, kept, properties::text AS properties, visits"
    b"  FROM things WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s",
)
TABLE = (
    "CREATE TEMPORARY TABLE things (seq bigint, customer_id uuid, visits int, share double precision, note text,"
    " kept boolean, at timestamptz, properties jsonb)"
)
NASTY = [
    "",
    '"',
    '""',
    "\\N",
    "\\.",
    "\\",
    ",",
    "\r",
    "\n",
    "\r\n",
    '"\n,"',
    "NULL",
    " t ",
    "\ufeff",
    "\u2028",
    "😀",
    "'",
    "\t",
]
LIKE_NUMBERS = [
    "+1",
    ".5",
    "5.",
    "-.5e-09",
    "1e99",
    "1e100",
    "++1",
    "1\n",
    " 1",
    "٣",
    "9" * 200,
    "9" * 201,
    "0x1",
    "NaN",
]

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8) | st.sampled_from(NASTY)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)
like_numbers = st.sampled_from(LIKE_NUMBERS) | st.from_regex(NUMERIC_TEXT, fullmatch=True)
scalars = st.none() | st.booleans() | numbers | like_numbers | texts
paths = st.sampled_from(["price", "sku", "a", "b", "a.b", "b.c"]) | texts
documents = st.dictionaries(
    paths,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(paths, inner, max_size=3)),
    max_size=5,
)
rows = st.tuples(
    st.none() | st.uuids(),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | texts,
    st.none() | st.booleans(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    documents,
)


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(TABLE)
        yield connection


def write(connection: psycopg.Connection, written: Sequence[Sequence[Any]]) -> None:
    connection.execute("TRUNCATE things")
    connection.cursor().executemany(
        "INSERT INTO things VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [(seq, *row[:-1], Jsonb(row[-1])) for seq, row in enumerate(written, 1)],
    )


def read(connection: psycopg.Connection) -> Batch | None:
    values = {"after": 0, "rows_max": 10_000}
    with connection.cursor().copy(b"COPY (%b) TO STDOUT %b" % (THINGS.select, COPIED_AS), values) as copy:
        return batch_of(THINGS, b"".join(copy))


def in_plain_python(connection: psycopg.Connection, written: Sequence[Sequence[Any]]) -> pa.Table:
    data: dict[str, list[Any]] = {name: [] for name in THINGS.stored}
    stored = connection.execute("SELECT properties::text FROM things ORDER BY seq").fetchall()
    for seq, (row, (properties,)) in enumerate(zip(written, stored, strict=True), 1):
        forms = flattened(json.loads(properties, parse_float=Decimal))
        found = {path: number for path, text in forms.items() if (number := number_form(text)) is not None}
        values: Mapping[str, Any] = {
            "seq": seq,
            **dict(zip(THINGS.columns, row, strict=True)),
            "customer_id": None if row[0] is None else str(row[0]),
            "text": list(forms.items()),
            "number": list(found.items()),
            **{path: (found if form == "number" else forms).get(path) for path, form in THINGS.plain.items()},
        }
        for name, column in data.items():
            column.append(values[name])
    return pa.table({name: pa.array(data[name], ARROW[kind]) for name, kind in THINGS.stored.items()})


@given(written=st.lists(rows, min_size=1, max_size=6))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_batch_holds_what_was_written(connection: psycopg.Connection, written: list[tuple[Any, ...]]) -> None:
    write(connection, written)
    batch = read(connection)
    assert batch is not None
    assert batch.rows.equals(in_plain_python(connection, written))


def test_no_rows_are_no_batch(connection: psycopg.Connection) -> None:
    assert read(connection) is None


def test_a_batch_of_many_rows_knows_its_last_and_ends_where_asked(connection: psycopg.Connection) -> None:
    many = 2 * rows_at_a_time + 1
    at = datetime(2026, 1, 2, 3, 4, 5, 60, UTC)
    written = [
        (
            uuid.UUID(int=n),
            n,
            n / 7,
            None if n % 2 else "x" * n,
            True,
            at,
            {"sku": "y" * n, "price": n} if n % 5 else {},
        )
        for n in range(many)
    ]
    write(connection, written)
    batch = read(connection)
    assert batch is not None
    assert batch.rows.equals(in_plain_python(connection, written))
    assert batch.last == many
    shorter = batch.until(many - 1)
    assert shorter is not None
    assert shorter.last == many - 1
    assert batch.until(0) is None


@pytest.mark.parametrize(
    ("properties", "texts", "numbers"),
    [
        (
            '{"a": {"b": {"c": 1}, "d": null}, "t": true, "a.d": "x", "list": [{"e": 1.50}]}',
            [
                ("a", '{"b": {"c": 1}, "d": null}'),
                ("t", "true"),
                ("a.d", "x"),
                ("list", '[{"e": 1.50}]'),
                ("a.b", '{"c": 1}'),
                ("a.b.c", "1"),
            ],
            [("a.b.c", 1.0)],
        ),
        ('{"a": {"b": 2}, "a.b": 1}', [("a", '{"b": 2}'), ("a.b", "1")], [("a.b", 1.0)]),
        ('{"n": 0.10, "big": 12345678901234567890.5}', [("n", "0.10"), ("big", "12345678901234567890.5")], None),
        ("{}", [], []),
    ],
)
def test_properties_are_flattened_by_path(
    properties: str, texts: list[tuple[str, str]], numbers: list[tuple[str, float]] | None
) -> None:
    found = maps_of(pa.chunked_array([pa.array([properties])]))
    wanted = [(path, float(text)) for path, text in texts] if numbers is None else numbers
    assert [one.to_pylist() for one in found] == [[texts], [wanted]]
