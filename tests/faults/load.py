"""A client that is never killed: it sends batch after batch, each until it is acknowledged, and notes all it did.

Run as a program: `python -m tests.faults.load URL KEY JOURNAL SINK_JOURNAL SEED RATE`. On SIGTERM it makes nothing new,
and ends once all it made is acknowledged.

Among what it sends are messages twice, late, out of order and malformed, requests that break off in the middle, and
bodies that were cut before they were sent. Of half of those nothing is ever sent whole.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import signal
import sys
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.faults.journal import Journal, Tail
from tests.faults.messages import Item, Shop

clients = 4
batch_size = 10
again_share, cut_share, packed_share, way_out_share = 0.1, 0.04, 0.2, 0.04


class Load:
    def __init__(self, url: str, key: str, journal: Path, sink: Path, seed: int, rate: float) -> None:
        self._url, self._key, self._sink = url, key, Tail(sink)
        self._journal = Journal(journal)
        self._random = random.Random(seed)
        self._shop = Shop(self._random, self._journal)
        self._pause_s = clients * batch_size / rate
        self._left: set[str] = set()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(clients)), self._leave())

    async def _client(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=20, auth=httpx2.BasicAuth(self._key, "")) as http:
            earlier: list[Item] = []
            while not self.stopping.is_set():
                batch = self._shop.batch(batch_size)
                if self._random.random() < again_share:
                    batch += self._random.sample([*earlier, *batch], 3)
                self._random.shuffle(batch)
                if self._random.random() < cut_share:
                    lost = self._random.random() < 0.5
                    cut = self._shop.batch(batch_size, mark="cut") if lost else batch
                    await self._random.choice((self._break_off, self._send_cut))(cut)
                await self._send(http, batch)
                earlier = batch
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), self._pause_s)

    async def _send(self, http: httpx2.AsyncClient, batch: Sequence[Item]) -> None:
        """Until it is acknowledged, as Segment's libraries do, though those give up one day."""
        names = [one.name for one in batch]
        content = _body(batch)
        if self._random.random() < packed_share:
            content = gzip.compress(content)
        while True:
            body: dict[str, Any] = {}
            status = 0
            with suppress(httpx2.TransportError):
                answer = await http.post("/v1/batch", content=content)
                status, body = answer.status_code, answer.json() if answer.is_success else {}
            refused = [one["index"] for one in body.get("rejected", ())]
            self._journal.note("answer", ids=names, status=status, rejected=refused)
            if status == 200:
                return
            await asyncio.sleep(0.1 + 0.4 * self._random.random())

    async def _break_off(self, batch: Sequence[Item]) -> None:
        """Half a request, and then silence: nothing of it may be taken for sent."""
        body = _body(batch)
        who = b64encode(f"{self._key}:".encode()).decode()
        head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {who}"
        half = body[: self._random.randrange(1, len(body))]
        length, piece = f"Content-Length: {len(body)}", half
        if self._random.random() < 0.5:
            length, piece = "Transfer-Encoding: chunked", f"{len(half):x}\r\n".encode() + half + b"\r\n"
        parts = urlsplit(self._url)
        with suppress(OSError):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"{head}\r\n{length}\r\n\r\n".encode() + piece)
            await writer.drain()
            writer.transport.abort()

    async def _send_cut(self, batch: Sequence[Item]) -> None:
        """A whole request whose body was cut before it was sent: it is refused as a whole."""
        body = _body(batch)
        if self._random.random() < 0.5:
            body = gzip.compress(body)
        with suppress(httpx2.TransportError):
            async with httpx2.AsyncClient(timeout=20, auth=httpx2.BasicAuth(self._key, "")) as http:
                half = body[: self._random.randrange(1, len(body) - 1)]
                answer = await http.post(f"{self._url}/v1/batch", content=half)
                self._journal.note("answer to a cut body", status=answer.status_code)

    async def _leave(self) -> None:
        """Some who got mail that has a way out take it."""
        waiting: list[dict[str, Any]] = []
        async with httpx2.AsyncClient(timeout=20) as http:
            while not self.stopping.is_set():
                await asyncio.sleep(0.5)
                waiting += [
                    mail
                    for mail in self._sink.more()
                    if "way_out" in mail and random.Random(mail["id"]).random() < way_out_share
                ]
                waiting = [mail for mail in waiting if not await self._left_by(http, mail)]

    async def _left_by(self, http: httpx2.AsyncClient, mail: dict[str, Any]) -> bool:
        if mail["to"] in self._left:
            return True
        way = urlsplit(mail["way_out"])
        with suppress(httpx2.TransportError):
            answer = await http.post(f"{self._url}{way.path}", data={"List-Unsubscribe": "One-Click"})
            if answer.status_code == 200:
                self._left.add(mail["to"])
                self._journal.note("left", to=mail["to"])
                return True
        return False


def _body(batch: Sequence[Item]) -> bytes:
    return json.dumps({"batch": [one.content for one in batch]}).encode()


async def main(url: str, key: str, journal: str, sink: str, seed: str, rate: str) -> None:
    load = Load(url, key, Path(journal), Path(sink), int(seed), float(rate))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, load.stopping.set)
    await load.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
