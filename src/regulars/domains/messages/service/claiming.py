"""Claim: who may be written to now, and what they are sent. From its commit on an attempt may have gone out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from regulars.domains.events import service as events
from regulars.domains.members.model import Settings
from regulars.domains.messages import store
from regulars.domains.messages.model import (
    Allowed,
    Consent,
    Content,
    Mail,
    MailSettings,
    Purpose,
    Rendered,
    TemplateFailed,
    Why,
    Withheld,
)
from regulars.domains.messages.policy import compose, sending, template
from regulars.domains.messages.store import Due
from regulars.platform.unit import Unit
from regulars.shared.ids import outside

deadline_spare_s: Final = 5.0
lease_spare: Final = timedelta(seconds=30)
looked_at_once_max: Final = 200  # Messages that are withheld take no place, so more are looked at than can be sent.


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message leased to us, and what it says."""

    mail: Mail
    token: UUID
    number: int
    customer_id: UUID
    template: str
    address: str
    subject: str
    why: dict[str, object]
    urls: tuple[str, ...]


async def claim(
    unit: Unit, settings: MailSettings, company: Settings, purpose: Purpose, places: int
) -> tuple[list[Attempt], bool]:
    """Begins an attempt for as many of the messages that are due as there are places. Also whether more may be due."""
    attempts: list[Attempt] = []
    looked_at = 0
    while (wanted := places - len(attempts)) > 0 and looked_at < looked_at_once_max:
        due = await store.due_messages(unit, purpose, wanted)
        if due:
            attempts += await _decide(unit, settings, company, purpose, due)
        looked_at += len(due)
        if len(due) < wanted:
            return attempts, False
    return attempts, True


async def _decide(
    unit: Unit, settings: MailSettings, company: Settings, purpose: Purpose, due: Sequence[Due]
) -> list[Attempt]:
    """All of them either begin or are withheld."""
    suppressed = await store.suppressions_of(unit, sorted({one.email.lower() for one in due if one.email}))
    attempts: list[Attempt] = []
    withheld: list[tuple[Due, Withheld]] = []
    for one in due:
        verdict = sending.may_send(
            purpose,
            one.topic,
            address=one.email,
            consents=[Consent(**{**answer, "at": datetime.fromisoformat(answer["at"])}) for answer in one.consents],
            suppressions=suppressed.get((one.email or "").lower(), ()),
            template_deleted=one.template_deleted,
        )
        if isinstance(verdict, Allowed):
            try:
                attempts.append(_written(unit, settings, company, purpose, one, verdict))
            except TemplateFailed as error:
                verdict = Withheld(Why.CONTENT_FAILED, error.detail)
        if isinstance(verdict, Withheld):
            withheld.append((one, verdict))
    if attempts:
        lease = timedelta(seconds=settings.timeout_s + deadline_spare_s) + lease_spare
        await store.start_attempts(unit, [_kept(attempt) for attempt in attempts], unit.at + lease)
    if withheld:
        await _withhold(unit, withheld)
    return attempts


def _written(
    unit: Unit, settings: MailSettings, company: Settings, purpose: Purpose, one: Due, allowed: Allowed
) -> Attempt:
    """Raises TemplateFailed."""
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
    rendered = template.render(Content(one.subject, one.html, one.plain), context)
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
    return Attempt(
        mail=mail,
        token=unit.new_id(),
        number=one.attempts + 1,
        customer_id=one.customer_id,
        template=one.template,
        address=one.email or "",
        subject=finished.subject,
        why=sending.describe(allowed),
        urls=finished.urls,
    )


def _kept(attempt: Attempt) -> dict[str, object]:
    return {
        "id": attempt.mail.message_id,
        "token": attempt.token,
        "address": attempt.address,
        "subject": attempt.subject,
        "why": attempt.why,
        "urls": attempt.urls,
    }


async def _withhold(unit: Unit, withheld: Sequence[tuple[Due, Withheld]]) -> None:
    await store.withhold(
        unit,
        [
            {"id": one.id, "address": one.email, "why": {"code": verdict.why, "text": verdict.detail}}
            for one, verdict in withheld
        ],
    )
    told = [
        ("Email Withheld", one.customer_id,
         {"message_id": outside("message", one.id), "template": one.template, "why": verdict.why})
        for one, verdict in withheld
    ]  # fmt: skip
    await events.announce_all(unit, told)
