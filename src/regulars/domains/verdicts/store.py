"""Every statement of the verdicts domain, and the running of compiled rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from regulars.domains.verdicts.model import Answer, Owner, Relations, RuleInForce, RuleSet
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit
from regulars.rules.compile import Compiled, compile_rules, lots
from regulars.rules.engines.duckdb import duckdb
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.model import Rule
from regulars.rules.resolve import Mentions

sql = load_statements(__package__)
rows_per_batch: Final = 10_000
rules_per_query_max: Final = 200
_engines: Final = {"postgres": postgresql, "duckdb": duckdb}


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


@lru_cache(maxsize=64)
def _compiled(rules: tuple[tuple[str, Rule], ...], dialect: str) -> list[Compiled]:
    return [compile_rules(lot, _engines[dialect]) for lot in lots(dict(rules), rules_max=rules_per_query_max)]


async def compiled(rules: RuleSet, dialect: str) -> list[Compiled]:
    """Rules compiled together, in as many queries as they need, remembered by their meaning. New ones take a while, in
    which others are served."""
    return await asyncio.to_thread(_compiled, tuple(rules.items()), dialect)


def scope_of_everyone(at: datetime, dialect: str) -> str:
    instant = f"TIMESTAMPTZ '{at.isoformat()}'"
    if dialect == "duckdb":
        return f'SELECT customer_id, {instant} AS "at" FROM customers'
    return f'SELECT id AS customer_id, {instant} AS "at" FROM customers WHERE merged_into IS NULL'


def scope_of(points: Iterable[tuple[Any, datetime]]) -> str:
    """A scope of given customers and instants, each a UUID and an aware datetime: neither can carry text."""
    values = ", ".join(f"('{customer.hex}'::uuid, TIMESTAMPTZ '{at.isoformat()}')" for customer, at in points)
    return f'SELECT * FROM (VALUES {values}) AS given (customer_id, "at")'


async def answers(relations: Relations, query: Compiled, scope: str) -> AsyncIterator[Sequence[Answer]]:
    """Every rule of a query for every row of the scope, in batches."""
    columns = [f'"h_{key}"' for key in query.keys] + [f'"c_{key}"' for key in query.keys]
    many = len(query.keys)
    wanted = f'SELECT customer_id, "at", {", ".join(columns)} FROM ({query.over(scope=scope)}) AS all_answers'
    async for rows in relations.stream(wanted):
        yield [Answer(row[0], row[1], row[2 : 2 + many], row[2 + many :]) for row in rows]


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


async def judge_scope(tick: Tick, queries: Sequence[Compiled]) -> None:
    """Runs all rules over the tick's scope; the answers go to `judged`, a row a rule and customer."""
    for query in queries:
        spread = ", ".join(f'({int(key)}, a."h_{key}", a."c_{key}")' for key in query.keys)
        await tick.connection.execute(
            (
                "INSERT INTO judged (rule_id, customer_id, holds, changes_at) "
                "SELECT r.rule_id, a.customer_id, r.holds, r.changes_at "
                f"FROM ({query.sql}) AS a CROSS JOIN LATERAL (VALUES {spread}) AS r (rule_id, holds, changes_at)"
            ).encode()
        )


async def versions_in_force(unit: Unit) -> list[tuple[int, str]]:
    """Id and state of every version in force. A version, once written, stays as it is."""
    return [(row["id"], row["state"]) for row in await unit.records(sql["versions_in_force"])]


async def rules_in_force(unit: Unit) -> list[RuleInForce]:
    return await unit.rows(sql["rules_in_force"], RuleInForce)


async def time_zone(unit: Unit) -> ZoneInfo:
    return ZoneInfo(await unit.value(sql["time_zone"]) or "UTC")


async def drop_absorbed(tick: Tick) -> None:
    await tick.run(sql["drop_absorbed"])


async def choose_scope(tick: Tick, mentions: Mentions, *, due_max: int) -> None:
    touched = await tick.run(
        sql["touch"],
        at=tick.at,
        events=list(mentions.events),
        prefixes=list(mentions.prefixes),
        any_event=mentions.any_event,
        traits=list(mentions.traits),
    )
    tick.count("touched", touched)
    if not tick.historical:
        tick.count("due", await tick.run(sql["add_due"], at=tick.at, due_max=due_max))


async def make_live(tick: Tick) -> None:
    if await tick.run(sql["make_live"], at=tick.at):
        await tick.run(sql["mark_live"], at=tick.at)
        await tick.run(sql["forget_certain_no"])


async def write_verdicts(tick: Tick) -> None:
    tick.count("verdict_changes", await tick.value(sql["write_judged"], at=tick.at))


async def has_work(unit: Unit) -> bool:
    found: bool = await unit.value(sql["has_work"], at=unit.at)
    return found


async def last_event(unit: Unit) -> int:
    seq: int = await unit.value(sql["last_event"])
    return seq


async def add_rule(
    unit: Unit,
    *,
    owner: Owner,
    part: str,
    position: int | None,
    tree: dict[str, Any],
    written_out: dict[str, Any],
    zone: str | None,
    seq: int,
) -> None:
    await unit.run(sql["retire_coming"], owner=owner, part=part, at=unit.at)
    await unit.run(
        sql["add_rule"],
        owner=owner,
        part=part,
        position=position,
        tree=Jsonb(tree),
        written_out=Jsonb(written_out),
        time_zone=zone,
        at=unit.at,
        seq=seq,
    )


async def of_another_zone(unit: Unit) -> list[tuple[Owner, str]]:
    return [(row["owner"], row["part"]) for row in await unit.records(sql["of_another_zone"])]


async def retire(unit: Unit, owner: Owner, part: str) -> int:
    return await unit.run(sql["retire"], owner=owner, part=part, at=unit.at)


async def filling(unit: Unit) -> list[RuleInForce]:
    return await unit.rows(sql["filling"], RuleInForce)


async def add_filled(unit: Unit, rule_ids: Sequence[int], batch: Sequence[Answer]) -> None:
    """Loads one batch of answers. Customers a rule denies for good get no row."""
    await unit.run(sql["make_room_for_filled"])
    async with unit.connection.cursor() as cursor, cursor.copy(b"COPY filled FROM STDIN") as copy:
        for answer in batch:
            for rule_id, holds, changes_at in zip(rule_ids, answer.holds, answer.changes_at, strict=True):
                if holds or changes_at is not None:
                    await copy.write_row((rule_id, answer.customer_id, holds, changes_at))
    await unit.run(sql["add_filled"], at=unit.at)


async def mark_filled(unit: Unit, rule_ids: Sequence[int]) -> None:
    await unit.run(sql["mark_filled"], ids=list(rule_ids))


async def sweep_retired(unit: Unit, *, before: datetime, rows_max: int) -> int:
    return await unit.run(sql["sweep_retired"], before=before, rows_max=rows_max)
