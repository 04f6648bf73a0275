"""What mail servers send back, in the forms they use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.messages.policy.reports import Kind, open_mail, parse_report

MAIL = Path(__file__).parent / "mail"


@pytest.mark.parametrize(
    ("file", "kind", "recipient", "words"),
    [
        ("dsn-hard", Kind.HARD, "bob@example.org", "User unknown"),
        ("dsn-soft-full", Kind.SOFT, "bob@example.org", "Mailbox full"),
        ("dsn-policy-block", Kind.SOFT, "bob@example.org", "DMARC"),
        ("dsn-delayed", Kind.DELAYED, "bob@example.org", "timed out"),
        ("dsn-nonstandard-qmail", Kind.HARD, "bob@example.org", "no mailbox here"),
        ("arf-abuse", Kind.COMPLAINT, "bob@isp.example", "abuse"),
        ("autoreply-vacation", Kind.AUTOREPLY, None, "Automatic reply"),
        ("reply-human", Kind.OTHER, None, "Re: Hello"),
        ("unsubscribe-mailto", Kind.OTHER, None, "unsubscribe"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_each_form_is_understood(file: str, kind: Kind, recipient: str | None, words: str, line_end: bytes) -> None:
    raw = (MAIL / f"{file}.eml").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
    report = parse_report(raw)
    assert (report.kind, report.recipient) == (kind, recipient)
    assert words in report.text


def test_a_delivery_report_is_good_news() -> None:
    raw = (MAIL / "dsn-hard.eml").read_bytes().replace(b"Action: failed", b"Action: delivered")
    assert parse_report(raw).kind is Kind.DELIVERED


SAMPLES = [file.read_bytes() for file in sorted(MAIL.glob("*.eml"))]


@given(raw=st.sampled_from(SAMPLES), cut=st.integers(0, 2000), noise=st.binary(max_size=200), at=st.integers(0, 2000))
def test_broken_mail_never_raises(raw: bytes, cut: int, noise: bytes, at: int) -> None:
    broken = (raw[:at] + noise + raw[at:])[: len(raw) - cut % len(raw)]
    assert isinstance(parse_report(broken).kind, Kind)
    opened = open_mail(broken)
    assert "\x00" not in opened.text


@given(raw=st.binary(max_size=2000))
def test_noise_never_raises(raw: bytes) -> None:
    parse_report(raw)
    open_mail(raw)


def test_a_mail_is_opened_for_showing() -> None:
    opened = open_mail((MAIL / "reply-human.eml").read_bytes())
    assert opened.text.startswith("Where is my order?")
    assert opened.html is not None
    assert ("Subject", "Re: Hello") in opened.headers
