"""The HTTP application: units of work, problems, the gate, the edge."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from regulars.platform.http.app import make_app
from regulars.platform.http.door import Access, After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.platform.unit import Actor, Units
from regulars.shared.errors import Conflict, Fault, Malformed, Missing, TooMany, Unproven
from regulars.shared.paging import Page, page_of

ANA = Actor("member", "mem_1", "Ana")
SIGNED_IN = {"Authorization": "Bearer ana"}


class OneMember:
    """Knows Ana, who may read and write, and Bo, who may read."""

    def __init__(self) -> None:
        self.denied: list[str] = []

    async def admit(self, request: Request) -> Access:
        match request.headers.get("authorization"):
            case "Bearer ana":
                return Access(ANA, frozenset({"read", "write"}))
            case "Bearer bo":
                return Access(Actor("member", "mem_2", "Bo"), frozenset({"read"}))
            case _:
                raise Unproven

    async def deny(self, access: Access, permission: str, request: Request) -> None:
        self.denied.append(f"{access.actor.name} {permission} {request.url.path}")


class OutOfPasta(Conflict):
    """There is no pasta left."""


class Order(Body):
    dish: str
    plates: int


router = APIRouter()


@router.put("/api/notes/{name}")
async def write_note(unit: RequestUnit, name: str) -> dict[str, str]:
    """Leaves a row, whose foreign key is looked at when the transaction commits."""
    await unit.run(b"INSERT INTO notes VALUES (%(name)s, %(author)s)", name=name, author=unit.actor.name)
    return {"name": name}


@router.post("/api/failures/{kind}")
async def fail(kind: str, unit: RequestUnit) -> None:
    await unit.run(b"INSERT INTO notes VALUES ('lost', 'Ana')")
    match kind:
        case "conflict":
            raise OutOfPasta
        case "missing":
            raise Missing("There is no such table.", extra={"table": 7})
        case "malformed":
            raise Malformed("Two things are wrong.", faults=[Fault("/a", "too long"), Fault("", "too much")])
        case "too_many":
            raise TooMany(retry_after_s=17)
        case _:
            raise ZeroDivisionError("the secret inside")


@router.post("/api/orders")
async def order(body: Order, limit: Limit = 50) -> Order:
    return body


@router.get("/api/dishes")
async def list_dishes(after: After = None, limit: Limit = 50) -> Listed[str]:
    return listed(page_of([1, 2, 3][: limit + 1], limit, str), lambda number: f"dish {number}")


@router.post("/api/tastings")
@needs("read")
async def taste() -> Page[str]:
    return Page(["soup"], None)


async def track(request: Request) -> Response:
    return Response()


async def pixel(request: Request) -> Response:
    return PlainTextResponse("pixel")


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def gatekeeper() -> OneMember:
    return OneMember()


@pytest.fixture
async def app(units: Units, gatekeeper: OneMember) -> FastAPI:
    async with units.open() as unit:
        await unit.run(b"CREATE TABLE authors (name text PRIMARY KEY)")
        await unit.run(b"INSERT INTO authors VALUES ('Ana')")
        await unit.run(
            b"CREATE TABLE notes (name text NOT NULL, author text REFERENCES authors DEFERRABLE INITIALLY DEFERRED)"
        )
    routes = [Route("/t/o/{token}.gif", pixel), Route("/v1/track", track)]
    return make_app(routers=[router], gatekeeper=gatekeeper, units=units, public_routes=routes)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=SIGNED_IN) as client:
        yield client


async def notes(units: Units) -> list[str]:
    async with units.open() as unit:
        return list(await unit.values(b"SELECT name FROM notes"))


async def test_the_transaction_is_committed_before_the_answer_begins(app: FastAPI, units: Units) -> None:
    seen: list[list[str]] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
            seen.append(await notes(units))

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT", "scheme": "http",
        "path": "/api/notes/durable", "raw_path": b"/api/notes/durable", "root_path": "", "query_string": b"",
        "headers": [(b"authorization", b"Bearer ana"), (b"host", b"localhost")],
    }  # fmt: skip
    await app(scope, receive, send)
    assert seen == [["durable"]]


async def test_a_commit_that_fails_is_answered_as_a_failure(client: httpx2.AsyncClient, units: Units) -> None:
    async with units.open() as unit:
        await unit.run(b"DELETE FROM authors")
    answer = await client.put("/api/notes/doomed")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert await notes(units) == []


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("conflict", 409, "out_of_pasta"), ("missing", 404, "missing"), ("malformed", 422, "malformed"),
     ("too_many", 429, "too_many"), ("zero", 500, "internal_error")],
)  # fmt: skip
async def test_a_refusal_is_a_problem_and_leaves_no_trace(
    client: httpx2.AsyncClient, units: Units, kind: str, status: int, code: str
) -> None:
    answer = await client.post(f"/api/failures/{kind}")
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:regulars:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "secret" not in answer.text
    assert await notes(units) == []


async def test_a_problem_carries_what_its_error_knows(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/failures/conflict")).json()["detail"] == "There is no pasta left."
    assert (await client.post("/api/failures/missing")).json()["table"] == 7
    assert (await client.post("/api/failures/too_many")).headers["retry-after"] == "17"
    assert (await client.post("/api/failures/malformed")).json()["errors"] == [
        {"pointer": "/a", "detail": "too long"},
        {"pointer": "", "detail": "too much"},
    ]


@pytest.mark.parametrize(
    ("content", "pointer", "words"),
    [
        (b'{"dish": "soup", "plates": "many"}', "/plates", "integer"),
        (b'{"dish": "soup"}', "/plates", "required"),
        (b'{"dish": "soup", "plates": 1, "dishh": 2}', "/dishh", "not permitted"),
        (b'{"dish": ', "", "not JSON"),
        (b"[]", "", "valid dictionary"),
        (b"", "", "required"),
    ],
)
async def test_an_unfit_body_is_answered_with_the_place(
    client: httpx2.AsyncClient, content: bytes, pointer: str, words: str
) -> None:
    answer = await client.post("/api/orders", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unfit_request")
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]


@pytest.mark.parametrize("dish", ["\\ud800", "a\\u0000b"])
async def test_text_that_cannot_be_stored_is_refused_with_the_place(client: httpx2.AsyncClient, dish: str) -> None:
    content = f'{{"dish": "{dish}", "plates": 1}}'.encode()
    answer = await client.post("/api/orders", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable_value")
    assert answer.json()["errors"][0]["pointer"] == "/dish"


async def test_a_body_nested_too_deep_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/orders", content=b"[" * 500_000, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500


async def test_an_unfit_parameter_is_named(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/dishes", params={"limit": "1000"})
    assert answer.status_code == 422
    assert "query parameter limit" in answer.json()["errors"][0]["detail"]


async def test_a_value_that_cannot_be_stored_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/api/notes/a%00b")
    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable_value")


async def test_lists_are_pages(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/dishes", params={"limit": 2})).json() == {"items": ["dish 1", "dish 2"], "next": "2"}
    assert (await client.get("/api/dishes")).json() == {"items": ["dish 1", "dish 2", "dish 3"], "next": None}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/api/nowhere", 404, "missing"), ("DELETE", "/api/dishes", 405, "method_not_allowed"),
     ("GET", "/v1/nowhere", 404, "missing"), ("GET", "/api/dishes/", 404, "missing")],
)  # fmt: skip
async def test_unknown_addresses_and_methods_are_problems(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_stranger_learns_nothing_about_what_lies_under_api(app: FastAPI) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as stranger:
        for path in ("/api/dishes", "/api/orders", "/api/nowhere", "/api", "/api/"):
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                answer = await stranger.request(
                    method, path, content=b"{", headers={"Content-Type": "application/json"}
                )
                assert (answer.status_code, answer.json()["code"]) == (401, "unproven"), f"{method} {path}"
                assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_route_asks_for_a_permission(client: httpx2.AsyncClient, gatekeeper: OneMember, units: Units) -> None:
    bo = {"Authorization": "Bearer bo"}
    assert (await client.get("/api/dishes", headers=bo)).status_code == 200
    assert (await client.post("/api/tastings", headers=bo)).status_code == 200
    answer = await client.put("/api/notes/sneaky", headers=bo)
    assert (answer.status_code, answer.json()["permission"]) == (403, "write")
    assert gatekeeper.denied == ["Bo write /api/notes/sneaky"]
    assert await notes(units) == []


async def test_a_body_has_a_ceiling_whether_or_not_it_tells_its_size(client: httpx2.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    for content in (b" " * 1_000_001, pieces()):
        answer = await client.post("/api/orders", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_browsers_are_told_to_be_careful(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/api/dishes")).headers
    policy = headers["content-security-policy"].split("; ")
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    assert (await client.get("/t/o/abc.gif")).headers["cross-origin-resource-policy"] == "cross-origin"
    secure = await client.get("https://localhost/api/dishes")
    assert secure.headers["strict-transport-security"].startswith("max-age=")


async def test_a_request_id_is_kept_when_it_looks_like_one(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/dishes", headers={"X-Request-Id": "a-1"})).headers["x-request-id"] == "a-1"
    made = (await client.get("/api/dishes", headers={"X-Request-Id": "not one!"})).headers["x-request-id"]
    assert made not in ("", "not one!")


async def test_the_api_describes_itself_to_anybody(app: FastAPI) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as stranger:
        answer = await stranger.get("/api/openapi.json")
        assert (await stranger.get("/docs")).status_code == 503  # the web app's page, not built here
    schema = answer.json()
    assert schema["openapi"].startswith("3.1")
    operation = schema["paths"]["/api/orders"]["post"]
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "422" not in operation["responses"]
    assert schema["security"] == [{"key": []}, {"session": []}]
    assert "HTTPValidationError" not in json.dumps(schema)


async def test_a_request_leaves_one_line_without_its_secrets(
    client: httpx2.AsyncClient, log: list[MutableMapping[str, Any]]
) -> None:
    await client.get("/t/o/s3cret.gif?also=s3cret")
    (line,) = [line for line in log if line["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/t/o/….gif", 200)
    assert "s3cret" not in str(line)
    await client.get("/health/live")
    assert len(log) == 1


@pytest.mark.parametrize(
    ("method", "path", "logged"),
    [
        ("HEAD", "/api/setup/5ec2e7", "/api/setup/…"),
        ("PUT", "/api/setup/5ec2e7", "/api/setup/…"),
        ("GET", "/u/5ec2e7/", "/u/…/"),
        ("POST", "/t/c/5ec2e7", "/t/c/…"),
        ("GET", "/v1/projects/rgk_5ec2e75ec2e7/settings", "/v1/projects/rgk_…/settings"),
    ],
)
async def test_a_secret_is_not_logged_where_no_route_takes_it(
    client: httpx2.AsyncClient, log: list[MutableMapping[str, Any]], method: str, path: str, logged: str
) -> None:
    await client.request(method, path)
    (line,) = [line for line in log if line["event"] == "request"]
    assert line["path"] == logged


async def test_of_the_event_api_what_was_taken_leaves_no_line_and_what_was_refused_does(
    client: httpx2.AsyncClient, log: list[MutableMapping[str, Any]]
) -> None:
    assert (await client.get("/v1/track")).status_code == 200
    assert (await client.get("/v1/trick")).status_code >= 400
    assert [(line["path"], line["status"]) for line in log if line["event"] == "request"] == [("/v1/trick", 404)]


async def test_numbers_are_kept_per_route(client: httpx2.AsyncClient) -> None:
    await client.put("/api/notes/one")
    await client.get("/t/o/abc.gif")
    text = (await client.get("/metrics")).text
    assert 'regulars_http_requests_total{method="PUT",route="/api/notes/{name}",status="200"}' in text
    assert 'regulars_http_request_seconds_count{method="GET",route="/t/o/{token}.gif"}' in text


def test_a_route_on_the_wrong_side_of_the_gate_does_not_start(units: Units, gatekeeper: OneMember) -> None:
    outside = APIRouter()
    outside.add_api_route("/things", taste)
    with pytest.raises(ValueError, match="outside /api"):
        make_app(routers=[outside], gatekeeper=gatekeeper, units=units)
    with pytest.raises(ValueError, match="lies under /api"):
        make_app(routers=[], gatekeeper=gatekeeper, units=units, public_routes=[Route("/api/x", pixel)])
