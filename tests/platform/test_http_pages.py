"""Health, readiness and the built web app."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request

from regulars.platform.http import health
from regulars.platform.http.app import make_app
from regulars.platform.http.door import Access
from regulars.platform.http.health import Check
from regulars.platform.postgres.pool import make_pool
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.errors import Unproven
from regulars.shared.ids import Ids
from tests.conftest import AT


class Nobody:
    async def admit(self, request: Request) -> Access:
        raise Unproven

    async def deny(self, access: Access, permission: str, request: Request) -> None: ...


def client_of(web: Path | None = None, checks: dict[str, Check] | None = None) -> httpx2.AsyncClient:
    # A pool that is never opened: nothing here asks the database.
    units = Units(make_pool("postgresql://nowhere"), SetClock(AT), Ids())
    app = make_app(routers=[], gatekeeper=Nobody(), units=units, web=web, checks=checks)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost")


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Regulars</title>")
    (tmp_path / "assets" / "main-3f2a.js").write_text("export const greeting = 'hello';\n" * 100)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path.parent / "outside.txt").write_text("not for the web")
    return tmp_path


async def fine() -> str | None:
    return None


async def broken() -> str | None:
    raise ConnectionError("postgres://secret@db")


async def behind() -> str | None:
    return "the last tick is 90 s old"


async def stuck() -> str | None:
    await asyncio.Event().wait()
    return None


async def test_ready_means_every_part_is() -> None:
    async with client_of(checks={"postgres": fine}) as client:
        assert (await client.get("/health/live")).json() == {"status": "alive"}
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": ["postgres"]})


async def test_what_is_not_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "check_timeout_s", 0.05)
    checks: dict[str, Check] = {"postgres": broken, "worker": behind, "warehouse": stuck, "mail": fine}
    async with client_of(checks=checks) as client:
        answer = await client.get("/health/ready")
        assert (await client.get("/health/live")).status_code == 200
    assert answer.status_code == 503
    assert set(answer.json()["failing"]) == {"postgres", "worker", "warehouse"}
    assert "the last tick is 90 s old" in answer.json()["detail"]
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/", "/customers", "/customers/cus_1", "/setup", "/index.html"])
async def test_the_apps_own_addresses_get_its_first_page(web: Path, path: str) -> None:
    async with client_of(web) as client:
        answer = await client.get(path, params={"token": "abc"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Regulars" in answer.text
    assert "content-security-policy" in answer.headers


async def test_files_with_a_hash_in_their_name_are_kept_forever(web: Path) -> None:
    async with client_of(web) as client:
        asset = await client.get("/assets/main-3f2a.js")
        again = await client.get("/assets/main-3f2a.js", headers={"If-None-Match": asset.headers["etag"]})
        icon = await client.get("/favicon.svg")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-encoding"] == "gzip"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert again.status_code == 304
    assert icon.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/assets/%00.js",
     "/v1", "/v1/nowhere", "/t/x", "/u", "/metrics/x", "/health/x"],
)  # fmt: skip
async def test_what_is_no_page_is_not_found(web: Path, path: str) -> None:
    async with client_of(web) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "missing")


async def test_pages_are_only_read(web: Path) -> None:
    async with client_of(web) as client:
        answer = await client.post("/customers")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_checkout_without_the_built_app_says_how_to_build_it(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "missing"):
        async with client_of(folder) as client:
            answer = await client.get("/")
            assert "make setup" in answer.text
            assert (await client.get("/v1/x")).status_code == 404
