"""The verbs of journeys: draft, publish, pause, resume, end, and look at who is where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.journeys import policy, store
from regulars.domains.journeys.model import (
    Counts,
    Definition,
    Enrolment,
    EnrolmentUnknown,
    Journey,
    JourneyIncomplete,
    JourneyLine,
    JourneyNotRunning,
    JourneyUnchanged,
    JourneyUnknown,
    OnAudience,
    OnStage,
    Passage,
    Person,
    Refusal,
    State,
    StepCounts,
    Version,
)
from regulars.domains.members import service as members
from regulars.domains.messages.service import templates
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.model import Definition as RuleDefinition
from regulars.platform.tick import exclude_ticks
from regulars.platform.unit import Unit
from regulars.rules.model import RuleNotUnderstood
from regulars.rules.text import to_text
from regulars.shared.errors import Fault
from regulars.shared.paging import Page, decode_cursor, decode_place, encode_cursor, encode_place, page_of
from regulars.shared.slugs import check_slug

passages_shown_max: Final = 1_000
JOURNEY: Final = "journey"


async def put(unit: Unit, slug: str, name: str, given: object) -> Journey:
    """Saves a draft, finished or not. What is published, and whoever is inside, is not touched."""
    check_slug(slug)
    name = policy.read_name(name)
    definition = policy.read_definition(given)
    await store.put_draft(unit, slug, name, policy.written(definition))
    await members.record(unit, "journey.changed", slug, {"name": name})
    return await get(unit, slug)


async def publish(unit: Unit, slug: str) -> Journey:
    """Makes the draft the version that customers enter from now on. Those inside keep the version they entered."""
    row = await _lock(unit, slug)
    definition = policy.read_definition(row.draft)
    if faults := await _problems(unit, definition):
        raise JourneyIncomplete(faults=faults)
    before = await store.versions(unit, row.id)
    live = _version(before, row.live_version)
    if live is not None and live.definition == row.draft and row.state != "ended":
        raise JourneyUnchanged
    number = 1 + max((one.version for one in before), default=0)
    leave_part, leave_text = await _leave_rule(unit, slug, number, definition, live if row.state != "ended" else None)
    trigger = policy.trigger_event(definition.enter)
    await store.add_version(
        unit,
        row.id,
        number,
        definition=definition,
        written=row.draft,
        enter_name=trigger.name,
        enter_where=policy.event_tests(trigger),
        leave_part=leave_part,
        leave_text=leave_text,
    )
    await store.set_state(unit, row.id, "paused" if row.state == "paused" else "live", number)
    await _withdraw(unit, await store.idle_leave_parts(unit, row.id, number))
    await members.record(unit, "journey.published", slug, {"version": number})
    return await get(unit, slug)


async def pause(unit: Unit, slug: str) -> Journey:
    """Nobody enters and nobody takes a step until it goes on; whose leave rule holds still leaves."""
    return await _switch(unit, slug, "live", "paused")


async def resume(unit: Unit, slug: str) -> Journey:
    """Those whose waiting has ended meanwhile take their next step at once, marked late."""
    return await _switch(unit, slug, "paused", "live")


async def delete(unit: Unit, slug: str) -> None:
    """Removes a draft that was never published. A journey that was, ends: everyone leaves it, its record stays."""
    row = await _lock(unit, slug)
    if row.live_version is None:
        await store.delete_draft(unit, row.id)
        await members.record(unit, "journey.deleted", slug, {})
    elif row.state != "ended":
        await exclude_ticks(unit)
        await store.set_state(unit, row.id, "ended", row.live_version)
        parts = {one.leave_part for one in await store.versions(unit, row.id)}
        in_force = await verdicts.standing(unit, JOURNEY)
        await _withdraw(unit, [part for part in in_force if part in parts])
        await members.record(unit, "journey.ended", slug, {})


async def get(unit: Unit, slug: str) -> Journey:
    row = await _row(unit, slug)
    versions = await store.versions(unit, row.id)
    definition = policy.read_definition(row.draft)
    live = _version(versions, row.live_version)
    problems = await _problems(unit, definition)
    visited = await store.step_counts(unit, row.id)
    shown = policy.read_definition(live.definition) if live is not None else definition
    names = list(dict.fromkeys([*(step.id for step in shown.steps), *visited]))
    return Journey(
        _line(row, (await store.counts(unit, [row.id])).get(row.id)),
        row.draft,
        None if live is None else live.definition,
        [Version(one.version, one.published_at) for one in versions],
        [visited.get(name, StepCounts(name, 0, 0)) for name in names],
        await store.refusal_counts(unit, row.id),
        problems,
        policy.may(row.state, unchanged=live is not None and live.definition == row.draft, faults=problems),
    )


async def search(unit: Unit, after: str | None, limit: int) -> Page[JourneyLine]:
    position = str(decode_cursor(after, str)[0]) if after is not None else None
    page = page_of(await store.journeys(unit, position, limit + 1), limit, lambda row: encode_cursor(row.slug))
    counts = await store.counts(unit, [row.id for row in page.items])
    return Page([_line(row, counts.get(row.id)) for row in page.items], page.next)


async def enrolments(unit: Unit, slug: str, after: str | None, limit: int) -> Page[Enrolment]:
    """Who entered a journey, the latest first."""
    row = await _row(unit, slug)
    return await _page(unit, await store.enrolments_of_journey(unit, row.id, decode_place(after), limit + 1), limit)


async def enrolments_of(unit: Unit, customer_id: UUID, after: str | None, limit: int) -> Page[Enrolment]:
    """The journeys a customer is in or was in, the latest first."""
    customer = await customers.find(unit, customer_id)
    rows = await store.enrolments_of_customer(unit, customer.id, decode_place(after), limit + 1)
    return await _page(unit, rows, limit)


async def enrolment(unit: Unit, enrolment_id: UUID) -> tuple[Enrolment, Sequence[Passage]]:
    """One passage through a journey, with every visit to a step."""
    row = await store.enrolment(unit, enrolment_id)
    if row is None:
        raise EnrolmentUnknown
    (shown,) = (await _page(unit, [row], 1)).items
    return shown, await store.passages(unit, enrolment_id, passages_shown_max)


def outcome_text(passage: Passage) -> str:
    return policy.outcome_text(passage)


async def refusals(unit: Unit, slug: str, after: str | None, limit: int) -> Page[Refusal]:
    """Who met the trigger of a journey and did not enter, and why, the latest first."""
    row = await _row(unit, slug)
    rows = await store.refusals(unit, row.id, decode_place(after), limit + 1)
    page = page_of(rows, limit, lambda one: encode_place(one.at, one.customer_id))
    people = await _people(unit, [one.customer_id for one in page.items])
    return Page([Refusal(people[one.customer_id], one.at, one.because, one.times) for one in page.items], page.next)


async def has_work(unit: Unit) -> bool:
    """Whether a tick at the unit's instant would move somebody by the clock alone."""
    return (await store.work(unit)).inside


async def _switch(unit: Unit, slug: str, before: State, after: State) -> Journey:
    row = await _lock(unit, slug)
    if row.state == after:
        return await get(unit, slug)
    if row.state != before:
        raise JourneyNotRunning
    await store.set_state(unit, row.id, after, row.live_version)
    await members.record(unit, f"journey.{'paused' if after == 'paused' else 'resumed'}", slug, {})
    return await get(unit, slug)


async def _problems(unit: Unit, definition: Definition) -> list[Fault]:
    """What keeps a draft from being published: its graph, and what it mentions that is not there."""
    found = policy.problems(definition)
    sent = policy.templates(definition)
    unknown = await templates.unknown(unit, sent)
    found.extend(Fault(place, f"there is no template {slug!r}") for slug, place in sent.items() if slug in unknown)
    audiences, stages = await verdicts.vocabulary(unit)
    match definition.enter:
        case OnAudience(slug) if slug not in audiences:
            found.append(Fault("/definition/enter/audience", f"there is no audience {slug!r}"))
        case OnStage(slug) if slug not in stages:
            found.append(Fault("/definition/enter/stage", f"the active lifecycle has no stage {slug!r}"))
        case _:
            pass
    if definition.leave_when is not None:
        try:
            await verdicts.written_out(unit, {"0": definition.leave_when})
        except RuleNotUnderstood as error:
            found.extend(Fault(f"/definition/leave_when{one.pointer}", one.detail) for one in error.faults)
    return found


async def _leave_rule(
    unit: Unit, slug: str, number: int, definition: Definition, live: store.VersionRow | None
) -> tuple[str | None, str | None]:
    """The part and the words of a version's leave rule. One that is the live version's is shared with it."""
    rule = definition.leave_when
    if rule is None:
        return None, None
    text = to_text(rule)
    if live is not None and policy.read_definition(live.definition).leave_when == rule:
        return live.leave_part, text
    part = f"{slug}/{number}"
    await verdicts.define_all(unit, [RuleDefinition(JOURNEY, part, rule)])
    return part, text


async def _withdraw(unit: Unit, parts: Sequence[str]) -> None:
    if parts:
        await verdicts.define_all(unit, [], withdraw=[(JOURNEY, part) for part in parts])


def _version(versions: Sequence[store.VersionRow], number: int | None) -> store.VersionRow | None:
    return next((one for one in versions if one.version == number), None)


def _line(row: store.JourneyRow, counts: Counts | None) -> JourneyLine:
    return JourneyLine(row.slug, row.name, row.state, row.live_version, counts or Counts(0, 0, 0), row.changed_at)


async def _row(unit: Unit, slug: str) -> store.JourneyRow:
    row = await store.journey(unit, slug)
    if row is None:
        raise JourneyUnknown(f"There is no journey {slug[:80]!r}.")
    return row


async def _lock(unit: Unit, slug: str) -> store.JourneyRow:
    row = await store.lock_journey(unit, slug)
    if row is None:
        raise JourneyUnknown(f"There is no journey {slug[:80]!r}.")
    return row


async def _page(unit: Unit, rows: Sequence[store.EnrolmentRow], limit: int) -> Page[Enrolment]:
    page = page_of(rows, limit, lambda row: encode_place(row.entered_at, row.id))
    people = await _people(unit, [row.customer_id for row in page.items])
    return Page([_enrolment(row, people[row.customer_id]) for row in page.items], page.next)


def _enrolment(row: store.EnrolmentRow, person: Person) -> Enrolment:
    return Enrolment(
        row.id,
        person,
        row.journey,
        row.version,
        row.entered_at,
        row.step,
        row.wake_at,
        row.left_at,
        row.left_because,
    )


async def _people(unit: Unit, ids: Sequence[UUID]) -> dict[UUID, Person]:
    names = await customers.names(unit, ids)
    return {
        one: Person(one, names[one].name, names[one].email) if one in names else Person(one, None, None) for one in ids
    }
