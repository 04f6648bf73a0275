"""The lifecycle's routes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from regulars.domains.lifecycle import service
from regulars.domains.lifecycle.model import Conversion, KnownLifecycle, Stage, StageNumbers
from regulars.platform.http.door import Body, Listed, RequestUnit
from regulars.rules.text import to_text
from regulars.rules.tree.writing import to_tree
from regulars.shared.ids import inside

router = APIRouter(tags=["lifecycle"])

Slug = Annotated[str, Path(max_length=200)]


class StageConversionOut(BaseModel):
    to: str
    customers: int
    share: float = Field(description="Of the stage's cohort; 0 when the cohort is empty.")


class StageOverviewOut(BaseModel):
    slug: str
    name: str
    description: str
    rule_text: str
    rule: dict[str, Any]
    metrics: list[str]
    customers: int = Field(description="In this stage now.")
    entered: int = Field(description="Customers who entered it at least once in the window.")
    left: int
    median_dwell_s: float | None = Field(description="Of the stays that ended in the window.")
    cohort: int = Field(description="Customers who entered it at least once in the last `cohort_days` days.")
    conversions: list[StageConversionOut] = Field(
        description="Of the cohort, those who entered a later stage after they had first entered this one."
    )


class UnknownStageOut(BaseModel):
    customers: int
    entered: int
    left: int


class StageFlowOut(BaseModel):
    from_: str = Field(alias="from")
    to: str
    customers: int
    direction: Literal["forward", "skip", "back"]


class LifecycleHeadOut(BaseModel):
    slug: str
    name: str
    description: str


class LifecycleOverviewOut(BaseModel):
    lifecycle: LifecycleHeadOut
    as_of: datetime
    window_days: int
    cohort_days: int
    total: int
    stages: list[StageOverviewOut]
    unknown: UnknownStageOut
    flows: list[StageFlowOut]
    state: Literal["live", "filling"]


class LifecycleStageOut(BaseModel):
    slug: str
    name: str
    description: str
    enter: dict[str, Any]
    rule_text: str
    metrics: list[str]


class LifecycleOut(LifecycleHeadOut):
    active: bool
    stages: list[LifecycleStageOut]


class LifecycleBody(Body):
    name: str
    description: str = ""
    stages: list[Any] = Field(description="{slug, name, description?, enter: rule tree or text, metrics?}, in order.")


class StageConditionOut(BaseModel):
    text: str
    holds: bool
    changes_at: datetime | None
    value: str | None


class StageAnswerOut(BaseModel):
    slug: str
    name: str
    holds: bool
    changes_at: datetime | None
    conditions: list[StageConditionOut]


class StageMoveOut(BaseModel):
    from_: str = Field(alias="from")
    to: str
    at: datetime
    dwell_s: float | None
    because: list[str]


class CustomerStageOut(BaseModel):
    stage: str | None
    since: datetime | None
    stages: list[StageAnswerOut]
    moves: list[StageMoveOut]


@router.get("/api/lifecycle")
async def read_overview(unit: RequestUnit) -> LifecycleOverviewOut:
    found = await service.overview(unit)
    head = found.lifecycle
    numbers = {one.slug: one for one in found.stages}
    return LifecycleOverviewOut(
        lifecycle=LifecycleHeadOut(slug=head.slug, name=head.name, description=head.description),
        as_of=found.as_of,
        window_days=service.window_days,
        cohort_days=service.cohort_days,
        total=found.total,
        stages=[_stage_overview(stage, numbers[stage.slug], found.conversions) for stage in head.stages],
        unknown=UnknownStageOut(
            customers=found.unknown.customers, entered=found.unknown.entered, left=found.unknown.left
        ),
        flows=[
            StageFlowOut(**{"from": flow.from_stage}, to=flow.to_stage, customers=flow.customers, direction=direction)
            for flow, direction in found.flows
        ],
        state="filling" if found.filling else "live",
    )


@router.get("/api/lifecycles")
async def list_lifecycles(unit: RequestUnit) -> Listed[LifecycleOut]:
    return Listed[LifecycleOut](items=[_lifecycle(one) for one in await service.list_all(unit)], next=None)


@router.get("/api/lifecycles/{slug}")
async def read_lifecycle(unit: RequestUnit, slug: Slug) -> LifecycleOut:
    return _lifecycle(await service.get(unit, slug))


@router.put("/api/lifecycles/{slug}")
async def put_lifecycle(unit: RequestUnit, slug: Slug, body: LifecycleBody) -> LifecycleOut:
    return _lifecycle(await service.put(unit, slug, body.model_dump()))


@router.put("/api/lifecycles/{slug}/activation")
async def activate_lifecycle(unit: RequestUnit, slug: Slug) -> LifecycleOut:
    await service.activate(unit, slug)
    return _lifecycle(await service.get(unit, slug))


@router.get("/api/customers/{customer_id}/stage")
async def read_customer_stage(unit: RequestUnit, customer_id: str) -> CustomerStageOut:
    report = await service.report_on(unit, inside("customer", customer_id))
    return CustomerStageOut(
        stage=report.stage,
        since=report.since,
        stages=[
            StageAnswerOut(
                slug=stage.slug,
                name=stage.name,
                holds=told.holds,
                changes_at=told.changes_at,
                conditions=[
                    StageConditionOut(text=one.text, holds=one.holds, changes_at=one.changes_at, value=one.value)
                    for one in told.conditions
                ],
            )
            for stage, told in report.stages
        ],
        moves=[
            StageMoveOut(
                **{"from": one.from_stage}, to=one.to_stage, at=one.at, dwell_s=one.dwell_s, because=list(one.because)
            )
            for one in report.moves
        ],
    )


def _stage_overview(stage: Stage, numbers: StageNumbers, conversions: Sequence[Conversion]) -> StageOverviewOut:
    return StageOverviewOut(
        slug=stage.slug,
        name=stage.name,
        description=stage.description,
        rule_text=to_text(stage.enter),
        rule=to_tree(stage.enter),
        metrics=list(stage.metrics),
        customers=numbers.customers,
        entered=numbers.entered,
        left=numbers.left,
        median_dwell_s=numbers.median_dwell_s,
        cohort=numbers.cohort,
        conversions=[
            StageConversionOut(
                to=one.to, customers=one.customers, share=one.customers / numbers.cohort if numbers.cohort else 0.0
            )
            for one in conversions
            if one.stage == stage.slug
        ],
    )


def _lifecycle(known: KnownLifecycle) -> LifecycleOut:
    one = known.lifecycle
    return LifecycleOut(
        slug=one.slug,
        name=one.name,
        description=one.description,
        active=known.active,
        stages=[
            LifecycleStageOut(
                slug=stage.slug,
                name=stage.name,
                description=stage.description,
                enter=to_tree(stage.enter),
                rule_text=to_text(stage.enter),
                metrics=list(stage.metrics),
            )
            for stage in one.stages
        ],
    )
