"""Mail that comes to us: caught for the mailbox, or an answer to a message of ours. Over real SMTP on loopback."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest

from regulars.domains.messages.model import Accepted, Answer, Mail, Purpose, Signer, Use
from regulars.domains.messages.service import mailbox
from regulars.domains.messages.service.inbound import Mailroom
from regulars.providers.smtp.catcher import Catcher
from regulars.providers.smtp.sender import SmtpSender
from regulars.shared.ids import Ids
from tests.domains.messages.conftest import SIGNER, Shop

MAIL = Path(__file__).parent / "mail"


@pytest.fixture
async def catcher(shop: Shop) -> AsyncIterator[Catcher]:
    mailroom = Mailroom(shop.units, SIGNER, Ids())
    async with mailroom.running(), Catcher(mailroom) as listening:
        yield listening


async def deliver(catcher: Catcher, to: str, raw: bytes) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", catcher.settings.port, timeout=5) as client:
            client.sendmail("mailer-daemon@mx.example.org", [to], raw)

    await asyncio.to_thread(send)


async def sent_to(shop: Shop, customer: UUID, template: str = "sale") -> UUID:
    await shop.template("sale")
    await shop.template("receipt", purpose="transactional", topic="orders")
    purpose = Purpose.MARKETING if template == "sale" else Purpose.TRANSACTIONAL
    await shop.queue(customer, template)
    await shop.dispatch(purpose=purpose)
    return (await shop.messages(customer))[0].id


def return_address(message_id: UUID, signer: Signer = SIGNER, *, use: Use = Use.BOUNCE) -> str:
    letter = "b" if use is Use.BOUNCE else "u"
    return f"{letter}+{signer.sign_address(use, message_id)}@back.shop.example"


async def test_the_whole_way_of_a_mail_into_the_mailbox(shop: Shop, ana: UUID, catcher: Catcher) -> None:
    await shop.template(subject="Grüße, {{ customer.first_name }}")
    await shop.queue(ana)
    sender = SmtpSender(catcher.settings)
    assert await shop.dispatch(sender=sender) is None
    await sender.aclose()
    message = await shop.message(ana)
    assert message.state == "sent"
    async with shop.units.open() as unit:
        (line,) = (await mailbox.mails(unit, None, 10)).items
        mail = await mailbox.mail(unit, line.id)
    assert (line.subject, line.customer_id, line.message_id) == ("Grüße, Ana", ana, message.id)
    assert line.mail_from == "My company <hello@localhost>"
    assert "Hello Ana" in mail.content.text
    assert mail.content.unsubscribe_url is not None
    assert mail.content.unsubscribe_url.startswith("http://localhost:8080/u/")
    assert any("/t/c/" in link for link in mail.content.links)


async def test_a_refused_recipient_is_a_bounce(shop: Shop, catcher: Catcher) -> None:
    gone = await shop.customer("bounce@example.com", consents={"newsletter": "yes"})
    await shop.template()
    await shop.queue(gone)
    sender = SmtpSender(catcher.settings)
    await shop.dispatch(sender=sender)
    await sender.aclose()
    assert (await shop.announced(gone, "Email Bounced"))[0]["properties"]["kind"] == "hard"


async def test_a_hard_bounce_that_comes_later_stops_all_mail_to_the_address(
    shop: Shop, ana: UUID, catcher: Catcher
) -> None:
    message_id = await sent_to(shop, ana)
    for _ in range(2):  # The same report twice tells nothing new.
        await deliver(catcher, return_address(message_id), (MAIL / "dsn-hard.eml").read_bytes())
    message = await shop.message(ana)
    assert (message.state, message.bounced) == ("failed", True)
    (told,) = await shop.announced(ana, "Email Bounced")
    assert told["properties"]["kind"] == "hard"
    shop.wait(seconds=1)
    await sent_to(shop, ana, "receipt")
    assert (await shop.messages(ana))[0].why["code"] == "hard_bounce"


@pytest.mark.parametrize(("file", "bounced"), [("dsn-soft-full", True), ("dsn-delayed", False), ("reply-human", False)])
async def test_other_reports_suppress_nothing(
    shop: Shop, ana: UUID, catcher: Catcher, file: str, bounced: bool
) -> None:
    message_id = await sent_to(shop, ana)
    await deliver(catcher, return_address(message_id), (MAIL / f"{file}.eml").read_bytes())
    assert (await shop.message(ana)).bounced is bounced
    shop.wait(seconds=1)
    await sent_to(shop, ana)
    assert (await shop.messages(ana))[0].state == "sent"


async def test_a_complaint_ends_all_marketing_but_not_receipts(shop: Shop, ana: UUID, catcher: Catcher) -> None:
    message_id = await sent_to(shop, ana)
    await deliver(catcher, return_address(message_id), (MAIL / "arf-abuse.eml").read_bytes())
    assert await shop.answers(ana) == {"newsletter": "yes", "*": "no"}
    shop.wait(seconds=1)
    await sent_to(shop, ana)
    assert (await shop.messages(ana))[0].why["code"] == "complaint"
    shop.wait(seconds=1)
    await sent_to(shop, ana, "receipt")
    assert (await shop.messages(ana))[0].state == "sent"


async def test_writing_to_the_unsubscribe_address_unsubscribes(shop: Shop, ana: UUID, catcher: Catcher) -> None:
    message_id = await sent_to(shop, ana)
    await deliver(catcher, return_address(message_id, use=Use.UNSUBSCRIBE).upper(), b"Subject: unsubscribe\r\n\r\n")
    assert await shop.answers(ana) == {"newsletter": "no"}


async def test_a_forged_report_changes_nothing_and_lies_in_the_mailbox(shop: Shop, ana: UUID, catcher: Catcher) -> None:
    message_id = await sent_to(shop, ana)
    forged = return_address(message_id, Signer(b"f" * 32))
    await deliver(catcher, forged, (MAIL / "dsn-hard.eml").read_bytes())
    assert (await shop.message(ana)).state == "sent"
    async with shop.units.open() as unit:
        assert len((await mailbox.mails(unit, None, 10)).items) == 1


async def test_mails_that_come_together_are_stored_together_and_each_is_there(shop: Shop, catcher: Catcher) -> None:
    async def send(number: int) -> Answer:
        sender = SmtpSender(catcher.settings)
        raw = f"Subject: Number {number}\r\n\r\nHello\r\n".encode()
        answer = await sender.send(Mail(UUID(int=number), "a@example.com", "b@example.com", raw), timeout_s=5)
        await sender.aclose()
        return answer

    answers = await asyncio.gather(*(send(number) for number in range(40)))
    assert {type(answer) for answer in answers} == {Accepted}
    async with shop.units.open() as unit:
        page = await mailbox.mails(unit, None, 100)
        transactions = await unit.value(b"SELECT count(DISTINCT xmin::text) FROM caught_mail")
    assert sorted(mail.subject for mail in page.items) == sorted(f"Number {number}" for number in range(40))
    assert transactions < 40


async def test_the_mailbox_keeps_the_newest(shop: Shop, catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    from regulars.domains.messages.service import inbound

    monkeypatch.setattr(inbound, "mails_kept_max", 3)
    for number in range(5):
        shop.wait(seconds=1)
        letter = EmailMessage()
        letter["Subject"] = f"Number {number}"
        letter.set_content("x")
        await deliver(catcher, "ana@example.com", letter.as_bytes())
    async with shop.units.open() as unit:
        page = await mailbox.mails(unit, None, 10)
        first = await mailbox.mails(unit, None, 2)
        rest = await mailbox.mails(unit, first.next, 2)
    assert [mail.subject for mail in page.items] == ["Number 4", "Number 3", "Number 2"]
    assert [mail.subject for mail in (*first.items, *rest.items)] == ["Number 4", "Number 3", "Number 2"]
