"""Hands mail to an SMTP server and tells exactly what came of it: yes, no, not now, or nobody knows."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Final, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from regulars.domains.messages.model import Accepted, Answer, Deferral, Mail, Refusal, Unknown
from regulars.platform.settings import SmtpSettings

idle_max: Final = 16
mails_per_connection_max: Final = 100
drain_step_s: Final = 0.002
reply_chars_max: Final = 500

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})  # Asking who we are could ask the network.
_UNFIT: Final = re.compile(r"[\s<>\x00-\x1f\x7f]|[^\x00-\x7f]")
_PERIODS: Final = re.compile(rb"^\.", re.MULTILINE)


class _Connection:
    """One connection, and how far the mail on it has come. `ended` is true once the final dot may have left."""

    def __init__(self, client: SMTP) -> None:
        self.client = client
        self.mails = 0
        self.ended = False

    async def send(self, mail: Mail, timeout_s: float, deadline: float) -> Answer:
        client = self.client
        self.mails += 1
        await client.mail(mail.mail_from, timeout=timeout_s)
        await client.rcpt(mail.rcpt_to, timeout=timeout_s)
        ready = await client.execute_command(b"DATA", timeout=timeout_s)
        if ready.code != 354:
            return _no(ready.code, ready.message)
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(_stuffed(mail.raw))
        await self._drained()
        if asyncio.get_running_loop().time() >= deadline:
            # This process was stopped, and by now the mail is somebody else's.
            raise TimeoutError
        self.ended = True
        protocol.write(b".\r\n")
        reply = await protocol.read_response(timeout=timeout_s)
        self.ended = False
        if 200 <= reply.code < 300:
            return Accepted(reply.code, _short(reply.message))
        if not 400 <= reply.code < 600:
            return Unknown(f"An answer that is none: {reply.code} {_short(reply.message)}")
        return _no(reply.code, reply.message)

    async def _drained(self) -> None:
        """Until everything has left us: what is cut before the dot goes out is a definite no, and only then."""
        # Of no class to test for: uvloop's transports are of classes of their own.
        transport = cast("asyncio.WriteTransport | None", self.client.transport)
        while transport is not None and not transport.is_closing():
            if transport.get_write_buffer_size() == 0:
                return
            await asyncio.sleep(drain_step_s)
        raise SMTPServerDisconnected("Connection lost")


class SmtpSender:
    """Keeps connections open between mails. Any number of mails may be sent at the same time, one a connection.

    `trust` is whose certificates to believe; those the machine believes when none is given.
    """

    def __init__(self, settings: SmtpSettings, *, trust: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._trust = trust
        self._idle: list[_Connection] = []

    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        """Never raises for what the server or the network does."""
        if _UNFIT.search(mail.mail_from + mail.rcpt_to):
            return Refusal(553, "5.1.3 This is not an address mail can be sent to.")
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        while self._idle:
            answer = await self._try(self._idle.pop(), mail, deadline - clock())
            if not (isinstance(answer, Deferral) and answer.provider_down) or clock() >= deadline:
                return answer
            # The server had grown tired of the old connection: that says nothing about the mail.
        return await self._try(_Connection(self._client()), mail, deadline - clock())

    async def aclose(self) -> None:
        while self._idle:
            client = self._idle.pop().client
            try:
                await client.quit(timeout=2)
            except (SMTPException, OSError):
                pass
            finally:
                client.close()

    async def _try(self, connection: _Connection, mail: Mail, timeout_s: float) -> Answer:
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                if not connection.client.is_connected:
                    await connection.client.connect(timeout=timeout_s)
                answer = await connection.send(mail, timeout_s, deadline)
        except (SMTPException, OSError, TimeoutError) as error:
            connection.client.close()
            return _answer_to(error, ended=connection.ended, timeout_s=timeout_s)
        except BaseException:
            connection.client.close()
            raise
        if isinstance(answer, Accepted) and connection.mails < mails_per_connection_max and len(self._idle) < idle_max:
            self._idle.append(connection)
        else:
            connection.client.close()
        return answer

    def _client(self) -> SMTP:
        settings = self._settings
        return SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.smtp_user,
            password=settings.password,
            local_hostname="localhost" if settings.host in _LOOPBACK else None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._trust,
        )


def _answer_to(error: Exception, *, ended: bool, timeout_s: float) -> Answer:
    """What an error means: everything after the final dot and before its answer is unknown, all else is a no."""
    words = _short(str(error)) or type(error).__name__
    if isinstance(error, TimeoutError) and not isinstance(error, SMTPException):
        words = f"No answer within {timeout_s:g} s."
    if ended:
        return Unknown(words)
    match error:
        case SMTPRecipientRefused(code=code, message=message):
            return _no(code, message)
        case SMTPSenderRefused(code=code, message=message) if code >= 500:
            return Deferral(code, f"The server does not let us send: {_short(message)}", provider_down=True)
        case SMTPAuthenticationError(code=code, message=message):
            return Deferral(code, f"The server does not let us sign in: {_short(message)}", provider_down=True)
        case SMTPConnectError() | SMTPNotSupported() | SMTPServerDisconnected():
            return Deferral(getattr(error, "code", None), words, provider_down=True)
        case SMTPResponseException(code=code, message=message) if 400 <= code < 600:
            return _no(code, message)
        case _:
            return Deferral(None, words, provider_down=True)


def _no(code: int, message: str) -> Answer:
    if 500 <= code < 600:
        return Refusal(code, _short(message))
    return Deferral(code, _short(message), provider_down=code == 421)


def _stuffed(raw: bytes) -> bytes:
    body = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return _PERIODS.sub(b"..", body)


def _short(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().replace("\0", " ").split())[:reply_chars_max]
