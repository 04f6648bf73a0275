"""A small SMTP server on loopback that keeps every mail and delivers none, for as long as no real one is set."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakSet

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from regulars.domains.messages.model import ReceivedMail, Receiver
from regulars.platform.settings import SmtpSettings

mail_bytes_max: Final = 10_000_000
recipients_max: Final = 100
idle_timeout_s: Final = 60.0
bouncing: Final = "bounce"

_log = structlog.get_logger(__name__)


class Catcher:
    """Listens while it is entered, on a port the system chooses when none is given.

    Refuses recipients whose address begins with `bounce`, so that bounces can be seen; takes everything else.
    """

    def __init__(self, receiver: Receiver, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = _Handler(receiver)
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()

    @property
    def settings(self) -> SmtpSettings:
        """How to send to it, once it listens."""
        return SmtpSettings(self._host, self._port, "none", None, None)

    async def __aenter__(self) -> Catcher:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()

    def _session(self) -> SMTP:
        session = SMTP(
            self._handler,
            data_size_limit=mail_bytes_max,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Regulars",
            timeout=idle_timeout_s,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session


class _Handler:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= recipients_max:
            return f"452 4.5.3 At most {recipients_max} recipients at once"
        if address.lower().startswith(bouncing):
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        try:
            await self._receiver.receive(ReceivedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        except Exception:  # Whatever went wrong, the sender keeps the mail and tries again.
            _log.exception("mail_not_kept")
            return "451 4.3.0 This mail could not be stored; try again"
        return "250 2.0.0 Kept"
