"""The routes of journeys and of enrolments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from regulars.domains.journeys import service
from regulars.domains.journeys.model import Choice, Enrolment, Journey, JourneyLine, May, Passage, Person, Refusal
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed
from regulars.shared.ids import inside, outside

router = APIRouter(tags=["journeys"])

Slug = Annotated[str, Path(max_length=200)]


class JourneyLineOut(BaseModel):
    slug: str
    name: str
    state: Literal["draft", "live", "paused", "ended"]
    version: int | None
    inside: int
    entered: int
    left: int
    updated_at: datetime


class JourneyVersionOut(BaseModel):
    number: int
    published_at: datetime


class StepCountsOut(BaseModel):
    id: str
    inside: int = Field(description="Customers who stand at this step now.")
    passed: int = Field(description="Visits so far, over all versions.")


class JourneyProblemOut(BaseModel):
    pointer: str
    detail: str


class EventTriggerOut(BaseModel):
    event: str
    where: list[dict[str, Any]] = Field(
        [], description="Left out when any will do.", exclude_if=lambda tests: not tests
    )


class AudienceTriggerOut(BaseModel):
    audience: str


class StageTriggerOut(BaseModel):
    stage: str


class SendStepOut(BaseModel):
    id: str
    send: str = Field(description="A template's slug.")
    next: str | None = Field(description="Null in an unfinished draft.")


class WaitStepOut(BaseModel):
    id: str
    wait: str = Field(description="How long, as in `2d`.")
    next: str | None = Field(description="Null in an unfinished draft.")


class LeaveStepOut(BaseModel):
    id: str
    leave: str = Field(description="Why, in a word.")


class JourneyDefinitionOut(BaseModel):
    enter: EventTriggerOut | AudienceTriggerOut | StageTriggerOut
    again: Literal["never", "after_leaving"]
    leave_when: dict[str, Any] | None = Field(description="A rule's tree.")
    first: str | None = Field(description="The first step's id; null in an unfinished draft.")
    steps: list[SendStepOut | WaitStepOut | LeaveStepOut]


class JourneyMayOut(BaseModel):
    publish: bool
    publish_reason: str | None
    pause: bool
    pause_reason: str | None
    resume: bool
    resume_reason: str | None
    delete: bool
    delete_reason: str | None


class RefusalCountOut(BaseModel):
    because: str
    customers: int


class JourneyOut(JourneyLineOut):
    definition: JourneyDefinitionOut
    definition_live: JourneyDefinitionOut | None
    versions: list[JourneyVersionOut]
    steps: list[StepCountsOut]
    refused: list[RefusalCountOut] = Field(
        description="Customers who met the trigger and did not enter, by the reason."
    )
    problems: list[JourneyProblemOut] = Field(description="What keeps the draft from being published.")
    may: JourneyMayOut


class JourneyBody(Body):
    name: str
    definition: Any = Field(
        description="{enter, again, leave_when, first, steps}: a draft may be unfinished, but not misspelt."
    )


class EnrolledCustomerOut(BaseModel):
    id: str
    name: str | None
    email: str | None


class EnrolmentOut(BaseModel):
    id: str
    customer: EnrolledCustomerOut
    journey: str
    version: int
    entered_at: datetime
    step: str | None
    wake_at: datetime | None
    left_at: datetime | None
    left_because: str | None


class PassageOut(BaseModel):
    visit: int
    step: str
    kind: Literal["send", "wait", "leave"]
    at: datetime
    outcome: str
    details: dict[str, Any] = Field(
        description="A send: template, message_id, message_state. A wait: until. Leaving: because. `late_s`: how late."
    )


class EnrolmentWithPassagesOut(EnrolmentOut):
    passages: list[PassageOut]


class RefusalOut(BaseModel):
    customer: EnrolledCustomerOut
    at: datetime
    because: str
    times: int


@router.get("/api/journeys")
async def list_journeys(unit: RequestUnit, after: After = None, limit: Limit = 50) -> Listed[JourneyLineOut]:
    return listed(await service.search(unit, after, limit), lambda line: JourneyLineOut(**_line(line)))


@router.get("/api/journeys/{slug}")
async def read_journey(unit: RequestUnit, slug: Slug) -> JourneyOut:
    return _journey(await service.get(unit, slug))


@router.put("/api/journeys/{slug}")
async def put_journey(unit: RequestUnit, slug: Slug, body: JourneyBody) -> JourneyOut:
    return _journey(await service.put(unit, slug, body.name, body.definition))


@router.delete("/api/journeys/{slug}", status_code=204)
async def delete_journey(unit: RequestUnit, slug: Slug) -> None:
    await service.delete(unit, slug)


@router.put("/api/journeys/{slug}/publication")
async def publish_journey(unit: RequestUnit, slug: Slug) -> JourneyOut:
    return _journey(await service.publish(unit, slug))


@router.put("/api/journeys/{slug}/pause")
async def pause_journey(unit: RequestUnit, slug: Slug) -> JourneyOut:
    return _journey(await service.pause(unit, slug))


@router.delete("/api/journeys/{slug}/pause")
async def resume_journey(unit: RequestUnit, slug: Slug) -> JourneyOut:
    return _journey(await service.resume(unit, slug))


@router.get("/api/journeys/{slug}/enrolments")
async def list_enrolments(
    unit: RequestUnit, slug: Slug, after: After = None, limit: Limit = 50
) -> Listed[EnrolmentOut]:
    return listed(await service.enrolments(unit, slug, after, limit), lambda one: EnrolmentOut(**_enrolment(one)))


@router.get("/api/journeys/{slug}/refusals")
async def list_refusals(unit: RequestUnit, slug: Slug, after: After = None, limit: Limit = 50) -> Listed[RefusalOut]:
    return listed(await service.refusals(unit, slug, after, limit), _refusal)


@router.get("/api/enrolments/{enrolment_id}")
async def read_enrolment(unit: RequestUnit, enrolment_id: str) -> EnrolmentWithPassagesOut:
    found, passages = await service.enrolment(unit, inside("enrolment", enrolment_id))
    return EnrolmentWithPassagesOut(**_enrolment(found), passages=[_passage(one) for one in passages])


@router.get("/api/customers/{customer_id}/enrolments")
async def list_enrolments_of_customer(
    unit: RequestUnit, customer_id: str, after: After = None, limit: Limit = 50
) -> Listed[EnrolmentOut]:
    page = await service.enrolments_of(unit, inside("customer", customer_id), after, limit)
    return listed(page, lambda one: EnrolmentOut(**_enrolment(one)))


def _line(line: JourneyLine) -> dict[str, Any]:
    return {
        "slug": line.slug,
        "name": line.name,
        "state": line.state,
        "version": line.version,
        "inside": line.counts.inside,
        "entered": line.counts.entered,
        "left": line.counts.left,
        "updated_at": line.changed_at,
    }


def _journey(one: Journey) -> JourneyOut:
    return JourneyOut(
        **_line(one.line),
        definition=JourneyDefinitionOut.model_validate(one.draft),
        definition_live=None if one.live is None else JourneyDefinitionOut.model_validate(one.live),
        versions=[
            JourneyVersionOut(number=version.number, published_at=version.published_at) for version in one.versions
        ],
        steps=[StepCountsOut(id=step.step, inside=step.inside, passed=step.passed) for step in one.steps],
        refused=[RefusalCountOut(because=because, customers=many) for because, many in one.refused.items()],
        problems=[JourneyProblemOut(pointer=fault.pointer, detail=fault.detail) for fault in one.problems],
        may=_may(one.may),
    )


def _may(may: May) -> JourneyMayOut:
    choices: dict[str, Choice] = {
        "publish": may.publish,
        "pause": may.pause,
        "resume": may.resume,
        "delete": may.delete,
    }
    allowed: dict[str, Any] = {name: choice.allowed for name, choice in choices.items()}
    return JourneyMayOut(**allowed, **{f"{name}_reason": choice.reason for name, choice in choices.items()})


def _person(person: Person) -> EnrolledCustomerOut:
    return EnrolledCustomerOut(id=outside("customer", person.id), name=person.name, email=person.email)


def _enrolment(one: Enrolment) -> dict[str, Any]:
    return {
        "id": outside("enrolment", one.id),
        "customer": _person(one.customer),
        "journey": one.journey,
        "version": one.version,
        "entered_at": one.entered_at,
        "step": one.step,
        "wake_at": one.wake_at,
        "left_at": one.left_at,
        "left_because": one.left_because,
    }


def _passage(one: Passage) -> PassageOut:
    details = dict(one.outcome)
    if one.message_id is not None:
        details |= {"message_id": outside("message", one.message_id), "message_state": one.message_state}
    return PassageOut(
        visit=one.visit, step=one.step, kind=one.kind, at=one.at, outcome=service.outcome_text(one), details=details
    )


def _refusal(one: Refusal) -> RefusalOut:
    return RefusalOut(customer=_person(one.customer), at=one.at, because=one.because, times=one.times)
