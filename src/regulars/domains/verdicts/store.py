"""Every statement of the verdicts domain, and the running of compiled rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from regulars.domains.verdicts.model import (
    Answer,
    Filling,
    Judging,
    Owner,
    Rebuilt,
    Relations,
    RuleInForce,
    RuleSet,
)
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit
from regulars.rules.compile import Compiled, compile_found, compile_rules, lots, wanted_by
from regulars.rules.engines.base import Engine
from regulars.rules.engines.clickhouse import clickhouse
from regulars.rules.engines.duckdb import duckdb
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.engines.spark import spark
from regulars.rules.model import Rule
from regulars.rules.resolve import Mentions
from regulars.rules.summaries import entries_sql, kept, plan_name, source

T = TypeVar("T")
sql = load_statements(__package__)
rows_per_batch: Final = 10_000
rules_per_query_max: Final = 200
_null: Final = "\\N"
entries_max: Final = 1_100
"""The most entries a summary keeps of one leaf: more than any number of times a rule can ask for."""
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


@lru_cache(maxsize=64)
def _compiled(rules: tuple[tuple[str, Rule], ...], dialect: str, everyone_at: datetime | None = None) -> list[Compiled]:
    engine = _engines[dialect]
    each = lots(dict(rules), rules_max=rules_per_query_max)
    return [compile_rules(lot, engine, everyone_at=everyone_at) for lot in each]


async def compiled(rules: RuleSet, dialect: str) -> list[Compiled]:
    """Rules compiled together, in as many queries as they need, remembered by their meaning. New ones take a while, in
    which others are served."""
    return await asyncio.to_thread(_compiled, tuple(rules.items()), dialect)


async def compiled_for_everyone(rules: RuleSet, dialect: str, at: datetime) -> list[Compiled]:
    """The same over all customers at one instant, which needs no join with a scope."""
    return await asyncio.to_thread(_compiled, tuple(rules.items()), dialect, at)


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


def _judging(rules: RuleSet, mentions: Mentions) -> Judging:
    all_kept = kept(wanted_by(rules.values()))
    leaves = list(all_kept.values())
    by_summary = []
    for lot in lots(dict(rules), rules_max=rules_per_query_max):
        wanted = wanted_by(lot.values())
        mine = {leaf: all_kept[leaf] for leaf in kept(wanted)}
        by_summary.append(compile_rules(lot, postgresql, kept=source(mine, wanted) if mine else None))
    by_history = _compiled(tuple(rules.items()), "postgres")
    return Judging(mentions, leaves, plan_name(leaves), entries_sql(leaves), by_summary, by_history)


async def judging(rules: RuleSet, mentions: Mentions) -> Judging:
    """Made in a thread: new rules take a while, in which others are served."""
    return await asyncio.to_thread(_judging, rules, mentions)


async def keep_summaries(tick: Tick, judging: Judging) -> None:
    """Folds this tick's events into the summaries of those to judge, and makes those that are missing from the
    history."""
    tick.count("stale", await tick.run(sql["find_stale"], plan=judging.plan))
    await tick.run(sql["fresh_by_history"], at=tick.at)
    await _add_entries(tick, judging, _of_fresh)
    if tick.counts["stale"]:
        await tick.run(sql["stale_by_history"], plan=judging.plan)
        await _add_entries(tick, judging, _of_stale)
    await _keep_entries(tick, judging)


_of_fresh: Final = (
    "scope AS (SELECT customer_id, at FROM pg_temp.scope AS o WHERE NOT EXISTS ("
    "SELECT FROM stale AS s WHERE s.customer_id = o.customer_id)), "
    "events AS (SELECT customer_id, name, at, seq, by_customer, properties FROM recorded)"
)
_of_stale: Final = "scope AS (SELECT customer_id, at FROM stale)"


async def _add_entries(tick: Tick, judging: Judging, relations: str) -> None:
    await tick.connection.execute(
        f"INSERT INTO entries WITH {relations} SELECT * FROM ({judging.entries}) AS found".encode()
    )


async def _keep_entries(tick: Tick, judging: Judging) -> None:
    leaves = judging.leaves
    await tick.run(
        sql["keep_entries"],
        keys=[one.key for one in leaves],
        hows=[one.how for one in leaves],
        manys=[one.many for one in leaves],
        windows=[one.window_us for one in leaves],
        entries_max=entries_max,
    )


async def rebuild_summaries(tick: Tick, judging: Judging, after: UUID | None, many: int) -> list[Rebuilt]:
    """Makes the next summaries of this plan from the history, in the order of customers."""
    await tick.run(sql["remember_summaries"], plan=judging.plan, after=after, many=many, at=tick.at)
    await tick.run(sql["stale_by_history"], plan=judging.plan)
    await _add_entries(tick, judging, _of_stale)
    await _keep_entries(tick, judging)
    return await tick.rows(sql["compare_summaries"], Rebuilt)


async def judge_scope(tick: Tick, judging: Judging) -> None:
    """Runs all rules over the tick's scope; the answers go to `judged`, a row a rule and customer."""
    by_history = await tick.value(sql["judged_by_history"])
    tick.count("judged_by_history", by_history)
    if not by_history:
        await _judge(tick, judging.by_summary, None)
        return
    chosen = (
        "SELECT o.customer_id, o.at FROM pg_temp.scope AS o JOIN summaries AS s ON s.customer_id = o.customer_id WHERE "
    )
    await _judge(tick, judging.by_summary, f"{chosen} NOT s.by_history")
    await _judge(tick, judging.by_history, f"{chosen} s.by_history")


async def _judge(tick: Tick, queries: Sequence[Compiled], scope: str | None) -> None:
    for query in queries:
        spread = ", ".join(f'({int(key)}, a."h_{key}", a."c_{key}")' for key in query.keys)
        await tick.connection.execute(
            (
                "INSERT INTO judged (rule_id, customer_id, holds, changes_at) "
                "SELECT r.rule_id, a.customer_id, r.holds, r.changes_at "
                f"FROM ({query.over(scope=scope)}) AS a "
                f"CROSS JOIN LATERAL (VALUES {spread}) AS r (rule_id, holds, changes_at)"
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
    await tick.run(sql["drop_absorbed_summaries"])


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
    lines = [
        f"{rule_id}\t{answer.customer_id}\t{holds}\t{changes_at or _null}\n"
        for answer in batch
        for rule_id, holds, changes_at in zip(rule_ids, answer.holds, answer.changes_at, strict=True)
        if holds or changes_at is not None
    ]
    async with unit.connection.cursor() as cursor, cursor.copy(b"COPY filled FROM STDIN") as copy:
        await copy.write("".join(lines).encode())
    await unit.run(sql["add_filled"], at=unit.at)


async def mark_filled(unit: Unit, rule_ids: Sequence[int]) -> None:
    await unit.run(sql["mark_filled"], ids=list(rule_ids))


async def note_progress(unit: Unit, rule_ids: Sequence[int], done: int, total: int) -> None:
    await unit.run(sql["note_progress"], ids=list(rule_ids), done=done, total=total)


async def still_filling(unit: Unit, rule_ids: Sequence[int]) -> bool:
    """Whether any of these is still wanted: none once each was overtaken, withdrawn or cancelled."""
    found: bool = await unit.value(sql["still_filling"], ids=list(rule_ids))
    return found


async def count_customers(unit: Unit) -> int:
    count: int = await unit.value(sql["count_customers"])
    return count


async def fillings(unit: Unit, owner: Owner) -> list[Filling]:
    return await unit.rows(sql["fillings"], Filling, owner=owner)


async def retire_coming(unit: Unit, owner: Owner, part: str) -> None:
    await unit.run(sql["retire_coming"], owner=owner, part=part, at=unit.at)


async def sweep_retired(unit: Unit, *, before: datetime, rows_max: int) -> int:
    return await unit.run(sql["sweep_retired"], before=before, rows_max=rows_max)
