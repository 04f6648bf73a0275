"""The event API, in plain Starlette because it is the hot path, and what members read of it.

The event API speaks to Segment's libraries: exactly 200 means durable; an error has `code` and `message`; 4xx says that
the same request will never be accepted, 429 and 503 that it should be sent again after `Retry-After` seconds.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from regulars.domains.events import service as events
from regulars.domains.events.model import (
    KINDS,
    BodyTooLarge,
    BodyTooSlow,
    ImportLine,
    KeptRejection,
    Outcome,
    Rejection,
    Retried,
    WriteKeyUnknown,
)
from regulars.platform.http.door import After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.shared.errors import DomainError, Malformed, TooMany, Unavailable, Unproven
from regulars.shared.ids import inside, outside
from regulars.shared.paging import page_size_max

sent_bytes_max: Final = 500 * 1024
read_timeout_s: Final = 30.0
retry_after_s: Final = 2

router = APIRouter(tags=["events"])

_SHORT: Final = {"identify": "i", "track": "t", "page": "p", "screen": "s", "group": "g", "alias": "a"}
_CORS: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "authorization, content-type, content-encoding, x-retry-count, anonymousid, sentat, "
        "rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, rsa-since-last-attempt"
    ),
    "Access-Control-Max-Age": "86400",
}
_STATUS: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (Unproven, 401),
    (BodyTooLarge, 413),
    (BodyTooSlow, 408),
    (Malformed, 400),
    (TooMany, 429),
    (Unavailable, 503),
)
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")
_DONE: Final = b'{"success":true}'
Endpoint = Callable[[Request], Awaitable[Response]]


def public_routes() -> list[BaseRoute]:
    """Finds the `Intake` at `app.state.intake`. Each route proves its write key by itself."""
    routes: list[BaseRoute] = []
    for kind in KINDS:
        endpoint = _one(kind)
        routes += [_route(f"/v1/{kind}", endpoint), _route(f"/v1/{_SHORT[kind]}", endpoint)]
    batch = _many(historical=False)
    routes += [_route("/v1/batch", batch), _route("/v1/b", batch), _route("/v1/import", _many(historical=True))]
    routes.append(Route("/v1/projects/{key}/settings", _guarded(_settings), methods=["GET", "OPTIONS"]))
    return routes


def _route(path: str, endpoint: Endpoint) -> Route:
    return Route(path, _guarded(endpoint), methods=["POST", "OPTIONS"])


def _one(kind: str) -> Endpoint:
    async def take(request: Request) -> Response:
        body = await _body(request)
        rejection = await _intake(request).take_one(kind, body, _basic_key(request))
        return _answer(200, _DONE) if rejection is None else _refusal(rejection)

    return take


def _many(*, historical: bool) -> Endpoint:
    async def take(request: Request) -> Response:
        body = await _body(request)
        outcome = await _intake(request).take_batch(body, _basic_key(request), historical=historical)
        return _batch_answer(outcome)

    return take


async def _settings(request: Request) -> Response:
    """What analytics.js asks before it starts: where to send, and that there is nothing else to load."""
    key = request.path_params["key"]
    if not await _intake(request).is_known(key):
        return _error(404, "write_key_unknown", WriteKeyUnknown().detail)
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return _error(400, "host_missing", "The Host header names where events are to be sent.")
    enabled = {"enabled": True}
    sending = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": request.url.scheme}
    settings = {
        "integrations": {"Segment.io": {**sending, "deliveryStrategy": {"strategy": "standard"}}},
        "plan": {
            "track": {"__default": {**enabled, "integrations": {}}},
            "identify": {"__default": enabled},
            "group": {"__default": enabled},
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    answer = _answer(200, msgspec.json.encode(settings))
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Preflights are answered, and every refusal gets the one form that the libraries understand."""

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            return await endpoint(request)
        except DomainError as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            pointer = error.faults[0].pointer if error.faults else None
            return _error(status, error.code, error.detail, pointer)
        except ClientDisconnect:
            return _error(400, "body_incomplete", "The connection was closed before the body was complete.")

    return answer


async def _body(request: Request) -> bytes:
    """The body as sent, read no further than the ceiling."""
    said = request.headers.get("content-length", "")
    size = int(said) if said.isdecimal() and len(said) < 12 else sent_bytes_max
    if size > sent_bytes_max:
        raise BodyTooLarge(f"One request may carry {sent_bytes_max} bytes; this one announces {said}.")
    parts: list[bytes] = []
    room = sent_bytes_max
    with _intake(request).reading(size):
        try:
            async with asyncio.timeout(read_timeout_s):
                async for part in request.stream():
                    parts.append(part)
                    room -= len(part)
                    if room < 0:
                        raise BodyTooLarge(f"One request may carry {sent_bytes_max} bytes.")
        except TimeoutError:
            raise BodyTooSlow from None
    return b"".join(parts)


def _basic_key(request: Request) -> str | None:
    """The user name of Basic authentication. Raises WriteKeyUnknown when there is a header that holds none."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise WriteKeyUnknown(
            "Send the write key as the user name of Basic authentication, or as writeKey in the body."
        )
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")[0] or None
    except (binascii.Error, ValueError):
        raise WriteKeyUnknown from None


def _intake(request: Request) -> events.Intake:
    intake: events.Intake = request.app.state.intake
    return intake


def _refusal(rejection: Rejection) -> Response:
    status = 413 if rejection.code == "message_too_large" else 400
    return _error(status, rejection.code, rejection.reason, rejection.pointer)


def _batch_answer(outcome: Outcome) -> Response:
    if not outcome.rejected:
        return _answer(200, _DONE)
    told = outcome.rejected
    if outcome.accepted:
        return _answer(200, msgspec.json.encode({"success": True, "rejected": told}))
    first = told[0]
    message = f"None of {len(told)} messages was accepted; the first because: {first.reason}"
    return _answer(400, msgspec.json.encode({"code": first.code, "message": message, "errors": told}))


def _error(status: int, code: str, message: str, pointer: str | None = None) -> Response:
    body: dict[str, Any] = {"code": code, "message": message}
    if pointer is not None:
        body["pointer"] = pointer
    answer = _answer(status, msgspec.json.encode(body))
    if status in (429, 503):
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer


def _answer(status: int, body: bytes) -> Response:
    return Response(body, status_code=status, headers=_CORS, media_type="application/json")


class RejectionOut(BaseModel):
    """A message that was refused, kept for a week, its `body` cut at 4,096 characters; or one that was accepted and put
    aside (`quarantined`), kept whole until it is retried or discarded."""

    id: str
    at: datetime
    source: str
    code: str
    reason: str
    pointer: str
    body: str
    quarantined: bool
    historical: bool
    cut: bool


class RejectionsBody(Body):
    """Which ones, up to 200."""

    ids: list[str] = Field(min_length=1, max_length=page_size_max)


class RetriedOut(BaseModel):
    """What became of one: it is in the queue again, it was refused again (`code`, `reason`), or it was not there any
    more."""

    id: str
    outcome: Literal["accepted", "refused", "gone"]
    code: str | None
    reason: str | None


class RetriesOut(BaseModel):
    items: list[RetriedOut]


class DiscardedOut(BaseModel):
    discarded: int


class ImportOut(BaseModel):
    """The import of a file."""

    id: str
    file: str
    kind: str
    state: Literal["running", "done", "failed", "cancelled"]
    rows: int | None
    accepted: int
    rejected: int
    started_at: datetime
    finished_at: datetime | None


@router.get("/api/rejections")
async def list_rejections(
    unit: RequestUnit, after: After = None, limit: Limit = 50, quarantined: bool | None = None
) -> Listed[RejectionOut]:
    """What the event API refused and what no tick could work in, or one of the two; the latest first."""
    return listed(await events.rejections(unit, after, limit, put_aside=quarantined), _rejection_out)


@router.post("/api/rejections/retries")
@needs("settings")
async def retry_rejections(unit: RequestUnit, body: RejectionsBody) -> RetriesOut:
    """Takes each once more, with the message id it has. What is refused again stays."""
    retried = await events.retry(unit, [inside("rejection", one) for one in body.ids])
    return RetriesOut(items=[_retried_out(one) for one in retried])


@router.post("/api/rejections/discards")
@needs("settings")
async def discard_rejections(unit: RequestUnit, body: RejectionsBody) -> DiscardedOut:
    """Forgets them for good."""
    return DiscardedOut(discarded=await events.discard(unit, [inside("rejection", one) for one in body.ids]))


@router.get("/api/imports")
async def list_imports(unit: RequestUnit, after: After = None, limit: Limit = 50) -> Listed[ImportOut]:
    """Files that were or are being imported, the latest first."""
    return listed(await events.imports(unit, after, limit), _import_out)


def _rejection_out(kept: KeptRejection) -> RejectionOut:
    return RejectionOut(
        id=outside("rejection", kept.id),
        at=kept.at,
        source=kept.source,
        code=kept.code,
        reason=kept.reason,
        pointer=kept.pointer,
        body=kept.body,
        quarantined=kept.put_aside,
        historical=kept.historical,
        cut=kept.cut,
    )


def _retried_out(one: Retried) -> RetriedOut:
    outcome: Literal["accepted", "refused", "gone"] = "refused" if one.refused else "accepted" if one.found else "gone"
    code, reason = (one.refused.code, one.refused.reason) if one.refused else (None, None)
    return RetriedOut(id=outside("rejection", one.id), outcome=outcome, code=code, reason=reason)


def _import_out(line: ImportLine) -> ImportOut:
    return ImportOut(
        id=outside("import", line.id),
        file=line.file,
        kind=line.kind,
        state=line.state,
        rows=line.rows,
        accepted=line.accepted,
        rejected=line.rejected,
        started_at=line.started_at,
        finished_at=line.finished_at,
    )
