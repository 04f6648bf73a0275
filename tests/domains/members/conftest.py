"""An application with the members' doors, and Ana, its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI

from regulars.domains.members import service
from regulars.domains.members.api import Gatekeeper, router
from regulars.domains.members.model import Member
from regulars.platform.http.app import make_app
from regulars.platform.passwords import QUICK, Passwords
from regulars.platform.unit import Units

ORIGIN = "http://regulars.test"
OURS = {"X-Regulars-Request": "1", "Origin": ORIGIN}
PASSWORD = "a stranger's umbrella"
ANA = {"email": "ana@shop.test", "password": PASSWORD}


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(QUICK)


@pytest.fixture
def app(units: Units, passwords: Passwords) -> FastAPI:
    return make_app(routers=[router], gatekeeper=Gatekeeper(units), units=units, state={"passwords": passwords})


def client_of(app: FastAPI, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN, headers=headers)


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def ana(units: Units, passwords: Passwords) -> Member:
    async with units.open() as unit:
        return await service.add_owner(unit, passwords, "Ana", ANA["email"], PASSWORD)


@pytest.fixture
async def browser(app: FastAPI, ana: Member) -> AsyncIterator[httpx2.AsyncClient]:
    """Ana's browser, signed in, on one of our pages."""
    async with client_of(app, **OURS) as client:
        assert (await client.post("/api/session", json=ANA)).status_code == 200
        yield client


@pytest.fixture
async def program(app: FastAPI, units: Units) -> AsyncIterator[httpx2.AsyncClient]:
    """A program with an admin key."""
    async with units.open() as unit:
        key = await service.new_admin_key(unit, "A program")
    async with client_of(app, Authorization=f"Bearer {key}") as client:
        yield client


async def actions(units: Units) -> list[tuple[str, str, str]]:
    """The record, oldest first: who, what, on what."""
    async with units.open() as unit:
        found = await service.audit_entries(unit, None, 200)
    return [(entry.actor_name, entry.action, entry.subject) for entry in reversed(found.items)]
