"""A warehouse in Spark, by URL: Parquet files in a folder that the cluster's workers see too, read by the cluster.

Rows are written without Spark, by this process alone, each load in files of its own (`parquet.py` keeps them). The
views that carry the facts' names read the files that count at the moment in which a query is put.

Rows stay as they were written. The moves are files of their own, and the views give each row to the latest customer of
its identifier, if it ever moved.

One answer is held as a whole in this process's memory, in columns.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pyarrow as pa

from regulars.platform.settings import SettingMalformed
from regulars.platform.warehouse.batches import MOVES_STORED, Load
from regulars.platform.warehouse.facts import CUSTOMER, CUSTOMERS_SEEN, IDENTIFIER, MOVES, SEQ, Fact, Kind
from regulars.platform.warehouse.parquet import Store
from regulars.platform.warehouse.sinks import WarehouseUnreachable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

rows_per_answer: Final = 10_000
connect_timeout_s: Final = 10
answer_timeout_s: Final = 600
T = TypeVar("T")

_TYPES: Final[Mapping[Kind, str]] = {
    "uuid": "STRING",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "text": "STRING",
    "truth": "BOOLEAN",
    "instant": "TIMESTAMP",
    "texts": "MAP<STRING, STRING>",
    "numbers": "MAP<STRING, DOUBLE>",
}
_FORM: Final = (
    "The warehouse URL is spark://host:port/folder, the folder being one that every worker sees under the same path; "
    "?spark.NAME=VALUE sets the cluster's settings."
)
_SETTINGS: Final[Mapping[str, str]] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Up to so many files are listed by this process; else by a job, which takes longer than the query.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    master: str
    folder: Path
    settings: Mapping[str, str]


def read_url(url: str) -> Cluster:
    """Raises SettingMalformed."""
    parts = urlsplit(url)
    folder = Path(unquote(parts.path))
    try:
        named = bool(parts.hostname and parts.port)
        settings = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise SettingMalformed(_FORM) from None
    if not named or parts.username or folder == Path(folder.root) or not folder.is_absolute():
        raise SettingMalformed(_FORM)
    if not all(name.startswith("spark.") for name in settings):
        raise SettingMalformed(_FORM)
    return Cluster(f"spark://{parts.netloc}", folder, settings)


class SparkSink:
    """Its blocking calls run in threads. `settings` are what the compiled queries need."""

    dialect: Final = "spark"

    def __init__(self, cluster: Cluster, *, settings: Mapping[str, str]) -> None:
        """Raises SettingMalformed where Spark is not installed."""
        if importlib.util.find_spec("pyspark") is None:
            raise SettingMalformed("A warehouse in Spark needs the extra of this name: install regulars[spark].")
        self._cluster = cluster
        self._settings = {**_SETTINGS, **cluster.settings, **settings}
        self._store = Store(cluster.folder)
        self._facts: Sequence[Fact] = ()
        self._session: SparkSession | None = None
        self._shown = -1
        self._showing = Lock()
        self._tags = itertools.count(1)

    @property
    def address(self) -> str:
        return f"{self._cluster.master}{self._cluster.folder}"

    async def look(self) -> str:
        parts = urlsplit(self._cluster.master)
        try:
            async with asyncio.timeout(connect_timeout_s):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port)
                writer.close()
        except (OSError, TimeoutError) as error:
            raise WarehouseUnreachable(f"{self._cluster.master} does not answer: {error}") from None
        files, rows = await self._asking(self._store.size)
        return f"{self.address}, {files} files, {rows} rows"

    async def open(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        await self._asking(lambda: self._store.lay_out(facts))
        self._session = await self._asking(lambda: _sessions.start(self._cluster.master, self._settings))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await asyncio.to_thread(_sessions.stop, session)

    async def take_over(self) -> None:
        await self._asking(self._store.take_over)

    async def offsets(self) -> Mapping[str, int]:
        return (await self._asking(self._store.latest)).offsets

    async def load(self, load: Load) -> None:
        await self._asking(lambda: self._store.append(load))

    async def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        session, tag = self._running, f"regulars-{id(self)}-{next(self._tags)}"
        answering = asyncio.create_task(self._asking(lambda: self._answer(session, query, tag)))
        try:
            async with asyncio.timeout(answer_timeout_s):
                answer = await asyncio.shield(answering)
        except TimeoutError:
            raise WarehouseUnreachable(f"{self.address} has not answered in {answer_timeout_s} seconds.") from None
        finally:
            if not answering.done():
                await asyncio.to_thread(session.interruptTag, tag)
                await asyncio.wait([answering])
                answering.exception()
        for start in range(0, answer.num_rows, rows_per_answer):
            yield await asyncio.to_thread(_rows, answer.slice(start, rows_per_answer))

    async def _asking(self, ask: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(ask)
        except Exception as error:
            if not isinstance(error, _errors()):
                raise
            said = " ".join(str(error).split())[:500]
            raise WarehouseUnreachable(f"{self.address} does not answer: {said}") from error

    @property
    def _running(self) -> SparkSession:
        if self._session is None:
            raise WarehouseUnreachable("The warehouse is not open.")
        return self._session

    def _answer(self, session: SparkSession, query: str, tag: str) -> pa.Table:
        session.addTag(tag)
        try:
            with self._showing:
                self._show(session)
                found = session.sql(query)
            return found.toArrow()
        finally:
            session.removeTag(tag)

    def _show(self, session: SparkSession) -> None:
        """A query means the files that counted when it was put."""
        now = self._store.latest()
        if now.number == self._shown:
            return
        moved = now.files.get(MOVES)
        stored = {MOVES: MOVES_STORED, **{fact.name: fact.stored for fact in self._facts}}
        for name, kinds in stored.items():
            paths = [str(self._store.path(name, file)) for file, _ in now.files.get(name, ())]
            if paths:
                columns = ", ".join(f"`{column}` {_TYPES[kind]}" for column, kind in kinds.items())
                rows = session.read.schema(columns).parquet(*paths)
            else:
                columns = ", ".join(f"CAST(NULL AS {_TYPES[kind]}) AS `{column}`" for column, kind in kinds.items())
                rows = session.sql(f"SELECT {columns} WHERE false")
            rows.createOrReplaceTempView(f"{name}_rows")
        session.sql(
            f"SELECT {IDENTIFIER}, max_by({CUSTOMER}, {SEQ}) AS customer FROM {MOVES}_rows GROUP BY {IDENTIFIER}"
        ).createOrReplaceTempView("moved")
        for fact in self._facts:
            session.sql(_view(fact, follows=bool(moved))).createOrReplaceTempView(fact.name)
        session.sql(f"SELECT DISTINCT {CUSTOMER} FROM {CUSTOMERS_SEEN}").createOrReplaceTempView("customers")
        self._shown = now.number


def _view(fact: Fact, *, follows: bool) -> str:
    if not (follows and fact.moves):
        return f"SELECT * FROM {fact.name}_rows"
    names = (f"coalesce(m.customer, r.{name}) AS {name}" if name == CUSTOMER else f"r.`{name}`" for name in fact.stored)
    return (
        f"SELECT {', '.join(names)} FROM {fact.name}_rows AS r LEFT JOIN moved AS m ON m.{IDENTIFIER} = r.{IDENTIFIER}"
    )


def _rows(answer: pa.Table) -> list[tuple[Any, ...]]:
    columns = [
        [UUID(value) for value in column.to_pylist()] if name == CUSTOMER else column.to_pylist()
        for name, column in zip(answer.column_names, answer.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))


def _errors() -> tuple[type[Exception], ...]:
    """What Spark raises, known once it is there."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (OSError, PySparkException, Py4JError)


class _Sessions:
    """A process has one connection to Spark, and sessions on it with views of their own. Whose process it is may have
    made that connection before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._found = False

    def start(self, master: str, settings: Mapping[str, str]) -> SparkSession:
        from pyspark.sql import SparkSession

        with self._lock:
            if not self._open:
                self._found = SparkSession.getActiveSession() is not None
            builder = SparkSession.builder.master(master).appName("regulars")
            for name, value in settings.items():
                builder = builder.config(name, value)
            session = builder.getOrCreate().newSession()
            for name, value in settings.items():
                if session.conf.isModifiable(name):
                    session.conf.set(name, value)
            self._open += 1
            return session

    def stop(self, session: SparkSession) -> None:
        with self._lock:
            self._open -= 1
            if not self._open and not self._found:
                session.stop()


_sessions: Final = _Sessions()
