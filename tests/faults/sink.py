"""A mail server that is never killed: it notes every mail it got whole, and whether its answer to it was delivered.

Run as a program: `python -m tests.faults.sink PORT JOURNAL SEED`. Of some mails it withholds the answer after it took
them, and some it puts off; which, the seed and the mail decide.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.faults.journal import Journal

withheld_share, put_off_share = 0.03, 0.02
_HEADERS = {
    "id": re.compile(rb"^X-Regulars-Message: (\S+)", re.MULTILINE),
    "about": re.compile(rb"^Feedback-ID:\s+(\S+)", re.MULTILINE),
    "way_out": re.compile(rb"<(https?://[^>\s]*/u/[^>\s]*)>"),
}


class Sink:
    def __init__(self, journal: Journal, seed: int) -> None:
        self._journal = journal
        self._seed = seed
        self._got: Counter[str] = Counter()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._say(writer, "220 sink")
            recipient, began = "", 0.0
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"MAIL":
                    began = time.time()
                if word == b"RCPT":
                    recipient = line.decode().split("<")[1].split(">")[0]
                if word == b"DATA":
                    await self._say(writer, "354 go on")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    if not await self._take(writer, body, recipient, began):
                        break
                elif word == b"QUIT":
                    break
                else:
                    await self._say(writer, "250 sink")
        writer.close()

    async def _take(self, writer: asyncio.StreamWriter, body: bytes, recipient: str, began: float) -> bool:
        said = {name: found[1].decode() for name, header in _HEADERS.items() if (found := header.search(body))}
        mail = said.get("id", "")
        self._got[mail] += 1
        lot = random.Random(f"{self._seed}/{mail}/{self._got[mail]}").random()
        if lot < put_off_share:
            self._journal.note("put off", id=mail)
            await self._say(writer, "451 4.3.0 later")
            return True
        number = self._got[mail]
        self._journal.note("mail", to=recipient, began=began, number=number, **said)
        if lot < put_off_share + withheld_share:
            self._journal.note("answer", id=mail, number=number, answer="withheld")
            return False
        try:
            await self._say(writer, "250 2.0.0 kept")
            self._journal.note("answer", id=mail, number=number, answer="delivered")
        except OSError:
            self._journal.note("answer", id=mail, number=number, answer="cut")
        return True

    async def _say(self, writer: asyncio.StreamWriter, words: str) -> None:
        writer.write(words.encode() + b"\r\n")
        await writer.drain()


async def main(port: int, journal: Path, seed: int) -> None:
    sink = Sink(Journal(journal), seed)
    server = await asyncio.start_server(sink.talk, "127.0.0.1", port, limit=2**20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
