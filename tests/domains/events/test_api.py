"""The event API as senders meet it, over HTTP, on a real server."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import zlib
from typing import Any

import httpx2
import psycopg
import pytest

from regulars.domains.events.service import Intake
from tests.domains.events.conftest import WRITE_KEY, EventApi

CALLS: dict[str, dict[str, Any]] = {
    "identify": {"userId": "ana", "traits": {"plan": "pro"}},
    "track": {"userId": "ana", "event": "Order Completed", "properties": {"total": 27.5}},
    "page": {"anonymousId": "anon-1", "name": "Home"},
    "screen": {"userId": "ana", "name": "Home"},
    "group": {"userId": "ana", "groupId": "acme"},
    "alias": {"userId": "ana", "previousId": "anon-1"},
}
TRACK = {"type": "track", **CALLS["track"]}


def code(answer: httpx2.Response) -> str:
    body = answer.json()
    assert isinstance(body["message"], str)
    assert len(body["message"]) > 10
    return str(body["code"])


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("short", [False, True])
async def test_each_call_is_stored_before_it_is_answered(api: EventApi, kind: str, short: bool) -> None:
    answer = await api.send(f"/v1/{kind[0] if short else kind}", CALLS[kind])
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (row,) = await api.inbox()
    assert (row["kind"], row["source"], row["by_customer"], row["historical"]) == (kind, "key_test", True, False)


async def test_a_batch_keeps_its_order(api: EventApi) -> None:
    batch = [{**TRACK, "messageId": f"m{number}"} for number in range(300)]
    answer = await api.send("/v1/batch", {"batch": batch, "sentAt": "2026-03-02T08:59:00Z"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [row["message_id"] for row in await api.inbox()] == [f"m{number}" for number in range(300)]


async def test_an_import_is_history(api: EventApi) -> None:
    message = {**TRACK, "timestamp": "2024-05-06T07:08:09Z"}
    answer = await api.send("/v1/import", {"batch": [message], "sentAt": "2026-03-02T08:00:00Z"})
    assert answer.status_code == 200
    (row,) = await api.inbox()
    assert (row["historical"], row["at"].isoformat()) == (True, "2024-05-06T07:08:09+00:00")


async def test_one_bad_item_costs_no_good_one(api: EventApi) -> None:
    bad = {**TRACK, "messageId": "bad", "userId": "null"}
    answer = await api.send("/v1/batch", {"batch": [TRACK, bad, {**TRACK, "event": "\ud800"}, 7, TRACK]})
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is True
    assert [(one["index"], one["messageId"], one["code"], one["pointer"]) for one in body["rejected"]] == [
        (1, "bad", "identifier_blocked", "/userId"),
        (2, None, "lone_surrogate", "/event"),
        (3, None, "wrong_type", ""),
    ]
    assert len(await api.inbox()) == 2
    kept = await api.rejections()
    assert [row["code"] for row in kept] == ["identifier_blocked", "lone_surrogate", "wrong_type"]
    assert json.loads(kept[0]["body"]) == bad
    assert kept[0]["source"] == "key_test"


async def test_a_batch_of_nothing_but_bad_items_is_refused(api: EventApi) -> None:
    answer = await api.send("/v1/batch", {"batch": [{**TRACK, "event": ""}, {**TRACK, "timestamp": "?"}]})
    assert (answer.status_code, code(answer)) == (400, "event_missing")
    assert [(one["index"], one["pointer"]) for one in answer.json()["errors"]] == [(0, "/event"), (1, "/timestamp")]
    assert await api.inbox() == []


async def test_an_empty_batch_is_no_mistake(api: EventApi) -> None:
    assert (await api.send("/v1/batch", {"batch": []})).json() == {"success": True}


async def test_a_bad_single_message_is_refused_and_kept(api: EventApi) -> None:
    answer = await api.send("/v1/track", {"userId": "ana"})
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "event_missing",
        "message": "A track call names its event.",
        "pointer": "/event",
    }
    assert [row["pointer"] for row in await api.rejections()] == ["/event"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"userId": "ana", "event" "x"}', "line 1, column 27"),
        (b'{"userId": "ana"', "line 1, column 17"),
        (b"", "line 1, column 1"),
        (b"{'userId': 1}", "line 1, column 2"),
        (b'{"event": "\xff"}', "byte 11"),
    ],
)
async def test_malformed_json_is_told_where_it_breaks(api: EventApi, body: bytes, says: str) -> None:
    single = await api.send("/v1/track", body)
    assert (single.status_code, code(single)) == (400, "malformed_json")
    assert says in single.json()["message"]
    if b"\xff" not in body:
        batch = await api.send("/v1/batch", body)
        assert (batch.status_code, code(batch)) == (400, "body_unreadable")
        assert says in batch.json()["message"]
    else:
        batch = await api.send("/v1/batch", b'{"batch": [' + body + b"]}")
        assert batch.json()["errors"][0]["code"] == "malformed_json"
    assert len(await api.rejections()) == 2


async def test_endless_nesting_is_refused(api: EventApi) -> None:
    deep = b"[" * 10_000 + b"]" * 10_000
    single = await api.send("/v1/track", b'{"userId": "a", "event": "b", "properties": ' + deep + b"}")
    assert (single.status_code, code(single)) == (400, "too_deep")
    batch = await api.send("/v1/batch", b'{"batch": [' + deep + b"]}")
    assert (batch.status_code, code(batch)) == (400, "body_unreadable")
    assert "nested" in batch.json()["message"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"{}", ""),
        (b'{"batch": {}}', "/batch"),
        (b'{"batch": [], "sentAt": 7}', "/sentAt"),
        (b'{"batch": [], "sentAt": "now"}', "/sentAt"),
    ],
)
async def test_what_is_no_batch_is_refused(api: EventApi, body: bytes, pointer: str) -> None:
    answer = await api.send("/v1/batch", body)
    assert (answer.status_code, code(answer)) == (400, "body_unreadable")
    assert answer.json()["pointer"] == pointer


async def test_the_context_of_a_batch_holds_for_its_messages(api: EventApi) -> None:
    own = {**TRACK, "context": {"ip": "203.0.113.9"}}
    body = {"batch": [TRACK, own], "context": {"ip": "203.0.113.5", "locale": "de"}}
    assert (await api.send("/v1/batch", body)).status_code == 200
    assert [row["context"] for row in await api.inbox()] == [
        {"ip": "203.0.113.5", "locale": "de"},
        {"ip": "203.0.113.9", "locale": "de"},
    ]
    assert (await api.send("/v1/batch", {**body, "context": {"a": "x" * 5_000}})).status_code == 413
    nul = await api.send("/v1/batch", {**body, "context": {"a": "\0"}})
    assert (nul.status_code, nul.json()["pointer"]) == (400, "/context/a")
    half = await api.send("/v1/batch", b'{"context": {"a": "\\ud800"}, "batch": []}')
    assert (half.status_code, half.json()["pointer"]) == (400, "/context/a")
    deep = b"[" * 500 + b"]" * 500
    nested = await api.send("/v1/batch", b'{"context": {"a": ' + deep + b', "b": "\\ud800"}, "batch": []}')
    assert (nested.status_code, code(nested)) == (400, "body_unreadable")


# Keys


async def test_the_key_may_stand_in_the_header_the_body_or_the_message(api: EventApi) -> None:
    for path, body in [
        ("/v1/track", {**TRACK, "writeKey": WRITE_KEY}),
        ("/v1/batch", {"batch": [TRACK], "writeKey": WRITE_KEY}),
        ("/v1/batch", {"batch": [{**TRACK, "writeKey": WRITE_KEY}]}),
    ]:
        assert (await api.send(path, body, key=None)).status_code == 200
    assert {row["source"] for row in await api.inbox()} == {"key_test"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, TRACK),
        ({}, {**TRACK, "writeKey": "other"}),
        ({"Authorization": "Basic " + base64.b64encode(b"other:").decode()}, {**TRACK, "writeKey": WRITE_KEY}),
        ({"Authorization": "Basic !!"}, TRACK),
        ({"Authorization": f"Bearer {WRITE_KEY}"}, TRACK),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}, TRACK),
        ({"Authorization": "Basic " + base64.b64encode(b"x" * 5000).decode()}, TRACK),
    ],
)
async def test_without_a_valid_key_nothing_is_taken(api: EventApi, headers: dict[str, str], body: Any) -> None:
    for path, sent in [("/v1/track", body), ("/v1/batch", {"batch": [body]})]:
        answer = await api.send(path, sent, key=None, **headers)
        assert (answer.status_code, code(answer)) == (401, "write_key_unknown")
    assert await api.inbox() == []
    assert await api.rejections() == []


# Bodies


async def test_gzip_is_told_by_its_bytes(api: EventApi) -> None:
    packed = gzip.compress(json.dumps({"batch": [TRACK]}).encode())
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        answer = await api.send("/v1/batch", packed, **{"Content-Type": kind})
        assert answer.status_code == 200
    assert (await api.send("/v1/track", gzip.compress(json.dumps(TRACK).encode()))).status_code == 200
    assert len(await api.inbox()) == 4


async def test_a_gzip_bomb_goes_off_outside(api: EventApi) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(200)) + packer.flush()
    assert len(bomb) < 300_000
    answer = await api.send("/v1/batch", bomb)
    assert (answer.status_code, code(answer)) == (413, "body_too_large")
    assert (await api.send("/v1/batch", gzip.compress(b" " * 400_000) * 3)).status_code == 413


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"{}" * 100, mtime=0)[:-12], b"\x1f\x8bnonsense", b"\x1f\x8b"],
    ids=["cut off", "nonsense", "a beginning"],
)
async def test_broken_gzip_is_refused(api: EventApi, packed: bytes) -> None:
    answer = await api.send("/v1/batch", packed)
    assert (answer.status_code, code(answer)) == (400, "body_unreadable")


async def test_ceilings_are_told(api: EventApi) -> None:
    note = {"note": "x" * 33_000}
    answer = await api.send("/v1/track", {**TRACK, "properties": note})
    assert (answer.status_code, code(answer)) == (413, "message_too_large")
    answer = await api.send("/v1/batch", {"batch": [{**TRACK, "properties": note}, TRACK]})
    assert answer.json()["rejected"][0]["code"] == "message_too_large"
    answer = await api.send("/v1/batch", b" " * 512_001)
    assert (answer.status_code, code(answer)) == (413, "body_too_large")
    answer = await api.send("/v1/batch", {"batch": [1] * 2_501})
    assert (answer.status_code, code(answer)) == (413, "body_too_large")


async def test_a_body_of_unsaid_length_has_the_same_ceiling(api: EventApi) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    answer = await api.client.post("/v1/batch", content=endless(), auth=(WRITE_KEY, ""))
    assert (answer.status_code, code(answer)) == (413, "body_too_large")


async def test_a_batch_as_large_as_allowed_is_taken(api: EventApi) -> None:
    message = {**TRACK, "properties": {"note": "x" * 30_000}}
    body = json.dumps({"batch": [message] * 16}).encode()
    assert 480_000 < len(body) <= 512_000
    assert (await api.send("/v1/batch", body)).status_code == 200
    assert len(await api.inbox()) == 16


async def test_ten_thousand_traits_are_refused(api: EventApi) -> None:
    traits = {f"k{number}": 1 for number in range(2_500)}
    answer = await api.send("/v1/identify", {"userId": "ana", "traits": traits})
    assert (answer.status_code, code(answer), answer.json()["pointer"]) == (400, "too_many_traits", "/traits")
    traits = {f"k{number}": 1 for number in range(10_000)}
    answer = await api.send("/v1/identify", {"userId": "ana", "traits": traits})
    assert (answer.status_code, code(answer)) == (413, "message_too_large")


async def test_a_sender_that_hangs_up_leaves_no_trace(api: EventApi) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b'POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"userId"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await api.send("/v1/track", TRACK)).status_code == 200


# Browsers


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/batch", "/v1/b", "/v1/projects/WRITE_KEY/settings"])
async def test_browsers_may_ask_from_any_site(api: EventApi, path: str) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = await api.client.options(path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert int(answer.headers["access-control-max-age"]) >= 3600
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert allowed >= {"authorization", "content-type", "x-retry-count", "anonymousid", "sentat",
                       "rsa-retry-attempt", "rsa-retry-reason", "rsa-since-first-attempt",
                       "rsa-since-last-attempt"}  # fmt: skip


async def test_refusals_can_be_read_by_browsers_too(api: EventApi) -> None:
    for answer in (await api.send("/v1/t", {}), await api.send("/v1/t", TRACK, key="other")):
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_analytics_js_is_told_where_to_send(api: EventApi) -> None:
    answer = await api.client.get(f"/v1/projects/{WRITE_KEY}/settings")
    host = api.url.removeprefix("http://")
    assert answer.status_code == 200
    assert answer.json()["integrations"]["Segment.io"] == {
        "apiKey": WRITE_KEY,
        "apiHost": f"{host}/v1",
        "protocol": "http",
        "deliveryStrategy": {"strategy": "standard"},
    }
    assert (await api.client.get("/v1/projects/other/settings")).status_code == 404
    evil = await api.client.get(f"/v1/projects/{WRITE_KEY}/settings", headers={"Host": 'x"/><script>'})
    assert evil.status_code == 400


# Pressure and outages


async def test_too_many_bodies_at_once_are_put_off(api: EventApi, intake: Intake) -> None:
    with intake.reading(64 * 1024 * 1024):
        answer = await api.send("/v1/track", TRACK)
    assert (answer.status_code, code(answer)) == (429, "too_busy")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await api.send("/v1/track", TRACK)).status_code == 200


async def test_under_pressure_senders_are_put_off(api: EventApi, intake: Intake) -> None:
    """While the table is locked nothing can be stored: what does not fit the queue is put off, the rest waits."""
    async with api.units.open() as unit:
        await unit.run(b"LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        big = {"batch": [{**TRACK, "properties": {"note": "x" * 1000}}] * 400}
        intake._commits._bytes_max = 1_000_000
        sending = [asyncio.create_task(api.send("/v1/batch", big)) for _ in range(6)]
        done, waiting = await asyncio.wait(sending, timeout=2)
        assert done
        assert waiting
        for task in done:
            assert (task.result().status_code, code(task.result())) == (429, "too_busy")
            assert int(task.result().headers["retry-after"]) >= 1
    answers = [await task for task in waiting]
    assert {answer.status_code for answer in answers} == {200}
    assert len(await api.inbox()) == 400 * len(answers)


async def test_a_connection_killed_in_mid_commit_costs_nothing(api: EventApi) -> None:
    assert (await api.send("/v1/track", TRACK)).status_code == 200
    async with api.units.open() as unit:
        await unit.run(b"LOCK TABLE inbox IN SHARE MODE")
        sending = asyncio.create_task(api.send("/v1/track", {**TRACK, "messageId": "m2"}))
        killed = 0
        while not killed:
            await asyncio.sleep(0.02)
            killed = len(
                await unit.values(
                    b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    b"WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            )
    assert (await sending).status_code == 200
    assert [row["message_id"] for row in await api.inbox()][1:] == ["m2"]


async def test_while_the_database_is_away_the_answer_is_503_and_then_it_heals(
    api: EventApi, postgres_url: str, database_url: str
) -> None:
    name = database_url.removeprefix("postgresql:///").partition("?")[0]
    assert (await api.send("/v1/track", TRACK)).status_code == 200
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        await admin.execute(b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        answer = await api.send("/v1/track", TRACK)
        assert (answer.status_code, code(answer)) == (503, "not_stored")
        assert int(answer.headers["retry-after"]) >= 1
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    for _ in range(20):
        answer = await api.send("/v1/track", {**TRACK, "messageId": "after"})
        if answer.status_code == 200:
            break
        assert answer.status_code == 503
    assert answer.status_code == 200
    assert [row["message_id"] for row in await api.inbox()][1:] == ["after"]
