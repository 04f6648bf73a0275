"""A warehouse in ClickHouse, by URL.

ClickHouse has no transactions over several inserts, so what makes a load whole is one row of `loads`. Rows are
inserted under the load's number; the views that carry the facts' names show the numbers up to the last in `loads`, but
those in `abandoned`; and the last thing a load does is to insert its number with all offsets. A load that failed, or
whose process died, is abandoned by its number before the next begins, so that it never counts, even if its inserts
still arrive. Its rows are deleted when somebody takes over, for the sake of room only.

Rows stay as they were inserted. `identifier_moves_rows` keeps the moves, and the views give each row to the latest
customer of its identifier, if it ever moved: changing rows in place would rewrite whole parts for each merge.

The servers are one, or replicas of which one is named: what was inserted must be seen by the next query.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Lock
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from urllib3.exceptions import HTTPError

from regulars.platform.settings import SettingMalformed
from regulars.platform.warehouse.batches import Load
from regulars.platform.warehouse.facts import CUSTOMER, CUSTOMERS_SEEN, IDENTIFIER, MOVES, SEQ, Fact, Kind, layout
from regulars.platform.warehouse.sinks import WarehouseUnreachable

rows_per_answer: Final = 10_000
loads_per_partition: Final = 100_000
connect_timeout_s: Final = 10
answer_timeout_s: Final = 600
T = TypeVar("T")

_TYPES: Final[Mapping[Kind, str]] = {
    "uuid": "UUID",
    "whole": "Int64",
    "number": "Float64",
    "text": "String",
    "truth": "Bool",
    "instant": "DateTime64(6, 'UTC')",
    "texts": "Map(String, String)",
    "numbers": "Map(String, Float64)",
}
_FORM: Final = "The warehouse URL is clickhouse://user:password@host:port/database, clickhouses:// for TLS."
_LAST: Final = "SELECT max(load) FROM loads WHERE load NOT IN (SELECT load FROM abandoned)"


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    login: str
    password: str = field(repr=False)
    database: str
    secure: bool


def read_url(url: str) -> Server:
    """`clickhouses://` or `?secure=1` is TLS. Port 8123, or 8443 with TLS, and the database `regulars` go without
    saying. Raises SettingMalformed."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    database = unquote(parts.path.removeprefix("/")) or "regulars"
    secure = parts.scheme == "clickhouses" or query.get("secure") == ["1"]
    try:
        port = parts.port or (8443 if secure else 8123)
    except ValueError:
        raise SettingMalformed(_FORM) from None
    if not parts.hostname or query.keys() - {"secure"} or "`" in database or "/" in database:
        raise SettingMalformed(_FORM)
    login, password = unquote(parts.username or "default"), unquote(parts.password or "")
    return Server(parts.hostname, port, login, password, database, secure)


class ClickHouseSink:
    """Its blocking calls run in threads. `settings` are what the compiled queries need."""

    dialect: Final = "clickhouse"

    def __init__(self, server: Server, *, settings: Mapping[str, int]) -> None:
        self._server = server
        self._settings: dict[str, Any] = {**settings, "async_insert": 0}
        self._facts: Sequence[Fact] = ()
        self._connected: Client | None = None
        self._next = 0
        self._in_doubt = False

    @property
    def address(self) -> str:
        return f"clickhouse://{self._server.host}:{self._server.port}/{self._server.database}"

    async def look(self) -> str:
        def ask() -> str:
            client = self._connect()
            try:
                sizes = client.query(
                    "SELECT count(), sum(total_rows) FROM system.tables WHERE database = {database:String}",
                    parameters={"database": self._server.database},
                ).result_rows
                tables, rows = sizes[0]
                return f"{self.address}, version {client.server_version}, {tables} tables, {rows or 0} rows"
            finally:
                client.close()

        return await self._asking(ask)

    async def open(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        await self._asking(self._open)

    async def close(self) -> None:
        client, self._connected = self._connected, None
        if client is not None:
            await asyncio.to_thread(client.close)

    async def take_over(self) -> None:
        await self._asking(self._take_over)

    async def offsets(self) -> Mapping[str, int]:
        rows = await self._asking(lambda: self._rows(f"SELECT offsets FROM loads WHERE load = ({_LAST})"))
        found: Mapping[str, int] = rows[0][0] if rows else {}
        return found

    async def load(self, load: Load) -> None:
        await self._asking(lambda: self._load(load))

    async def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """Whoever is cancelled goes at once. The thread that reads ends with the answer, which the server is told to
        end."""
        name, reading = token_hex(16), Lock()
        batches = self._batches(query, name)
        read_out = False

        def next_batch() -> list[tuple[Any, ...]] | None:
            with reading:
                return next(batches, None)

        def close() -> None:
            if not read_out:
                with suppress(ClickHouseError, HTTPError, OSError):
                    self._do(f"KILL QUERY WHERE query_id = '{name}' ASYNC")
            with reading:
                batches.close()

        try:
            while (rows := await self._asking(next_batch)) is not None:
                if rows:
                    yield rows
            read_out = True
        finally:
            asyncio.get_running_loop().run_in_executor(None, close)

    async def _asking(self, ask: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(ask)
        except (OperationalError, HTTPError, OSError) as error:
            said = " ".join(str(error).split())
            raise WarehouseUnreachable(f"{self.address} does not answer: {said}") from error

    @property
    def _client(self) -> Client:
        if self._connected is None:
            raise WarehouseUnreachable("The warehouse is not open.")
        return self._connected

    def _rows(self, query: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._client.query(query).result_rows
        return rows

    def _do(self, *statements: str) -> None:
        for statement in statements:
            self._client.command(statement)

    def _connect(self) -> Client:
        server = self._server
        try:
            return clickhouse_connect.get_client(
                host=server.host,
                port=server.port,
                username=server.login,
                password=server.password,
                secure=server.secure,
                settings=self._settings,
                connect_timeout=connect_timeout_s,
                send_receive_timeout=answer_timeout_s,
                autogenerate_session_id=False,  # Several threads ask at once.
            )
        except ClickHouseError as error:
            raise WarehouseUnreachable(f"{self.address} does not answer: {' '.join(str(error).split())}") from None

    def _open(self) -> None:
        client, database = self._connect(), self._server.database
        self._connected = client
        if (database,) not in self._rows("SELECT name FROM system.databases"):
            self._do(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        client.database = database
        self._lay_out()

    def _lay_out(self) -> None:
        """Drops what was laid out otherwise, and nothing that is not ours. What is begun is noted first and what is
        done last, so that a start that was interrupted begins anew."""
        wanted, names = layout(self._facts), [fact.name for fact in self._facts]
        there = {name for (name,) in self._rows("SELECT name FROM system.tables WHERE database = currentDatabase()")}
        if "layout" in there:
            known = self._rows("SELECT layout, facts FROM layout")
            if (wanted, names) in known:
                return
            for _, theirs in known:
                self._do(*(f"DROP VIEW IF EXISTS {name} SYNC" for name in ("customers", *theirs, "moved")))
                self._do(*(f"DROP TABLE IF EXISTS {name}_rows SYNC" for name in (*theirs, MOVES)))
            self._do(*(f"DROP TABLE IF EXISTS {name} SYNC" for name in ("loads", "abandoned", "layout")))
        self._do(
            "CREATE TABLE IF NOT EXISTS layout (layout String, facts Array(String)) ENGINE = MergeTree ORDER BY layout",
            f"INSERT INTO layout VALUES ('', {names})",
            "CREATE TABLE IF NOT EXISTS loads (load UInt64, offsets Map(String, Int64)) ENGINE = MergeTree "
            f"PARTITION BY intDiv(load, {loads_per_partition}) ORDER BY load",
            "CREATE TABLE IF NOT EXISTS abandoned (load UInt64) ENGINE = MergeTree ORDER BY load",
            f"CREATE TABLE IF NOT EXISTS {MOVES}_rows (load UInt64, {SEQ} Int64, {IDENTIFIER} Int64, {CUSTOMER} UUID) "
            f"ENGINE = MergeTree ORDER BY ({IDENTIFIER}, {SEQ})",
            f"CREATE OR REPLACE VIEW moved AS SELECT {IDENTIFIER}, argMax({CUSTOMER}, {SEQ}) AS customer, true AS yes "
            f"FROM {MOVES}_rows WHERE {_counts('')} GROUP BY {IDENTIFIER}",
        )
        for fact in self._facts:
            self._do(_table(fact), _view(fact))
        self._do(f"CREATE OR REPLACE VIEW customers AS SELECT DISTINCT {CUSTOMER} FROM {CUSTOMERS_SEEN}")
        self._do(f"INSERT INTO layout VALUES ('{wanted}', {names})")

    def _take_over(self) -> None:
        """Another process may have begun the next load: its number is given up, whether or not."""
        ((last,),) = self._rows("SELECT max(load) FROM (SELECT load FROM loads UNION ALL SELECT load FROM abandoned)")
        self._next = (last or 0) + 1
        self._in_doubt = True
        self._settle_doubt()

    def _settle_doubt(self) -> None:
        if self._in_doubt:
            given_up = self._next
            self._do(f"INSERT INTO abandoned VALUES ({given_up})")
            self._next, self._in_doubt = given_up + 1, False
            for name in (*(fact.name for fact in self._facts), MOVES):
                if self._rows(f"SELECT 1 FROM {name}_rows WHERE load = {given_up} LIMIT 1"):
                    self._do(f"DELETE FROM {name}_rows WHERE load = {given_up}")

    def _load(self, load: Load) -> None:
        self._settle_doubt()
        number, self._in_doubt = self._next, True
        if load.moves.num_rows:
            self._insert(MOVES, load.moves, number)
        for batch in load.batches:
            self._insert(batch.fact.name, batch.rows, number)
        offsets = ", ".join(f"'{name}', {seq}" for name, seq in load.offsets.items())
        self._do(f"INSERT INTO loads VALUES ({number}, map({offsets}))")
        self._next, self._in_doubt = number + 1, False
        if number % loads_per_partition == 0:
            self._do(f"ALTER TABLE loads DROP PARTITION {number // loads_per_partition - 2}")

    def _insert(self, name: str, rows: pa.Table, number: int) -> None:
        numbered = rows.append_column("load", pa.array([number] * rows.num_rows, pa.uint64()))
        self._client.insert_arrow(f"{name}_rows", numbered)

    def _batches(self, query: str, name: str) -> Generator[list[tuple[Any, ...]], None, None]:
        settings = {"max_block_size": rows_per_answer, "query_id": name}
        with self._client.query_arrow_stream(query, settings=settings, use_strings=True) as tables:
            for table in tables:
                yield list(zip(*(_values(column) for column in table.columns), strict=True))


def _values(column: Any) -> list[Any]:
    """Truths come as small whole numbers, of which there are no others."""
    values: list[Any] = (column.cast(pa.bool_()) if column.type == pa.uint8() else column).to_pylist()
    return values


def _counts(prefix: str) -> str:
    return f"{prefix}load <= ({_LAST}) AND {prefix}load NOT IN (SELECT load FROM abandoned)"


def _table(fact: Fact) -> str:
    columns = ", ".join(f'"{name}" {_type(fact, name, kind)}' for name, kind in fact.stored.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {fact.name}_rows (load UInt64 CODEC(Delta, ZSTD), {columns}) "
        f"ENGINE = MergeTree ORDER BY ({', '.join(fact.sorted_by)})"
    )


def _type(fact: Fact, name: str, kind: Kind) -> str:
    never_null = name in (SEQ, IDENTIFIER, CUSTOMER, *fact.sorted_by) or kind in ("texts", "numbers")
    return _TYPES[kind] if never_null else f"Nullable({_TYPES[kind]})"


def _view(fact: Fact) -> str:
    names = [f'r."{name}" AS "{name}"' for name in fact.stored]
    relation = f"{fact.name}_rows AS r"
    if fact.moves:
        own = f'r."{CUSTOMER}" AS "{CUSTOMER}"'
        names[names.index(own)] = f'if(m.yes = true, assumeNotNull(m.customer), r."{CUSTOMER}") AS "{CUSTOMER}"'
        relation += f" LEFT JOIN moved AS m ON m.{IDENTIFIER} = r.{IDENTIFIER}"
    return f"CREATE OR REPLACE VIEW {fact.name} AS SELECT {', '.join(names)} FROM {relation} WHERE {_counts('r.')}"
