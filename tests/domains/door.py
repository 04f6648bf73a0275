"""The routes of some domains behind a gate that lets a test in."""

from __future__ import annotations

from typing import Any

import httpx2
from fastapi import APIRouter
from starlette.requests import Request

from regulars.platform.http.app import make_app
from regulars.platform.http.door import Access
from regulars.platform.unit import Actor, Units


class Welcoming:
    async def admit(self, request: Request) -> Access:
        return Access(Actor("member", "mem_test", "Ana"), frozenset({"read", "write"}))

    async def deny(self, access: Access, permission: str, request: Request) -> None:
        raise AssertionError(permission)


class Door:
    """Asks for JSON and gives it back, with the status checked."""

    def __init__(self, units: Units, *routers: APIRouter) -> None:
        app = make_app(routers=routers, gatekeeper=Welcoming(), units=units)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://regulars.test")

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("GET", path, status=status)
