"""The event API on a real server, on a free port of the loopback."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from regulars.domains.events.api import public_routes
from regulars.domains.events.service import Intake, WriteKeys
from regulars.platform.unit import Units
from regulars.shared.ids import Ids

WRITE_KEY = "WRITE_KEY"


@dataclass
class EventApi:
    """An answering event API, and a look at what it stored."""

    url: str
    client: httpx2.AsyncClient
    units: Units

    async def send(self, path: str, body: Any, key: str | None = WRITE_KEY, **headers: str) -> httpx2.Response:
        auth = httpx2.BasicAuth(key, "") if key is not None else httpx2.USE_CLIENT_DEFAULT
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, auth=auth, headers=headers, content=content)

    async def inbox(self) -> list[dict[str, Any]]:
        async with self.units.open() as unit:
            return await unit.records(b"SELECT * FROM inbox ORDER BY seq")

    async def rejections(self) -> list[dict[str, Any]]:
        async with self.units.open() as unit:
            return await unit.records(b"SELECT * FROM rejections ORDER BY code")


async def source_of(key: str) -> str | None:
    return "key_test" if key == WRITE_KEY else None


@asynccontextmanager
async def serving(units: Units, intake: Intake) -> AsyncIterator[EventApi]:
    app = Starlette(routes=public_routes())
    app.state.intake = intake
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    async with intake.running():
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
                yield EventApi(url, client, units)
        finally:
            server.should_exit = True
            await running
            listener.close()


@pytest.fixture
def intake(units: Units) -> Intake:
    return Intake(units, Ids(random.Random(3)), WriteKeys(source_of))


@pytest.fixture
async def api(units: Units, intake: Intake) -> AsyncIterator[EventApi]:
    async with serving(units, intake) as api:
        yield api
