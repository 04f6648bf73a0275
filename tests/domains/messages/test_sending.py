"""Who may be written to, and what follows from an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.messages.model import (
    Accepted,
    Allowed,
    Answer,
    Consent,
    Deferral,
    MessageState,
    Purpose,
    Refusal,
    Unknown,
    Why,
    Withheld,
)
from regulars.domains.messages.policy.sending import is_hard, may_send, outcome, sendable

AT = datetime(2026, 3, 1, tzinfo=UTC)
TOPICS = st.sampled_from(["newsletter", "sale", "*"])
CONSENTS = st.dictionaries(TOPICS, st.sampled_from(["yes", "no"])).map(
    lambda answers: [Consent(topic, answer, AT, "test") for topic, answer in answers.items()]
)
SUPPRESSIONS = st.sets(st.sampled_from(["hard_bounce", "complaint", "member"]))


@given(consents=CONSENTS, suppressions=SUPPRESSIONS, topic=st.sampled_from(["newsletter", "sale"]))
def test_marketing_goes_only_to_those_who_said_yes_and_nowhere_no(
    consents: list[Consent], suppressions: set[str], topic: str
) -> None:
    said = {consent.topic: consent.answer for consent in consents}
    verdict = may_send(
        Purpose.MARKETING, topic, address="ana@example.com", consents=consents, suppressions=suppressions
    )
    wanted = "yes" in (said.get(topic), said.get("*")) and "no" not in (said.get(topic), said.get("*"))
    assert isinstance(verdict, Allowed) == (wanted and not suppressions)
    if isinstance(verdict, Allowed):
        assert verdict.relied_on is not None
        assert verdict.relied_on.topic in (topic, "*")


@given(consents=CONSENTS, suppressions=SUPPRESSIONS)
def test_transactional_mail_stops_only_for_the_address(consents: list[Consent], suppressions: set[str]) -> None:
    verdict = may_send(
        Purpose.TRANSACTIONAL, "orders", address="ana@example.com", consents=consents, suppressions=suppressions
    )
    assert isinstance(verdict, Allowed) == (not suppressions & {"hard_bounce", "member"})


@given(consents=CONSENTS, suppressions=SUPPRESSIONS, more=st.sampled_from(["newsletter", "*"]))
def test_a_further_no_never_opens_a_door(consents: list[Consent], suppressions: set[str], more: str) -> None:
    harder = [*(consent for consent in consents if consent.topic != more), Consent(more, "no", AT, "test")]
    verdict = may_send(
        Purpose.MARKETING, "newsletter", address="a@example.com", consents=harder, suppressions=suppressions
    )
    assert isinstance(verdict, Withheld)


@given(address=st.none() | st.text(max_size=80), purpose=st.sampled_from(Purpose))
def test_whatever_was_typed_in_as_an_address_is_harmless(address: str | None, purpose: Purpose) -> None:
    verdict = may_send(purpose, "sale", address=address, consents=[Consent("sale", "yes", AT, "test")], suppressions=())
    if isinstance(verdict, Allowed):
        assert address is not None
        fit = sendable(address)
        assert fit is not None
        assert fit.isascii()
        assert fit.isprintable()
        assert not set(fit) & set(' <>,;:"\\()[]')
    else:
        assert verdict.why in (Why.NO_ADDRESS, Why.BAD_ADDRESS)


def test_a_domain_beyond_ascii_is_written_as_the_wire_needs_it() -> None:
    assert sendable("ana@münchen.example") == "ana@xn--mnchen-3ya.example"
    assert sendable("jürgen@example.com") is None


@pytest.mark.parametrize(
    ("answer", "purpose", "state"),
    [
        (Accepted(250, "ok"), Purpose.MARKETING, MessageState.SENT),
        (Refusal(550, "5.1.1 no such user"), Purpose.TRANSACTIONAL, MessageState.FAILED),
        (Deferral(451, "later"), Purpose.MARKETING, MessageState.QUEUED),
        (Unknown("cut"), Purpose.MARKETING, MessageState.UNKNOWN),
        (Unknown("cut"), Purpose.TRANSACTIONAL, MessageState.QUEUED),
    ],
)
def test_each_answer_has_its_consequence(answer: Answer, purpose: Purpose, state: MessageState) -> None:
    assert outcome(answer, purpose, attempt=1).state is state


@pytest.mark.parametrize("purpose", Purpose)
def test_retries_come_ever_later_and_end(purpose: Purpose) -> None:
    pauses: list[timedelta] = []
    while (after := outcome(Deferral(451, "later"), purpose, attempt=len(pauses) + 1)).retry_after is not None:
        pauses.append(after.retry_after)
    assert after.state is MessageState.FAILED
    assert pauses == sorted(pauses)
    assert timedelta(days=1) < sum(pauses, timedelta()) < timedelta(days=5)


def test_transactional_mail_of_unknown_fate_is_not_repeated_for_ever() -> None:
    states = [outcome(Unknown("cut"), Purpose.TRANSACTIONAL, attempt=attempt).state for attempt in range(1, 6)]
    assert states == [
        MessageState.QUEUED,
        MessageState.QUEUED,
        MessageState.QUEUED,
        MessageState.UNKNOWN,
        MessageState.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("code", "reply", "hard"),
    [
        (550, "5.1.1 <bob@example.org>: Recipient address rejected: User unknown", True),
        (550, "No such user here", True),
        (553, "5.1.2 Host unknown", True),
        (550, "5.2.1 The email account that you tried to reach is disabled", True),
        (552, "5.2.2 Mailbox full", False),
        (550, "5.7.1 Message rejected due to DMARC policy", False),
        (554, "5.7.1 Service unavailable; client host blocked: user unknown list", False),
        (550, "Requested action not taken", False),
        (450, "4.1.1 User unknown for now", False),
        (421, "Try later", False),
        (550, "5.0.0 unknown user", True),
    ],
)
def test_only_an_address_that_is_gone_is_a_hard_bounce(code: int, reply: str, hard: bool) -> None:
    assert is_hard(code, reply) is hard
