"""Keys, settings, members, the record."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from regulars.domains.members import service
from regulars.domains.members.model import KeyKind, Settings, UnfitSettings
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.domains.members.conftest import actions, client_of


async def test_an_admin_key_is_shown_once_and_stored_hashed(browser: httpx2.AsyncClient, app: FastAPI) -> None:
    made = (await browser.post("/api/keys", json={"kind": "admin", "name": "Reports"})).json()
    assert made["secret"].startswith("rgk_")
    assert made["prefix"] == made["secret"][:12]
    assert (made["write_key"], made["scopes"]) == (None, ["admin"])
    (listed,) = (await browser.get("/api/keys")).json()["items"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in (await browser.get("/api/audit")).text
    async with client_of(app, Authorization=f"Bearer {made['secret']}") as program:
        assert (await program.get("/api/keys")).status_code == 200


async def test_a_revoked_key_opens_nothing_and_stays_listed(
    browser: httpx2.AsyncClient, app: FastAPI, units: Units
) -> None:
    made = (await browser.post("/api/keys", json={"kind": "admin", "name": "Reports"})).json()
    for _ in range(2):
        assert (await browser.delete(f"/api/keys/{made['id']}")).status_code == 204
    async with client_of(app, Authorization=f"Bearer {made['secret']}") as program:
        answer = await program.get("/api/keys")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert (await browser.get("/api/keys")).json()["items"][0]["revoked_at"] == "2026-03-02T09:00:00Z"
    assert [action for _, action, _ in await actions(units)][-2:] == ["key.made", "key.revoked"]
    assert (await browser.delete("/api/keys/key_" + "0" * 32)).status_code == 404
    assert (await browser.delete("/api/keys/nonsense")).status_code == 404


async def test_the_default_write_key_stays_the_same(units: Units, clock: SetClock) -> None:
    async with units.open() as unit:
        first = await service.write_key(unit)
    clock.at += timedelta(seconds=1)
    async with units.open() as unit:
        assert await service.write_key(unit) == first
        await service.make_key(unit, KeyKind.WRITE, "Another")
        assert await service.write_key(unit) == first
        found = await service.recognise_write_key(unit, first)
    assert found is not None
    assert found.name == "Default"
    assert first.startswith("rgw_")


async def test_the_event_api_takes_write_keys_only(units: Units) -> None:
    async with units.open() as unit:
        admin = await service.new_admin_key(unit, "Reports")
        assert await service.recognise_write_key(unit, admin) is None
        for text in ("", "rgw_", "rgw_" + "0" * 64, admin[:12]):
            assert await service.recognise_key(unit, text) is None


async def test_a_write_key_gets_nothing_from_the_admin_api(app: FastAPI, units: Units) -> None:
    async with units.open() as unit:
        key = await service.write_key(unit)
    async with client_of(app, Authorization=f"Bearer {key}") as page:
        answer = await page.get("/api/settings")
    assert (answer.status_code, answer.json()["code"]) == (403, "write_key_only")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic cmdrOg==", "Bearer rgk_x", "rgk_x"])
async def test_a_bad_authorization_is_not_made_up_for_by_a_cookie(
    browser: httpx2.AsyncClient, authorization: str
) -> None:
    assert (await browser.get("/api/keys", headers={"Authorization": authorization})).status_code == 401


async def test_the_last_use_of_a_key_is_noted_once_a_minute(units: Units, clock: SetClock) -> None:
    async with units.open() as unit:
        text = await service.new_admin_key(unit, "Reports")
    seen = []
    for seconds in (0, 30, 30):
        clock.at += timedelta(seconds=seconds)
        async with units.open() as unit:
            assert await service.recognise_key(unit, text)
            (key,) = (await service.keys(unit, None, 10)).items
            seen.append(key.last_used_at)
    start = clock.at - timedelta(seconds=60)
    assert seen == [start, start, clock.at]


async def test_a_key_has_no_session(program: httpx2.AsyncClient) -> None:
    answer = await program.get("/api/session")
    assert (answer.status_code, answer.json()["code"]) == (401, "no_session")


async def test_settings_are_kept_and_their_change_recorded(program: httpx2.AsyncClient) -> None:
    settings = (await program.get("/api/settings")).json()
    changed = {
        **settings,
        "company_name": "Ana's Shop",
        "time_zone": "Europe/Berlin",
        "public_url": "https://r.shop.test/",
    }
    answer = await program.put("/api/settings", json=changed)
    assert answer.json() == {**changed, "public_url": "https://r.shop.test"}
    assert (await program.get("/api/settings")).json() == answer.json()
    entry = (await program.get("/api/audit")).json()["items"][0]
    assert (entry["action"], entry["actor"]) == ("settings.changed", {"kind": "key", "name": "A program"})
    assert entry["details"]["company_name"] == {"from": "My company", "to": "Ana's Shop"}
    assert "sender_email" not in entry["details"]


async def test_the_usual_gap_is_a_number_of_days_and_stays_where_it_is_not_said(program: httpx2.AsyncClient) -> None:
    settings = (await program.get("/api/settings")).json()
    assert settings["usual_gap"] == 14
    assert (await program.put("/api/settings", json={**settings, "usual_gap": 30})).json()["usual_gap"] == 30
    unsaid = {name: value for name, value in settings.items() if name != "usual_gap"}
    assert (await program.put("/api/settings", json=unsaid)).json()["usual_gap"] == 30
    for wrong in (0, 181, 1.5, "14", True):
        answer = await program.put("/api/settings", json={**settings, "usual_gap": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/usual_gap")


async def test_unfit_settings_name_the_place(program: httpx2.AsyncClient) -> None:
    settings = (await program.get("/api/settings")).json()
    answer = await program.put("/api/settings", json={**settings, "time_zone": "Mars/Olympus"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/time_zone")


async def test_what_a_member_set_outlasts_what_the_installation_offers(
    units: Units, program: httpx2.AsyncClient
) -> None:
    async with units.open() as unit:
        await service.offer_settings(unit, public_url="http://localhost:9000", company_name="A demo")
    async with units.open() as unit:
        await service.offer_settings(unit, public_url="http://localhost:9001")
        settings = await service.read_settings(unit)
        assert settings == Settings(company_name="A demo", public_url="http://localhost:9001")
    await program.put(
        "/api/settings", json={**(await program.get("/api/settings")).json(), "public_url": "https://r.test"}
    )
    async with units.open() as unit:
        await service.offer_settings(unit, public_url="http://localhost:9002")
        assert (await service.read_settings(unit)).public_url == "https://r.test"
        with pytest.raises(UnfitSettings):
            await service.offer_settings(unit, public_url="nowhere")


async def test_lists_are_paged_newest_first(program: httpx2.AsyncClient, clock: SetClock) -> None:
    for number in range(3):
        clock.at += timedelta(seconds=1)
        await program.post("/api/keys", json={"kind": "write", "name": f"Shop {number}"})
    names: list[str] = []
    after: str | None = None
    while True:
        page = (await program.get("/api/keys", params={"limit": 2, **({"after": after} if after else {})})).json()
        names += [key["name"] for key in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert names == ["Shop 2", "Shop 1", "Shop 0", "A program"]
    assert (await program.get("/api/keys", params={"after": "nonsense"})).status_code == 422


async def test_members_are_listed(browser: httpx2.AsyncClient) -> None:
    (ana,) = (await browser.get("/api/members")).json()["items"]
    assert (ana["name"], ana["role"]) == ("Ana", "owner")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines"])
async def test_a_key_has_a_name_of_one_line(program: httpx2.AsyncClient, name: str) -> None:
    answer = await program.post("/api/keys", json={"kind": "write", "name": name})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/name")
