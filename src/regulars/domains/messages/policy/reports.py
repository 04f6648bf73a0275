"""What mail servers send back: bounces (RFC 3464, and qmail's own form), delays, and complaints (ARF, RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from html import unescape
from typing import Final

from regulars.domains.messages.policy.sending import is_hard

text_chars_max: Final = 500

_QMAIL: Final = re.compile(r"This is the qmail-send program|failure notice", re.IGNORECASE)
_QMAIL_FAULT: Final = re.compile(r"^<(?P<to>[^>\s]+)>:\s*\n(?P<why>.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_ACTIONS: Final = {"delivered": 0, "relayed": 0, "expanded": 0, "delayed": 1, "failed": 2}
_WAY_OUT: Final = re.compile(r"<(https?://[^>\s]+)>")
_HREF: Final = re.compile(r"""<a\b[^>]*?\shref\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_BARE_LINK: Final = re.compile(r"https?://[^\s<>()\[\]\"']+")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_CODE: Final = re.compile(r"\b([45]\d\d)\b")


class Kind(StrEnum):
    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    AUTOREPLY = "autoreply"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Report:
    """`recipient` is the address it is about, `text` what the other side said."""

    kind: Kind
    recipient: str | None = None
    status: str | None = None
    text: str = ""
    mail_from: str | None = None


def parse_report(raw: bytes) -> Report:
    """What a mail says about an earlier one. Anything that is no report is OTHER; no mail, however broken, raises."""
    message = message_from_bytes(raw, policy=policy.compat32)
    parts = list(message.walk())
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part)
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            return _status(part)
    body = _words(parts)
    if _QMAIL.search(body[:2000]) or _QMAIL.search(_header(message, "Subject")):
        return _qmail(body)
    automatic = _header(message, "Auto-Submitted").lower()
    if (automatic and automatic != "no") or _header(message, "X-Autoreply") or _header(message, "X-Autorespond"):
        return Report(Kind.AUTOREPLY, text=_short(_header(message, "Subject")))
    return Report(Kind.OTHER, text=_short(_header(message, "Subject")))


def _complaint(part: Message) -> Report:
    fields = _blocks(part)[0] if _blocks(part) else part
    kind = _header(fields, "Feedback-Type").strip().lower()
    return Report(
        Kind.COMPLAINT if kind in ("abuse", "fraud", "virus", "other", "") else Kind.OTHER,
        _address(_header(fields, "Original-Rcpt-To")),
        text=_short(f"Reported as {kind or 'unwanted'} by {_header(fields, 'User-Agent') or 'a mail service'}."),
        mail_from=_address(_header(fields, "Original-Mail-From")),
    )


def _status(part: Message) -> Report:
    recipients = [block for block in _blocks(part) if block.get("Action") or block.get("Status")]
    if not recipients:
        return Report(Kind.OTHER)
    worst = max(recipients, key=lambda block: _gravity(_header(block, "Action")))
    action = _header(worst, "Action").strip().lower()
    status = _header(worst, "Status").split()[0] if _header(worst, "Status").strip() else None
    text = _short(_header(worst, "Diagnostic-Code").partition(";")[2] or _header(worst, "Diagnostic-Code"))
    to = _address(_header(worst, "Final-Recipient").partition(";")[2]) or _address(
        _header(worst, "Original-Recipient").partition(";")[2]
    )
    if action in ("delivered", "relayed", "expanded"):
        return Report(Kind.DELIVERED, to, status, text)
    if action == "delayed":
        return Report(Kind.DELAYED, to, status, text)
    hard = is_hard(_code(text), f"{status or ''} {text}")
    return Report(Kind.HARD if hard else Kind.SOFT, to, status, text or (status or ""))


def _gravity(action: str) -> int:
    return _ACTIONS.get(action.strip().lower(), 2)


def _qmail(body: str) -> Report:
    found = _QMAIL_FAULT.search(body.replace("\r\n", "\n"))
    if found is None:
        return Report(Kind.OTHER)
    text = _short(found["why"])
    hard = is_hard(_code(text) or 550, text)
    return Report(Kind.HARD if hard else Kind.SOFT, _address(found["to"]), text=text)


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    return [message_from_bytes(str(payload or "").encode("utf-8", "replace"), policy=policy.compat32)]


def _words(parts: list[Message]) -> str:
    for part in parts:
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _header(message: Message, name: str) -> str:
    return str(message.get(name, ""))


def _address(text: str) -> str | None:
    bare = text.strip().strip("<>").strip()
    return bare if "@" in bare and len(bare) <= 320 else None


def _code(text: str) -> int | None:
    found = _CODE.search(text)
    return int(found[1]) if found else None


def _short(text: str) -> str:
    return " ".join(text.split())[:text_chars_max]


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail for showing. `html` is None when it has no such part; `links` are those a reader can follow."""

    text: str
    html: str | None
    headers: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    unsubscribe_url: str | None


def open_mail(raw: bytes) -> OpenedMail:
    """Decodes a mail. What cannot be decoded is shown as well as it goes."""
    message = message_from_bytes(raw, policy=policy.compat32)
    headers = tuple((name, _decoded(str(value))) for name, value in message.items())
    html = text = None
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/html" and html is None:
            html = _content(part)
        elif kind == "text/plain" and text is None:
            text = _content(part)
    found = _WAY_OUT.search(_header(message, "List-Unsubscribe"))
    links = dict.fromkeys(
        unescape(link[1:-1])
        for link in _HREF.findall(html or "")
        if unescape(link[1:-1]).startswith(("http", "mailto"))
    ) or dict.fromkeys(_BARE_LINK.findall(text or ""))
    return OpenedMail(text or "", html, headers, tuple(links), found[1] if found else None)


def headers_of(raw: bytes) -> dict[str, str]:
    """The headers of a mail, decoded, their names in small letters; of a repeated one the first."""
    end = _HEAD_END.search(raw)
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw if end is None else raw[: end.end()])
    found: dict[str, str] = {}
    for name, value in message.items():
        found.setdefault(name.lower(), _decoded(str(value)))
    return found


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        text = data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    return text.replace("\x00", "")


def _decoded(value: str) -> str:
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        text = value
    clean = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return " ".join(clean.split())[:2000]
