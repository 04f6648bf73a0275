"""The doors to the mailbox and to what became of messages. They find the `MailSettings` at `app.state.mail`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse

from regulars.domains.messages.model import CaughtLine, MailSettings, MailUnknown, MessageLine, MessageState, Purpose
from regulars.domains.messages.service import mailbox
from regulars.platform.http.door import After, Limit, Listed, RequestUnit, listed
from regulars.shared.ids import inside, outside
from regulars.shared.paging import page_size_default

router = APIRouter(tags=["messages"])

# Mail is foreign content: no scripts, no forms, no origin of its own; its links open outside the frame.
MAIL_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data: https:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)


class MailLineOut(BaseModel):
    id: str
    at: datetime
    from_: str
    to: list[str]
    subject: str
    customer_id: str | None
    message_id: str | None

    model_config = {"populate_by_name": True, "alias_generator": lambda name: name.rstrip("_")}


class MailboxOut(Listed[MailLineOut]):
    """`catching`: mail goes into this mailbox and nowhere else, because no mail server is set."""

    catching: bool


class MailOut(MailLineOut):
    text: str
    headers: list[tuple[str, str]]
    has_html: bool
    links: list[str]
    unsubscribe_url: str | None


class MessageLineOut(BaseModel):
    """`because` says in words why it is in its state; `opened` and `clicked` count people, not machines."""

    id: str
    template: str
    subject: str | None
    channel: str
    state: MessageState
    because: str
    created_at: datetime
    sent_at: datetime | None
    journey: str | None
    opened: bool
    clicked: bool
    bounced: bool


class DeliveryOut(BaseModel):
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reply_code: int | None
    reply: str | None


class ResponseOut(BaseModel):
    kind: Literal["opened", "clicked"]
    at: datetime
    machine: bool
    url: str | None


class MessageOut(MessageLineOut):
    """`made_because` is why it was made, `why` what allowed, withheld or failed it."""

    customer_id: str
    purpose: Purpose
    topic: str
    address: str | None
    made_because: dict[str, Any]
    why: dict[str, Any]
    deliveries: list[DeliveryOut]
    responses: list[ResponseOut]


@router.get("/api/mailbox")
async def list_mailbox(
    request: Request, unit: RequestUnit, after: After = None, limit: Limit = page_size_default
) -> MailboxOut:
    page = listed(await mailbox.mails(unit, after, limit), lambda line: MailLineOut(**_mail_line(line)))
    settings: MailSettings = request.app.state.mail
    return MailboxOut(items=page.items, next=page.next, catching=settings.catching)


@router.get("/api/mailbox/{mail_id}")
async def read_mail(mail_id: str, unit: RequestUnit) -> MailOut:
    mail = await mailbox.mail(unit, inside("mail", mail_id))
    content = mail.content
    return MailOut(
        **_mail_line(mail.line),
        text=content.text,
        headers=list(content.headers),
        has_html=content.html is not None,
        links=list(content.links),
        unsubscribe_url=content.unsubscribe_url,
    )


@router.get("/api/mailbox/{mail_id}/html", response_class=HTMLResponse)
async def read_mail_html(mail_id: str, unit: RequestUnit) -> Response:
    mail = await mailbox.mail(unit, inside("mail", mail_id))
    if mail.content.html is None:
        raise MailUnknown("This mail has no HTML part.")
    headers = {
        "Content-Security-Policy": MAIL_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    data = mail.content.html.encode("utf-8", "replace")
    return Response(data, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/api/customers/{customer_id}/messages")
async def list_messages_of_customer(
    customer_id: str, unit: RequestUnit, after: After = None, limit: Limit = page_size_default
) -> Listed[MessageLineOut]:
    page = await mailbox.messages_of(unit, inside("customer", customer_id), after, limit)
    return listed(page, lambda line: MessageLineOut(**_message_line(line)))


@router.get("/api/messages/{message_id}")
async def read_message(message_id: str, unit: RequestUnit) -> MessageOut:
    story = await mailbox.story(unit, inside("message", message_id))
    message = story.message
    return MessageOut(
        **_message_line(message),
        customer_id=outside("customer", message.customer_id),
        purpose=Purpose(message.purpose),
        topic=message.topic,
        address=message.address,
        made_because=dict(message.because),
        why=dict(message.why),
        deliveries=[
            DeliveryOut(
                attempt=delivery.attempt,
                started_at=delivery.started_at,
                ended_at=delivery.ended_at,
                outcome=delivery.outcome,
                reply_code=delivery.reply_code,
                reply=delivery.reply,
            )
            for delivery in story.deliveries
        ],
        responses=[
            ResponseOut(kind=response.kind, at=response.at, machine=response.machine, url=response.url)
            for response in story.responses
        ],
    )


def _mail_line(line: CaughtLine) -> dict[str, Any]:
    return {
        "id": outside("mail", line.id),
        "at": line.at,
        "from": line.mail_from,
        "to": list(line.mail_to),
        "subject": line.subject,
        "customer_id": outside("customer", line.customer_id) if line.customer_id else None,
        "message_id": outside("message", line.message_id) if line.message_id else None,
    }


def _message_line(line: MessageLine) -> dict[str, Any]:
    return {
        "id": outside("message", line.id),
        "template": line.template,
        "subject": line.subject,
        "channel": line.channel,
        "state": MessageState(line.state),
        "because": mailbox.reason(line),
        "created_at": line.created_at,
        "sent_at": line.sent_at,
        "journey": line.journey,
        "opened": line.opened,
        "clicked": line.clicked,
        "bounced": line.bounced,
    }
