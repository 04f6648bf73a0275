"""Set-up, signing in and out, sessions, the throttle, other sites."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from regulars.domains.members import service
from regulars.domains.members.model import Member
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from tests.domains.members.conftest import ANA, ORIGIN, OURS, PASSWORD, actions, client_of

OWNER = {"name": "Ana", **ANA}


async def token_of(units: Units) -> str:
    async with units.open() as unit:
        token = await service.make_setup_link(unit)
    assert token is not None
    return token


async def test_the_owner_is_made_once_through_the_printed_link(stranger: httpx2.AsyncClient, units: Units) -> None:
    token = await token_of(units)
    assert (await stranger.get(f"/api/setup/{token}")).json() == {"expires_at": "2026-03-03T09:00:00Z"}
    made = await stranger.post(f"/api/setup/{token}", json=OWNER)
    assert made.status_code == 200
    assert made.json()["member"]["role"] == "owner"
    assert made.json()["company"] == {"name": "My company", "time_zone": "UTC"}
    assert (await stranger.get("/api/session")).json() == made.json()
    for answer in (await stranger.get(f"/api/setup/{token}"), await stranger.post(f"/api/setup/{token}", json=OWNER)):
        assert (answer.status_code, answer.json()["code"]) == (409, "setup_link_used")
    assert [action for _, action, _ in await actions(units)] == ["owner.made", "session.started"]


async def test_links_are_made_only_while_nobody_has_an_account(units: Units, stranger: httpx2.AsyncClient) -> None:
    first, second = await token_of(units), await token_of(units)
    assert first != second
    assert (await stranger.post(f"/api/setup/{second}", json=OWNER)).status_code == 200
    async with units.open() as unit:
        assert await service.make_setup_link(unit) is None
    other = {**OWNER, "email": "bo@shop.test"}
    assert (await stranger.post(f"/api/setup/{first}", json=other)).status_code == 409


async def test_two_who_set_up_at_once_make_one_owner(app: FastAPI, units: Units) -> None:
    tokens = [await token_of(units) for _ in range(4)]
    async with client_of(app) as one:
        bodies = [{**OWNER, "email": f"ana{number}@shop.test"} for number in range(4)]
        answers = await asyncio.gather(
            *(one.post(f"/api/setup/{token}", json=body) for token, body in zip(tokens, bodies, strict=True))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_link_is_good_for_a_day(stranger: httpx2.AsyncClient, units: Units, clock: SetClock) -> None:
    token = await token_of(units)
    clock.at += timedelta(hours=24)
    answer = await stranger.post(f"/api/setup/{token}", json=OWNER)
    assert (answer.status_code, answer.json()["code"]) == (404, "setup_link_expired")
    assert (await stranger.get(f"/api/setup/{'0' * 64}")).json()["code"] == "setup_link_unknown"


async def test_an_unfit_account_names_every_fault_and_leaves_the_link_good(
    stranger: httpx2.AsyncClient, units: Units
) -> None:
    token = await token_of(units)
    answer = await stranger.post(f"/api/setup/{token}", json={"name": "", "email": "ana", "password": "ana"})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/name", "/email", "/password"]
    assert (await stranger.post(f"/api/setup/{token}", json=OWNER)).status_code == 200


async def test_secrets_are_stored_hashed(browser: httpx2.AsyncClient, units: Units) -> None:
    token = browser.cookies["regulars_session"]
    async with units.open() as unit:
        stored = await unit.value(b"SELECT password_hash FROM members")
        session = await unit.value(b"SELECT token_hash FROM sessions")
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert len(token) == 64
    assert bytes(session) != bytes.fromhex(token)


async def test_signing_in_sets_a_careful_cookie(stranger: httpx2.AsyncClient, ana: Member) -> None:
    answer = await stranger.post("/api/session", json={**ANA, "email": " ANA@shop.test "})
    assert answer.json()["member"] == {
        "id": f"mem_{ana.id.hex}",
        "name": "Ana",
        "email": "ana@shop.test",
        "role": "owner",
    }
    flags = [flag.strip().lower() for flag in answer.headers["set-cookie"].split(";")[1:]]
    assert {"httponly", "samesite=lax", "path=/"} <= set(flags)
    assert "secure" not in flags


async def test_the_cookie_is_secure_where_the_installation_is(
    stranger: httpx2.AsyncClient, ana: Member, units: Units
) -> None:
    over_tls = await stranger.post("https://regulars.test/api/session", json=ANA)
    assert "; secure" in over_tls.headers["set-cookie"].lower()
    async with units.open() as unit:
        await service.offer_settings(unit, public_url="https://regulars.test")
    behind_a_proxy = await stranger.post("/api/session", json=ANA)
    assert "; secure" in behind_a_proxy.headers["set-cookie"].lower()


async def test_wrong_and_unknown_look_alike(stranger: httpx2.AsyncClient, ana: Member) -> None:
    wrong = await stranger.post("/api/session", json={**ANA, "password": "a wrong umbrella"})
    unknown = await stranger.post("/api/session", json={**ANA, "email": "nobody@shop.test"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert "set-cookie" not in wrong.headers


async def test_an_unknown_account_costs_as_much_work_as_a_known_one(
    stranger: httpx2.AsyncClient, ana: Member, app: FastAPI
) -> None:
    looked_at: list[str | None] = []
    fits = app.state.passwords.fits

    class Watched:
        async def fits(self, password: str, password_hash: str | None) -> bool:
            looked_at.append(password_hash)
            return bool(await fits(password, password_hash))

    app.state.passwords = Watched()
    await stranger.post("/api/session", json={**ANA, "password": "a wrong umbrella"})
    await stranger.post("/api/session", json={**ANA, "email": "nobody@shop.test"})
    assert len(looked_at) == 2


async def test_ten_failures_lock_an_account_for_a_while(
    stranger: httpx2.AsyncClient, ana: Member, clock: SetClock, units: Units
) -> None:
    wrong = {**ANA, "password": "a wrong umbrella"}
    for _ in range(10):
        assert (await stranger.post("/api/session", json=wrong)).status_code == 401
    for body in (wrong, ANA):
        answer = await stranger.post("/api/session", json=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    clock.at += timedelta(minutes=15)
    assert (await stranger.post("/api/session", json=ANA)).status_code == 200
    assert [action for _, action, _ in await actions(units)].count("session.refused") == 10


async def test_guesses_made_at_once_are_all_counted(app: FastAPI, ana: Member) -> None:
    wrong = {**ANA, "password": "a wrong umbrella"}
    async with client_of(app) as guesser:
        answers = await asyncio.gather(*(guesser.post("/api/session", json=wrong) for _ in range(16)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 6)


async def test_one_address_that_tries_many_accounts_is_slowed_down(stranger: httpx2.AsyncClient, ana: Member) -> None:
    for number in range(30):
        await stranger.post("/api/session", json={**ANA, "email": f"guess{number}@shop.test"})
    assert (await stranger.post("/api/session", json=ANA)).status_code == 429


async def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(
    browser: httpx2.AsyncClient, app: FastAPI, units: Units
) -> None:
    copy = browser.cookies["regulars_session"]
    assert (await browser.delete("/api/session")).status_code == 204
    assert "regulars_session" not in browser.cookies
    async with client_of(app, Cookie=f"regulars_session={copy}") as thief:
        answer = await thief.get("/api/session")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_over")
    assert (await actions(units))[-1][:2] == ("Ana", "session.ended")


async def test_a_session_lasts_two_weeks_from_its_last_sight(browser: httpx2.AsyncClient, clock: SetClock) -> None:
    for _ in range(3):
        clock.at += timedelta(days=13)
        assert (await browser.get("/api/session")).status_code == 200
    clock.at += timedelta(days=14)
    assert (await browser.get("/api/session")).status_code == 401


async def test_a_session_lasts_ninety_days_at_most(browser: httpx2.AsyncClient, clock: SetClock) -> None:
    for _ in range(8):
        clock.at += timedelta(days=11)
        assert (await browser.get("/api/session")).status_code == 200
    clock.at += timedelta(days=2)
    assert (await browser.get("/api/session")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        (OURS, True),
        ({"X-Regulars-Request": "1", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": ORIGIN}, False),
        ({"X-Regulars-Request": "1"}, False),
        ({"X-Regulars-Request": "1", "Origin": "http://evil.test"}, False),
        ({"X-Regulars-Request": "1", "Origin": "http://regulars.test:81"}, False),
        ({"X-Regulars-Request": "1", "Origin": "http://regulars.test.evil.test"}, False),
        ({"X-Regulars-Request": "1", "Origin": "null"}, False),
        ({"X-Regulars-Request": "1", "Origin": ""}, False),
        ({"X-Regulars-Request": "1", "Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}, False),
        ({"X-Regulars-Request": "1", "Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, False),
        ({}, False),
    ],
)
async def test_a_change_with_a_session_comes_from_our_own_page(
    browser: httpx2.AsyncClient, app: FastAPI, headers: dict[str, str], passes: bool
) -> None:
    cookie = f"regulars_session={browser.cookies['regulars_session']}"
    body = {"kind": "write", "name": "Shop"}
    async with client_of(app, Cookie=cookie) as page:
        answer = await page.post("/api/keys", json=body, headers=headers)
        assert (await page.get("/api/keys")).status_code == 200
    assert answer.status_code == (201 if passes else 403)


async def test_another_site_cannot_sign_a_browser_in(stranger: httpx2.AsyncClient, ana: Member) -> None:
    for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await stranger.post("/api/session", json=ANA, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_site")
    assert (await stranger.post("/api/session", json=ANA)).status_code == 200
