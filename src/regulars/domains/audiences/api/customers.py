"""The routes of customers: everything known of one, from every domain below, and the finding of many."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from regulars.domains.audiences import service
from regulars.domains.audiences.api.audiences import ExplanationOut, Slug, explanation
from regulars.domains.audiences.model import CustomerLine
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import ConsentLine
from regulars.domains.events import service as events
from regulars.domains.events.model import TimelineItem
from regulars.domains.members.model import Permission
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.rules.model import Pulse
from regulars.shared.ids import CustomerId, inside, outside

router = APIRouter(tags=["customers"])

OutsideId = Annotated[str, Path(max_length=100)]
Search = Annotated[str | None, Query(max_length=200)]


class CustomerRowStageOut(BaseModel):
    slug: str
    name: str


class CustomerRowOut(BaseModel):
    id: str
    name: str | None
    email: str | None
    user_id: str | None
    stage: CustomerRowStageOut | None
    first_seen_at: datetime
    last_seen_at: datetime


class IdentifierOut(BaseModel):
    kind: str
    value: str
    first_seen_at: datetime


class CustomerPlaceOut(CustomerRowStageOut):
    since: datetime
    because: list[str]


class MembershipOut(BaseModel):
    slug: str
    name: str
    since: datetime


class MembershipToldOut(ExplanationOut):
    """`since`: when they became a member; null while they are none."""

    slug: str
    name: str
    since: datetime | None


class ConsentOut(BaseModel):
    channel: str
    topic: str
    answer: Literal["yes", "no"]
    at: datetime
    source: str


class MergeOut(BaseModel):
    id: str
    absorbed_id: str
    at: datetime
    because: str
    undone_at: datetime | None


class RhythmOut(BaseModel):
    """What the pulse follows from. Before `changes_at` it stays as it is unless something new arrives; null: for
    good."""

    usual_gap_s: float
    latest_act_at: datetime
    active_days: int
    changes_at: datetime | None


class CustomerOut(BaseModel):
    """`pulse` and `rhythm` are null of whoever has never done anything themselves."""

    id: str
    name: str | None
    email: str | None
    identifiers: list[IdentifierOut]
    traits: dict[str, Any]
    stage: CustomerPlaceOut | None
    pulse: Pulse | None
    rhythm: RhythmOut | None
    audiences: list[MembershipOut]
    lists: list[MembershipOut]
    consents: list[ConsentOut]
    merges: list[MergeOut]
    first_seen_at: datetime
    last_seen_at: datetime


class TimelineItemOut(BaseModel):
    id: str
    name: str
    at: datetime
    properties: dict[str, Any]
    kind: str
    by_customer: bool
    received_at: datetime
    historical: bool


class TraitValueOut(BaseModel):
    value: Any
    at: datetime
    message_id: str


class MergeUndoingOut(BaseModel):
    state: Literal["ordered"]


class ConsentBody(Body):
    answer: Literal["yes", "no"]


@router.get("/api/customers")
async def list_customers(
    unit: RequestUnit,
    q: Search = None,
    stage: Search = None,
    audience: Search = None,
    after: After = None,
    limit: Limit = 50,
) -> Listed[CustomerRowOut]:
    """Customers by identifier, e-mail or name, by stage (`unknown` for none), by audience; the last seen first."""
    page = await service.people(unit, text=q, stage=stage, audience=audience, after=after, limit=limit)
    return listed(page, _row)


@router.get("/api/customers/{customer_id}")
async def read_customer(customer_id: OutsideId, unit: RequestUnit) -> CustomerOut:
    """One customer. An id that was merged into another answers with the customer who was kept."""
    found = await service.whole_customer(unit, inside("customer", customer_id))
    card, place, beat = found.card, found.place, found.heartbeat
    return CustomerOut(
        id=outside("customer", card.customer.id),
        name=card.name.name,
        email=card.name.email,
        identifiers=[
            IdentifierOut(kind=one.kind, value=one.value, first_seen_at=one.first_seen_at) for one in card.identifiers
        ],
        traits=card.customer.traits,
        stage=place
        and CustomerPlaceOut(slug=place.slug, name=place.name, since=place.since, because=list(place.reasons)),
        pulse=beat and beat.pulse,
        rhythm=beat
        and RhythmOut(
            usual_gap_s=beat.usual_gap.total_seconds(),
            latest_act_at=beat.latest_at,
            active_days=beat.active_days,
            changes_at=beat.changes_at,
        ),
        audiences=[MembershipOut(slug=one.slug, name=one.name, since=one.since) for one in found.audiences],
        lists=[MembershipOut(slug=one.slug, name=one.name, since=one.since) for one in found.lists],
        consents=[_consent(one) for one in card.consents],
        merges=[
            MergeOut(
                id=outside("merge", one.id),
                absorbed_id=outside("customer", one.absorbed_id),
                at=one.at,
                because=one.because,
                undone_at=one.undone_at,
            )
            for one in card.merges
        ],
        first_seen_at=card.customer.first_seen_at,
        last_seen_at=card.customer.last_seen_at,
    )


@router.get("/api/customers/{customer_id}/audiences/{slug}")
async def read_membership(customer_id: OutsideId, slug: Slug, unit: RequestUnit) -> MembershipToldOut:
    """Why the customer is in this audience, or is not: each condition of its rule, as it stands for them now."""
    found = await service.membership(unit, inside("customer", customer_id), slug)
    told = explanation(found.told)
    return MembershipToldOut(
        slug=found.slug,
        name=found.name,
        since=found.since,
        holds=told.holds,
        changes_at=told.changes_at,
        conditions=told.conditions,
    )


@router.get("/api/customers/{customer_id}/timeline")
async def read_timeline(
    customer_id: OutsideId, unit: RequestUnit, after: After = None, limit: Limit = 50
) -> Listed[TimelineItemOut]:
    """What happened, newest first."""
    customer = await customers.find(unit, inside("customer", customer_id))
    return listed(await events.timeline(unit, CustomerId(customer.id), after, limit), _item)


@router.get("/api/customers/{customer_id}/traits/{key}")
async def read_trait_history(
    customer_id: OutsideId, key: Annotated[str, Path(max_length=300)], unit: RequestUnit
) -> Listed[TraitValueOut]:
    """Every value a trait has had, the one that counts first."""
    values = await customers.trait_history(unit, inside("customer", customer_id), key)
    items = [TraitValueOut(value=one.value, at=one.at, message_id=one.message_id) for one in values]
    return Listed(items=items, next=None)


@router.put("/api/customers/{customer_id}/consents/{channel}/{topic}")
@needs(Permission.CUSTOMERS)
async def write_consent(
    customer_id: OutsideId, channel: str, topic: str, body: ConsentBody, unit: RequestUnit
) -> Listed[ConsentOut]:
    """Notes what the customer has said. The answer is appended; what they said before stays on record."""
    found = await customers.answer_for(
        unit, inside("customer", customer_id), channel=channel, topic=topic, answer=body.answer
    )
    return Listed(items=[_consent(one) for one in found], next=None)


@router.put("/api/merges/{merge_id}/undoing", status_code=202)
@needs(Permission.CUSTOMERS)
async def undo_merge(merge_id: OutsideId, unit: RequestUnit) -> MergeUndoingOut:
    """Takes the two customers apart again, with the next tick: identifiers, events, traits, answers and journeys."""
    await customers.undo_merge(unit, inside("merge", merge_id))
    return MergeUndoingOut(state="ordered")


def _row(one: CustomerLine) -> CustomerRowOut:
    return CustomerRowOut(
        id=outside("customer", one.person.id),
        name=one.person.name,
        email=one.person.email,
        user_id=one.user_id,
        stage=CustomerRowStageOut(slug=one.stage, name=one.stage_name or one.stage) if one.stage else None,
        first_seen_at=one.first_seen_at,
        last_seen_at=one.last_seen_at,
    )


def _consent(one: ConsentLine) -> ConsentOut:
    answer: Literal["yes", "no"] = "yes" if one.answer == "yes" else "no"
    return ConsentOut(channel=one.channel, topic=one.topic, answer=answer, at=one.at, source=one.source)


def _item(one: TimelineItem) -> TimelineItemOut:
    return TimelineItemOut(
        id=outside("event", one.id),
        name=one.name,
        at=one.at,
        properties=dict(one.properties),
        kind=one.kind,
        by_customer=one.by_customer,
        received_at=one.received_at,
        historical=one.historical,
    )
