"""Compiled rules, run where the relations are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

from regulars.domains.verdicts.model import (
    Answer,
    Relations,
    RuleSet,
)
from regulars.platform.unit import Unit
from regulars.rules.compile import Compiled, compile_found, compile_rules, lots
from regulars.rules.engines.base import Engine
from regulars.rules.engines.clickhouse import clickhouse
from regulars.rules.engines.duckdb import duckdb
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.engines.spark import spark
from regulars.rules.model import Rule

T = TypeVar("T")
rows_per_batch: Final = 10_000
rules_per_query_max: Final = 200
_engines: Final[Mapping[str, Engine]] = {
    "postgres": postgresql,
    "duckdb": duckdb,
    "clickhouse": clickhouse,
    "spark": spark,
}


class PostgresRelations:
    """Answers from the product's own tables, inside a unit's transaction."""

    dialect: Literal["postgres"] = "postgres"

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        async with self._unit.connection.cursor(name="answers") as cursor:
            await cursor.execute(query.encode())
            while rows := await cursor.fetchmany(rows_per_batch):
                yield rows

    async def catch_up(self, seq: int) -> None:
        """What is recorded is here."""


def _compile(rules: RuleSet, dialect: str, everyone_at: datetime | None = None) -> list[Compiled]:
    engine = _engines[dialect]
    return [compile_rules(lot, engine, everyone_at=everyone_at) for lot in lots(rules, rules_max=rules_per_query_max)]


@lru_cache(maxsize=64)
def _compiled(rules: tuple[tuple[str, Rule], ...], dialect: str) -> list[Compiled]:
    return _compile(dict(rules), dialect)


async def compiled(rules: RuleSet, dialect: str) -> list[Compiled]:
    """Rules compiled together, in as many queries as they need, remembered by their meaning. New ones take a while, in
    which others are served."""
    return await asyncio.to_thread(_compiled, tuple(rules.items()), dialect)


async def compiled_for_everyone(rules: RuleSet, dialect: str, at: datetime) -> list[Compiled]:
    """The same over all customers at one instant, which needs no join with a scope. Not remembered: the same instant is
    not asked for twice."""
    return await asyncio.to_thread(_compile, rules, dialect, at)


def _over_everyone(query: Compiled, dialect: str) -> str:
    """The warehouse's `customers` has who is there, PostgreSQL's also who was merged into another."""
    if dialect != "postgres":
        return query.sql
    return query.over(customers="SELECT id AS customer_id FROM public.customers WHERE merged_into IS NULL")


def scope_of(points: Iterable[tuple[UUID, datetime]], dialect: str) -> str:
    """A scope of given customers and instants."""
    return _engines[dialect].points(points)


@asynccontextmanager
async def ending(batches: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Whoever stops before the last batch ends the query too."""
    try:
        yield batches
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


async def answers(relations: Relations, query: Compiled, scope: str) -> AsyncIterator[Sequence[Answer]]:
    """Every rule of a query for every row of the scope, in batches."""
    async with ending(_read(relations, query, query.over(scope=scope))) as batches:
        async for batch in batches:
            yield batch


async def answers_of_everyone(relations: Relations, query: Compiled) -> AsyncIterator[Sequence[Answer]]:
    """Every rule of a query that was compiled for everyone, in batches."""
    async with ending(_read(relations, query, _over_everyone(query, relations.dialect))) as batches:
        async for batch in batches:
            yield batch


async def _read(relations: Relations, query: Compiled, whole: str) -> AsyncIterator[Sequence[Answer]]:
    columns = [f'"h_{key}"' for key in query.keys] + [f'"c_{key}"' for key in query.keys]
    many = len(query.keys)
    wanted = f'SELECT customer_id, "at", {", ".join(columns)} FROM ({whole}) AS all_answers'
    async with ending(relations.stream(wanted)) as batches:
        async for rows in batches:
            yield [Answer(row[0], row[1], row[2 : 2 + many], row[2 + many :]) for row in rows]


async def matching(relations: Relations, query: Compiled, *, sample: int) -> tuple[int, list[UUID]]:
    """Of everyone, how many match the one rule of a query compiled for everyone, and a few of them."""
    (key,) = query.keys
    whole = _over_everyone(query, relations.dialect)
    found: list[tuple[Any, ...]] = []
    holding = f'SELECT customer_id, count(*) OVER () AS many FROM ({whole}) AS all_answers WHERE "h_{key}"'
    wanted = f"{holding} LIMIT {int(sample)}"
    async with ending(relations.stream(wanted)) as batches:
        async for rows in batches:
            found.extend(rows)
    return (int(found[0][1]) if found else 0), [row[0] for row in found]


async def whole_answers(relations: Relations, rules: RuleSet, scope: str) -> Sequence[Answer]:
    """All rules, in their order, for every row of a scope of bounded size, however many queries they need."""
    found: dict[tuple[UUID, datetime], tuple[list[bool], list[datetime | None]]] = {}
    for query in await compiled(rules, relations.dialect):
        async for batch in answers(relations, query, scope):
            for answer in batch:
                holds, changes_at = found.setdefault((answer.customer_id, answer.at), ([], []))
                holds.extend(answer.holds)
                changes_at.extend(answer.changes_at)
    return [Answer(customer, at, holds, changes_at) for (customer, at), (holds, changes_at) in found.items()]


async def found(unit: Unit, rules: RuleSet, scope: str) -> Sequence[Any]:
    """What each rule looked at, in their order, for the one row of a scope."""
    values: list[Any] = []
    for lot in lots(dict(rules), rules_max=rules_per_query_max):
        query = await asyncio.to_thread(compile_found, lot)
        cursor = await unit.connection.execute(f"WITH scope AS ({scope}) {query}".encode())
        row = await cursor.fetchone()
        values.extend(row[2:] if row else [None] * len(lot))
    return values
