"""A provider that keeps what it is given: for simulations and tests. It answers as an SMTP server would."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.domains.messages.model import Accepted, Answer, Mail, Refusal, Unknown

NO_MAILBOX = Refusal(550, "5.1.1 Recipient address rejected: User unknown")


class MemorySender:
    """`answers` maps the beginning of an address's local part to what it gets; everybody else is accepted.

    `delivered` is what arrived: also a mail whose fate the sender never learns.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers: dict[str, Answer] = {"bounce": NO_MAILBOX, **(answers or {})}
        self.delivered: list[Mail] = []

    async def send(self, mail: Mail, *, timeout_s: float) -> Answer:
        local = mail.rcpt_to.partition("@")[0]
        answer = next((answer for start, answer in self.answers.items() if local.startswith(start)), None)
        if answer is None or isinstance(answer, Accepted | Unknown):
            self.delivered.append(mail)
        return answer or Accepted(250, "2.0.0 Kept")
