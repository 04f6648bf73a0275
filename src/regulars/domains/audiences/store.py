"""Every statement of the audiences domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from regulars.domains.audiences.model import Membership
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

sql = load_statements(__package__)


@dataclass(frozen=True, slots=True)
class AudienceRow:
    slug: str
    name: str
    rule: dict[str, Any]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    customer_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class Examples:
    """A trait's key or a property's path, with values it has had."""

    key: str
    examples: list[Any]


async def put_audience(unit: Unit, slug: str, name: str, rule: dict[str, Any]) -> None:
    await unit.run(
        sql["put_audience"],
        id=unit.new_id(),
        slug=slug,
        name=name,
        rule=Jsonb(rule),
        at=unit.at,
        by=unit.actor.name,
    )


async def delete_audience(unit: Unit, slug: str) -> None:
    await unit.run(sql["delete_audience"], slug=slug)


async def audience(unit: Unit, slug: str) -> AudienceRow | None:
    return await unit.row(sql["audience"], AudienceRow, slug=slug)


async def audiences(unit: Unit, after: str | None, limit: int) -> list[AudienceRow]:
    return await unit.rows(sql["audiences"], AudienceRow, after=after, limit=limit)


async def member_counts(unit: Unit, slugs: Sequence[str]) -> dict[str, int]:
    rows = await unit.records(sql["member_counts"], slugs=list(slugs))
    return {row["slug"]: row["members"] for row in rows}


async def members(unit: Unit, slug: str, before: tuple[datetime, UUID] | None, limit: int) -> list[MemberRow]:
    before_at, before_id = before or (None, None)
    return await unit.rows(sql["members"], MemberRow, slug=slug, before_at=before_at, before_id=before_id, limit=limit)


async def trait_keys(unit: Unit, limit: int) -> list[Examples]:
    return await unit.rows(sql["trait_keys"], Examples, limit=limit)


async def trait_examples(unit: Unit, key: str) -> list[Any]:
    return await unit.value(sql["trait_examples"], key=key) or []


async def event_properties(unit: Unit, name: str, limit: int) -> list[Examples]:
    return await unit.rows(sql["event_properties"], Examples, name=name, limit=limit)


async def property_examples(unit: Unit, name: str, path: str) -> list[Any]:
    return await unit.value(sql["property_examples"], name=name, path=path) or []


async def last_event(unit: Unit) -> int:
    seq: int = await unit.value(sql["last_event"])
    return seq


async def tell_changes(tick: Tick) -> int:
    return await tick.run(sql["tell_changes"], at=tick.at)


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: UUID
    stage: str | None
    stage_name: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    user_id: str | None


async def people(
    unit: Unit,
    *,
    text: str | None,
    stage: str | None,
    audience: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PersonRow]:
    return await unit.rows(
        sql["people"],
        PersonRow,
        pattern=None if text is None else f"%{text.lower().translate(_ESCAPES)}%",
        stage=stage,
        audience=audience,
        before_at=before[0] if before else None,
        before_id=before[1] if before else None,
        limit=limit,
    )


async def audiences_of(unit: Unit, customer_id: UUID) -> list[Membership]:
    return await unit.rows(sql["audiences_of"], Membership, customer_id=customer_id)


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
