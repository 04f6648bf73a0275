"""The verbs of verdicts: rules are defined here by their owners, and asked about by everyone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.verdicts import policy
from regulars.domains.verdicts.model import (
    Answer,
    Condition,
    Definition,
    Explanation,
    Filling,
    FollowsAnother,
    Heartbeat,
    Judging,
    ListIsMentioned,
    NothingBefore,
    NothingFills,
    Owner,
    Preview,
    Relations,
    RuleIsMentioned,
    RuleSet,
    Standing,
    SummaryReport,
)
from regulars.domains.verdicts.store import answers, ticks, versions
from regulars.platform.log.months import log_begins
from regulars.platform.log.removing import Asked
from regulars.platform.tick import Tick, connection_for_ticks, exclude_ticks
from regulars.platform.unit import SYSTEM, Unit, Units
from regulars.rules.model import InPulse, Pulse, Rule, conditions
from regulars.rules.resolve import mentions
from regulars.rules.text import to_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.shared.ids import Ids

sample_size: Final = 10
summaries_per_batch: Final = 2_000
points_per_query_max: Final = 5_000


async def define(unit: Unit, owner: Owner, part: str, rule: Rule, position: int | None = None) -> None:
    """Registers a rule, or its next version. It counts once the background has judged everyone by it; until then the
    version before stays in force. Refuses a rule that mentions what is not there, or itself."""
    await define_all(unit, [Definition(owner, part, rule, position)])


async def define_all(
    unit: Unit, definitions: Sequence[Definition], *, withdraw: Iterable[tuple[Owner, str]] = ()
) -> None:
    """Registers rules that belong together, and ends others, as one change. Whatever mentions a changed rule is
    registered anew with it."""
    await exclude_ticks(unit)
    gone = list(withdraw)
    after = policy.newest(await versions.rules_in_force(unit)).with_changes(definitions, gone)
    changed = [*(one.key for one in definitions), *gone]
    dependents = after.dependents(changed)
    _refuse_loose_ends(dependents, after, gone)
    after.check([*definitions, *dependents])
    await _check_lists(unit, [one.rule for one in definitions])
    for owner, part in gone:
        await versions.retire(unit, owner, part)
    for one in [*definitions, *dependents]:
        await _register(unit, after, one)


async def _register(unit: Unit, book: policy.Book, one: Definition) -> None:
    company = await versions.company(unit)
    meaning = policy.meaning(book, one, company)
    policy.check_asks(one, meaning.rule, unit.at, await log_begins(unit))
    await versions.add_rule(
        unit,
        owner=one.owner,
        part=one.part,
        position=one.position,
        tree=to_tree(one.rule),
        written_out=to_tree(meaning.rule),
        zone=company.zone.key if meaning.local else None,
        usual_gap=company.usual_gap if meaning.rhythmic else None,
        seq=await versions.last_event(unit),
    )


async def asked_of_log(unit: Unit) -> Asked:
    """Since when rules in force or coming may ask for what happened."""
    return Asked(*policy.asked_since(await versions.rules_in_force(unit), unit.at))


async def withdraw(unit: Unit, owner: Owner, part: str) -> None:
    """Ends a rule. Refuses while another rule mentions it."""
    await define_all(unit, [], withdraw=[(owner, part)])


def _refuse_loose_ends(dependents: Sequence[Definition], after: policy.Book, gone: Sequence[tuple[Owner, str]]) -> None:
    if not gone:
        return
    audiences = {part for owner, part in gone if owner == "audience"} - set(after.audiences)
    stages = {policy.stage_slug(part) for owner, part in gone if owner == "stage"} - set(after.stages)
    for one in dependents:
        named = mentions(one.rule)
        for slug in sorted((named.audiences & audiences) | (named.stages & stages)):
            raise RuleIsMentioned(
                f"The rule of the {one.owner} {one.part!r} mentions {slug!r}; change that rule first."
            )


async def check_list_unmentioned(unit: Unit, slug: str) -> None:
    """Raises ListIsMentioned, naming the rules, in force or coming, that mention a static list. None can come to do so
    until this unit ends."""
    await exclude_ticks(unit)
    rows = [row for row in await versions.rules_in_force(unit) if slug in policy.lists_in(parse_tree(row.tree))]
    if names := sorted({f"the {row.owner} {row.part!r}" for row in rows}):
        raise ListIsMentioned(f"The list {slug!r} is mentioned by the rules of {', '.join(names)}; change them first.")


async def _check_lists(unit: Unit, rules: Iterable[Rule]) -> None:
    naming = [rule for rule in rules if policy.lists_in(rule)]
    known = await customers.list_slugs(unit) if naming else ()
    for rule in naming:
        policy.check_lists(rule, known)


async def standing(unit: Unit, owner: Owner) -> dict[str, Standing]:
    """How each rule of an owner stands; the newest version's rule, and the id of the one that counts, if any does."""
    found: dict[str, Standing] = {}
    live: dict[str, int] = {}
    for row in await versions.rules_in_force(unit):
        if row.owner == owner:
            if row.state == "live":
                live[row.part] = row.id
            state: Literal["live", "filling"] = "live" if row.state == "live" else "filling"
            before = found.get(row.part)
            if before is None or state == "filling":
                found[row.part] = Standing(live.get(row.part, row.id), state, parse_tree(row.tree))
    return found


async def written_out(unit: Unit, rules: Mapping[str, Rule]) -> RuleSet:
    """Rules over events, traits and instants alone: mentions written out by what is in force or coming."""
    book, company = policy.newest(await versions.rules_in_force(unit)), await versions.company(unit)
    return {key: book.fixed(rule, company) for key, rule in rules.items()}


async def preview(
    unit: Unit,
    rule: Rule,
    *,
    at: datetime,
    customer_id: UUID | None = None,
    relations: Relations | None = None,
    audience: str | None = None,
) -> Preview:
    """Who would match at an instant: counted over everyone, in the warehouse where there is one."""
    source = relations or answers.PostgresRelations(unit)
    await _check_lists(unit, [rule])
    book, company = policy.newest(await versions.rules_in_force(unit)), await versions.company(unit)
    meaning = book.fixed(rule, company, audience=audience)
    (query,) = await answers.compiled_for_everyone({"0": meaning}, source.dialect, at)
    count, sample = await answers.matching(source, query, sample=sample_size)
    explained = None
    if customer_id is not None:
        explained = (await explain(unit, {"0": rule}, customer_id, at=at))["0"]
    return Preview(count, sample, explained)


async def explain(unit: Unit, rules: Mapping[str, Rule], customer_id: UUID, *, at: datetime) -> dict[str, Explanation]:
    """Each rule for one customer: whether it holds, when that can change, and the same for each of its conditions."""
    if not rules:
        return {}
    parts = {key: [rule, *conditions(rule)] for key, rule in rules.items()}
    names = {f"{place}_{n}": one for place, key in enumerate(parts) for n, one in enumerate(parts[key])}
    written = await written_out(unit, names)
    here = answers.PostgresRelations(unit)
    (answer,) = await answers.whole_answers(here, written, answers.scope_of([(customer_id, at)], here.dialect))
    seen = await answers.found(unit, written, answers.scope_of([(customer_id, at)], here.dialect))
    values = map(policy.told, seen)
    told = dict(zip(written, zip(answer.holds, answer.changes_at, values, strict=True), strict=True))
    found = {}
    for place, key in enumerate(parts):
        each = [
            Condition(to_text(one), *told[f"{place}_{n}"])
            for n, one in enumerate(parts[key])
            if n or len(parts[key]) == 1
        ]
        holds, changes_at, _ = told[f"{place}_0"]
        found[key] = Explanation(holds, changes_at, conditions=each)
    return found


async def heartbeat(unit: Unit, customer_id: UUID, *, at: datetime) -> Heartbeat | None:
    """The pulse of one customer; None of whoever never did anything themselves."""
    written = await written_out(unit, {pulse: InPulse(pulse) for pulse in Pulse})
    here = answers.PostgresRelations(unit)
    scope = answers.scope_of([(customer_id, at)], here.dialect)
    (answer,) = await answers.whole_answers(here, written, scope)
    looked_at = (await answers.found(unit, written, scope))[0]
    for pulse, holds, changes_at in zip(Pulse, answer.holds, answer.changes_at, strict=True):
        if holds:
            latest, gap = datetime.fromisoformat(looked_at["latest"]), policy.usual_gap_of(looked_at)
            return Heartbeat(pulse, latest, gap, looked_at["days"], changes_at)
    return None


async def evaluate(
    unit: Unit,
    rules: Mapping[str, Rule],
    points: Sequence[tuple[UUID, datetime]],
    *,
    relations: Relations | None = None,
) -> AsyncIterator[Sequence[Answer]]:
    """Every rule for each customer at each instant asked about: for rehearsals and rebuilt histories."""
    source, written = relations or answers.PostgresRelations(unit), await written_out(unit, rules)
    for start in range(0, len(points), points_per_query_max):
        scope = answers.scope_of(points[start : start + points_per_query_max], source.dialect)
        yield await answers.whole_answers(source, written, scope)


async def fill(units: Units, *, at: datetime, relations: Relations | None = None) -> int:
    """Judges everyone by the rules that wait for it. Returns how many rules were filled.

    Exact beside running ticks: a rule is registered between two ticks, ticks judge by it from then on and write a row
    for everyone they look at, and what is found here for the others never overwrites such a row.
    """
    await _follow_company(units, at)
    async with units.open(at=at) as unit:
        waiting = await versions.filling(unit)
        if not waiting:
            return 0
        source = relations or answers.PostgresRelations(unit)
        await source.catch_up(max(row.registered_seq for row in waiting))
        total = await versions.count_customers(unit)
        for query in await answers.compiled_for_everyone(policy.meanings(waiting), source.dialect, at):
            ids, done = [int(key) for key in query.keys], 0
            async with answers.ending(answers.answers_of_everyone(source, query)) as batches:
                async for batch in batches:
                    done += len(batch)
                    async with units.open(at=at) as load:
                        if not await versions.still_filling(load, ids):
                            break
                        await versions.add_filled(load, ids, batch)
                        await versions.note_progress(load, ids, done, total)
        await versions.mark_filled(unit, [row.id for row in waiting])
    return len(waiting)


async def fillings(unit: Unit, owner: Owner) -> dict[str, Filling]:
    """How far the coming versions of an owner's rules have been filled, by part."""
    return {one.part: one for one in await versions.fillings(unit, owner)}


async def cancel(unit: Unit, owner: Owner, part: str) -> Rule:
    """Drops the version that is coming; the one in force stays, and its rule is the answer. Whatever mentions it means
    again what it meant before. Raises NothingFills, NothingBefore for a first version, FollowsAnother."""
    await exclude_ticks(unit)
    rows = await versions.rules_in_force(unit)
    live = {(row.owner, row.part): row for row in rows if row.state == "live"}
    coming = {(row.owner, row.part): row for row in rows if row.state != "live"}
    if (owner, part) not in coming:
        raise NothingFills
    if (owner, part) not in live:
        raise NothingBefore
    if live[owner, part].tree == coming[owner, part].tree:
        raise FollowsAnother
    book = policy.newest([row for row in rows if row is not coming[owner, part]])
    company = await versions.company(unit)
    for one in [*book.definitions([(owner, part)]), *book.dependents([(owner, part)])]:
        if policy.stands(live.get(one.key), one, policy.meaning(book, one, company)):
            await versions.retire_coming(unit, one.owner, one.part)
        else:
            await _register(unit, book, one)
    return parse_tree(live[owner, part].tree)


async def _follow_company(units: Units, at: datetime) -> None:
    """A bare date is a day where the company is; once it has moved, rules that speak of one mean other instants. So do
    rules that speak of the pulse, once its usual gap is another."""
    async with units.open(at=at) as unit:
        if await versions.meant_otherwise(unit, await versions.company(unit)):
            await exclude_ticks(unit)
            book = policy.newest(await versions.rules_in_force(unit))
            changed = await versions.meant_otherwise(unit, await versions.company(unit))
            await define_all(unit, book.definitions(changed))


async def sweep(units: Units, *, at: datetime, rows_max: int = 20_000) -> int:
    """Removes verdicts of rules that count no more, a bounded number at a time."""
    async with units.open(at=at) as unit:
        return await versions.sweep_retired(unit, before=at, rows_max=rows_max)


async def check_summaries(units: Units, *, at: datetime, rebuild: bool = False) -> SummaryReport:
    """Makes every summary anew from the history and compares; `rebuild`: and keeps the new ones. No tick runs between
    the two looks at a customer, so that a difference is a fault and never news."""
    summaries = by_history = differing = 0
    examples: list[UUID] = []
    memory: dict[str, Any] = {}
    after: UUID | None = None
    async with connection_for_ticks(units) as connection:
        while True:
            async with connection.transaction(force_rollback=not rebuild):
                tick = Tick(connection, SYSTEM, at, Ids(), memory=memory)
                await exclude_ticks(tick)
                await tick.expect(None)
                found = await ticks.rebuild_summaries(
                    tick, await judging_by(tick, await versions.in_force(tick)), after, summaries_per_batch
                )
            if not found:
                return SummaryReport(summaries, by_history, differing, examples)
            after = found[-1].customer_id
            summaries += len(found)
            by_history += sum(one.by_history for one in found)
            wrong = [one.customer_id for one in found if one.differs]
            differing += len(wrong)
            examples.extend(wrong[: sample_size - len(examples)])


async def judging_by(tick: Tick, in_force: versions.InForce) -> Judging:
    """Read and compiled again only when other versions are in force than in the tick before."""
    known: versions.InForce | None
    judging: Judging | None
    known, judging = tick.memory.get("rules_in_force", (None, None))
    if judging is None or known != in_force:
        rows = await versions.rules_in_force(tick)
        rules, coming = policy.meanings(rows), frozenset(row.id for row in rows if row.state != "live")
        spoken = {key: mentions(rule) for key, rule in rules.items()}
        judging = await ticks.judging(tick, rules, spoken, policy.together(spoken.values()), coming)
        tick.memory["rules_in_force"] = (replace(in_force, plan_number=judging.plan.number), judging)
    return judging


async def has_work(unit: Unit) -> bool:
    return await versions.has_work(unit)


async def vocabulary(unit: Unit) -> tuple[Sequence[str], Sequence[str]]:
    """The audiences and stages a rule may mention."""
    book = policy.newest(await versions.rules_in_force(unit))
    return book.audiences, book.stages
