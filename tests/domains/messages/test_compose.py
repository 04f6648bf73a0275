"""The finished mail, read by the standard library's parser."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.members.model import Settings
from regulars.domains.messages.model import MailSettings, Purpose, Rendered, Signer, Use
from regulars.domains.messages.policy.compose import build, finish, links_of
from regulars.domains.messages.policy.template import one_line

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = Signer(b"s" * 32)
MESSAGE = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
LONG_URL = "https://mail." + "very-long-name." * 8 + "example"
LINKS = links_of(MESSAGE, SIGNER, LONG_URL)


def letter(
    html: str = "<html><body><p>Hi</p></body></html>",
    text: str = "",
    *,
    subject: str = "Hello",
    purpose: Purpose = Purpose.MARKETING,
    **changes: Any,
) -> EmailMessage:
    values: dict[str, Any] = {"topic": "newsletter", "address": "ana@example.com", "name": "Ana", **changes}
    mail = build(
        finish(Rendered(subject, html, text), LINKS, purpose),
        message_id=MESSAGE,
        template="sale",
        purpose=purpose,
        company=Settings(sender_name="Café Süd", sender_email="hello@shop.example", public_url=LONG_URL),
        settings=MailSettings(SIGNER, return_domain="back.example"),
        links=LINKS,
        at=AT,
        **values,
    )
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert mail.raw.isascii()
    message = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_long_addresses_in_headers_stay_whole() -> None:
    message = letter()
    assert message["List-Unsubscribe"].split(", ")[0] == f"<{LINKS.unsubscribe}>"
    assert message["From"] == "Café Süd <hello@shop.example>"
    assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert message["Feedback-ID"] == "sale:newsletter:marketing:regulars"


def test_links_go_over_us_and_keep_where_they_lead_to_themselves() -> None:
    page = (
        '<a href="https://a.example/?x=1&amp;y=2">one</a><a class="b" href=\'https://b.example\'>two</a>'
        '<a href="mailto:x@example.com">mail</a><a href="tel:+49">call</a><a href="javascript:alert(1)">bad</a>'
        f'<a href="{LINKS.unsubscribe}">out</a><a href="https://a.example/?x=1&amp;y=2">again</a>'
    )
    finished = finish(Rendered("s", page, "See https://b.example, or https://c.example/x."), LINKS, Purpose.MARKETING)
    assert finished.urls == ("https://a.example/?x=1&y=2", "https://b.example", "https://c.example/x")
    assert [SIGNER.read(Use.CLICK, LINKS.click(n).rpartition("/")[2])[1] for n in range(3)] == [0, 1, 2]
    assert finished.html.count(LINKS.click(0)) == 2
    assert "a.example" not in finished.html
    assert "javascript" not in finished.html
    assert 'href="mailto:x@example.com"' in finished.html
    assert f"See {LINKS.click(1)}, or {LINKS.click(2)}." in finished.text


def test_an_earlier_attempts_links_keep_their_numbers() -> None:
    page = '<a href="https://new.example">n</a><a href="https://old.example">o</a>'
    finished = finish(Rendered("s", page, ""), LINKS, Purpose.MARKETING, urls=["https://old.example"])
    assert finished.urls == ("https://old.example", "https://new.example")


def test_marketing_always_shows_a_way_out_and_never_two() -> None:
    message = letter()
    assert part(message, "html").count(LINKS.unsubscribe) == 1
    assert part(message, "plain").count(LINKS.unsubscribe) == 1
    own = letter(f'<html><body><a href="{LINKS.unsubscribe}">No more</a></body></html>', f"Out: {LINKS.unsubscribe}")
    assert part(own, "html").count(LINKS.unsubscribe) == part(own, "plain").count(LINKS.unsubscribe) == 1


def test_transactional_mail_has_no_way_out() -> None:
    message = letter(purpose=Purpose.TRANSACTIONAL, topic="orders")
    assert message["List-Unsubscribe"] is None
    assert LINKS.unsubscribe not in part(message, "html") + part(message, "plain")


WILD = st.text(max_size=200) | st.text(alphabet='ab\r\n:<>@ ,;"\\', max_size=60)


@given(subject=WILD, name=WILD, words=WILD)
def test_no_text_breaks_out_of_its_place(subject: str, name: str, words: str) -> None:
    clean = words.encode("utf-8", "ignore").decode().replace("\x00", "")
    message = letter(text=clean or "x", subject=one_line(subject, 300), name=name)
    assert [key for key in message.keys() if key.lower() in ("bcc", "cc", "x-evil")] == []  # noqa: SIM118
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "ana@example.com"
    assert message["Subject"] == one_line(subject, 300)
