"""What comes of handing a mail over, with a real server on loopback, and with the fake that stands in for one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from regulars.domains.messages.model import Accepted, Answer, Deferral, Mail, Refusal, Unknown
from regulars.platform.settings import SmtpSettings
from regulars.providers.smtp.memory import MemorySender
from regulars.providers.smtp.sender import SmtpSender
from tests.providers.smtp.conftest import RAW, Loopback, mail_to, scripted

NO_SUCH_USER = "550 5.1.1 Recipient address rejected: User unknown"


class Provider:
    """A sender, and what arrived at the other end of it."""

    def __init__(self, sender: SmtpSender | MemorySender, loopback: Loopback) -> None:
        self.sender = sender
        self._loopback = loopback

    async def send(self, mail: Mail) -> Answer:
        return await self.sender.send(mail, timeout_s=2)

    @property
    def arrived(self) -> list[bytes]:
        if isinstance(self.sender, MemorySender):
            return [mail.raw for mail in self.sender.delivered]
        return self._loopback.arrived


@pytest.fixture(params=["memory", "smtp"])
async def provider(request: pytest.FixtureRequest, loopback: Loopback) -> AsyncIterator[Provider]:
    if request.param == "memory":
        later, full = Deferral(451, "4.7.1 Greylisted"), Refusal(552, "5.2.2 Mailbox full")
        yield Provider(MemorySender({"later": later, "full": full}), loopback)
        return
    loopback.rcpt = {"bounce": NO_SUCH_USER, "later": "451 4.7.1 Greylisted"}
    loopback.data = {"full": "552 5.2.2 Mailbox full"}
    sender = SmtpSender(loopback.settings)
    yield Provider(sender, loopback)
    await sender.aclose()


async def test_what_is_accepted_has_arrived_byte_for_byte(provider: Provider) -> None:
    assert isinstance(await provider.send(mail_to("ana@example.com")), Accepted)
    assert provider.arrived == [RAW]


@pytest.mark.parametrize(
    ("local", "code", "kind"), [("bounce", 550, Refusal), ("full", 552, Refusal), ("later", 451, Deferral)]
)
async def test_a_no_says_its_code_and_words(provider: Provider, local: str, code: int, kind: type[Answer]) -> None:
    answer = await provider.send(mail_to(f"{local}@example.com"))
    assert isinstance(answer, kind)
    assert getattr(answer, "code") == code  # noqa: B009
    assert answer.reply.startswith(("4.", "5."))
    assert provider.arrived == []
    assert isinstance(await provider.send(mail_to("ana@example.com")), Accepted)


async def test_connections_are_used_again(loopback: Loopback) -> None:
    sender = SmtpSender(loopback.settings)
    for _ in range(5):
        await sender.send(mail_to("ana@example.com"), timeout_s=2)
    assert loopback.connections == 1
    await asyncio.gather(*(sender.send(mail_to("ana@example.com"), timeout_s=2) for _ in range(8)))
    assert loopback.connections <= 8
    assert len(loopback.arrived) == 13
    await sender.aclose()


async def test_an_old_connection_that_the_server_dropped_costs_nothing(loopback: Loopback) -> None:
    sender = SmtpSender(loopback.settings)
    async with Loopback().listening() as first:
        sender = SmtpSender(first.settings)
        await sender.send(mail_to("ana@example.com"), timeout_s=2)
        port = first.port
    async with Loopback(port=port).listening() as second:
        assert isinstance(await sender.send(mail_to("bo@example.com"), timeout_s=2), Accepted)
        assert len(second.arrived) == 1
        await sender.aclose()


async def test_a_server_that_cannot_be_reached_is_a_definite_no() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        sender = SmtpSender(SmtpSettings("127.0.0.1", taken.getsockname()[1], "none", None, None))
        answer = await sender.send(mail_to("ana@example.com"), timeout_s=2)
    assert isinstance(answer, Deferral)
    assert answer.provider_down


async def test_a_cut_after_the_final_dot_is_of_unknown_fate(loopback: Loopback) -> None:
    loopback.cut_after_dot = True
    answer = await SmtpSender(loopback.settings).send(mail_to("ana@example.com"), timeout_s=2)
    assert isinstance(answer, Unknown)
    assert loopback.arrived == [RAW]


async def test_silence_after_the_final_dot_is_of_unknown_fate(loopback: Loopback) -> None:
    loopback.stall_s = 5
    assert isinstance(await SmtpSender(loopback.settings).send(mail_to("ana@example.com"), timeout_s=0.3), Unknown)


@pytest.mark.parametrize("cut_after", [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"Subject:"])
async def test_a_cut_before_the_final_dot_is_a_definite_no(cut_after: bytes) -> None:
    lines = (b"220 here\r\n", b"250 hello\r\n", b"250 sender\r\n", b"250 recipient\r\n", b"354 go on\r\n")
    big = b"Subject: Big\r\n\r\n" + b"x" * 70 * 200_000
    async with scripted(*lines, cut_after=cut_after) as port:
        sender = SmtpSender(SmtpSettings("127.0.0.1", port, "none", None, None))
        answer = await sender.send(mail_to("ana@example.com", raw=big), timeout_s=3)
    assert isinstance(answer, Deferral), answer


async def test_a_server_that_says_nothing_is_a_definite_no() -> None:
    async with scripted(b"", cut_after=b"never") as port:
        sender = SmtpSender(SmtpSettings("127.0.0.1", port, "none", None, None))
        assert isinstance(await sender.send(mail_to("ana@example.com"), timeout_s=0.3), Deferral)


async def test_421_concerns_every_mail() -> None:
    async with scripted(b"220 here\r\n", b"250 hello\r\n", b"421 4.3.2 Shutting down\r\n", cut_after=b"QUIT") as port:
        sender = SmtpSender(SmtpSettings("127.0.0.1", port, "none", None, None))
        answer = await sender.send(mail_to("ana@example.com"), timeout_s=2)
    assert isinstance(answer, Deferral)
    assert (answer.code, answer.provider_down) == (421, True)


async def test_mail_never_goes_out_in_the_clear_when_tls_is_asked_for(loopback: Loopback) -> None:
    sender = SmtpSender(SmtpSettings("127.0.0.1", loopback.port, "starttls", None, None))
    answer = await sender.send(mail_to("ana@example.com"), timeout_s=2)
    assert isinstance(answer, Deferral)
    assert answer.provider_down
    assert loopback.arrived == []


async def test_a_refused_sign_in_concerns_every_mail(loopback: Loopback) -> None:
    sender = SmtpSender(SmtpSettings("127.0.0.1", loopback.port, "none", "shop", "wrong"))
    answer = await sender.send(mail_to("ana@example.com"), timeout_s=2)
    assert isinstance(answer, Deferral)
    assert answer.provider_down


async def test_an_address_with_a_line_break_never_reaches_the_wire(loopback: Loopback) -> None:
    answer = await SmtpSender(loopback.settings).send(mail_to("a@example.com>\r\nRCPT TO:<b@example.com"), timeout_s=2)
    assert not isinstance(answer, Accepted)
    assert loopback.arrived == []
