"""The built-in server, spoken to by the standard library's client."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest

from regulars.domains.messages.model import Accepted, ReceivedMail, Refusal
from regulars.providers.smtp import catcher as catching
from regulars.providers.smtp.catcher import Catcher
from regulars.providers.smtp.sender import SmtpSender
from tests.providers.smtp.conftest import mail_to


class Shelf:
    def __init__(self, *, full: bool = False) -> None:
        self.mails: list[ReceivedMail] = []
        self.full = full

    async def receive(self, mail: ReceivedMail) -> None:
        if self.full:
            raise OSError("no room")
        self.mails.append(mail)


def letter(size: int = 0) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", "ana@example.com", "Grüße"
    message.set_content("Hello\n" + ("x" * 70 + "\n") * (size // 71))
    return message


async def test_a_plain_client_leaves_its_mail() -> None:
    shelf = Shelf()

    def deliver(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.send_message(letter())

    async with Catcher(shelf) as catcher:
        await asyncio.to_thread(deliver, catcher.settings.port)
    (mail,) = shelf.mails
    assert (mail.mail_from, list(mail.rcpt_to)) == ("shop@example.com", ["ana@example.com"])
    assert b"Hello" in mail.raw


async def test_addresses_that_begin_with_bounce_are_refused_for_good() -> None:
    shelf = Shelf()
    async with Catcher(shelf) as catcher:
        sender = SmtpSender(catcher.settings)
        refused = await sender.send(mail_to("Bounce-me@example.com"), timeout_s=2)
        accepted = await sender.send(mail_to("ana@example.com"), timeout_s=2)
        await sender.aclose()
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.reply[:5]) == (550, "5.1.1")
    assert isinstance(accepted, Accepted)
    assert len(shelf.mails) == 1


async def test_mail_that_could_not_be_stored_is_not_taken_over() -> None:
    def deliver(port: int) -> int:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
            client.send_message(letter())
        return refusal.value.smtp_code

    async with Catcher(Shelf(full=True)) as catcher:
        assert await asyncio.to_thread(deliver, catcher.settings.port) == 451


async def test_mail_above_the_ceiling_is_refused() -> None:
    def deliver(port: int) -> int:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client, pytest.raises(smtplib.SMTPResponseException) as no:
            client.send_message(letter(catching.mail_bytes_max + 100_000))
        return no.value.smtp_code

    async with Catcher(Shelf()) as catcher:
        assert await asyncio.to_thread(deliver, catcher.settings.port) == 552
