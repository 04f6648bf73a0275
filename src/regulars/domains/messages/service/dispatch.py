"""Sending: claim, call, record. The two lanes, transactional and marketing, never wait for each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
import structlog

from regulars.domains.events import service as events
from regulars.domains.members import service as members
from regulars.domains.members.model import Settings
from regulars.domains.messages import store
from regulars.domains.messages.model import (
    Allowed,
    Answer,
    Consent,
    Content,
    Deferral,
    Mail,
    MailSettings,
    MessageState,
    Outcome,
    Purpose,
    Rendered,
    Sender,
    TemplateFailed,
    Unknown,
    Why,
    Withheld,
)
from regulars.domains.messages.policy import compose, sending, template
from regulars.domains.messages.store import Due
from regulars.platform.unit import Unit, Units
from regulars.shared.ids import outside

lease_spare: Final = timedelta(seconds=30)
deadline_spare_s: Final = 5.0
record_pauses_s: Final = (0.1, 1.0, 5.0)  # While the database is away; the lease outlasts them.
held_pause: Final = timedelta(milliseconds=100)  # What is due and was not claimed is in somebody else's hands.
misconfigured_pause: Final = timedelta(minutes=1)
provider_pause: Final = timedelta(seconds=10)
lost_per_poll_max: Final = 100
claimed_per_place: Final = 4  # Messages that are withheld take no place, so more are looked at than can be sent.

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message leased to us, and what it says."""

    mail: Mail
    token: UUID
    number: int
    customer_id: UUID
    template: str
    subject: str
    purpose: Purpose


async def dispatch(
    units: Units, sender: Sender, settings: MailSettings, *, purpose: Purpose, at: datetime
) -> datetime | None:
    """Sends what is due of one purpose, as much as its lane has places for; when there is more to do, or None.

    Run one loop for each purpose: a newsletter that crawls must not hold up a sign-up mail. Any number of processes may
    dispatch at once. Let it finish when stopping: an attempt that is cut off is of unknown fate.
    """
    async with units.open(at=at) as unit:
        await _close_lost(unit, purpose)
        company = await members.read_settings(unit)
        if sending.sendable(company.sender_email) is None:
            _log.error("sender_address_unusable", address=company.sender_email)
            return at + misconfigured_pause  # Every message waits, and goes out once the settings are put right.
        attempts, more = await _claim(unit, settings, company, purpose)
    answers = await asyncio.gather(
        *(_deliver(units, sender, settings, attempt, at) for attempt in attempts), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    if answers and all(isinstance(answer, Deferral) and answer.provider_down for answer in answers):
        return at + provider_pause
    if more:
        return at
    async with units.open(at=at) as unit:
        due = await store.next_due(unit, purpose)
    return max(due, at + held_pause) if due is not None else None


async def _claim(unit: Unit, settings: MailSettings, company: Settings, purpose: Purpose) -> tuple[list[Attempt], bool]:
    """In one transaction: who may be written to now, and for those the attempt begins. Also whether more may be due."""
    places = sending.lanes(settings.concurrency_max)[purpose]
    due = await store.due_messages(unit, purpose, places * claimed_per_place)
    if not due:
        return [], False
    suppressed = await store.suppressions_of(unit, sorted({one.email.lower() for one in due if one.email}))
    attempts: list[Attempt] = []
    for one in due:
        if len(attempts) == places:
            break
        verdict = sending.may_send(
            purpose,
            one.topic,
            address=one.email,
            consents=[Consent(**{**answer, "at": datetime.fromisoformat(answer["at"])}) for answer in one.consents],
            suppressions=suppressed.get((one.email or "").lower(), ()),
            template_deleted=one.template_deleted,
        )
        match verdict:
            case Allowed():
                if (attempt := await _start(unit, settings, company, purpose, one, verdict)) is not None:
                    attempts.append(attempt)
            case Withheld():
                await _withhold(unit, one, verdict)
    return attempts, len(due) == places * claimed_per_place or len(attempts) == places


async def _start(
    unit: Unit, settings: MailSettings, company: Settings, purpose: Purpose, one: Due, allowed: Allowed
) -> Attempt | None:
    links = compose.links_of(one.id, settings.signer, company.public_url)
    context = template.context_of(
        customer_id=outside("customer", one.customer_id),
        traits=one.traits,
        email=one.email,
        event=one.event,
        company_name=company.company_name,
        unsubscribe_url=links.unsubscribe,
        at=one.created_at,  # Not this attempt's instant: a retry says the same as the first did.
    )
    try:
        rendered = template.render(Content(one.subject, one.html, one.plain), context)
    except TemplateFailed as error:
        await _withhold(unit, one, Withheld(Why.CONTENT_FAILED, error.detail))
        return None
    rendered = Rendered(rendered.subject or one.template_name, rendered.html, rendered.text)
    finished = compose.finish(rendered, links, purpose, urls=one.urls)
    name = context["customer"]["name"] if isinstance(context["customer"], dict) else None
    mail = compose.build(
        finished,
        message_id=one.id,
        template=one.template,
        purpose=purpose,
        topic=one.topic,
        address=one.email or "",
        name=name,
        company=company,
        settings=settings,
        links=links,
        at=unit.at,
    )
    token = unit.new_id()
    await store.start_attempt(
        unit,
        one.id,
        token=token,
        lease_until=unit.at + timedelta(seconds=settings.timeout_s + deadline_spare_s) + lease_spare,
        address=one.email or "",
        subject=finished.subject,
        why=sending.describe(allowed),
        urls=finished.urls,
    )
    return Attempt(mail, token, one.attempts + 1, one.customer_id, one.template, finished.subject, purpose)


async def _withhold(unit: Unit, one: Due, withheld: Withheld) -> None:
    why = {"code": withheld.why, "text": withheld.detail}
    await store.withhold(unit, one.id, one.email, why)
    told = {"message_id": outside("message", one.id), "template": one.template, "why": withheld.why}
    await events.announce(unit, "Email Withheld", one.customer_id, told)


async def _deliver(units: Units, sender: Sender, settings: MailSettings, attempt: Attempt, at: datetime) -> Answer:
    """The call, outside any transaction; and what came of it, committed by itself."""
    try:
        async with asyncio.timeout(settings.timeout_s + deadline_spare_s):
            answer = await sender.send(attempt.mail, timeout_s=settings.timeout_s)
    except TimeoutError:
        answer = Unknown(f"No answer within {settings.timeout_s:g} s.")
    for pause_s in record_pauses_s:
        try:
            await _record_answer(units, attempt, answer, at)
            return answer
        except psycopg.OperationalError:
            _log.warning("answer_not_recorded_yet", message_id=outside("message", attempt.mail.message_id))
            await asyncio.sleep(pause_s)
    await _record_answer(units, attempt, answer, at)
    return answer


async def _record_answer(units: Units, attempt: Attempt, answer: Answer, at: datetime) -> None:
    async with units.open(at=max(at, units.clock.now())) as unit:
        held = await _record(
            unit,
            attempt.mail.message_id,
            attempt.token,
            sending.outcome(answer, attempt.purpose, attempt=attempt.number),
            answer,
            customer_id=attempt.customer_id,
            template_slug=attempt.template,
            subject=attempt.subject,
            address=attempt.mail.rcpt_to,
        )
    if not held:
        _log.warning("lease_lost", message_id=outside("message", attempt.mail.message_id), attempt=attempt.number)


async def _record(
    unit: Unit,
    message_id: UUID,
    token: UUID,
    outcome: Outcome,
    answer: Answer,
    *,
    customer_id: UUID,
    template_slug: str,
    subject: str,
    address: str,
) -> bool:
    why: dict[str, object] = {} if outcome.why is None else {"code": outcome.why, "text": answer.reply}
    if outcome.bounced is not None:
        why["bounced"] = outcome.bounced
    if not await store.record_outcome(unit, message_id, token, outcome, answer, why):
        return False
    told: dict[str, object] = {"message_id": outside("message", message_id), "template": template_slug}
    if outcome.state is MessageState.SENT:
        await events.announce(unit, "Email Sent", customer_id, {**told, "subject": subject})
    if outcome.bounced is not None:
        told = {**told, "kind": outcome.bounced, "reply": answer.reply}
        await events.announce(unit, "Email Bounced", customer_id, told)
    if outcome.bounced == "hard":
        await store.suppress(
            unit, address, "hard_bounce", {"message": outside("message", message_id), "reply": answer.reply}
        )
    return True


async def _close_lost(unit: Unit, purpose: Purpose) -> None:
    """Attempts of workers that died between the call and the record: nobody knows what became of them."""
    answer = Unknown("The worker stopped before it could record the answer.")
    for lost in await store.lost_attempts(unit, purpose, lost_per_poll_max):
        outcome = sending.outcome(answer, purpose, attempt=lost.attempt)
        await _record(
            unit,
            lost.id,
            lost.token,
            outcome,
            answer,
            customer_id=lost.customer_id,
            template_slug=lost.template,
            subject=lost.subject,
            address=lost.address,
        )
