"""The door to templates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from regulars.domains.messages.model import Purpose, Template, TemplateLine
from regulars.domains.messages.service import templates
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.shared.ids import inside
from regulars.shared.paging import page_size_default

router = APIRouter(tags=["templates"])

# Far above what the domain accepts: it says so with the place; this only bounds what is read at all.
Source = Annotated[str, Field(max_length=1_000_000)]


class TemplateLineOut(BaseModel):
    slug: str
    name: str
    subject: str
    purpose: Purpose
    topic: str
    version: int
    updated_at: datetime


class TemplateOut(TemplateLineOut):
    """`text` is null when the text part is derived from the HTML."""

    body: str
    text: str | None


class TemplateBody(Body):
    """`body` is MJML with Liquid; `text` Liquid, left out to derive it from the HTML.

    `topic` is what a customer says yes or no to; transactional mail needs none.
    """

    name: str
    subject: Source
    body: Source
    text: Source | None = None
    purpose: Purpose
    topic: str | None = None


class TemplatePreviewBody(Body):
    subject: Source
    body: Source
    text: Source | None = None
    customer_id: str | None = None


class TemplatePreviewOut(BaseModel):
    subject: str
    html: str
    text: str
    warnings: list[str]


@router.get("/api/templates")
async def list_templates(
    unit: RequestUnit, after: After = None, limit: Limit = page_size_default
) -> Listed[TemplateLineOut]:
    return listed(await templates.page(unit, after, limit), _line)


@router.post("/api/templates/preview")
@needs("read")
async def preview_template(body: TemplatePreviewBody, unit: RequestUnit) -> TemplatePreviewOut:
    customer_id = None if body.customer_id is None else inside("customer", body.customer_id)
    shown = await templates.preview(unit, subject=body.subject, body=body.body, text=body.text, customer_id=customer_id)
    rendered = shown.rendered
    return TemplatePreviewOut(subject=rendered.subject, html=rendered.html, text=rendered.text, warnings=shown.warnings)


@router.get("/api/templates/{slug}")
async def read_template(slug: str, unit: RequestUnit) -> TemplateOut:
    return _whole(await templates.find(unit, slug))


@router.put("/api/templates/{slug}")
async def save_template(slug: str, body: TemplateBody, unit: RequestUnit) -> TemplateOut:
    return _whole(await templates.save(unit, slug, **body.model_dump()))


@router.delete("/api/templates/{slug}", status_code=204)
async def delete_template(slug: str, unit: RequestUnit) -> None:
    await templates.delete(unit, slug)


def _line(template: TemplateLine) -> TemplateLineOut:
    return TemplateLineOut(
        slug=template.slug,
        name=template.name,
        subject=template.subject,
        purpose=Purpose(template.purpose),
        topic=template.topic,
        version=template.version,
        updated_at=template.changed_at,
    )


def _whole(template: Template) -> TemplateOut:
    return TemplateOut(
        slug=template.slug,
        name=template.name,
        subject=template.subject,
        purpose=Purpose(template.purpose),
        topic=template.topic,
        version=template.version,
        updated_at=template.changed_at,
        body=template.body,
        text=template.text or None,
    )
