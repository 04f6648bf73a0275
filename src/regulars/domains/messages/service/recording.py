"""Record: what became of attempts. Answers that have come by now are recorded together, each as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from regulars.domains.events import service as events
from regulars.domains.messages import store
from regulars.domains.messages.model import Answer, MessageState, Purpose, Unknown
from regulars.domains.messages.policy import sending
from regulars.platform.checkpoints import checkpoint
from regulars.platform.unit import Unit, Units
from regulars.shared.ids import outside

lost_per_poll_max: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """What an attempt was answered; `number` counts a message's attempts from 1, `address` is whose it was."""

    id: UUID
    token: UUID
    number: int
    customer_id: UUID
    template: str
    address: str
    subject: str
    answer: Answer


async def record_together(units: Units, purpose: Purpose, answered: Sequence[Answered], at: datetime) -> None:
    """All in one transaction; if the database refuses a value, each by itself, so that only the one it refuses is lost:
    its lease runs out, and then its fate is unknown. Raises what says nothing about the answers, as that the database
    is away: nothing is recorded then, or all is and may be tried again without harm."""
    try:
        async with units.open(at=max(at, units.clock.now())) as unit:
            held = await record(unit, purpose, answered)
            checkpoint("outcome.before_commit")
        checkpoint("outcome.after_commit")
    except (psycopg.DataError, psycopg.IntegrityError):
        if len(answered) == 1:
            _log.exception("answer_not_recorded", message_id=outside("message", answered[0].id))
            return
        for one in answered:
            await record_together(units, purpose, [one], at)
        return
    for one in answered:
        if one.id not in held:
            _log.warning("lease_lost", message_id=outside("message", one.id), attempt=one.number)


async def record(unit: Unit, purpose: Purpose, answered: Sequence[Answered]) -> set[UUID]:
    """The messages whose attempts still held their leases. Whoever lost it has nothing more to say."""
    outcomes = {one.id: sending.outcome(one.answer, purpose, attempt=one.number) for one in answered}
    rows: list[dict[str, object]] = []
    for one in answered:
        outcome, answer = outcomes[one.id], one.answer
        why: dict[str, object] = {} if outcome.why is None else {"code": outcome.why, "text": answer.reply}
        if outcome.bounced is not None:
            why["bounced"] = outcome.bounced
        rows.append(
            {
                "id": one.id,
                "token": one.token,
                "state": outcome.state,
                "retry_at": unit.at + outcome.retry_after if outcome.retry_after else None,
                "why": why,
                "outcome": outcome.delivery,
                "reply_code": getattr(answer, "code", None),
                "reply": answer.reply,
            }
        )
    held = await store.record_outcomes(unit, rows)
    told: list[tuple[str, UUID, dict[str, Any]]] = []
    for one in answered:
        if one.id not in held:
            continue
        outcome, outer = outcomes[one.id], outside("message", one.id)
        said = {"message_id": outer, "template": one.template}
        if outcome.state is MessageState.SENT:
            told.append(("Email Sent", one.customer_id, {**said, "subject": one.subject}))
        if outcome.bounced is not None:
            bounce = {**said, "kind": outcome.bounced, "reply": one.answer.reply}
            told.append(("Email Bounced", one.customer_id, bounce))
        if outcome.bounced == "hard":
            await store.suppress(unit, one.address, "hard_bounce", {"message": outer, "reply": one.answer.reply})
    await events.announce_all(unit, told)
    return held


async def close_lost(unit: Unit, purpose: Purpose) -> None:
    """Attempts of workers that died between the call and the record: nobody knows what became of them."""
    answer = Unknown("The worker stopped before it could record the answer.")
    lost = await store.lost_attempts(unit, purpose, lost_per_poll_max)
    if lost:
        await record(unit, purpose, [Answered(**asdict(one), answer=answer) for one in lost])
