"""Claim, call, record: what goes out, what does not, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import psycopg
import pytest

from regulars.domains.members import service as members
from regulars.domains.messages.model import Accepted, Answer, Deferral, Mail, Purpose, Refusal, Unknown
from regulars.domains.messages.service import templates
from regulars.providers.smtp.memory import MemorySender
from tests.domains.messages.conftest import Shop

TRANSACTIONAL = Purpose.TRANSACTIONAL


class Crash(BaseException):
    """The process is gone."""


class CrashingSender(MemorySender):
    """Hands over, and then the process dies before it can note the answer."""

    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        await super().send(mail, timeout_s=timeout_s)
        raise Crash


class DuringARestart(MemorySender):
    """Hands over while every connection to the database is lost."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        answer = await super().send(mail, timeout_s=timeout_s)
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            ended = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            await connection.execute(ended + b" AND pid <> pg_backend_pid()")
        return answer


def read(mail: Mail) -> EmailMessage:
    message = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def receipts(shop: Shop) -> None:
    await shop.template("receipt", purpose="transactional", topic="orders", subject="Your order")


async def test_a_newsletter_reaches_a_customer_who_said_yes(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    assert await shop.dispatch() is None
    (mail,) = shop.sender.delivered
    message = await shop.message(ana)
    letter = read(mail)
    assert (message.state, message.subject, message.address) == ("sent", "A sale for Ana", "ana@example.com")
    assert message.why["consent"] == {"topic": "newsletter", "at": "2026-03-02T09:00:00+00:00", "source": "test"}
    assert (letter["To"], letter["Subject"]) == ("Ana Silva <ana@example.com>", "A sale for Ana")
    assert letter["Message-ID"] == f"<msg_{message.id.hex}@localhost>"
    assert letter["X-Regulars-Message"] == f"msg_{message.id.hex}"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"].startswith("<http://localhost:8080/u/")
    assert "mailto:u+" in letter["List-Unsubscribe"]
    assert letter["List-Id"] == "<newsletter.localhost>"
    assert [part.get_content_type() for part in letter.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    (told,) = await shop.announced(ana)
    assert told["name"] == "Email Sent"
    assert told["properties"] == {
        "message_id": f"msg_{message.id.hex}",
        "template": "sale",
        "subject": "A sale for Ana",
    }


async def test_silence_and_no_withhold_marketing_and_say_why(shop: Shop, bo: UUID, chi: UUID) -> None:
    nobody = await shop.customer(None)
    await shop.template()
    for customer in (bo, chi, nobody):
        await shop.queue(customer)
    await shop.dispatch()
    whys = [(await shop.message(customer)).why["code"] for customer in (bo, chi, nobody)]
    assert whys == ["no_consent", "said_no", "no_address"]
    assert {(await shop.message(customer)).state for customer in (bo, chi, nobody)} == {"withheld"}
    assert (await shop.announced(bo, "Email Withheld"))[0]["properties"]["why"] == "no_consent"
    assert shop.sender.delivered == []


async def test_consent_withdrawn_between_queue_and_dispatch_withholds(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    shop.wait(seconds=1)
    await shop.answer(ana, "*", "no")
    await shop.dispatch()
    message = await shop.message(ana)
    assert (message.state, message.why["code"]) == ("withheld", "said_no_to_all")
    assert "2026-03-02" in str(message.why["text"])


async def test_transactional_mail_needs_no_consent(shop: Shop, chi: UUID) -> None:
    await receipts(shop)
    await shop.queue(chi, "receipt")
    await shop.dispatch(purpose=TRANSACTIONAL)
    letter = read(shop.sender.delivered[0])
    assert "List-Unsubscribe" not in letter
    assert "Unsubscribe" not in letter.get_body(("html",)).get_content()  # type: ignore[union-attr]


async def test_a_sign_up_mail_does_not_wait_behind_newsletters(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await receipts(shop)
    for _ in range(30):
        await shop.queue(ana)
    shop.wait(seconds=1)
    await shop.queue(ana, "receipt")

    class Stuck(MemorySender):
        async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
            await asyncio.sleep(0.3)
            return Deferral(None, "slow")

    newsletters = asyncio.create_task(shop.dispatch(sender=Stuck()))
    await asyncio.sleep(0.05)
    await shop.dispatch(purpose=TRANSACTIONAL)
    assert [read(mail)["Subject"] for mail in shop.sender.delivered] == ["Your order"]
    await newsletters


async def test_one_key_makes_one_message_and_one_mail(shop: Shop, ana: UUID) -> None:
    await shop.template()
    assert [await shop.queue(ana, key="enrolment:1") for _ in range(3)] == [1, 0, 0]
    await asyncio.gather(*(shop.dispatch() for _ in range(4)))
    assert len(shop.sender.delivered) == 1


async def test_many_dispatchers_send_each_message_once(shop: Shop, ana: UUID) -> None:
    await shop.template()
    for number in range(60):
        await shop.queue(ana, key=f"k{number}")
    for _ in range(6):
        await asyncio.gather(*(shop.dispatch() for _ in range(3)))
    assert len(shop.sender.delivered) == len({mail.message_id for mail in shop.sender.delivered}) == 60


async def test_a_hard_refusal_stops_all_mail_to_the_address(shop: Shop) -> None:
    gone = await shop.customer("bounce@example.com", consents={"newsletter": "yes"})
    await shop.template()
    await receipts(shop)
    await shop.queue(gone)
    await shop.dispatch()
    first = await shop.message(gone)
    assert (first.state, first.bounced) == ("failed", True)
    (told,) = await shop.announced(gone, "Email Bounced")
    assert told["properties"]["kind"] == "hard"
    assert "User unknown" in told["properties"]["reply"]
    shop.wait(seconds=1)
    await shop.queue(gone, "receipt")
    await shop.dispatch(purpose=TRANSACTIONAL)
    assert (await shop.messages(gone))[0].why["code"] == "hard_bounce"


async def test_a_policy_refusal_is_soft_and_suppresses_nothing(shop: Shop, ana: UUID) -> None:
    shop.sender.answers["ana"] = Refusal(550, "5.7.1 Message rejected due to DMARC policy")
    await shop.template()
    await shop.queue(ana)
    await shop.dispatch()
    assert (await shop.announced(ana, "Email Bounced"))[0]["properties"]["kind"] == "soft"
    del shop.sender.answers["ana"]
    await shop.queue(ana)
    await shop.dispatch()
    assert len(shop.sender.delivered) == 1


async def test_what_is_put_off_is_tried_again_later_and_given_up_in_the_end(shop: Shop, ana: UUID) -> None:
    shop.sender.answers["ana"] = Deferral(451, "4.7.1 Greylisted")
    await shop.template()
    await shop.queue(ana)
    pauses = []
    while (due := await shop.dispatch()) is not None:
        pauses.append((due - shop.clock.at).total_seconds() / 60)
        shop.clock.at = due
    assert pauses == [5, 15, 60, 180, 360, 720, 720]
    message = await shop.message(ana)
    story = await shop.story(message.id)
    assert (message.state, message.attempts, message.bounced) == ("failed", 8, True)
    assert [delivery.outcome for delivery in story.deliveries] == ["deferred"] * 8
    assert story.deliveries[0].reply_code == 451


async def test_a_dead_provider_is_not_stormed(shop: Shop, ana: UUID) -> None:
    shop.sender.answers["ana"] = Deferral(None, "Connection refused", provider_down=True)
    await shop.template()
    for _ in range(50):
        await shop.queue(ana)
    due = await shop.dispatch()
    assert due is not None
    assert (due - shop.clock.at).total_seconds() == 10


async def test_marketing_of_unknown_fate_is_never_sent_again(shop: Shop, ana: UUID) -> None:
    shop.sender.answers["ana"] = Unknown("cut after the dot")
    await shop.template()
    await shop.queue(ana)
    assert await shop.dispatch() is None
    message = await shop.message(ana)
    assert (message.state, message.why["text"]) == ("unknown", "cut after the dot")
    shop.wait(days=30)
    await shop.dispatch()
    assert len(shop.sender.delivered) == 1


async def test_transactional_of_unknown_fate_is_retried_with_the_same_message_id(shop: Shop, ana: UUID) -> None:
    shop.sender.answers["ana"] = Unknown("cut after the dot")
    await receipts(shop)
    await shop.queue(ana, "receipt")
    due = await shop.dispatch(purpose=TRANSACTIONAL)
    assert due is not None
    del shop.sender.answers["ana"]
    assert await shop.dispatch(purpose=TRANSACTIONAL, at=due) is None
    first, second = map(read, shop.sender.delivered)
    assert first["Message-ID"] == second["Message-ID"]
    message = await shop.message(ana)
    assert message.state == "sent"
    assert [delivery.outcome for delivery in (await shop.story(message.id)).deliveries] == ["unknown", "accepted"]


@pytest.mark.parametrize(
    ("template", "purpose", "mails"), [("sale", Purpose.MARKETING, 1), ("receipt", TRANSACTIONAL, 2)]
)
async def test_a_crash_between_call_and_record(
    shop: Shop, ana: UUID, template: str, purpose: Purpose, mails: int
) -> None:
    await shop.template()
    await receipts(shop)
    await shop.queue(ana, template)
    crashing = CrashingSender()
    with pytest.raises(Crash):
        await shop.dispatch(purpose=purpose, sender=crashing)
    assert (await shop.message(ana)).state == "sending"
    due = await shop.dispatch(purpose=purpose)
    while due is not None:
        shop.clock.at = due
        due = await shop.dispatch(purpose=purpose)
    assert len(crashing.delivered) + len(shop.sender.delivered) == mails
    message = await shop.message(ana)
    assert message.state == ("unknown" if purpose is Purpose.MARKETING else "sent")
    assert (await shop.story(message.id)).deliveries[0].outcome == "unknown"


async def test_who_lost_the_lease_has_no_say(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await shop.queue(ana)

    class Sleeper(MemorySender):
        async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
            shop.wait(minutes=5)
            await shop.dispatch()  # Another worker finds the lease run out.
            return Accepted(250, "too late")

    await shop.dispatch(sender=Sleeper())
    assert (await shop.message(ana)).state == "unknown"
    assert await shop.announced(ana, "Email Sent") == []


async def test_a_deleted_template_sends_nothing_more(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    async with shop.units.open() as unit:
        await templates.delete(unit, "sale")
    await shop.dispatch()
    assert (await shop.message(ana)).why["code"] == "template_deleted"
    await shop.template()
    await shop.queue(ana)
    await shop.dispatch()
    assert len(shop.sender.delivered) == 1


async def test_a_message_keeps_the_version_it_was_made_with(shop: Shop, ana: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    await shop.template(subject="Changed")
    await shop.dispatch()
    assert (await shop.message(ana)).subject == "A sale for Ana"


async def test_content_that_cannot_be_filled_in_is_withheld_and_others_go_out(shop: Shop, ana: UUID) -> None:
    await shop.template("broken", subject="{{ 1 | divided_by: customer.zero }}")
    await shop.template()
    await shop.queue(ana, "broken", key="a")
    await shop.queue(ana, key="b")
    await shop.dispatch()
    by_template = {message.template: message for message in await shop.messages(ana)}
    assert by_template["broken"].why["code"] == "content_failed"
    assert "divide" in str(by_template["broken"].why["text"])
    assert by_template["sale"].state == "sent"


async def test_nothing_a_customer_typed_in_reaches_the_headers_or_the_markup(shop: Shop) -> None:
    evil = "Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"
    eve = await shop.customer("eve@example.com", consents={"newsletter": "yes"}, first_name=evil, name=evil)
    await shop.template()
    await shop.queue(eve)
    await shop.dispatch()
    letter = read(shop.sender.delivered[0])
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("A sale for Eve Bcc: all@example.com")
    assert "<script" not in letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert letter["To"].addresses[0].addr_spec == "eve@example.com"


async def test_mail_waits_while_the_sender_has_no_usable_address(shop: Shop, ana: UUID) -> None:
    async with shop.units.open() as unit:
        usual = await members.read_settings(unit)
        await members.change_settings(unit, replace(usual, sender_email="jürgen@shop.example"))
    await shop.template()
    await shop.queue(ana)
    due = await shop.dispatch()
    assert due is not None
    assert (await shop.message(ana)).state == "queued"
    async with shop.units.open() as unit:
        await members.change_settings(unit, usual)
    await shop.dispatch(at=due)
    assert (await shop.message(ana)).state == "sent"


async def test_an_address_that_is_none_is_withheld(shop: Shop) -> None:
    odd = await shop.customer("odd@example.com>\r\nBcc: x@example.com", consents={"newsletter": "yes"})
    await shop.template()
    await shop.queue(odd)
    await shop.dispatch()
    assert (await shop.message(odd)).why["code"] == "bad_address"


async def test_what_was_handed_over_while_the_database_restarted_is_known(
    shop: Shop, ana: UUID, database_url: str
) -> None:
    await shop.template()
    await shop.queue(ana)
    sender = DuringARestart(database_url)
    await shop.dispatch(sender=sender)
    assert (await shop.message(ana)).state == "sent"
    assert len(sender.delivered) == 1
