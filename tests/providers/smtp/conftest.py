"""An SMTP server on loopback that answers as it is told, and notes what really arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from regulars.domains.messages.model import Mail
from regulars.platform.settings import SmtpSettings

RAW = b"Subject: Hello\r\n\r\nOne line\r\n.A line that begins with a dot\r\n..\r\nThe last one\r\n"


def mail_to(address: str, *, raw: bytes = RAW) -> Mail:
    return Mail(UUID(int=1), "shop@example.com", address, raw)


@dataclass
class Loopback:
    """Recipients whose address begins with a word of `rcpt` or `data` get that answer; `after_dot` cuts instead."""

    rcpt: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    cut_after_dot: bool = False
    stall_s: float = 0.0
    arrived: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> SmtpSettings:
        return SmtpSettings("127.0.0.1", self.port, "none", None, None)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := _said(self.rcpt, address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if said := _said(self.data, envelope.rcpt_tos[0]):
            return said
        self.arrived.append(envelope.content)
        if self.stall_s:
            await asyncio.sleep(self.stall_s)
        if self.cut_after_dot:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 2.0.0 Kept"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Loopback]:
        sessions: list[SMTP] = []

        def session() -> SMTP:
            self.connections += 1
            sessions.append(SMTP(self, hostname="loopback", loop=asyncio.get_running_loop(), **self.options))
            return sessions[-1]

        server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for open_session in sessions:
                if open_session.transport is not None:
                    open_session.transport.close()
            await server.wait_closed()
            await asyncio.sleep(0)


def _said(answers: dict[str, str], address: str) -> str | None:
    return next((answer for start, answer in answers.items() if address.startswith(start)), None)


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    async with Loopback().listening() as server:
        yield server


@asynccontextmanager
async def scripted(*lines: bytes, cut_after: bytes) -> AsyncIterator[int]:
    """A server that says the lines one after another, and cuts the connection when it has read `cut_after`."""

    ended: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(over := asyncio.Event())
        writer.write(lines[0])
        seen = b""
        remaining = list(lines[1:])
        with suppress(ConnectionError):
            while cut_after not in seen and (data := await reader.read(1000)):
                seen += data
                if remaining and data.endswith(b"\r\n") and cut_after not in seen:
                    writer.write(remaining.pop(0))
        writer.transport.abort()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for over in ended:
            await over.wait()
        await asyncio.sleep(0)
        server.close()
        await server.wait_closed()
