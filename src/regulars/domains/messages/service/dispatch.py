"""Sending: claim, call, record. The two lanes, transactional and marketing, never wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import psycopg
import structlog

from regulars.domains.members import service as members
from regulars.domains.messages import store
from regulars.domains.messages.model import Answer, Deferral, MailSettings, Purpose, Sender, Unknown
from regulars.domains.messages.policy import sending
from regulars.domains.messages.service import holding
from regulars.domains.messages.service.claiming import Attempt, claim, deadline_spare_s
from regulars.domains.messages.service.recording import Answered, close_lost, record_together
from regulars.platform.checkpoints import checkpoint
from regulars.platform.tracing import span
from regulars.platform.unit import Units
from regulars.shared.ids import outside

record_pause: Final = timedelta(milliseconds=200)  # While the database is away.
record_pauses_s: Final = (0.1, 1.0, 5.0)  # The same when we are to stop, and then no more.
held_pause: Final = timedelta(milliseconds=100)  # What is due and was not claimed is in somebody else's hands.
hold_look_pause: Final = timedelta(seconds=2)
misconfigured_pause: Final = timedelta(minutes=1)
provider_pause: Final = timedelta(seconds=10)
stopped_after_s: Final = 8.0

_log = structlog.get_logger(__name__)


class Lane:
    """The places at the provider that one purpose has. Run one for each purpose: a newsletter that crawls must not hold
    up a sign-up mail. Any number of processes may have lanes.

    A place is free again once its answer is recorded. So no more attempts can be of unknown fate after a crash than
    there are places, however many answers are recorded together. `answered` is called whenever an answer has come.
    """

    def __init__(
        self,
        units: Units,
        sender: Sender,
        settings: MailSettings,
        purpose: Purpose,
        *,
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        self._units = units
        self._sender = sender
        self._settings = settings
        self._purpose = purpose
        self._places = sending.lanes(settings.concurrency_max)[purpose]
        self._answered = answered
        self._calls: dict[asyncio.Task[Answer], Attempt] = {}
        self._provider_down = False
        self._not_before: datetime | None = None

    async def turn(self, at: datetime) -> datetime | None:
        """Records the answers that have come, and claims what is due for the places that are free; does not wait for
        the calls. When there is more to do, or None: when an answer has come, or somebody says there is something."""
        if not await self._record(at):
            return at + record_pause
        if self._provider_down and not self._calls:
            self._provider_down, self._not_before = False, at + provider_pause
        if self._not_before is not None and at < self._not_before:
            return self._not_before
        if self._provider_down or len(self._calls) == self._places:
            return None  # Whether it is down for all, those tell that are on their way.
        began = asyncio.get_running_loop().time()
        async with self._units.open(at=at) as unit:
            await unit.let_go_when_stopped(stopped_after_s)
            if await holding.held(unit) is not None:
                return at + hold_look_pause
            await close_lost(unit, self._purpose)
            company = await members.read_settings(unit)
            if sending.sendable(company.sender_email) is None:
                _log.error("sender_address_unusable", address=company.sender_email)
                return at + misconfigured_pause  # Every message waits, and goes out once the settings are put right.
            places = self._places - len(self._calls)
            attempts, more = await claim(unit, self._settings, company, self._purpose, places)
            due = at if more else await store.next_due(unit, self._purpose)
            checkpoint("claim.before_commit")
        checkpoint("claim.after_commit")
        for attempt in attempts:
            call = asyncio.create_task(self._call(attempt, began))
            call.add_done_callback(lambda _: self._answered())
            self._calls[call] = attempt
        if more or due is None:
            return due
        return max(due, at + held_pause)

    async def finish(self) -> None:
        """Lets the calls end and records their answers: an attempt that is cut off is of unknown fate."""
        pauses_s = iter(record_pauses_s)
        while await self.next_answer():
            if not await self._record(self._units.clock.now()):
                if (pause_s := next(pauses_s, None)) is None:
                    return
                await asyncio.sleep(pause_s)

    async def next_answer(self) -> bool:
        """Waits until an answer is there to be recorded; false if none is awaited."""
        if self._calls:
            await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
        return bool(self._calls)

    async def _record(self, at: datetime) -> bool:
        """False while the database is away: the answers stay until it is there again, and their places are taken."""
        ended = {call: attempt for call, attempt in self._calls.items() if call.done()}
        answered = [_told(attempt, call.result()) for call, attempt in ended.items() if not call.exception()]
        if answered:
            try:
                await record_together(self._units, self._purpose, answered, at)
            except psycopg.OperationalError as error:
                _log.warning("answers_not_recorded_yet", many=len(answered), error=str(error)[:200])
                return False
            self._provider_down = all(isinstance(one.answer, Deferral) and one.answer.provider_down for one in answered)
        for call in ended:
            del self._calls[call]
        for call in ended:
            call.result()  # A sender that raises is broken; its message's fate is unknown when the lease has run out.
        return True

    async def _call(self, attempt: Attempt, began: float) -> Answer:
        """Outside any transaction. `began`: when the lease was taken, by the loop's clock, which goes on while the
        process is stopped: awake after its lease, it must send no more."""
        checkpoint("send.before_io")
        timeout_s = self._settings.timeout_s
        left_s = began + timeout_s - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(left_s + deadline_spare_s):
                with span("message send", "client") as spanned:
                    spanned.set(**self._traced(attempt))
                    if left_s > 0:
                        answer = await self._sender.send(attempt.mail, timeout_s=left_s)
                    else:
                        answer = Deferral(None, "The worker was stopped before it could send.")
                    spanned.set(outcome=type(answer).__name__.lower())
                checkpoint("send.after_io")
        except TimeoutError:
            answer = Unknown(f"No answer within {timeout_s:g} s.")
        return answer

    def _traced(self, attempt: Attempt) -> dict[str, str | int]:
        """What a trace tells of an attempt: whose it is, and not to whom."""
        return {
            "message.id": outside("message", attempt.mail.message_id),
            "message.purpose": self._purpose,
            "message.attempt": attempt.number,
            "message.template": attempt.template,
        }


def _told(attempt: Attempt, answer: Answer) -> Answered:
    return Answered(
        id=attempt.mail.message_id,
        token=attempt.token,
        number=attempt.number,
        customer_id=attempt.customer_id,
        template=attempt.template,
        address=attempt.mail.rcpt_to,
        subject=attempt.subject,
        answer=answer,
    )
