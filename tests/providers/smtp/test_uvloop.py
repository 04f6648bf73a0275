"""The server runs on uvloop, whose transports are of other classes than asyncio's: mail leaves there too."""

from __future__ import annotations

import uvloop

from regulars.domains.messages.model import Accepted, ReceivedMail
from regulars.providers.smtp.catcher import Catcher
from regulars.providers.smtp.sender import SmtpSender
from tests.providers.smtp.conftest import RAW, mail_to


class Shelf:
    def __init__(self) -> None:
        self.mails: list[ReceivedMail] = []

    async def receive(self, mail: ReceivedMail) -> None:
        self.mails.append(mail)


def test_mail_leaves_on_the_loop_the_server_runs_on() -> None:
    shelf = Shelf()

    async def send() -> None:
        async with Catcher(shelf) as catcher:
            sender = SmtpSender(catcher.settings)
            answer = await sender.send(mail_to("ana@example.com"), timeout_s=5)
            assert isinstance(answer, Accepted), answer
            await sender.aclose()

    uvloop.run(send())
    assert [mail.raw.rstrip() for mail in shelf.mails] == [RAW.rstrip()]
