"""The verbs of verdicts: rules are defined here by their owners, and asked about by everyone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.verdicts import policy, store
from regulars.domains.verdicts.model import (
    Answer,
    Condition,
    Definition,
    Explanation,
    Filling,
    FollowsAnother,
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
from regulars.platform.tick import Tick, exclude_ticks, prepare_connection
from regulars.platform.unit import SYSTEM, Unit, Units
from regulars.rules.formulas import with_instants
from regulars.rules.model import Rule, conditions
from regulars.rules.resolve import mentions
from regulars.rules.text import to_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.shared.forms import number_text
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
    after = policy.newest(await store.rules_in_force(unit)).with_changes(definitions, gone)
    changed = [*(one.key for one in definitions), *gone]
    dependents = after.dependents(changed)
    _refuse_loose_ends(dependents, after, gone)
    after.check([*definitions, *dependents])
    await _check_lists(unit, [one.rule for one in definitions])
    for owner, part in gone:
        await store.retire(unit, owner, part)
    for one in [*definitions, *dependents]:
        await _register(unit, after, one)


async def _register(unit: Unit, book: policy.Book, one: Definition) -> None:
    zone = await store.time_zone(unit)
    meaning, local = policy.meaning(book, one, zone)
    await store.add_rule(
        unit,
        owner=one.owner,
        part=one.part,
        position=one.position,
        tree=to_tree(one.rule),
        written_out=to_tree(meaning),
        zone=zone.key if local else None,
        seq=await store.last_event(unit),
    )


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
    rows = [row for row in await store.rules_in_force(unit) if slug in policy.lists_in(parse_tree(row.tree))]
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
    for row in await store.rules_in_force(unit):
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
    book, zone = policy.newest(await store.rules_in_force(unit)), await store.time_zone(unit)
    return {key: with_instants(book.written_out(rule), zone) for key, rule in rules.items()}


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
    source = relations or store.PostgresRelations(unit)
    await _check_lists(unit, [rule])
    book, zone = policy.newest(await store.rules_in_force(unit)), await store.time_zone(unit)
    meaning = with_instants(book.written_out(rule, audience=audience), zone)
    (query,) = await store.compiled_for_everyone({"0": meaning}, source.dialect, at)
    count, sample = await store.matching(source, query, sample=sample_size)
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
    here = store.PostgresRelations(unit)
    (answer,) = await store.whole_answers(here, written, store.scope_of([(customer_id, at)], here.dialect))
    seen = await store.found(unit, written, store.scope_of([(customer_id, at)], here.dialect))
    values = [one if one is None or isinstance(one, str) else number_text(one) for one in seen]
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


async def evaluate(
    unit: Unit,
    rules: Mapping[str, Rule],
    points: Sequence[tuple[UUID, datetime]],
    *,
    relations: Relations | None = None,
) -> AsyncIterator[Sequence[Answer]]:
    """Every rule for each customer at each instant asked about: for rehearsals and rebuilt histories."""
    source, written = relations or store.PostgresRelations(unit), await written_out(unit, rules)
    for start in range(0, len(points), points_per_query_max):
        scope = store.scope_of(points[start : start + points_per_query_max], source.dialect)
        yield await store.whole_answers(source, written, scope)


async def fill(units: Units, *, at: datetime, relations: Relations | None = None) -> int:
    """Judges everyone by the rules that wait for it. Returns how many rules were filled.

    Exact beside running ticks: a rule is registered between two ticks, ticks judge by it from then on and write a row
    for everyone they look at, and what is found here for the others never overwrites such a row.
    """
    await _follow_time_zone(units, at)
    async with units.open(at=at) as unit:
        waiting = await store.filling(unit)
        if not waiting:
            return 0
        source = relations or store.PostgresRelations(unit)
        await source.catch_up(max(row.registered_seq for row in waiting))
        total = await store.count_customers(unit)
        for query in await store.compiled_for_everyone(policy.meanings(waiting), source.dialect, at):
            ids, done = [int(key) for key in query.keys], 0
            async with store.ending(store.answers_of_everyone(source, query)) as batches:
                async for batch in batches:
                    done += len(batch)
                    async with units.open(at=at) as load:
                        if not await store.still_filling(load, ids):
                            break
                        await store.add_filled(load, ids, batch)
                        await store.note_progress(load, ids, done, total)
        await store.mark_filled(unit, [row.id for row in waiting])
    return len(waiting)


async def fillings(unit: Unit, owner: Owner) -> dict[str, Filling]:
    """How far the coming versions of an owner's rules have been filled, by part."""
    return {one.part: one for one in await store.fillings(unit, owner)}


async def cancel(unit: Unit, owner: Owner, part: str) -> Rule:
    """Drops the version that is coming; the one in force stays, and its rule is the answer. Whatever mentions it means
    again what it meant before. Raises NothingFills, NothingBefore for a first version, FollowsAnother."""
    await exclude_ticks(unit)
    rows = await store.rules_in_force(unit)
    live = {(row.owner, row.part): row for row in rows if row.state == "live"}
    coming = {(row.owner, row.part): row for row in rows if row.state != "live"}
    if (owner, part) not in coming:
        raise NothingFills
    if (owner, part) not in live:
        raise NothingBefore
    if live[owner, part].tree == coming[owner, part].tree:
        raise FollowsAnother
    book = policy.newest([row for row in rows if row is not coming[owner, part]])
    zone = await store.time_zone(unit)
    for one in [*book.definitions([(owner, part)]), *book.dependents([(owner, part)])]:
        if policy.stands(live.get(one.key), one, policy.meaning(book, one, zone)[0]):
            await store.retire_coming(unit, one.owner, one.part)
        else:
            await _register(unit, book, one)
    return parse_tree(live[owner, part].tree)


async def _follow_time_zone(units: Units, at: datetime) -> None:
    """A bare date is a day where the company is; once it has moved, rules that speak of one mean other instants."""
    async with units.open(at=at) as unit:
        if await store.of_another_zone(unit):
            await exclude_ticks(unit)
            book = policy.newest(await store.rules_in_force(unit))
            await define_all(unit, book.definitions(await store.of_another_zone(unit)))


async def sweep(units: Units, *, at: datetime, rows_max: int = 20_000) -> int:
    """Removes verdicts of rules that count no more, a bounded number at a time."""
    async with units.open(at=at) as unit:
        return await store.sweep_retired(unit, before=at, rows_max=rows_max)


async def check_summaries(units: Units, *, at: datetime, rebuild: bool = False) -> SummaryReport:
    """Makes every summary anew from the history and compares; `rebuild`: and keeps the new ones. No tick runs between
    the two looks at a customer, so that a difference is a fault and never news."""
    summaries = by_history = differing = 0
    examples: list[UUID] = []
    memory: dict[str, Any] = {}
    after: UUID | None = None
    async with units.connection() as connection:
        await prepare_connection(connection)
        while True:
            async with connection.transaction(force_rollback=not rebuild):
                tick = Tick(connection, SYSTEM, at, Ids(), memory=memory)
                await exclude_ticks(tick)
                found = await store.rebuild_summaries(tick, await judging_in_force(tick), after, summaries_per_batch)
            if not found:
                return SummaryReport(summaries, by_history, differing, examples)
            after = found[-1].customer_id
            summaries += len(found)
            by_history += sum(one.by_history for one in found)
            wrong = [one.customer_id for one in found if one.differs]
            differing += len(wrong)
            examples.extend(wrong[: sample_size - len(examples)])


async def judging_in_force(tick: Tick) -> Judging:
    """Read and compiled again only when the versions in force are others than in the tick before."""
    versions = await store.versions_in_force(tick)
    known: list[tuple[int, str]] | None
    judging: Judging | None
    known, judging = tick.memory.get("rules_in_force", (None, None))
    if judging is None or known != versions:
        rules = policy.meanings(await store.rules_in_force(tick))
        judging = await store.judging(rules, policy.spoken_of(rules.values()))
        tick.memory["rules_in_force"] = (versions, judging)
    return judging


async def has_work(unit: Unit) -> bool:
    return await store.has_work(unit)


async def vocabulary(unit: Unit) -> tuple[Sequence[str], Sequence[str]]:
    """The audiences and stages a rule may mention."""
    book = policy.newest(await store.rules_in_force(unit))
    return book.audiences, book.stages
