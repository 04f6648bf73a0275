"""A finished mail: links that can be followed, the picture that tells of opening, the way out, and the headers."""

from __future__ import annotations

import html as html_entities
import re
from binascii import b2a_qp
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from regulars.domains.members.model import Settings
from regulars.domains.messages.model import Mail, MailSettings, Purpose, Rendered, Signer, Use
from regulars.domains.messages.policy.sending import sendable
from regulars.domains.messages.policy.template import as_text, one_line
from regulars.shared.ids import outside

links_max: Final = 500
name_chars_max: Final = 100

_ANCHOR: Final = re.compile(r"""(<(?:a|area)\b[^>]*?\shref\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_BARE_LINK: Final = re.compile(r"https?://[^\s<>()\[\]\"']+", re.IGNORECASE)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_TAIL: Final = ".,;:!?"
_KEPT: Final = frozenset({"mailto", "tel", "sms"})
_POLICY: Final = EmailPolicy(linesep="\r\n")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_BODY_END: Final = re.compile(r"</body\s*>(?!.*</body\s*>)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Links:
    """Where the ways out of a message lead. They depend on its id alone, so a template may mention them."""

    unsubscribe: str
    picture: str
    click: Callable[[int], str]


def links_of(message_id: UUID, signer: Signer, public_url: str) -> Links:
    sign, base = signer.sign, public_url.rstrip("/")
    return Links(
        f"{base}/u/{sign(Use.UNSUBSCRIBE, message_id)}",
        f"{base}/t/o/{sign(Use.OPEN, message_id)}.gif",
        lambda position: f"{base}/t/c/{sign(Use.CLICK, message_id, position)}",
    )


@dataclass(frozen=True, slots=True)
class Finished:
    subject: str
    html: str
    text: str
    urls: tuple[str, ...]


def finish(rendered: Rendered, links: Links, purpose: Purpose, *, urls: Sequence[str] = ()) -> Finished:
    """Links go over us, so that they are counted; the addresses they lead to are kept by us and not in the link.

    `urls` are those of an earlier attempt: they keep their numbers, for that attempt's mail may have arrived.
    """
    followed = _Followed(links, urls)
    page = _ANCHOR.sub(lambda found: found[1] + '"' + followed.in_html(found[2][1:-1]) + '"', rendered.html)
    text = _BARE_LINK.sub(lambda found: followed.in_text(found[0]), rendered.text)
    if purpose is Purpose.MARKETING and links.unsubscribe not in html_entities.unescape(page):
        page = _before_end(page, _way_out(links.unsubscribe))
    if not text.strip():
        text = as_text(page)
    if purpose is Purpose.MARKETING and links.unsubscribe not in text:
        text = f"{text.rstrip()}\n\nUnsubscribe: {links.unsubscribe}\n"
    picture = f'<img src="{links.picture}" width="1" height="1" alt="" style="display:block;border:0">'
    return Finished(rendered.subject, _before_end(page, picture), text, tuple(followed.urls))


def harmless(page: str) -> str:
    """Rendered HTML in which no link runs a script; all others lead where they say."""
    return _ANCHOR.sub(lambda found: found[1] + '"' + html_entities.escape(_safe(found[2][1:-1])) + '"', page)


def _safe(written: str) -> str:
    url = html_entities.unescape(written).strip()
    scheme = _SCHEME.match(url)
    return url if scheme is None or scheme[1].lower() in {"http", "https", *_KEPT} else "#"


def _way_out(url: str) -> str:
    style = "padding:16px;text-align:center;font:12px/1.5 Helvetica,Arial,sans-serif;color:#5f5f5f"
    return f'<div style="{style}"><a href="{url}" style="color:#5f5f5f">Unsubscribe</a></div>'


def _before_end(page: str, addition: str) -> str:
    found = _BODY_END.search(page)
    return page + addition if found is None else page[: found.start()] + addition + page[found.start() :]


class _Followed:
    """Gives every link its number."""

    def __init__(self, links: Links, urls: Sequence[str]) -> None:
        self._links = links
        self._positions = {url: position for position, url in enumerate(urls)}

    @property
    def urls(self) -> list[str]:
        return list(self._positions)

    def in_html(self, written: str) -> str:
        url = html_entities.unescape(written).strip()
        return html_entities.escape(self._over_us(url) if url else "#")

    def in_text(self, written: str) -> str:
        url = written.rstrip(_TAIL)
        return self._over_us(url) + written[len(url) :]

    def _over_us(self, url: str) -> str:
        scheme = _SCHEME.match(url)
        if url == self._links.unsubscribe or scheme is None or scheme[1].lower() in _KEPT:
            return url
        if scheme[1].lower() not in ("http", "https") or any(ord(letter) < 33 for letter in url):
            return "#"  # javascript: and the like, typed into a trait by somebody.
        if url not in self._positions:
            if len(self._positions) == links_max:
                return url
            self._positions[url] = len(self._positions)
        return self._links.click(self._positions[url])


def build(
    finished: Finished,
    *,
    message_id: UUID,
    template: str,
    purpose: Purpose,
    topic: str,
    address: str,
    name: str | None,
    company: Settings,
    settings: MailSettings,
    links: Links,
    at: datetime,
) -> Mail:
    """The mail as it goes over the wire. Its Message-ID stays the same at every attempt."""
    outer = outside("message", message_id)
    sender = sendable(company.sender_email) or company.sender_email
    rcpt_to = sendable(address) or address
    domain = sender.rpartition("@")[2]
    headers = [
        _addressed("From", company.sender_name, sender),
        _addressed("To", name or "", rcpt_to),
        *([_addressed("Reply-To", "", settings.reply_to)] if settings.reply_to else []),
        _folded("Subject", finished.subject),
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{outer}@{domain}>",
        f"X-Regulars-Message: {outer}",
        f"Feedback-ID: {template}:{topic}:{purpose}:regulars",
    ]
    if purpose is Purpose.MARKETING:
        ways = [f"<{links.unsubscribe}>"]
        if settings.return_domain:
            token = settings.signer.sign_address(Use.UNSUBSCRIBE, message_id)
            ways.append(f"<mailto:u+{token}@{settings.return_domain}?subject=unsubscribe>")
        headers += [
            f"List-Unsubscribe: {', '.join(ways)}",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            f"List-Id: <{topic.lower().replace('_', '-')}.{domain}>",
        ]
    else:
        headers.append("Auto-Submitted: auto-generated")
    boundary = f"=_{message_id.hex}"  # quoted-printable never contains "=_".
    headers += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"']
    parts = (("plain", finished.text), ("html", finished.html))
    body = b"".join(_part(boundary, subtype, content) for subtype, content in parts)
    raw = "\r\n".join([*headers, "", ""]).encode("ascii") + body + f"--{boundary}--\r\n".encode("ascii")
    return Mail(message_id, _return_path(message_id, sender, settings), rcpt_to, raw)


def _part(boundary: str, subtype: str, content: str) -> bytes:
    head = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = b"\r\n".join([*content.encode("utf-8").splitlines(), b""])
    return head.encode("ascii") + b2a_qp(lines, istext=True) + b"\r\n"


@lru_cache(maxsize=1024)
def _addressed(header: str, name: str, address: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and len(header) + len(name) + len(address) < 70:
        return f"{header}: {name} <{address}>"
    return _fold(header, Address(one_line(name, name_chars_max), addr_spec=address))


@lru_cache(maxsize=1024)
def _folded(header: str, text: str) -> str:
    return _fold(header, text)


def _fold(header: str, value: str | Address) -> str:
    """A header that people read: encoded and folded where it must be. Many mails have the same, so they are kept."""
    folded: str = _POLICY.header_factory(header, value).fold(policy=_POLICY)
    return folded.removesuffix(_POLICY.linesep)


def _return_path(message_id: UUID, sender: str, settings: MailSettings) -> str:
    """Each message has a return address of its own, so that a bounce says whose it is, whatever its form."""
    if settings.return_domain is None:
        return sender
    return f"b+{settings.signer.sign_address(Use.BOUNCE, message_id)}@{settings.return_domain}"
