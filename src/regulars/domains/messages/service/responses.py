"""What customers, and machines in their place, do with a message: open it, follow its links, have no more of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from regulars.domains.customers import service as customers
from regulars.domains.events import service as events
from regulars.domains.members import service as members
from regulars.domains.messages import store
from regulars.domains.messages.model import Signer, TokenUnknown, Use
from regulars.domains.messages.policy import machines
from regulars.domains.messages.policy.sending import ALL_TOPICS
from regulars.domains.messages.store import Sent
from regulars.platform.unit import Unit
from regulars.shared.ids import outside

responses_per_message_max: Final = 1_000
agent_chars_max: Final = 300


@dataclass(frozen=True, slots=True)
class WayOut:
    """What a link for unsubscribing is about."""

    message_id: UUID
    customer_id: UUID
    topic: str
    address: str | None
    company_name: str


async def follow_link(unit: Unit, signer: Signer, token: str, *, method: str, agent: str) -> str:
    """Notes a click and says where the link leads. Raises TokenUnknown for a link that is not ours."""
    message_id, position = signer.read(Use.CLICK, token)
    sent = await store.find_sent(unit, message_id)
    url = None if position is None else await store.link_url(unit, message_id, position)
    if sent is None or position is None or url is None:
        raise TokenUnknown
    since = unit.at - machines.at_once
    recent = await store.recent_clicks(unit, message_id, since)
    machine = machines.is_machine_click(method, agent, position, at=unit.at, sent_at=sent.sent_at, recent=recent)
    if machine and recent:
        await store.blame_machine(unit, message_id, since)
    if await _note(unit, sent, "clicked", position=position, machine=machine, agent=agent):
        told = {"message_id": outside("message", message_id), "template": sent.template, "url": url, "machine": machine}
        second = unit.at.replace(microsecond=0).isoformat()
        await events.announce(
            unit,
            "Email Clicked",
            sent.customer_id,
            told,
            by_customer=not machine,
            message_id=f"clicked:{message_id.hex}:{position}:{machine}:{second}",
        )
    return url


async def note_opening(unit: Unit, signer: Signer, token: str, *, agent: str) -> None:
    """Notes that the picture in a message was fetched. Several times within a minute counts once."""
    message_id, _ = signer.read(Use.OPEN, token)
    sent = await store.find_sent(unit, message_id)
    if sent is None:
        raise TokenUnknown
    machine = machines.is_machine_open(agent, at=unit.at, sent_at=sent.sent_at)
    if await _note(unit, sent, "opened", position=None, machine=machine, agent=agent):
        minute = unit.at.replace(second=0, microsecond=0).isoformat()
        await events.announce(
            unit,
            "Email Opened",
            sent.customer_id,
            {"message_id": outside("message", message_id), "template": sent.template, "machine": machine},
            by_customer=not machine,
            message_id=f"opened:{message_id.hex}:{machine}:{minute}",
        )


async def _note(unit: Unit, sent: Sent, kind: str, *, position: int | None, machine: bool, agent: str) -> bool:
    """Whether there was room for one more; a message answered a thousand times tells nothing new."""
    if await store.count_responses(unit, sent.id, responses_per_message_max) >= responses_per_message_max:
        return False
    kept = agent.replace("\x00", "")[:agent_chars_max]
    await store.add_response(unit, sent.id, kind, position=position, machine=machine, agent=kept)
    await store.settle_unknown(unit, sent.id, {"text": f"Its fate was unknown until it was {kind}."})
    return True


async def way_out(unit: Unit, signer: Signer, token: str) -> WayOut:
    """What a link for unsubscribing is about. Looking at it changes nothing: scanners follow every link."""
    return await _way_out(unit, signer.read(Use.UNSUBSCRIBE, token)[0])


async def unsubscribe(unit: Unit, signer: Signer, token: str, *, from_everything: bool = False) -> WayOut:
    """Records a no for the message's topic, or for all mail. Doing it again changes nothing.

    When this has committed, no further message of that kind begins to be sent.
    """
    return await _unsubscribe(unit, signer.read(Use.UNSUBSCRIBE, token)[0], from_everything, source="link")


async def unsubscribe_by_mail(unit: Unit, message_id: UUID) -> None:
    """Somebody wrote to the address a message gave for unsubscribing."""
    await _unsubscribe(unit, message_id, False, source="mail")


async def record_complaint(unit: Unit, message_id: UUID) -> None:
    """Whoever reports a message as unwanted wants no more of any kind."""
    await _unsubscribe(unit, message_id, True, source="complaint")


async def _unsubscribe(unit: Unit, message_id: UUID, from_everything: bool, *, source: str) -> WayOut:
    found = await _way_out(unit, message_id)
    topic = ALL_TOPICS if from_everything else found.topic
    await store.lock_customer(unit, found.customer_id)
    answers = {answer.topic: answer.answer for answer in await store.email_answers(unit, found.customer_id, [topic])}
    if answers.get(topic) == "no":
        return found
    told = {"channel": "email", "topic": topic, "message_id": outside("message", message_id)}
    await customers.record_consent(
        unit,
        found.customer_id,
        channel="email",
        topic=topic,
        answer="no",
        source=source,
        because={"message": outside("message", message_id)},
        email=found.address,
    )
    await events.announce(unit, "Unsubscribed", found.customer_id, told, by_customer=True)
    return found


async def _way_out(unit: Unit, message_id: UUID) -> WayOut:
    sent = await store.find_sent(unit, message_id)
    if sent is None:
        raise TokenUnknown
    company = await members.read_settings(unit)
    return WayOut(sent.id, sent.customer_id, sent.topic, sent.address, company.company_name)
