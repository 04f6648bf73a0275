"""The routes of static lists: customers put together by hand or by file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from regulars.domains.audiences import service
from regulars.domains.audiences.model import MemberOfAudience
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import PersonUnclear, Pointer, StaticList
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed
from regulars.shared.errors import Fault
from regulars.shared.ids import outside

router = APIRouter(tags=["lists"])

Slug = Annotated[str, Path(max_length=200)]
PointerText = Annotated[str, Field(max_length=256)]


class ListOut(BaseModel):
    slug: str
    name: str
    members: int
    updated_at: datetime


class ListBody(Body):
    name: str


class ListMemberOut(BaseModel):
    id: str
    name: str | None
    email: str | None
    since: datetime


class PersonBody(Body):
    """One customer, by exactly one of these."""

    id: PointerText | None = None
    user_id: PointerText | None = None
    email: PointerText | None = None
    anonymous_id: PointerText | None = None


class ListMembersBody(Body):
    add: list[PersonBody] = Field([], description="Who is put on the list; 1,000 at most with those removed.")
    remove: list[PersonBody] = Field([], description="Who is taken off it; also who is named in both.")


class ListChangeOut(BaseModel):
    added: int
    removed: int
    unknown: list[dict[str, str]] = Field(description="Whom nobody is known by, as they were named.")


@router.get("/api/lists")
async def list_lists(unit: RequestUnit, after: After = None, limit: Limit = 50) -> Listed[ListOut]:
    return listed(await customers.lists(unit, after, limit), _list)


@router.get("/api/lists/{slug}")
async def read_list(unit: RequestUnit, slug: Slug) -> ListOut:
    return _list(await customers.find_list(unit, slug))


@router.put("/api/lists/{slug}")
async def put_list(unit: RequestUnit, slug: Slug, body: ListBody) -> ListOut:
    return _list(await customers.put_list(unit, slug, body.name))


@router.delete("/api/lists/{slug}", status_code=204)
async def delete_list(unit: RequestUnit, slug: Slug) -> None:
    """Everybody leaves it; what was said of it stays on record. Refused while a rule mentions it."""
    await service.delete_list(unit, slug)


@router.get("/api/lists/{slug}/members")
async def list_list_members(
    unit: RequestUnit, slug: Slug, after: After = None, limit: Limit = 50
) -> Listed[ListMemberOut]:
    return listed(await service.list_members(unit, slug, after, limit), _member)


@router.put("/api/lists/{slug}/members")
async def change_list_members(unit: RequestUnit, slug: Slug, body: ListMembersBody) -> ListChangeOut:
    """Puts customers on the list and takes others off it; they are there with the next tick."""
    add = [_pointer(one, f"/add/{place}") for place, one in enumerate(body.add)]
    remove = [_pointer(one, f"/remove/{place}") for place, one in enumerate(body.remove)]
    change = await customers.change_list(unit, slug, add, remove)
    unknown = [{str(one.kind): one.value} for one in change.unknown]
    return ListChangeOut(added=change.added, removed=change.removed, unknown=unknown)


def _pointer(one: PersonBody, place: str) -> Pointer:
    match one:
        case PersonBody(id=str() as value, user_id=None, email=None, anonymous_id=None):
            return Pointer("id", value)
        case PersonBody(id=None, user_id=str() as value, email=None, anonymous_id=None):
            return Pointer("user_id", value)
        case PersonBody(id=None, user_id=None, email=str() as value, anonymous_id=None):
            return Pointer("email", value)
        case PersonBody(id=None, user_id=None, email=None, anonymous_id=str() as value):
            return Pointer("anonymous_id", value)
        case _:
            raise PersonUnclear(faults=[Fault(place, "has one of id, user_id, email and anonymous_id")])


def _list(one: StaticList) -> ListOut:
    return ListOut(slug=one.slug, name=one.name, members=one.members, updated_at=one.changed_at)


def _member(one: MemberOfAudience) -> ListMemberOut:
    return ListMemberOut(
        id=outside("customer", one.person.id), name=one.person.name, email=one.person.email, since=one.since
    )
