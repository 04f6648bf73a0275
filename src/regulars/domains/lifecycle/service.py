"""The verbs of the lifecycle: define, activate, look at it, and find its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.lifecycle import policy, store
from regulars.domains.lifecycle.model import (
    UNKNOWN,
    Blueprint,
    BlueprintUnknown,
    Conversion,
    Flow,
    KnownLifecycle,
    Lifecycle,
    LifecycleIsActive,
    LifecycleMalformed,
    LifecycleUnknown,
    Move,
    NoActiveLifecycle,
    Place,
    Stage,
    StageNumbers,
)
from regulars.domains.members import service as members
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.model import Definition, Explanation, Relations
from regulars.platform.tick import exclude_ticks
from regulars.platform.unit import Unit, Units
from regulars.rules.text import to_text

window_days: Final = 30
cohort_days: Final = 90
moves_shown_max: Final = 200
customers_per_rebuild_max: Final = 5_000
passes_max: Final = 5
instants_max: Final = 5_000
"""Finding a customer's past takes work by the square of their instants; who has more keeps what ticks noted."""


@dataclass(frozen=True, slots=True)
class Overview:
    lifecycle: Lifecycle
    as_of: datetime
    total: int
    stages: Sequence[StageNumbers]
    unknown: StageNumbers
    conversions: Sequence[Conversion]
    flows: Sequence[tuple[Flow, policy.Direction]]
    filling: bool


@dataclass(frozen=True, slots=True)
class ToldMove:
    at: datetime
    from_stage: str
    to_stage: str
    dwell_s: float | None
    because: Sequence[str]


@dataclass(frozen=True, slots=True)
class StageReport:
    """Why a customer is in a stage: every stage's rule asked now, and how they came here."""

    stage: str | None
    since: datetime | None
    stages: Sequence[tuple[Stage, Explanation]]
    moves: Sequence[ToldMove]


def blueprints() -> list[Blueprint]:
    """Every shipped blueprint. A broken one is a bug, so it raises."""
    return [blueprint(slug) for slug in store.blueprint_files()]


def blueprint(slug: str) -> Blueprint:
    written = store.blueprint_files().get(slug)
    if written is None:
        raise BlueprintUnknown(f"No blueprint {slug!r} is shipped; there are {', '.join(store.blueprint_files())}.")
    definition = {key: written[key] for key in ("slug", "name", "description", "stages")}
    extras = {key: tuple(written.get(key) or ()) for key in ("audiences", "journeys", "templates")}
    business, usual_gap = written["business"], written["usual_gap"]
    return Blueprint(policy.read_lifecycle(slug, definition), business=business, usual_gap=usual_gap, **extras)


async def get(unit: Unit, slug: str) -> KnownLifecycle:
    row = await store.lifecycle(unit, slug)
    if row is None:
        raise LifecycleUnknown(f"There is no lifecycle {slug[:80]!r}.")
    return _known(row)


async def list_all(unit: Unit) -> list[KnownLifecycle]:
    return [_known(row) for row in await store.lifecycles(unit)]


async def active(unit: Unit) -> KnownLifecycle | None:
    row = await store.active(unit)
    return None if row is None else _known(row)


async def put(unit: Unit, slug: str, definition: object) -> KnownLifecycle:
    """Writes a lifecycle. If it is the active one, its rules are judged anew in the background and then take over."""
    return await install(unit, policy.read_lifecycle(slug, definition))


async def install(unit: Unit, lifecycle: Lifecycle) -> KnownLifecycle:
    """The same for one that has been read, such as a blueprint's."""
    await exclude_ticks(unit)  # Before the row is locked: a tick may be waiting for it.
    before = await store.lifecycle(unit, lifecycle.slug)
    await store.put_lifecycle(unit, lifecycle, policy.definition_of(lifecycle))
    if before is not None and before.active:
        await _define(unit, lifecycle, instead_of=_known(before).lifecycle)
    await members.record(unit, "lifecycle.changed", lifecycle.slug, {"stages": [one.slug for one in lifecycle.stages]})
    return await get(unit, lifecycle.slug)


async def offer_shipped(unit: Unit, *, active_first: str) -> None:
    """Makes known what is shipped and not known yet. A company that has no lifecycle at all begins with `active_first`,
    so that its first customer has a stage at once."""
    known = {one.lifecycle.slug for one in await list_all(unit)}
    for one in blueprints():
        if one.lifecycle.slug not in known:
            await install(unit, one.lifecycle)
    if not known:
        await activate(unit, active_first)


async def activate(unit: Unit, slug: str) -> None:
    """Makes a lifecycle the one that counts. Its stages fill in the background; the one before counts no more. With a
    shipped one comes the usual gap of its business, unless somebody has set one."""
    chosen = await get(unit, slug)
    if chosen.active:
        raise LifecycleIsActive
    before = await active(unit)
    await _define(unit, chosen.lifecycle, instead_of=None if before is None else before.lifecycle)
    await store.activate(unit, chosen.id)
    if slug in store.blueprint_files():
        await members.offer_settings(unit, usual_gap=blueprint(slug).usual_gap)
    await members.record(unit, "lifecycle.activated", slug, {"instead_of": before and before.lifecycle.slug})


async def _define(unit: Unit, lifecycle: Lifecycle, *, instead_of: Lifecycle | None) -> None:
    parts = {lifecycle.rule_part(stage) for stage in lifecycle.stages}
    gone = [] if instead_of is None else [instead_of.rule_part(stage) for stage in instead_of.stages]
    await verdicts.define_all(
        unit,
        [
            Definition("stage", lifecycle.rule_part(stage), stage.enter, position)
            for position, stage in enumerate(lifecycle.stages)
        ],
        withdraw=[("stage", part) for part in gone if part not in parts],
    )


async def overview(unit: Unit) -> Overview:
    """The active lifecycle in numbers, as of the unit's instant."""
    known = await active(unit)
    if known is None:
        raise NoActiveLifecycle
    since, cohort_since = unit.at - timedelta(days=window_days), unit.at - timedelta(days=cohort_days)
    numbers = await store.overview_stages(unit, known.id, since=since, cohort_since=cohort_since)
    total = await store.customers_total(unit)
    unknown, *stages = numbers
    known_now = sum(stage.customers for stage in stages)
    order = [stage.slug for stage in known.lifecycle.stages]
    flows = await store.overview_flows(unit, known.id, since=since)
    standing = await verdicts.standing(unit, "stage")
    return Overview(
        known.lifecycle,
        unit.at,
        total,
        stages,
        StageNumbers(UNKNOWN, max(0, total - known_now), unknown.entered, unknown.left, None, unknown.cohort),
        await store.overview_conversions(unit, known.id, cohort_since=cohort_since),
        [(flow, policy.direction(flow.from_stage, flow.to_stage, order)) for flow in flows],
        filling=any(one.state == "filling" for one in standing.values()),
    )


async def report_on(unit: Unit, customer_id: UUID) -> StageReport:
    """Why a customer is in their stage. An absorbed customer's report is that of the one who kept them."""
    customer = await customers.find(unit, customer_id)
    known = await active(unit)
    if known is None:
        raise NoActiveLifecycle
    stages = known.lifecycle.stages
    rules = {str(place): stage.enter for place, stage in enumerate(stages)}
    explained = await verdicts.explain(unit, rules, customer.id, at=unit.at)
    present = await store.stage_of_customer(unit, customer.id)
    names = {stage.slug: stage.name for stage in stages}
    moves = await store.moves_of(unit, customer.id, moves_shown_max)
    return StageReport(
        None if present is None else present.stage,
        None if present is None else present.since,
        [(stage, explained[str(place)]) for place, stage in enumerate(stages)],
        [
            ToldMove(one.at, one.from_stage, one.to_stage, one.dwell_s, policy.reasons(one.because, names))
            for one in moves
        ],
    )


async def place_of(unit: Unit, customer_id: UUID) -> Place | None:
    """Where a customer is in the active lifecycle; None when in no stage, or when no lifecycle is active."""
    present = await store.stage_of_customer(unit, customer_id)
    known = await active(unit)
    if present is None or known is None:
        return None
    names = {stage.slug: stage.name for stage in known.lifecycle.stages}
    reasons = policy.reasons(present.because, names)
    return Place(present.stage, names.get(present.stage, present.stage), present.since, reasons)


async def rebuild_history(units: Units, relations: Relations | None, at: datetime) -> int:
    """Finds every customer's moves up to an instant from their history, in place of what is on record. How many
    customers could not be brought together with what the ticks saw, and keep the record they had.

    Safe beside running ticks: what is found is written between two ticks, and only for customers to whom nothing has
    happened meanwhile; the others are found again. Running it twice gives the same rows.
    """
    async with units.open() as unit:
        known = await active(unit)
        wanted_at = await store.history_wanted(unit)
    if known is None:
        return 0
    after: UUID | None = None
    left_out = 0
    while True:
        async with units.open() as unit:
            batch = await store.customers_after(unit, after, customers_per_rebuild_max)
        if not batch:
            break
        after = batch[-1]
        for _ in range(passes_max):
            batch = await _rebuild(units, relations, known, batch, at)
            if not batch:
                break
        left_out += len(batch)
    async with units.open() as unit:
        await store.history_found(unit, known.id, wanted_at)
    return left_out


async def rebuild_wanted_history(units: Units, relations: Relations | None, at: datetime) -> bool:
    """The same, if rules have begun to count whose past was not found yet."""
    async with units.open() as unit:
        wanted_at = await store.history_wanted(unit)
    if wanted_at is None:
        return False
    await rebuild_history(units, relations, max(at, wanted_at))
    return True


async def _rebuild(
    units: Units, relations: Relations | None, known: KnownLifecycle, batch: Sequence[UUID], at: datetime
) -> list[UUID]:
    """Customers of the batch that must be tried again."""
    stages = known.lifecycle.stages
    order = [stage.slug for stage in stages]
    rules = {str(place): stage.enter for place, stage in enumerate(stages)}
    async with units.open() as unit:
        position = await store.log_position(unit)
        written = list((await verdicts.written_out(unit, rules)).values())
        instants = await store.instants_of(unit, batch, written, at)
        bounded = {customer: found for customer, found in instants.items() if len(found) <= instants_max}
        unfolding = policy.Unfolding(bounded, order, until=at)
        if relations is not None:
            await relations.catch_up(position.event_seq)
        while points := unfolding.take_open():
            async for answers in verdicts.evaluate(unit, rules, points, relations=relations):
                for answer in answers:
                    unfolding.learn(answer.customer_id, answer.at, answer.holds, answer.changes_at)
    texts = {stage.slug: to_text(stage.enter) for stage in stages}
    async with units.open() as unit:
        await exclude_ticks(unit)
        if await active(unit) != known:
            return []
        seen = await store.seen_by_ticks(unit, known.id, batch, at, position)
        found: dict[UUID, list[tuple[Move, Mapping[str, Any]]]] = {}
        for customer in unfolding.customers:
            moves = policy.until_seen(unfolding, customer, seen[customer]) if customer in seen else None
            if moves is not None:
                found[customer] = [(move, policy.because_of(move, texts)) for move in moves]
        await store.replace_history(unit, known.id, at, found)
    return [customer for customer in batch if customer not in found]


def _known(row: store.LifecycleRow) -> KnownLifecycle:
    try:
        return KnownLifecycle(row.id, policy.read_lifecycle(row.slug, row.definition), row.active)
    except LifecycleMalformed as error:
        raise RuntimeError(f"the stored lifecycle {row.slug!r} cannot be read: {error.faults}") from error
