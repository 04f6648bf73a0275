"""The one gate before `/api`: nobody passes without proof, whether or not the address exists.

It stands before the routes: a stranger's body is never read, and a stranger learns nothing about what lies behind.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final, Protocol

import psycopg
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regulars.platform.http.door import VISITOR, Access, needed
from regulars.platform.http.origin import refuse_other_sites
from regulars.platform.http.problems import database_error, problem, problem_of
from regulars.shared.errors import DomainError, Refused, Unproven

body_bytes_max: Final = 1_000_000
body_timeout_s: Final = 30.0
TOO_SLOW: Final = f"The body did not arrive within {body_timeout_s:g} seconds."
TOO_LARGE: Final = f"The body is larger than {body_bytes_max:,} bytes."

# The only things under /api for which no proof is asked.
OPEN: Final[Sequence[tuple[str, re.Pattern[str]]]] = (
    ("POST", re.compile(r"/api/session")),
    ("GET", re.compile(r"/api/setup/[^/]+")),
    ("POST", re.compile(r"/api/setup/[^/]+")),
    ("GET", re.compile(r"/api/openapi\.json")),
)


class NotPermitted(Refused):
    """Your role does not permit this."""


class Gatekeeper(Protocol):
    """Knows who is who. Members of the company and their keys are a domain's affair; the gate only asks."""

    async def admit(self, request: Request) -> Access:
        """Who sent this. Raises Unproven when nothing proves it, Refused when the proof is not valid for this."""
        ...

    async def deny(self, access: Access, permission: str, request: Request) -> None:
        """Records that somebody known tried what they may not do."""
        ...


class Gate:
    def __init__(self, app: ASGIApp, gatekeeper: Gatekeeper) -> None:
        self.app = app
        self.gatekeeper = gatekeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if is_open(request.method, scope["path"]):
                refuse_other_sites(request)
                access = Access(VISITOR, frozenset())
            else:
                access = await self.gatekeeper.admit(request)
        except DomainError as error:
            await problem_of(error)(scope, receive, send)
            return
        except psycopg.OperationalError as error:
            await database_error(request, error)(scope, receive, send)
            return
        request.state.access = access
        request.state.actor = access.actor
        said = request.headers.get("content-length", "0")
        if said.isdecimal() and int(said) > body_bytes_max:
            await problem(413, "too_large", TOO_LARGE)(scope, receive, send)
            return
        await self.app(scope, _bounded(receive), send)


async def permit(request: Request) -> None:
    """The dependency of every API route: the actor's permissions must hold the one that the route needs."""
    if is_open(request.method, request.scope["path"]):
        return
    access: Access | None = getattr(request.state, "access", None)
    if access is None:
        raise Unproven
    permission = needed(request)
    if permission not in access.permissions:
        await request.app.state.gatekeeper.deny(access, permission, request)
        raise NotPermitted(extra={"permission": permission})


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def is_open(method: str, path: str) -> bool:
    return any(method == allowed and pattern.fullmatch(path) for allowed, pattern in OPEN)


def _bounded(receive: Receive) -> Receive:
    """For bodies that do not say how long they are, and for those that never come."""
    seen, deadline = 0, asyncio.get_running_loop().time() + body_timeout_s
    whole = False

    async def receive_bounded() -> Message:
        nonlocal seen, whole
        try:
            async with asyncio.timeout_at(None if whole else deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW, {"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        seen += len(message.get("body", b""))
        if seen > body_bytes_max:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receive_bounded
