"""The outermost layer: headers that make browsers careful, a line in the log, and an answer when all else failed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regulars.platform.http.problems import problem
from regulars.platform.telemetry import request_seconds, requests_total
from regulars.platform.tracing import Spanned, span

CONTENT_POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
)
# A route that sets one of these itself keeps its own: the mail preview has a stricter content policy, for one.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Made to be asked by other sites and by mail readers: the event API and the tracking pixel.
FOR_OTHER_SITES: Final = ("/v1/", "/t/")
TRANSPORT_POLICY: Final = "max-age=31536000"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_TOKEN: Final = re.compile(r"^(/api/setup/|/t/[co]/|/u/)[^/]+?(?=\.gif$|/|$)")
_KEY: Final = re.compile(r"(?<=rg[kw]_)[0-9a-f]{8,}", re.IGNORECASE)
_SILENT: Final = ("/health/", "/metrics")
_COUNTED: Final = "/v1/"
"""Events come by the thousand: a line for each that was taken would tell nothing that its customer's timeline does
not."""

log = structlog.get_logger("regulars.http")


class Edge:
    """`route_names` tells the path template of an endpoint, so that numbers are kept per route and not per address."""

    def __init__(self, app: ASGIApp, route_names: Mapping[Any, str]) -> None:
        self.app = app
        self.route_names = route_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        silent = scope["path"].startswith(_SILENT)
        around = Spanned() if silent else span(scope["method"], "server", headers=scope["headers"])
        with around as spanned, structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_guarded)
            except Exception:
                log.exception("request failed", method=scope["method"], path=_safe_path(scope))
                if status:
                    raise  # Half an answer is out; only cutting the connection tells the client.
                await _sorry(request_id)(scope, receive, send_guarded)
            finally:
                self._account(scope, status or 500, perf_counter() - began, spanned)

    def _account(self, scope: Scope, status: int, took_s: float, spanned: Spanned) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = self.route_names.get(scope.get("endpoint"), "other")
        spanned.rename(f"{method} {route}")
        spanned.set(http_request_method=method, http_route=route, url_path=_safe_path(scope))
        spanned.set(**{"http.response.status_code": status, "request.id": scope["state"]["request_id"]})
        if status >= 500:
            spanned.fail()
        requests_total.labels(method, route, str(status)).inc()
        request_seconds.labels(method, route).observe(took_s)
        if not scope["path"].startswith(_SILENT) and (status >= 400 or not scope["path"].startswith(_COUNTED)):
            actor = scope["state"].get("actor")
            log.info(
                "request",
                method=scope["method"],
                path=_safe_path(scope),
                status=status,
                took_ms=round(took_s * 1000, 1),
                actor=f"{actor.kind}:{actor.id}" if actor else None,
            )


def _complete(headers: MutableHeaders, scope: Scope, request_id: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["path"].startswith(FOR_OTHER_SITES):
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if scope["path"].startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", TRANSPORT_POLICY)
    headers["X-Request-Id"] = request_id


def _request_id(scope: Scope) -> str:
    """The caller's own id when it looks like one, so that its logs and ours can be joined."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _safe_path(scope: Scope) -> str:
    """The path without what must not be in logs: whoever reads a one-time link, an unsubscribe token or a key could use
    it. Told by its look, since requests that are refused have met no route."""
    path: str = scope["path"]
    return _KEY.sub("…", _TOKEN.sub(r"\1…", path))[:200]


def _sorry(request_id: str) -> ASGIApp:
    return problem(
        500,
        "internal_error",
        f"Something failed on our side. The log says more under the request id {request_id}.",
        extra={"request_id": request_id},
    )
