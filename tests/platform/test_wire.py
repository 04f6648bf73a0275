"""What comes off the wire is limited in size and in time, before anybody looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from regulars.platform.http import gate, wire


class Server(uvicorn.Server):
    @property
    def port(self) -> int:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    app = Starlette(routes=[Route("/length", length, methods=["POST"])])
    running = Server(uvicorn.Config(app, port=0, http=wire.BoundedHttp, lifespan="off", log_config=None))
    task = asyncio.create_task(running.serve())
    while not running.started:  # noqa: ASYNC110  (uvicorn tells no other way)
        await asyncio.sleep(0.01)
    yield running
    running.should_exit = True
    await task


async def said(server: Server, *parts: bytes, pause_s: float = 0.05) -> bytes:
    """The answers to bytes sent one part after the other, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause_s)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b"cut"
    finally:
        writer.close()


def post(body: bytes, *, close: bool = True) -> bytes:
    ending = b"Connection: close\r\n" if close else b""
    return b"POST /length HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (ending, len(body), body)


async def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(server: Server) -> None:
    body = b"x" * 300_000
    assert (await said(server, post(body))).endswith(b"\r\n\r\n300000")
    two = await said(server, post(body, close=False) + post(b"abc"))
    assert two.count(b" 200 OK") == 2


async def test_a_head_without_end_is_refused(server: Server) -> None:
    header = b"X-Long: " + b"a" * wire.head_bytes_max
    answer = await said(server, b"POST /length HTTP/1.1\r\nHost: x\r\n", header, header, header, header)
    assert answer == b"cut" or answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_does_not_arrive_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "head_timeout_s", 0.2)
    assert (await said(server)).startswith(b"HTTP/1.1 408 ")
    assert (await said(server, b"POST /length HTTP/1.1\r\n", b"Host: x\r\n")).startswith(b"HTTP/1.1 408 ")
    second = await said(server, post(b"abc", close=False), b"POST /le")
    assert second.count(b" 200 OK") == 1
    assert b" 408 " in second
    slow_body = post(b"abcdef")
    assert (await said(server, slow_body[:-3], slow_body[-3:], pause_s=0.4)).endswith(b"\r\n\r\n6")


async def test_a_body_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "body_timeout_s", 0.05)
    silence: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    receive = gate._bounded(silence.get)
    silence.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
    assert (await receive())["body"] == b"{"
    with pytest.raises(HTTPException) as refused:
        await receive()
    assert refused.value.status_code == 408
