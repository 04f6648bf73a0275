"""What the tick reads and writes: whom to judge, what is kept of them, and what is found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from regulars.domains.verdicts.model import Brought, Judging, Rebuilt, RuleSet
from regulars.domains.verdicts.store.answers import compiled, rules_per_query_max
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.rules.compile import Compiled, compile_rules, lots, wanted_by
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.resolve import Mentions
from regulars.rules.summaries import Kept, KeptLeaf, Plan, kept, planned, source

sql = load_statements("regulars.domains.verdicts")
narrowed_max: Final = 100
"""How many sets of rules that ticks have asked for are remembered."""
entries_max: Final = 1_100
"""The most entries a summary keeps of one leaf: more than any number of times a rule can ask for."""


def _judging(rules: RuleSet, spoken: Mapping[str, Mentions], mentions: Mentions, coming: frozenset[int]) -> Judging:
    plan = planned(wanted_by(rules.values()))
    return Judging(mentions, spoken, coming, plan, _by_summary(rules, plan.kept), rules, _asks_for_history(rules))


def _asks_for_history(rules: RuleSet) -> bool:
    wanted = wanted_by(rules.values())
    return bool(wanted.orders or wanted.held)


def _by_summary(rules: RuleSet, all_kept: Mapping[KeptLeaf, Kept]) -> list[Compiled]:
    found = []
    for lot in lots(rules, rules_max=rules_per_query_max):
        wanted = wanted_by(lot.values())
        mine = {leaf: all_kept[leaf] for leaf in kept(wanted)}
        found.append(compile_rules(lot, postgresql, kept=source(mine, wanted) if mine else None))
    return found


async def judging(
    tick: Tick, rules: RuleSet, spoken: Mapping[str, Mentions], mentions: Mentions, coming: frozenset[int]
) -> Judging:
    """Made in a thread: new rules take a while, in which others are served. Leaves that were away meanwhile have missed
    events, so the same leaves are another plan when they come back."""
    made = await tick.beside(asyncio.to_thread(_judging, rules, spoken, mentions, coming))
    number = await tick.value(sql["number_plan"], leaves=made.plan.name)
    return replace(made, plan=replace(made.plan, name=f"{made.plan.name}/{number}", number=number))


async def narrowed(tick: Tick, judging: Judging, keys: frozenset[str]) -> Judging:
    """Judging by some of the rules alone, over the same summaries."""
    if keys not in judging.narrowed:
        if len(judging.narrowed) == narrowed_max:
            judging.narrowed.clear()
        judging.narrowed[keys] = await tick.beside(asyncio.to_thread(_narrowed, judging, keys))
    return judging.narrowed[keys]


def _narrowed(judging: Judging, keys: frozenset[str]) -> Judging:
    rules = {key: rule for key, rule in judging.rules.items() if key in keys}
    by_summary = _by_summary(rules, judging.plan.kept)
    return replace(judging, rules=rules, by_summary=by_summary, asks_for_history=_asks_for_history(rules))


async def keep_summaries(tick: Tick, judging: Judging, brought: Brought) -> int:
    """Folds this tick's events into the summaries of those to judge, leaves whoever is calm, and makes summaries that
    are missing from the history. How many of the others have none to be judged by."""
    plan = judging.plan
    (found,) = await tick.records(sql["find_stale"], plan=plan.name)
    tick.count("judged", found["many"])
    tick.count("stale", found["stale"])
    changed = await tick.run(sql["fresh_by_history"], at=tick.at) if tick.claimed.ahead else 0
    if brought.concerns(plan.of_times):
        # While a rule fills, whoever is touched gets an answer: what is found for the others may be of another instant.
        if judging.coming:
            await _run(tick, f"WITH {_of_fresh}, {plan.times}")
        else:
            tick.count("judged", -await _run(tick, f"WITH {_of_fresh}, {plan.calm}"))
    if written := brought.concerns(plan.of_entries):
        await _run(tick, f"INSERT INTO entries WITH {_of_fresh}, {plan.entries}")
    if found["stale"]:
        await _make_stale(tick, plan)
    if written or found["stale"]:
        changed += found["stale"] + await _keep_entries(tick, plan)
    by_history: int = await tick.value(sql["judged_by_history"]) if changed else found["by_history"]
    return by_history


_of_fresh: Final = (
    "scope AS (SELECT customer_id, at FROM pg_temp.scope AS o WHERE NOT EXISTS ("
    "SELECT FROM stale AS s WHERE s.customer_id = o.customer_id)), "
    "events AS (SELECT customer_id, name, at, seq, by_customer, properties FROM recorded)"
)
_of_stale: Final = "scope AS (SELECT customer_id, at FROM stale)"


async def _make_stale(tick: Tick, plan: Plan) -> None:
    """All but what `_keep_entries` keeps for them."""
    await tick.run(sql["stale_by_history"], plan=plan.name, slots=plan.slots)
    if plan.slots:
        await _run(tick, f"WITH {_of_stale}, {plan.times}")
    if plan.entries:
        await _run(tick, f"INSERT INTO entries WITH {_of_stale}, {plan.entries}")


async def _run(tick: Tick, generated: str) -> int:
    """How many rows it changed."""
    return (await tick.connection.execute(generated.encode())).rowcount


async def _keep_entries(tick: Tick, plan: Plan) -> int:
    """How many customers have too many to be kept."""
    too_many: int = await tick.value(
        sql["keep_entries"],
        keys=[one.key for one in plan.written],
        hows=[one.how for one in plan.written],
        manys=[one.many for one in plan.written],
        windows=[one.window_us for one in plan.written],
        entries_max=entries_max,
    )
    return too_many


async def rebuild_summaries(tick: Tick, judging: Judging, after: UUID | None, many: int) -> list[Rebuilt]:
    """Makes the next summaries of this plan from the history, in the order of customers."""
    await tick.run(sql["make_room_for_remembered"])
    await tick.run(sql["remember_summaries"], plan=judging.plan.name, after=after, many=many, at=tick.at)
    await _make_stale(tick, judging.plan)
    await _keep_entries(tick, judging.plan)
    return await tick.rows(sql["compare_summaries"], Rebuilt)


async def judge_scope(tick: Tick, judging: Judging, by_history: int) -> None:
    """Runs all rules over the tick's scope, `by_history` of whom have no summary; the answers go to `judged`, a row a
    lot of rules and customer."""
    tick.count("judged_by_history", by_history)
    tick.count("histories_read", tick.counts["judged"] if judging.asks_for_history else by_history)
    if not by_history:
        await _judge(tick, judging.by_summary, None)
        return
    chosen = (
        "SELECT o.customer_id, o.at FROM pg_temp.scope AS o JOIN summaries AS s ON s.customer_id = o.customer_id WHERE "
    )
    await _judge(tick, judging.by_summary, f"{chosen} NOT s.by_history")
    await _judge(tick, await tick.beside(compiled(judging.rules, "postgres")), f"{chosen} s.by_history")


async def _judge(tick: Tick, queries: Sequence[Compiled], scope: str | None) -> None:
    for lot, query in enumerate(queries):
        holding = ", ".join(f'CASE WHEN "h_{key}" THEN {int(key)} END' for key in sorted(query.keys, key=int))
        changes = ", ".join(f'"c_{key}"' for key in query.keys)
        await _run(
            tick,
            "INSERT INTO judged (lot, customer_id, holds, changes_at) "
            f"SELECT {lot}, customer_id, array_remove(ARRAY[{holding}]::integer[], NULL), LEAST({changes}) "
            f"FROM ({query.over(scope=scope)}) AS answers",
        )


async def drop_absorbed(tick: Tick) -> None:
    await tick.run(sql["drop_absorbed"])
    await tick.run(sql["drop_absorbed_summaries"])


async def choose_scope(tick: Tick, mentions: Mentions, *, due_max: int) -> Brought:
    (row,) = await tick.records(
        sql["touch"],
        at=tick.at,
        events=list(mentions.events),
        prefixes=list(mentions.prefixes),
        any_event=mentions.any_event,
        anybody_new=bool(tick.counts.get("customers")),
        traits=list(mentions.traits),
        any_traits=tick.claimed.traits,
    )
    tick.count("touched", row["many"])
    if row["anybody_due"] and not tick.historical:
        tick.count("due", await tick.run(sql["add_due"], at=tick.at, due_max=due_max))
        await tick.expect(tick.counts["due"])
    return Brought(tick.recorded.names, frozenset(row["traits"]), tick.recorded.by_customer, row["anybody_due"])


async def make_live(tick: Tick) -> None:
    await tick.expect(None)
    tick.count("rules_live", await tick.run(sql["make_live"], at=tick.at))
    await tick.run(sql["mark_live"], at=tick.at)
    await tick.run(sql["forget_denied"])


async def write_verdicts(tick: Tick, judging: Judging, *, whole: bool) -> None:
    """`whole`: all rules in force were asked. Then whoever was due is so no more."""
    for lot, query in enumerate(judging.by_summary):
        ids = [int(key) for key in query.keys]
        live = [rule_id for rule_id in ids if rule_id not in judging.coming]
        tick.count("verdict_changes", await tick.value(sql["write_changed"], at=tick.at, lot=lot, live=live))
        if len(live) < len(ids):
            coming = [rule_id for rule_id in ids if rule_id in judging.coming]
            await tick.run(sql["write_coming"], at=tick.at, lot=lot, coming=coming)
    await tick.run(sql["write_due"], at=tick.at, whole=whole)
