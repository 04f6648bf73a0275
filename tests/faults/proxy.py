"""Bad weather between the product and PostgreSQL: a relay on a Unix socket that delays, cuts and swallows as told.

Run as a program: `python -m tests.faults.proxy LISTEN TARGET ORDERS SEED`. It does what the file ORDERS says, read ten
times a second: `pass` · `delay SECONDS` every piece · `cut BYTES`: every connection after so many, at most ·
`unanswered`: what is asked goes through, and the connection breaks before the answer · `hole`: nothing comes through ·
`refuse`: nobody gets a connection. Whenever the order changes, connections made under the old one are cut.
"""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress
from pathlib import Path


class Relay:
    def __init__(self, target: str, orders: Path, seed: int) -> None:
        self._target = target
        self._orders = orders
        self._chance = random.Random(seed)
        self._order: list[str] = ["pass"]
        self._open: set[asyncio.StreamWriter] = set()

    async def follow_orders(self) -> None:
        while True:
            order = self._orders.read_text().split() or ["pass"]
            if order != self._order:
                self._order = order
                for writer in [*self._open]:
                    writer.transport.abort()
            await asyncio.sleep(0.1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._order[0] == "refuse":
            writer.transport.abort()
            return
        with suppress(OSError):
            there, there_writer = await asyncio.open_unix_connection(self._target)
            mine = {writer, there_writer}
            self._open |= mine
            left = self._chance.randint(1, int(self._order[1])) if self._order[0] == "cut" else 0
            try:
                await asyncio.gather(
                    self._carry(reader, there_writer, left, mine),
                    self._carry(there, writer, 0, mine, answers=True),
                )
            finally:
                self._open -= mine
                for one in mine:
                    one.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        left: int,
        both: set[asyncio.StreamWriter],
        *,
        answers: bool = False,
    ) -> None:
        """`left`: how many bytes may pass before the connection breaks; 0: any number."""
        total = 0
        with suppress(OSError):
            while piece := await reader.read(65_536):
                match self._order:
                    case ["delay", seconds]:
                        await asyncio.sleep(float(seconds))
                    case ["hole", *_]:
                        continue
                    case ["unanswered", *_] if answers and self._chance.random() < 0.05:
                        break
                total += len(piece)
                if left and total > left:
                    writer.write(piece[: max(0, len(piece) - (total - left))])
                    break
                writer.write(piece)
                await writer.drain()
        for one in both:
            one.transport.abort()


async def main(listen: str, target: str, orders: Path, seed: int) -> None:
    relay = Relay(target, orders, seed)
    async with await asyncio.start_unix_server(relay.serve, listen):
        await relay.follow_orders()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
