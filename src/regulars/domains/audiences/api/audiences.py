"""The routes of audiences, and the words rules can use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from regulars.domains.audiences import service
from regulars.domains.audiences.model import Audience, MemberOfAudience, ValuesUnclear, WhichCustomer
from regulars.domains.verdicts.model import Explanation
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.rules.text import to_text
from regulars.rules.tree.writing import to_tree
from regulars.shared.ids import outside

router = APIRouter(tags=["audiences"])

Slug = Annotated[str, Path(max_length=200)]
Word = Annotated[str, Query(max_length=300)]
WordOrNone = Annotated[str | None, Query(max_length=300)]


class FillingOut(BaseModel):
    """How far the newest rule has been filled."""

    done: int = Field(description="Customers judged so far.")
    total: int = Field(description="Customers to judge; 0 while it has not begun.")
    since: datetime


class AudienceOut(BaseModel):
    slug: str
    name: str
    rule: dict[str, Any]
    rule_text: str
    members: int | None = Field(description="Null while the first rule is being judged.")
    state: Literal["live", "filling"]
    filling: FillingOut | None = Field(description="While the newest rule is being filled; the one before serves.")
    updated_at: datetime


class AudienceBody(Body):
    name: str
    rule: Any = Field(description="A rule: its tree, or its text.")


class AudienceMemberOut(BaseModel):
    id: str
    name: str | None
    email: str | None
    since: datetime


class WhichCustomerBody(Body):
    id: str | None = None
    user_id: str | None = None


class AudiencePreviewBody(Body):
    rule: Any = Field(description="A rule: its tree, or its text.")
    at: AwareDatetime | None = Field(None, description="Who matches then; unsaid: now.")
    customer: WhichCustomerBody | None = None


class SampleCustomerOut(BaseModel):
    id: str
    name: str | None
    email: str | None


class ConditionOut(BaseModel):
    text: str
    holds: bool
    changes_at: datetime | None
    value: str | None


class ExplanationOut(BaseModel):
    holds: bool
    changes_at: datetime | None
    conditions: list[ConditionOut]


class AudiencePreviewOut(BaseModel):
    count: int
    sample: list[SampleCustomerOut]
    at: datetime
    rule: dict[str, Any]
    rule_text: str
    customer: ExplanationOut | None


class EventNameOut(BaseModel):
    name: str
    count: int


class TraitOut(BaseModel):
    key: str
    examples: list[Any]


class PropertyOut(BaseModel):
    property: str
    examples: list[Any]


class VocabularyOut(BaseModel):
    events: list[EventNameOut]
    traits: list[TraitOut]
    audiences: list[str]
    stages: list[str]
    lists: list[str]


@router.get("/api/audiences")
async def list_audiences(unit: RequestUnit, after: After = None, limit: Limit = 50) -> Listed[AudienceOut]:
    return listed(await service.search(unit, after, limit), _audience)


@router.post("/api/audiences/preview")
@needs("read")
async def preview_audience(request: Request, unit: RequestUnit, body: AudiencePreviewBody) -> AudiencePreviewOut:
    customer = None if body.customer is None else WhichCustomer(body.customer.id, body.customer.user_id)
    relations = getattr(request.app.state, "warehouse", None)
    found = await service.preview(unit, body.rule, at=body.at, customer=customer, relations=relations)
    told = found.customer
    return AudiencePreviewOut(
        count=found.count,
        sample=[
            SampleCustomerOut(id=outside("customer", one.id), name=one.name, email=one.email) for one in found.sample
        ],
        at=found.at,
        rule=to_tree(found.rule),
        rule_text=to_text(found.rule),
        customer=told and explanation(told),
    )


@router.get("/api/audiences/{slug}")
async def read_audience(unit: RequestUnit, slug: Slug) -> AudienceOut:
    return _audience(await service.get(unit, slug))


@router.put("/api/audiences/{slug}")
async def put_audience(unit: RequestUnit, slug: Slug, body: AudienceBody) -> AudienceOut:
    return _audience(await service.put(unit, slug, body.name, body.rule))


@router.delete("/api/audiences/{slug}", status_code=204)
async def delete_audience(unit: RequestUnit, slug: Slug) -> None:
    await service.delete(unit, slug)


@router.delete("/api/audiences/{slug}/filling", status_code=204)
async def cancel_audience_filling(unit: RequestUnit, slug: Slug) -> None:
    """Drops the new rule that is being filled; the one in force stays. 409 where there is none to go back to."""
    await service.cancel_filling(unit, slug)


@router.get("/api/audiences/{slug}/members")
async def list_audience_members(
    unit: RequestUnit, slug: Slug, after: After = None, limit: Limit = 50
) -> Listed[AudienceMemberOut]:
    return listed(await service.members(unit, slug, after, limit), _member)


@router.get("/api/vocabulary")
async def read_vocabulary(unit: RequestUnit) -> VocabularyOut:
    found = await service.vocabulary(unit)
    return VocabularyOut(
        events=[EventNameOut(name=name, count=count) for name, count in found.events],
        traits=[TraitOut(key=key, examples=list(examples)) for key, examples in found.traits],
        audiences=list(found.audiences),
        stages=list(found.stages),
        lists=list(found.lists),
    )


@router.get("/api/vocabulary/properties")
async def read_event_properties(unit: RequestUnit, event: Word) -> Listed[PropertyOut]:
    """The properties events of a name have had, each with a few values."""
    found = await service.properties(unit, event)
    return Listed(items=[PropertyOut(property=path, examples=list(examples)) for path, examples in found], next=None)


@router.get("/api/vocabulary/values")
async def read_values(
    unit: RequestUnit,
    trait: WordOrNone = None,
    event: WordOrNone = None,
    property: WordOrNone = None,
    q: Word = "",
) -> Listed[str]:
    """Values that a trait, or a property of an event, has had, up to 50; with `q`, those that contain it."""
    match trait, event, property:
        case str(), None, None:
            found = await service.trait_values(unit, trait, q)
        case None, str(), str():
            found = await service.property_values(unit, event, property, q)
        case _:
            raise ValuesUnclear
    return Listed(items=list(found), next=None)


def explanation(told: Explanation) -> ExplanationOut:
    return ExplanationOut(
        holds=told.holds,
        changes_at=told.changes_at,
        conditions=[
            ConditionOut(text=one.text, holds=one.holds, changes_at=one.changes_at, value=one.value)
            for one in told.conditions
        ],
    )


def _audience(one: Audience) -> AudienceOut:
    return AudienceOut(
        slug=one.slug,
        name=one.name,
        rule=to_tree(one.rule),
        rule_text=to_text(one.rule),
        members=one.members,
        state=one.state,
        filling=one.filling and FillingOut(done=one.filling.done, total=one.filling.total, since=one.filling.since),
        updated_at=one.changed_at,
    )


def _member(one: MemberOfAudience) -> AudienceMemberOut:
    return AudienceMemberOut(
        id=outside("customer", one.person.id), name=one.person.name, email=one.person.email, since=one.since
    )
