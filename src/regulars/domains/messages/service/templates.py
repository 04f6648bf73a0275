"""Templates: saved, shown, tried out and deleted."""

from __future__ import annotations

from asyncio import to_thread  # Templates of the greatest size take a second; others are answered meanwhile.
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from regulars.domains.members import service as members
from regulars.domains.messages import store
from regulars.domains.messages.model import (
    Content,
    Purpose,
    Rendered,
    Template,
    TemplateInvalid,
    TemplateLine,
    TemplateUnknown,
)
from regulars.domains.messages.policy import compose, template
from regulars.platform.unit import Unit
from regulars.shared.errors import Fault, Missing
from regulars.shared.ids import outside
from regulars.shared.paging import Page, decode_cursor, encode_cursor, page_of

# Whom a template is tried out on when no customer is named, and what may have happened to them.
SAMPLE_TRAITS: Final = {"name": "Ana Silva", "first_name": "Ana", "last_name": "Silva", "email": "ana@example.com"}
SAMPLE_ID: Final = UUID(int=0)


class PreviewCustomerUnknown(Missing):
    """There is no such customer to try the template out on."""


@dataclass(frozen=True, slots=True)
class Preview:
    rendered: Rendered
    warnings: list[str]


async def find(unit: Unit, slug: str) -> Template:
    found = await store.find_template(unit, slug)
    if found is None:
        raise TemplateUnknown(f"There is no template {slug[:80]!r}.")
    return found


async def page(unit: Unit, after: str | None, limit: int) -> Page[TemplateLine]:
    position = str(decode_cursor(after, str)[0]) if after is not None else None
    rows = await store.list_templates(unit, position, limit + 1)
    return page_of(rows, limit, lambda row: encode_cursor(row.slug))


async def unknown(unit: Unit, slugs: Iterable[str]) -> set[str]:
    """Which of these slugs name no template that can be sent."""
    wanted = set(slugs)
    return wanted - await store.known_slugs(unit, sorted(wanted))


async def save(
    unit: Unit, slug: str, *, name: str, subject: str, body: str, text: str | None, purpose: str, topic: str | None
) -> Template:
    """Checks, compiles and keeps a template. Every save makes a version; messages keep the one they were made with."""
    if not topic:
        topic = Purpose.TRANSACTIONAL.value if purpose == Purpose.TRANSACTIONAL else ""
    topic = topic.lower()  # As it stands in consents, which are compared letter by letter.
    content = await to_thread(
        template.check, slug=slug, name=name, purpose=purpose, topic=topic, subject=subject, body=body, text=text
    )
    await store.save_template(
        unit, slug=slug, name=name.strip(), purpose=purpose, topic=topic, body=body, content=content
    )
    saved = await find(unit, slug)
    await members.record(unit, "template.saved", slug, {"version": saved.version, "purpose": purpose, "topic": topic})
    return saved


async def delete(unit: Unit, slug: str) -> None:
    """Messages that wait to be sent from it are withheld, and say so."""
    if not await store.delete_template(unit, slug):
        raise TemplateUnknown(f"There is no template {slug[:80]!r}.")
    await members.record(unit, "template.deleted", slug, {})


async def preview(unit: Unit, *, subject: str, body: str, text: str | None, customer_id: UUID | None = None) -> Preview:
    """What the mail would look like now. Nothing is kept, nothing is sent, and its links lead where they say."""
    content = await to_thread(template.check_content, subject=subject, body=body, text=text)
    context = await _context(unit, customer_id)
    rendered = await to_thread(_filled, content, context)
    plain = rendered.text if rendered.text.strip() else template.as_text(rendered.html)
    shown = Rendered(rendered.subject, compose.harmless(rendered.html), plain)
    return Preview(shown, template.warnings(content, context, rendered))


def _filled(content: Content, context: dict[str, object]) -> Rendered:
    """In a preview a template that cannot be filled in is a fault of the template, with its place."""
    faults = [
        Fault(f"/{part}", detail)
        for part, detail in (
            ("subject", template.failure(content.subject, context, html=False)),
            ("body", template.failure(content.html, context, html=True)),
            ("text", template.failure(content.plain, context, html=False)),
        )
        if detail is not None
    ]
    if faults:
        raise TemplateInvalid(faults=faults)
    return template.render(content, context)


async def _context(unit: Unit, customer_id: UUID | None) -> dict[str, object]:
    settings = await members.read_settings(unit)
    traits: dict[str, Any] = dict(SAMPLE_TRAITS)
    email: str | None = SAMPLE_TRAITS["email"]
    shown_id = SAMPLE_ID
    if customer_id is not None:
        customer = await store.preview_customer(unit, customer_id)
        if customer is None:
            raise PreviewCustomerUnknown
        traits, email, shown_id = customer.traits, customer.email, customer.id
    return template.context_of(
        customer_id=outside("customer", shown_id),
        traits=traits,
        email=email,
        event={},
        company_name=settings.company_name,
        unsubscribe_url=f"{settings.public_url}/u/preview",
        at=unit.at,
    )
