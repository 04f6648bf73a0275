"""Mail that comes to us: caught for the built-in mailbox, or an answer to a message of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg

from regulars.domains.events import service as events
from regulars.domains.messages import store
from regulars.domains.messages.model import ReceivedMail, Signer, TokenUnknown, Use
from regulars.domains.messages.policy import reports
from regulars.domains.messages.policy.template import one_line
from regulars.domains.messages.service import responses
from regulars.platform.group_commit import GroupCommit, NotStored
from regulars.platform.unit import Connection, Unit, Units
from regulars.shared.ids import Ids, UnknownId, inside, outside

mails_kept_max: Final = 10_000
subject_chars_max: Final = 500
address_chars_max: Final = 320

_OURS: Final = re.compile(r"(?P<what>[bu])\+(?P<token>[a-z2-7]{45})@.+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A mail for the mailbox. Its id is made when it comes, so that written twice it is there once."""

    id: UUID
    at: datetime
    mail_from: str
    mail_to: Sequence[str]
    subject: str
    message_id: UUID | None
    raw: bytes


class Mailroom:
    """Receives what an SMTP server was given, as long as it runs. Mails for the mailbox that come while others are
    being stored are stored together."""

    def __init__(self, units: Units, signer: Signer, ids: Ids) -> None:
        self._units = units
        self._signer = signer
        self._ids = ids
        self._commits = GroupCommit[_Kept, bool](units, _write)

    def running(self) -> AbstractAsyncContextManager[None]:
        return self._commits.running()

    async def receive(self, mail: ReceivedMail) -> None:
        """Answers to our messages (bounces, complaints, wishes to leave) take effect; the rest goes into the mailbox.
        Raises NotStored and TooBusy."""
        others = [address for address in mail.rcpt_to if not _OURS.fullmatch(address)]
        if len(others) < len(mail.rcpt_to):
            async with self._units.open() as unit:
                for address in mail.rcpt_to:
                    if address not in others and not await _answers_a_message(unit, self._signer, address, mail.raw):
                        others.append(address)
        if others:
            at = self._units.clock.now()
            kept = _kept(mail, others, self._ids.new(at), at)
            if not await self._commits.submit(kept, items=1, size=len(mail.raw)):
                raise NotStored


async def _write(connection: Connection, mails: Sequence[_Kept]) -> list[bool]:
    """Whether each is kept. Only if the database refuses one of them is each written by itself."""
    try:
        await store.catch_mails(connection, [asdict(mail) for mail in mails], kept_max=mails_kept_max)
    except (psycopg.DataError, psycopg.IntegrityError):
        if len(mails) == 1:
            return [False]
        return [(await _write(connection, [mail]))[0] for mail in mails]
    return [True] * len(mails)


async def _answers_a_message(unit: Unit, signer: Signer, address: str, raw: bytes) -> bool:
    """Only a return address that we made and signed ourselves lets a mail change anything."""
    found = _OURS.fullmatch(address)
    if found is None:
        return False
    try:
        if found["what"].lower() == "b":
            await record_bounce(unit, signer.read_address(Use.BOUNCE, found["token"]), raw)
        else:
            await responses.unsubscribe_by_mail(unit, signer.read_address(Use.UNSUBSCRIBE, found["token"]))
    except TokenUnknown:
        return False
    return True


async def record_bounce(unit: Unit, message_id: UUID, raw: bytes) -> reports.Kind:
    """What a returned mail says about the message it came back for: a lasting bounce stops mail to the address."""
    sent = await store.find_sent(unit, message_id)
    if sent is None:
        raise TokenUnknown
    report = reports.parse_report(raw)
    outer = outside("message", message_id)
    told: dict[str, object] = {"message_id": outer, "template": sent.template}
    because = {"message": outer, "reply": report.text}
    match report.kind:
        case reports.Kind.HARD | reports.Kind.SOFT:
            why = {"code": "bounced", "text": report.text, "bounced": report.kind}
            if await store.note_bounce(unit, message_id, why):
                told = {**told, "kind": report.kind, "reply": report.text}
                await events.announce(unit, "Email Bounced", sent.customer_id, told)
            if report.kind is reports.Kind.HARD and sent.address:
                await store.suppress(unit, sent.address, "hard_bounce", because)
        case reports.Kind.COMPLAINT:
            if sent.address:
                await store.suppress(unit, sent.address, "complaint", because)
            await responses.record_complaint(unit, message_id)
        case reports.Kind.DELIVERED:
            await store.settle_unknown(
                unit, message_id, {"text": "Its fate was unknown until its delivery was reported."}
            )
            await events.announce(
                unit, "Email Delivered", sent.customer_id, told, message_id=f"delivered:{message_id.hex}"
            )
        case reports.Kind.DELAYED | reports.Kind.AUTOREPLY | reports.Kind.OTHER:
            pass  # The other side is still trying, or a person is away: nothing has become of the message yet.
    return report.kind


def _kept(mail: ReceivedMail, recipients: Sequence[str], mail_id: UUID, at: datetime) -> _Kept:
    headers = reports.headers_of(mail.raw)
    try:
        message_id: UUID | None = inside("message", headers.get("x-regulars-message", ""))
    except UnknownId:
        message_id = None
    return _Kept(
        mail_id,
        at,
        # As a reader sees it. The envelope's sender is where bounces go, and says little to a person.
        mail_from=one_line(headers.get("from") or mail.mail_from, address_chars_max),
        mail_to=[one_line(address, address_chars_max) for address in recipients],
        subject=one_line(headers.get("subject", ""), subject_chars_max),
        message_id=message_id,
        raw=mail.raw,
    )
