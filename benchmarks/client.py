"""A client in a process of its own: told on stdin what to do, it tells on stdout how long that took.

It speaks just enough HTTP/1.1 over kept-alive connections to cost little beside the server.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

import uvloop

send_max_s: Final = 20.0
"""Then it is enough, however much was still to be sent: a slow machine takes no longer than a fast one."""
see_timeout_s: Final = 10.0
pause_between_looks_s: Final = 0.004


class Line:
    """One kept-alive connection."""

    def __init__(self, port: int, authorization: str) -> None:
        self._port = port
        self._authorization = authorization

    async def __aenter__(self) -> Line:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: {self._authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        told = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(told.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return int(told.split(b" ", 2)[1]), await self._reader.readexactly(length)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def call(number: int, run: str, *, user: str | None = None, name: str = "Product Viewed") -> dict[str, Any]:
    """An event as a shop's SDK sends it, about 350 bytes."""
    properties = {"product_id": f"p{number % 500}", "category": "beauty", "price": number % 90, "currency": "EUR"}
    return {
        "type": "track",
        "event": name,
        "userId": user or f"u{number % 2_000}",
        "messageId": f"{run}-{number}",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {**properties, "url": f"https://shop.example/p/{number % 500}"},
        "context": {"library": {"name": "bench", "version": "1"}},
    }


async def batches(port: int, key: str, connections: int, requests: int, size: int, run: str) -> dict[str, Any]:
    bodies = [
        json.dumps({"batch": [call(number * size + one, run) for one in range(size)]}).encode()
        for number in range(requests)
    ]
    return await _send(port, key, connections, "/v1/batch", bodies)


async def singles(port: int, key: str, connections: int, requests: int, run: str) -> dict[str, Any]:
    return await _send(
        port, key, connections, "/v1/track", [json.dumps(call(one, run)).encode() for one in range(requests)]
    )


async def _send(port: int, key: str, connections: int, path: str, bodies: list[bytes]) -> dict[str, Any]:
    times: list[float] = []
    failed = 0

    async def worker() -> None:
        nonlocal failed
        async with Line(port, basic(key)) as line:
            while bodies and perf_counter() < ends:
                body, began = bodies.pop(), perf_counter()
                status, _ = await line.ask("POST", path, body)
                times.append(perf_counter() - began)
                failed += status != 200

    began = perf_counter()
    ends = began + send_max_s
    await asyncio.gather(*(worker() for _ in range(connections)))
    return {"seconds": perf_counter() - began, "times": times, "failed": failed}


async def stream(
    port: int,
    key: str,
    rate: float,
    seconds: float,
    connections: int,
    size: int,
    customers: int,
    names: list[str],
    run: str,
) -> dict[str, Any]:
    """Batches at a steady rate, each event a customer's next; when the server is behind, as fast as it takes them."""
    sent = failed = 0
    began = perf_counter()
    ends = began + seconds

    async def worker() -> None:
        nonlocal sent, failed
        async with Line(port, basic(key)) as line:
            while perf_counter() < ends:
                first, sent = sent, sent + size
                body = _batch(range(first, sent), run, customers, names)
                await asyncio.sleep(max(0.0, began + first / rate - perf_counter()))
                status, _ = await line.ask("POST", "/v1/batch", body)
                failed += status != 200

    await asyncio.gather(*(worker() for _ in range(connections)))
    return {"seconds": perf_counter() - began, "sent": sent, "failed": failed}


def _batch(numbers: range, run: str, customers: int, names: list[str]) -> bytes:
    """Written out by hand: at ten thousand a second, making the calls would cost as much as taking them."""
    now = datetime.now(UTC).isoformat()
    each = (
        f'{{"type":"track","event":"{names[n * 7_919 % len(names)]}","userId":"u{1 + n * 48_271 % customers}",'
        f'"messageId":"{run}-{n}","timestamp":"{now}","properties":{{"product_id":"p{n % 500}","category":"beauty",'
        f'"price":{n % 90},"currency":"EUR","url":"https://shop.example/p/{n % 500}"}},'
        f'"context":{{"library":{{"name":"bench","version":"1"}}}}}}'
        for n in numbers
    )
    return f'{{"batch":[{",".join(each)}]}}'.encode()


async def see(port: int, key: str, admin_key: str, rate: float, seconds: float, run: str) -> dict[str, Any]:
    """Sends events at a rate, and beside them, one after another, events whose way to the timeline is timed. Before it,
    in quiet, how long a post and a look alone take."""
    probe = "u200"  # No other's id begins so, or few: a search lists whoever was seen last, to the minute, first.
    async with Line(port, basic(key)) as post, Line(port, f"Bearer {admin_key}") as look:
        timeline = await _timeline_of(post, look, probe, run)
        floors = []
        for _ in range(10):
            began = perf_counter()
            await post.ask("POST", "/v1/track", json.dumps(call(0, f"{run}-floor", user="u2")).encode())
            await look.ask("GET", timeline)
            floors.append(perf_counter() - began)
        ends = perf_counter() + seconds
        load = asyncio.create_task(_load(port, key, rate, ends, run))
        times: list[float] = []
        while perf_counter() < ends:
            times.append(await _visible_after(post, look, timeline, probe, f"{run}-probe-{len(times)}"))
        sent = await load
    return {"times": times, "floors": floors, "sent": sent}


async def _timeline_of(post: Line, look: Line, user: str, run: str) -> str:
    await post.ask("POST", "/v1/track", json.dumps(call(0, f"{run}-first", user=user)).encode())
    ends = perf_counter() + see_timeout_s
    while perf_counter() < ends:
        _, body = await look.ask("GET", f"/api/customers?q={user}&limit=50")
        for item in json.loads(body)["items"]:
            if item["user_id"] == user:
                return f"/api/customers/{item['id']}/timeline?limit=3"
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{user} was not found")


async def _visible_after(post: Line, look: Line, timeline: str, user: str, name: str) -> float:
    began = perf_counter()
    status, body = await post.ask("POST", "/v1/track", json.dumps(call(0, name, user=user, name=name)).encode())
    assert status == 200, body
    sought = json.dumps(name).encode()
    while perf_counter() - began < see_timeout_s:
        if sought in (await look.ask("GET", timeline))[1]:
            return perf_counter() - began
        await asyncio.sleep(pause_between_looks_s)
    raise TimeoutError(f"{name} was not seen")


async def _load(port: int, key: str, rate: float, ends: float, run: str) -> int:
    sent = 0
    async with Line(port, basic(key)) as line:
        began = perf_counter()
        while perf_counter() < ends:
            await line.ask(
                "POST", "/v1/track", json.dumps(call(sent, f"{run}-load", user=f"u{3 + sent % 900}")).encode()
            )
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / rate - perf_counter()))
    return sent


WORK: Final[Mapping[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]]] = {
    "batches": batches,
    "singles": singles,
    "stream": stream,
    "see": see,
}


def main() -> None:
    what = json.load(sys.stdin)
    json.dump(uvloop.run(WORK[what.pop("work")](**what)), sys.stdout)


if __name__ == "__main__":
    main()
