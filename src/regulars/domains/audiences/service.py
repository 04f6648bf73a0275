"""The verbs of audiences: define, list, look inside, try a rule before it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from regulars.domains.audiences import policy, store
from regulars.domains.audiences.model import (
    Audience,
    AudienceUnknown,
    CustomerLine,
    CustomerUnclear,
    InstantUnreachable,
    MemberOfAudience,
    Membership,
    Person,
    WhichCustomer,
)
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import ListPlace
from regulars.domains.customers.service import CustomerCard
from regulars.domains.events import service as events
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.lifecycle.model import Place
from regulars.domains.members import service as members_of_company
from regulars.domains.verdicts import service as verdicts
from regulars.domains.verdicts.model import Explanation, Heartbeat, Relations, Standing
from regulars.platform.unit import Unit
from regulars.rules.model import Rule
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.shared.errors import Fault
from regulars.shared.ids import inside
from regulars.shared.paging import Page, decode_cursor, decode_place, encode_cursor, encode_place, page_of
from regulars.shared.slugs import check_slug

trait_keys_shown_max: Final = 1_000
properties_shown_max: Final = 200
examples_shown: Final = 8


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be a member at an instant: how many, a few of them, and why the one asked about is or is not."""

    rule: Rule
    at: datetime
    count: int
    sample: Sequence[Person]
    customer: Explanation | None


@dataclass(frozen=True, slots=True)
class WholeCustomer:
    card: CustomerCard
    place: Place | None
    heartbeat: Heartbeat | None
    audiences: Sequence[Membership]
    lists: Sequence[ListPlace]


@dataclass(frozen=True, slots=True)
class MembershipTold:
    """`since`: None while the customer is not a member."""

    slug: str
    name: str
    since: datetime | None
    told: Explanation


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a rule can speak of here."""

    events: Sequence[tuple[str, int]]
    traits: Sequence[tuple[str, Sequence[object]]]
    audiences: Sequence[str]
    stages: Sequence[str]
    lists: Sequence[str]


async def put(unit: Unit, slug: str, name: str, given: object) -> Audience:
    """Writes an audience. A new rule is judged in the background; until then the old one decides who is a member."""
    check_slug(slug)
    name, rule = policy.read(name, given)
    before = await store.audience(unit, slug)
    tree = to_tree(rule)
    if before is None or before.rule != tree:
        await verdicts.define(unit, "audience", slug, rule)
    await store.put_audience(unit, slug, name, tree)
    await members_of_company.record(unit, "audience.changed", slug, {"name": name, "rule": tree})
    return await get(unit, slug)


async def get(unit: Unit, slug: str) -> Audience:
    row = await _row(unit, slug)
    return (await _complete(unit, [row]))[0]


async def search(unit: Unit, after: str | None, limit: int) -> Page[Audience]:
    position = str(decode_cursor(after, str)[0]) if after is not None else None
    rows = await store.audiences(unit, position, limit + 1)
    page = page_of(rows, limit, lambda row: encode_cursor(row.slug))
    return Page(await _complete(unit, page.items), page.next)


async def delete(unit: Unit, slug: str) -> None:
    """Ends an audience, unless another rule mentions it."""
    await _row(unit, slug)
    await verdicts.withdraw(unit, "audience", slug)
    await store.delete_audience(unit, slug)
    await members_of_company.record(unit, "audience.deleted", slug, {})


async def cancel_filling(unit: Unit, slug: str) -> None:
    """Drops the new rule that is being filled and goes back to the one in force. The first rule of an audience has none
    before it: delete the audience instead."""
    row = await _row(unit, slug)
    rule = to_tree(await verdicts.cancel(unit, "audience", slug))
    await store.put_audience(unit, slug, row.name, rule)
    await members_of_company.record(unit, "audience.filling_cancelled", slug, {"rule": rule})


async def members(unit: Unit, slug: str, after: str | None, limit: int) -> Page[MemberOfAudience]:
    """The members now, the newest first."""
    await _row(unit, slug)
    rows = await store.members(unit, slug, decode_place(after), limit + 1)
    page = page_of(rows, limit, lambda row: encode_place(row.since, row.customer_id))
    people = await _people(unit, [row.customer_id for row in page.items])
    return Page([MemberOfAudience(people[row.customer_id], row.since) for row in page.items], page.next)


async def preview(
    unit: Unit,
    given: object,
    *,
    at: datetime | None = None,
    customer: WhichCustomer | None = None,
    relations: Relations | None = None,
) -> Preview:
    """Who would match a rule, now or at any other instant."""
    rule = policy.read_rule(given)
    try:
        instant = unit.at if at is None else at.astimezone(UTC)
    except OverflowError:
        raise InstantUnreachable(faults=[Fault("/at", "lies outside the years 1 to 9999")]) from None
    customer_id = None if customer is None else await _find(unit, customer)
    if relations is not None:
        await relations.catch_up(await store.last_event(unit))
    found = await verdicts.preview(unit, rule, at=instant, customer_id=customer_id, relations=relations)
    people = await _people(unit, found.sample)
    return Preview(rule, instant, found.count, [people[one] for one in found.sample], found.customer)


async def list_members(unit: Unit, slug: str, after: str | None, limit: int) -> Page[MemberOfAudience]:
    """Who is on a static list, the newest first."""
    page = await customers.list_members(unit, slug, after, limit)
    people = await _people(unit, [one.customer_id for one in page.items])
    return Page([MemberOfAudience(people[one.customer_id], one.since) for one in page.items], page.next)


async def delete_list(unit: Unit, slug: str) -> None:
    """Ends a static list, unless a rule mentions it."""
    await verdicts.check_list_unmentioned(unit, slug)
    await customers.delete_list(unit, slug)


async def vocabulary(unit: Unit) -> Vocabulary:
    audiences, stages = await verdicts.vocabulary(unit)
    return Vocabulary(
        [(one.name, one.events) for one in await events.event_names(unit)],
        [(one.key, one.examples[:examples_shown]) for one in await store.trait_keys(unit, trait_keys_shown_max)],
        audiences,
        stages,
        await customers.list_slugs(unit),
    )


async def properties(unit: Unit, event: str) -> Sequence[tuple[str, Sequence[object]]]:
    """The properties events of this name have had, each with a few values."""
    found = await store.event_properties(unit, event, properties_shown_max)
    return [(one.key, one.examples[:examples_shown]) for one in found]


async def trait_values(unit: Unit, key: str, part: str) -> Sequence[str]:
    """Values a trait has had that contain this text, from the few that are kept: everyone is never asked."""
    return policy.fitting(await store.trait_examples(unit, key), part)


async def property_values(unit: Unit, event: str, path: str, part: str) -> Sequence[str]:
    """The same of a property of an event."""
    return policy.fitting(await store.property_examples(unit, event, path), part)


async def people(
    unit: Unit, *, text: str | None, stage: str | None, audience: str | None, after: str | None, limit: int
) -> Page[CustomerLine]:
    """Customers whose identifiers, e-mail or name contain the text, in a stage, in an audience; the last seen first."""
    wanted = text.strip() if text and text.strip() else None
    rows = await store.people(
        unit, text=wanted, stage=stage, audience=audience, before=decode_place(after), limit=limit + 1
    )
    page = page_of(rows, limit, lambda row: encode_place(row.last_seen_at, row.id))
    names = await _people(unit, [row.id for row in page.items])
    lines = [
        CustomerLine(names[row.id], row.user_id, row.stage, row.stage_name, row.first_seen_at, row.last_seen_at)
        for row in page.items
    ]
    return Page(lines, page.next)


async def whole_customer(unit: Unit, customer_id: UUID) -> WholeCustomer:
    """Everything known of one customer; for one who was absorbed, of the customer they became part of."""
    card = await customers.card(unit, customer_id)
    kept_id = card.customer.id
    return WholeCustomer(
        card,
        await lifecycle.place_of(unit, kept_id),
        await verdicts.heartbeat(unit, kept_id, at=unit.at),
        await store.audiences_of(unit, kept_id),
        await customers.lists_of(unit, kept_id),
    )


async def membership(unit: Unit, customer_id: UUID, slug: str) -> MembershipTold:
    """Why one customer is in an audience, or is not, as its rule is written now; nobody else is looked at."""
    customer = await customers.find(unit, customer_id)
    row = await _row(unit, slug)
    told = (await verdicts.explain(unit, {"0": parse_tree(row.rule)}, customer.id, at=unit.at))["0"]
    since = {one.slug: one.since for one in await store.audiences_of(unit, customer.id)}
    return MembershipTold(row.slug, row.name, since.get(row.slug), told)


async def _row(unit: Unit, slug: str) -> store.AudienceRow:
    row = await store.audience(unit, slug)
    if row is None:
        raise AudienceUnknown(f"There is no audience {slug[:80]!r}.")
    return row


async def _complete(unit: Unit, rows: Sequence[store.AudienceRow]) -> list[Audience]:
    counts = await store.member_counts(unit, [row.slug for row in rows])
    standing: Mapping[str, Standing] = await verdicts.standing(unit, "audience")
    fillings = await verdicts.fillings(unit, "audience")
    return [
        Audience(
            row.slug,
            row.name,
            parse_tree(row.rule),
            counts.get(row.slug),
            standing[row.slug].state if row.slug in standing else "filling",
            row.changed_at,
            fillings.get(row.slug),
        )
        for row in rows
    ]


async def _find(unit: Unit, customer: WhichCustomer) -> UUID:
    match customer:
        case WhichCustomer(id=str() as outside_id, user_id=None):
            return (await customers.find(unit, inside("customer", outside_id))).id
        case WhichCustomer(id=None, user_id=str() as user_id):
            return await customers.find_by_user_id(unit, user_id)
        case _:
            raise CustomerUnclear


async def _people(unit: Unit, ids: Sequence[UUID]) -> dict[UUID, Person]:
    names = await customers.names(unit, ids)
    return {
        one: Person(one, names[one].name, names[one].email) if one in names else Person(one, None, None) for one in ids
    }
