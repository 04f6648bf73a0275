"""Every route of every domain's admin API, walked: nobody passes without proof, and nobody beyond their role."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

import regulars.domains
from regulars import bootstrap
from regulars.domains.members import service, store
from regulars.domains.members.api import Gatekeeper
from regulars.domains.members.model import KeyKind, Member, Permission, Role
from regulars.platform.http.app import make_app
from regulars.platform.http.gate import is_open
from regulars.platform.passwords import Passwords
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import MemberId
from tests.domains.members.conftest import OURS, actions, client_of

OPEN = {
    ("POST", "/api/session"),
    ("GET", "/api/setup/{token}"),
    ("POST", "/api/setup/{token}"),
    ("GET", "/api/openapi.json"),
}


@dataclass(frozen=True, order=True)
class Door:
    method: str
    template: str
    permission: str

    @property
    def path(self) -> str:
        return re.sub(r"{[^}]+}", "x", self.template)


def all_routers() -> list[APIRouter]:
    """The routers of every api room there is, so that a new domain is walked without being named here."""
    found = {}
    for module in pkgutil.walk_packages(regulars.__path__, "regulars."):
        if module.name.split(".")[3:4] == ["api"]:
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, APIRouter):
                    found[id(value)] = value
    return list(found.values())


def doors(app: FastAPI) -> Iterator[Door]:
    for found in iter_route_contexts(app.routes):
        for method in sorted((found.methods or set()) - {"HEAD"}):
            if (found.path or "").startswith("/api"):
                default = "read" if method == "GET" else "write"
                yield Door(method, found.path or "", getattr(found.endpoint, "needs", default))


@pytest.fixture
def app(units: Units, passwords: Passwords) -> FastAPI:
    state = {"passwords": passwords}
    return make_app(routers=all_routers(), gatekeeper=Gatekeeper(units), units=units, state=state)


async def knock(client: httpx2.AsyncClient, door: Door) -> tuple[str, int]:
    # A body that is no JSON: whoever is refused must be refused before it is looked at.
    answer = await client.request(door.method, door.path, content=b"{", headers={"Content-Type": "application/json"})
    return f"{door.method} {door.template}", answer.status_code


def test_the_doors_without_a_lock_are_these(app: FastAPI) -> None:
    assert len(list(doors(app))) > 10
    assert {(door.method, door.template) for door in doors(app) if is_open(door.method, door.path)} == OPEN


def test_what_is_served_is_what_is_walked(app: FastAPI, units: Units) -> None:
    served = make_app(routers=bootstrap.ROUTERS, gatekeeper=Gatekeeper(units), units=units)
    assert sorted(doors(served)) == sorted(set(doors(app)))


async def test_without_proof_every_door_is_shut(app: FastAPI, units: Units) -> None:
    async with client_of(app, **OURS) as stranger:
        shut = [door for door in doors(app) if (door.method, door.template) not in OPEN]
        assert [knocked for door in shut if (knocked := await knock(stranger, door))[1] != 401] == []
    assert await actions(units) == []


async def test_with_a_key_or_session_that_is_over_every_door_is_shut(
    app: FastAPI, units: Units, clock: SetClock, ana: Member
) -> None:
    async with units.open() as unit:
        made = await service.make_key(unit, KeyKind.ADMIN, "Old")
        await service.revoke_key(unit, made.key.id)
        session = await service.start_session(unit, ana, "test", "test")
    clock.at += timedelta(days=15)
    for proof in ({"Authorization": f"Bearer {made.secret}"}, {"Cookie": f"regulars_session={session}"}):
        async with client_of(app, **OURS, **proof) as late:
            shut = [door for door in doors(app) if (door.method, door.template) not in OPEN]
            assert [knocked for door in shut if (knocked := await knock(late, door))[1] != 401] == []


async def test_a_write_key_opens_no_door(app: FastAPI, units: Units) -> None:
    async with units.open() as unit:
        key = await service.write_key(unit)
    async with client_of(app, Authorization=f"Bearer {key}") as page:
        shut = [door for door in doors(app) if (door.method, door.template) not in OPEN]
        assert [knocked for door in shut if (knocked := await knock(page, door))[1] != 403] == []


async def test_a_viewer_changes_nothing_and_what_they_tried_is_recorded(app: FastAPI, units: Units) -> None:
    async with units.open() as unit:
        viewer = Member(MemberId(unit.new_id()), "vi@shop.test", "Vi", Role.VIEWER, unit.at)
        await store.add_member(unit, viewer, "no password")
        session = await service.start_session(unit, viewer, "test", "test")
    beyond = [
        door for door in doors(app) if (door.method, door.template) not in OPEN and door.permission != Permission.READ
    ]
    assert {door.method for door in beyond} >= {"PUT", "POST", "DELETE"}
    async with client_of(app, **OURS, Cookie=f"regulars_session={session}") as browser:
        for door in beyond:
            answer = await browser.request(door.method, door.path, json={})
            assert (answer.status_code, answer.json()["permission"]) == (403, door.permission), door
    refused = [entry[2] for entry in await actions(units) if entry[:2] == ("Vi", "permission.refused")]
    assert refused == [f"{door.method} {door.path}" for door in beyond]


def test_every_door_asks_for_a_permission_that_exists(app: FastAPI) -> None:
    assert [door for door in doors(app) if door.permission not in set(Permission)] == []
