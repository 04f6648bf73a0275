"""What comes back by the links in a mail, over HTTP as a customer's telephone and a scanner ask."""

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import httpx2
import pytest

from regulars.domains.messages.model import Purpose, Signer, Unknown, Use
from tests.domains.messages.conftest import SIGNER, Shop

ONE_CLICK = {"content": "List-Unsubscribe=One-Click", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


class Letter:
    """The last mail that went out, and what stands in it."""

    def __init__(self, shop: Shop) -> None:
        message = message_from_bytes(shop.sender.delivered[-1].raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.message_id = shop.sender.delivered[-1].message_id
        html = message.get_body(("html",))
        assert html is not None
        page = str(html.get_content())
        self.clicks = re.findall(r"http://localhost:8080(/t/c/[\w-]+)", page)
        (self.picture,) = re.findall(r"http://localhost:8080(/t/o/[\w-]+\.gif)", page)
        found = re.match(r"<http://localhost:8080(/u/[\w-]+)>", message["List-Unsubscribe"] or "")
        self.way_out = found[1] if found else ""


@pytest.fixture
async def letter(shop: Shop, ana: UUID) -> Letter:
    body = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>"
        '<a href="https://shop.example/a?x=1&amp;y=2">a</a><a href="https://shop.example/b">b</a>'
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    await shop.template(body=body)
    await shop.queue(ana)
    await shop.dispatch()
    shop.wait(minutes=10)
    return Letter(shop)


async def test_a_click_leads_where_the_link_led_and_is_on_record(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    answer = await phone.get(letter.clicks[0])
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/a?x=1&y=2")
    assert "set-cookie" not in answer.headers
    (told,) = await shop.announced(ana, "Email Clicked")
    assert told["by_customer"] is True
    assert told["properties"]["url"] == "https://shop.example/a?x=1&y=2"
    assert told["properties"]["machine"] is False
    assert (await shop.message(ana)).clicked


async def test_a_scanner_that_follows_every_link_is_a_machine(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    for click in letter.clicks:
        assert (await phone.get(click)).status_code == 302
    told = await shop.announced(ana, "Email Clicked")
    assert [event["properties"]["machine"] for event in told] == [False, True]
    assert not (await shop.message(ana)).clicked


async def test_a_head_request_is_a_machine(shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient) -> None:
    assert (await phone.head(letter.clicks[0])).status_code == 302
    (told,) = await shop.announced(ana, "Email Clicked")
    assert (told["properties"]["machine"], told["by_customer"]) == (True, False)


async def test_an_open_counts_once_a_minute_and_proxies_are_machines(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    for _ in range(3):
        answer = await phone.get(letter.picture)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert "no-store" in answer.headers["cache-control"]
    await phone.get(letter.picture, headers={"User-Agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"})
    told = {event["properties"]["machine"] for event in await shop.announced(ana, "Email Opened")}
    async with shop.units.open() as unit:
        ids = await unit.value(b"SELECT count(DISTINCT message_id) FROM inbox WHERE name = 'Email Opened'")
    assert (told, ids) == ({False, True}, 2)


async def test_looking_at_the_way_out_changes_nothing(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    for method in ("GET", "HEAD", "GET"):
        answer = await phone.request(method, letter.way_out)
        assert answer.status_code == 200
    page = (await phone.get(letter.way_out)).text
    assert "newsletter" in page
    assert "ana@example.com" not in page
    assert "<script" not in page
    assert 'method="post"' in page
    assert await shop.answers(ana) == {"newsletter": "yes"}
    assert await shop.announced(ana, "Unsubscribed") == []


async def test_one_click_unsubscribes_without_cookies_however_often(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    answers = await asyncio.gather(*(phone.post(letter.way_out, **ONE_CLICK) for _ in range(4)))  # type: ignore[arg-type]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert await shop.answers(ana) == {"newsletter": "no"}
    (told,) = await shop.announced(ana, "Unsubscribed")
    assert told["properties"] == {
        "channel": "email", "topic": "newsletter", "message_id": f"msg_{letter.message_id.hex}",
    }  # fmt: skip
    assert told["by_customer"] is True
    await shop.queue(ana)
    await shop.dispatch()
    assert (await shop.messages(ana))[0].why["code"] == "said_no"


async def test_the_page_can_end_all_mail(shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient) -> None:
    assert (await phone.post(f"{letter.way_out}?all=1")).status_code == 200
    assert await shop.answers(ana) == {"newsletter": "yes", "*": "no"}


async def test_who_said_yes_again_can_say_no_again_by_the_same_link(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    for answer in ("no", "yes", "no"):
        shop.wait(seconds=1)
        if answer == "yes":
            await shop.answer(ana, "newsletter", "yes")
        else:
            await phone.post(letter.way_out)
        assert await shop.answers(ana) == {"newsletter": answer}
    assert len(await shop.announced(ana, "Unsubscribed")) == 2


async def test_forged_links_are_not_known_and_leave_no_trace(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    forger = Signer(b"f" * 32)
    before = len(await shop.announced(ana))
    for path in (
        f"/t/c/{forger.sign(Use.CLICK, letter.message_id, 0)}",
        f"/t/c/{SIGNER.sign(Use.CLICK, letter.message_id, 99)}",
        f"/t/c/{SIGNER.sign(Use.CLICK, letter.message_id)}",
        f"/t/c/{SIGNER.sign(Use.CLICK, UUID(int=5), 0)}",
        f"/t/o/{forger.sign(Use.OPEN, letter.message_id)}.gif",
        f"/t/o/{SIGNER.sign(Use.UNSUBSCRIBE, letter.message_id)}.gif",
        f"/u/{forger.sign(Use.UNSUBSCRIBE, letter.message_id)}",
        f"/u/{SIGNER.sign(Use.OPEN, letter.message_id)}",
        "/u/x",
    ):
        assert (await phone.get(path)).status_code == 404, path
        if path.startswith("/u/"):
            assert (await phone.post(path)).status_code == 404
    assert len(await shop.announced(ana)) == before
    assert await shop.answers(ana) == {"newsletter": "yes"}


async def test_a_sign_of_life_settles_an_unknown_fate(shop: Shop, ana: UUID, phone: httpx2.AsyncClient) -> None:
    shop.sender.answers["ana"] = Unknown("cut after the dot")
    await shop.template()
    await shop.queue(ana)
    await shop.dispatch()
    assert (await shop.message(ana)).state == "unknown"
    shop.wait(minutes=5)
    await phone.get(Letter(shop).picture)
    assert (await shop.message(ana)).state == "sent"


async def test_no_marketing_attempt_starts_once_the_no_is_committed(
    shop: Shop, ana: UUID, letter: Letter, phone: httpx2.AsyncClient
) -> None:
    for number in range(20):
        await shop.queue(ana, key=f"race{number}")
    await asyncio.gather(shop.dispatch(), phone.post(letter.way_out), shop.dispatch())
    sent = len(shop.sender.delivered)
    while (due := await shop.dispatch(purpose=Purpose.MARKETING)) is not None and due <= shop.wait(seconds=1):
        pass
    assert len(shop.sender.delivered) == sent
    assert {message.state for message in await shop.messages(ana)} <= {"sent", "withheld"}
