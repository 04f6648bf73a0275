"""Who may be written to, and what follows from what a provider answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, assert_never

from regulars.domains.messages.model import (
    Accepted,
    Allowed,
    Answer,
    Consent,
    Deferral,
    MessageState,
    Outcome,
    Purpose,
    Refusal,
    Unknown,
    Why,
    Withheld,
)

ALL_TOPICS: Final = "*"

# After each attempt that a provider put off: how long until the next. When the list ends, we give up.
RETRY_AFTER: Final = {
    Purpose.TRANSACTIONAL: tuple(timedelta(minutes=minutes) for minutes in (1, 3, 10, 30, 60, 120, 240, 480, 720, 720)),
    Purpose.MARKETING: tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720, 720)),
}
# A transactional message whose fate is unknown is tried again this often; marketing never is.
UNKNOWN_RETRIES_MAX: Final = 3

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_NO_MAILBOX: Final = re.compile(
    r"user unknown|no such (?:user|recipient|mailbox|address)|unknown (?:user|recipient|mailbox|address)"
    r"|recipient (?:unknown|not found|does not exist)|mailbox (?:unavailable|not found|does not exist|unknown)"
    r"|(?:user|account|address|recipient)[^.]{0,60}(?:does not|doesn't|not) exist|no mailbox here|not a valid mailbox"
    r"|(?:account|mailbox|address)[^.]{0,40}(?:disabled|deactivated)|invalid (?:recipient|mailbox)",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Enhanced status codes (RFC 3463) that say the address itself is wrong or gone.
_GONE: Final = frozenset({(1, 0), (1, 1), (1, 2), (1, 3), (1, 6), (1, 9), (1, 10), (2, 1)})


def may_send(
    purpose: Purpose,
    topic: str,
    *,
    address: str | None,
    consents: Iterable[Consent],
    suppressions: Iterable[str],
    template_deleted: bool = False,
) -> Allowed | Withheld:
    """Silence is not consent: marketing needs a yes, to its topic or to all mail, and no no to either.

    `consents`: what counts now of the customer's answers for e-mail; `suppressions`: reasons in force for the address.
    """
    if template_deleted:
        return Withheld(Why.TEMPLATE_DELETED, "The template was deleted before the message went out.")
    if not address or not address.strip():
        return Withheld(Why.NO_ADDRESS, "The customer has no e-mail address.")
    if sendable(address) is None:
        return Withheld(Why.BAD_ADDRESS, f"{address[:80]!r} is not an address that mail can be sent to.")
    reasons = frozenset(suppressions)
    if "hard_bounce" in reasons:
        return Withheld(Why.HARD_BOUNCE, "Mail to this address came back for good.")
    if "member" in reasons:
        return Withheld(Why.SUPPRESSED, "A member has stopped all mail to this address.")
    if purpose is Purpose.TRANSACTIONAL:
        return Allowed()
    if "complaint" in reasons:
        return Withheld(Why.COMPLAINT, "Mail to this address was reported as unwanted.")
    answers = {consent.topic: consent for consent in consents}
    of_all, of_topic = answers.get(ALL_TOPICS), answers.get(topic)
    if of_all is not None and of_all.answer != "yes":
        return Withheld(Why.SAID_NO_TO_ALL, f"Said no to all mail on {of_all.at:%Y-%m-%d} ({of_all.source}).")
    if of_topic is not None and of_topic.answer != "yes":
        return Withheld(Why.SAID_NO, f"Said no to {topic} on {of_topic.at:%Y-%m-%d} ({of_topic.source}).")
    if (relied_on := of_topic or of_all) is None:
        return Withheld(Why.NO_CONSENT, f"Never said yes to {topic}: silence is not consent.")
    return Allowed(relied_on)


def sendable(address: str) -> str | None:
    """The address as plain SMTP carries it, its domain in ASCII; None for what is no address, or needs an extension."""
    local, at, domain = address.strip().rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    whole = f"{local}{at}{domain}"
    fits = len(local) <= 64 and len(whole) <= 254
    return whole if fits and _ADDRESS.fullmatch(whole) else None


def outcome(answer: Answer, purpose: Purpose, *, attempt: int) -> Outcome:
    """`attempt` counts from 1 and includes the one that was just answered."""
    match answer:
        case Accepted():
            return Outcome(MessageState.SENT, "accepted")
        case Refusal(code, reply):
            kind = "hard" if is_hard(code, reply) else "soft"
            return Outcome(MessageState.FAILED, "refused", bounced=kind, why="refused")
        case Deferral():
            if (pause := _pause(purpose, attempt)) is not None:
                return Outcome(MessageState.QUEUED, "deferred", retry_after=pause, why="deferred")
            return Outcome(MessageState.FAILED, "deferred", bounced="soft", why="gave_up")
        case Unknown():
            retry = purpose is Purpose.TRANSACTIONAL and attempt <= UNKNOWN_RETRIES_MAX
            if retry and (pause := _pause(purpose, attempt)) is not None:
                return Outcome(MessageState.QUEUED, "unknown", retry_after=pause, why="unknown")
            return Outcome(MessageState.UNKNOWN, "unknown", why="unknown")
        case _:
            assert_never(answer)


def _pause(purpose: Purpose, attempt: int) -> timedelta | None:
    pauses = RETRY_AFTER[purpose]
    return pauses[attempt - 1] if attempt <= len(pauses) else None


def is_hard(code: int | None, reply: str) -> bool:
    """Whether a refusal says the address itself is wrong or gone; a full mailbox or a policy says nothing of that kind.

    Enhanced status codes (RFC 3463) decide where there is one that is specific; else the words do.
    """
    if found := _STATUS.search(reply):
        kind, detail = (int(found[1]), (int(found[2]), int(found[3])))
        if kind != 5:
            return False
        if detail in _GONE:
            return True
        if detail != (0, 0):
            return False
    return code is not None and 500 <= code < 600 and _NO_MAILBOX.search(reply) is not None


def lanes(concurrency_max: int) -> dict[Purpose, int]:
    """How many of the places at the provider each purpose has: transactional mail always keeps some of its own."""
    own = max(1, concurrency_max // 4)
    return {Purpose.TRANSACTIONAL: own, Purpose.MARKETING: max(1, concurrency_max - own)}


def describe(allowed: Allowed) -> dict[str, object]:
    """What a sent message points to as its right to be sent."""
    if allowed.relied_on is None:
        return {"purpose": "transactional"}
    consent = allowed.relied_on
    return {"consent": {"topic": consent.topic, "at": consent.at.isoformat(), "source": consent.source}}
