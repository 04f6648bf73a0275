"""What members read: refused messages and imports. And the event API inside the whole application."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import httpx2
import pytest
import structlog

from regulars.domains.events import service as events
from regulars.domains.events.api import public_routes, router
from regulars.domains.events.model import ImportPlan
from regulars.domains.members import service as members
from regulars.domains.members.api import Gatekeeper
from regulars.domains.members.model import KeyKind
from regulars.platform.http.app import make_app
from regulars.platform.unit import Units
from regulars.shared.ids import Ids
from tests.domains.events.test_step import ORDER


@pytest.fixture
async def client(units: Units) -> AsyncIterator[httpx2.AsyncClient]:
    """The application, asked by somebody with an admin key."""
    async with units.open() as unit:
        admin = await members.new_admin_key(unit, "Analyst")
    intake = events.Intake(units, Ids(random.Random(3)), events.WriteKeys(events.key_sources(units)))
    app = make_app(
        routers=[router],
        gatekeeper=Gatekeeper(units),
        units=units,
        public_routes=public_routes(),
        state={"intake": intake},
    )
    headers = {"Authorization": f"Bearer {admin}"}
    transport = httpx2.ASGITransport(app=app)
    with structlog.testing.capture_logs():
        async with (
            intake.running(),
            httpx2.AsyncClient(transport=transport, base_url="http://regulars.test", headers=headers) as client,
        ):
            yield client


async def test_refused_messages_can_be_read_back(client: httpx2.AsyncClient, units: Units) -> None:
    for _ in range(3):
        await events.accept(units, [{**ORDER, "event": ""}], source="webhook")
    first = (await client.get("/api/rejections", params={"limit": 2})).json()
    assert len(first["items"]) == 2
    item = first["items"][0]
    assert item["id"].startswith("rej_")
    assert (item["code"], item["pointer"], item["source"]) == ("event_missing", "/event", "webhook")
    assert item["at"] == "2026-03-02T09:00:00Z"
    assert '"userId":"ana"' in item["body"]
    second = (await client.get("/api/rejections", params={"limit": 2, "after": first["next"]})).json()
    assert (len(second["items"]), second["next"]) == (1, None)
    wrong = await client.get("/api/rejections", params={"after": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_cursor")


async def test_imports_are_listed(client: httpx2.AsyncClient, units: Units) -> None:
    async with units.open() as unit:
        await events.begin_import(unit, ImportPlan("orders.csv", "x", "orders", {}, 7))
    (item,) = (await client.get("/api/imports")).json()["items"]
    assert item["id"].startswith("imp_")
    assert (item["file"], item["kind"], item["state"], item["rows"]) == ("orders.csv", "orders", "running", 7)


@pytest.mark.parametrize("path", ["/api/rejections", "/api/imports"])
async def test_a_write_key_reads_nothing(client: httpx2.AsyncClient, units: Units, path: str) -> None:
    async with units.open() as unit:
        key = await members.write_key(unit)
    assert (await client.get(path, headers={"Authorization": f"Bearer {key}"})).status_code in (401, 403)
    assert (await client.get(path, headers={"Authorization": ""})).status_code == 401


async def test_the_event_api_asks_for_a_write_key_in_force(client: httpx2.AsyncClient, units: Units) -> None:
    async with units.open() as unit:
        made = await members.make_key(unit, KeyKind.WRITE, "Shop")
        admin = await members.new_admin_key(unit, "Analyst")
    for key, status in [(made.secret, 200), (admin, 401), ("other", 401)]:
        answer = await client.post("/v1/track", json=ORDER, auth=(key, ""))
        assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (await client.get("/v1/track")).status_code == 405
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert (await client.options("/v1/batch", headers=asked)).status_code == 204
    async with units.open() as unit:
        assert await unit.values(b"SELECT DISTINCT source FROM inbox") == [f"key_{made.key.id.hex}"]
