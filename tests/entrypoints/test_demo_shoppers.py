from __future__ import annotations

import asyncio
import base64
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from regulars.entrypoints.demo_shoppers import walk
from regulars.providers.demo.browsing import Product
from regulars.providers.demo.people import invent
from regulars.providers.demo.shoppers import Action, Shoppers
from regulars.providers.demo.store import Shop
from regulars.shared.clock import SetClock

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Hasty(Shoppers):
    """Shoppers who do not pause, so that a test need not wait."""

    def next(self, at: datetime) -> Action:
        action = super().next(at)
        return Action(action.calls, timedelta(milliseconds=1))


class EventApi:
    """Reads what is posted and answers with a status."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.requests, self.enough = status, list[tuple[str, str, bytes]](), asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().split("\r\n")
            headers = {name: value for name, _, value in (line.lower().partition(": ") for line in lines[1:])}
            key = next(line for line in lines if line.lower().startswith("authorization")).split(" ")[-1]
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((lines[0], base64.b64decode(key).decode(), body))
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % self.status)
            await writer.drain()
            if len(self.requests) >= 20:
                self.enough.set()


@pytest.fixture
def shoppers() -> Shoppers:
    source = random.Random(3)
    people = tuple(invent(source, tag=str(n), user_id=str(n), country="GB") for n in range(20))
    return Hasty(source, Shop((Product("1", "Mug", 4.5), Product("2", "Bag", 9.0)), people))


async def test_shoppers_write_to_the_event_api_until_they_are_told_to_stop(shoppers: Shoppers) -> None:
    api, stopping = EventApi(), asyncio.Event()
    server = await asyncio.start_server(lambda r, w: _quietly(api, r, w), "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        walking = asyncio.create_task(walk(shoppers, url=url, write_key="wk_1", clock=SetClock(AT), stopping=stopping))
        await asyncio.wait_for(api.enough.wait(), 20)
        stopping.set()
        await asyncio.wait_for(walking, 5)
    assert {line for line, _, _ in api.requests} == {"POST /v1/batch HTTP/1.1"}
    assert {key for _, key, _ in api.requests} == {"wk_1:"}
    batches = [json.loads(body)["batch"] for _, _, body in api.requests]
    assert all(call["timestamp"] == "2026-03-02T09:00:00.000Z" for batch in batches for call in batch)


async def test_a_shop_that_is_shut_only_makes_them_wait(shoppers: Shoppers) -> None:
    stopping = asyncio.Event()
    walking = asyncio.create_task(
        walk(shoppers, url="http://127.0.0.1:9", write_key="wk_1", clock=SetClock(AT), stopping=stopping)
    )
    await asyncio.sleep(0.3)
    assert not walking.done()
    stopping.set()
    await asyncio.wait_for(walking, 5)


async def _quietly(api: EventApi, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await api.answer(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
