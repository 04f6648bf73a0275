"""Makers and looks for journeys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regulars.domains.journeys import service as journeys
from tests.story import Story

WELCOME: dict[str, Any] = {
    "enter": {"event": "Signed Up"},
    "again": "never",
    "leave_when": None,
    "first": "greet",
    "steps": [
        {"id": "greet", "send": "hello", "next": "rest"},
        {"id": "rest", "wait": "2d", "next": "advise"},
        {"id": "advise", "send": "tips", "next": "done"},
        {"id": "done", "leave": "done"},
    ],
}


async def published(story: Story, slug: str = "welcome", **changes: Any) -> None:
    async with story.units.open() as unit:
        await journeys.put(unit, slug, slug.title(), WELCOME | changes)
        await journeys.publish(unit, slug)
    await story.fill()


async def visits(story: Story, user: str) -> list[tuple[str, str]]:
    """(journey, step) of every visit of a customer, in order."""
    customer = await story.customer(user)
    async with story.units.open() as unit:
        rows = await unit.records(
            b"SELECT j.slug, p.step FROM passages AS p JOIN enrolments AS e ON e.id = p.enrolment_id "
            b"JOIN journeys AS j ON j.id = e.journey_id WHERE e.customer_id = %(customer)s "
            b"ORDER BY e.entered_at, e.id, p.visit",
            customer=customer,
        )
    return [(row["slug"], row["step"]) for row in rows]


async def steps(story: Story, user: str) -> list[str]:
    return [step for _, step in await visits(story, user)]


async def mail(story: Story, user: str) -> list[str]:
    """The templates of a customer's messages, in the order in which they were made."""
    customer = await story.customer(user)
    async with story.units.open() as unit:
        return list(
            await unit.values(
                b"SELECT t.slug FROM messages AS m JOIN templates AS t ON t.id = m.template_id "
                b"WHERE m.customer_id = %(customer)s ORDER BY m.created_at, m.id",
                customer=customer,
            )
        )


async def endings(story: Story, user: str) -> Sequence[str | None]:
    """Why each of a customer's enrolments ended, null for one that has not."""
    customer = await story.customer(user)
    async with story.units.open() as unit:
        return await unit.values(
            b"SELECT left_because FROM enrolments WHERE customer_id = %(customer)s ORDER BY entered_at, id",
            customer=customer,
        )


async def refused(story: Story, slug: str = "welcome") -> dict[str, int]:
    async with story.units.open() as unit:
        return dict((await journeys.get(unit, slug)).refused)
