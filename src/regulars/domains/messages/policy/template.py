"""A template is checked and compiled once, when it is saved, and filled in for each customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from liquid.exceptions import LiquidError
from lxml.etree import ParserError, iterwalk
from lxml.html import document_fromstring

from regulars.domains.messages.model import Content, Purpose, Rendered, TemplateFailed, TemplateInvalid
from regulars.domains.messages.policy import liquid
from regulars.domains.messages.policy.mjml import compile_mjml
from regulars.shared.errors import Fault

source_chars_max: Final = 200_000
subject_chars_max: Final = 300
name_chars_max: Final = 120
clipped_bytes: Final = 102_000  # Gmail shows no more of a mail's HTML than this.
ROOTS: Final = frozenset({"customer", "event", "company", "unsubscribe_url", "now", "today"})

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")
_TEXT_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]+")
_UNREAD: Final = frozenset({"head", "script", "style", "title", "template"})
# While a page is read, \f stands for an empty line, \v for a new one and \a for a bullet: no text has them.
_EDGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre"], "\f"),
    **dict.fromkeys(["div", "table", "tr", "li", "dt", "dd", "hr", "section", "article", "header", "footer"], "\v"),
    **dict.fromkeys(("td", "th"), " "),
}
_STARTS: Final[Mapping[str, str]] = {"li": "\a", "br": "\n"}
_BULLET: Final = re.compile(r"[ \v\f]*\a[ \v\f]*")
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPACES: Final = re.compile(r"[ \t\r\n\u00a0]+")
_BREAKS: Final = re.compile(r"[ \n\v\f]*[\n\v\f][ \n\v\f]*")


def check(*, slug: str, name: str, purpose: str, topic: str, subject: str, body: str, text: str | None) -> Content:
    """What will be sent, compiled. Raises TemplateInvalid with everything that is wrong, each with its place."""
    faults: list[Fault] = []
    if not _SLUG.fullmatch(slug):
        faults.append(Fault("/slug", "A slug has 1 to 60 small letters, digits and hyphens, such as order-shipped."))
    if not name.strip() or len(name) > name_chars_max:
        faults.append(Fault("/name", f"A name has 1 to {name_chars_max} characters."))
    if purpose not in set(Purpose):
        faults.append(Fault("/purpose", "A purpose is marketing or transactional."))
    if not _TOPIC.fullmatch(topic):
        faults.append(Fault("/topic", "A topic has 1 to 60 letters, digits, - and _, such as newsletter."))
    content, content_faults = _compile(subject, body, text)
    if faults or content_faults:
        raise TemplateInvalid(faults=[*faults, *content_faults])
    return content


def check_content(*, subject: str, body: str, text: str | None) -> Content:
    content, faults = _compile(subject, body, text)
    if faults:
        raise TemplateInvalid(faults=faults)
    return content


def _compile(subject: str, body: str, text: str | None) -> tuple[Content, list[Fault]]:
    plain = text or ""
    faults = [
        *_liquid_faults("/subject", subject, html=False, chars_max=subject_chars_max),
        *_liquid_faults("/text", plain, html=False, chars_max=source_chars_max),
        *(body_faults := _liquid_faults("/body", body, html=True, chars_max=source_chars_max)),
    ]
    if not subject.strip():
        faults.append(Fault("/subject", "A mail needs a subject."))
    html = ""
    if not body_faults:
        html, mjml_faults = compile_mjml(body)
        faults += [Fault("/body", detail) for detail in mjml_faults]
        if not mjml_faults:
            faults += _liquid_faults("/body", html, html=True, chars_max=10 * source_chars_max)
    return Content(subject, html, plain), faults


def _liquid_faults(pointer: str, source: str, *, html: bool, chars_max: int) -> list[Fault]:
    if len(source) > chars_max:
        return [Fault(pointer, f"This has {len(source)} characters; at most {chars_max} are possible.")]
    if found := _TEXT_CONTROL.search(source):
        where = liquid.place(source, found.start())
        return [Fault(pointer, f"{where}: there is a control character, which no mail can carry.")]
    try:
        _, missing = liquid.uses(source, html=html)
    except LiquidError as error:
        return [Fault(pointer, liquid.explained(error))]
    return [Fault(pointer, detail) for detail in missing]


def context_of(
    *,
    customer_id: str,
    traits: Mapping[str, object],
    email: str | None,
    event: Mapping[str, object],
    company_name: str,
    unsubscribe_url: str,
    at: datetime,
) -> dict[str, object]:
    """What a template may mention. A trait is there as `customer.traits.city` and, for short, as `customer.city`."""
    first = _text(traits, "first_name") or _text(traits, "firstName")
    last = _text(traits, "last_name") or _text(traits, "lastName")
    name = _text(traits, "name") or " ".join(part for part in (first, last) if part)
    known = {
        "name": name or None,
        "first_name": first or (name.split()[0] if name else None),
        "last_name": last or None,
    }
    customer = {**traits, **known, "traits": traits, "id": customer_id, "email": email}
    return {
        "customer": customer,
        "event": dict(event),
        "company": {"name": company_name},
        "unsubscribe_url": unsubscribe_url,
        **liquid.standard(at),
    }


def _text(traits: Mapping[str, object], key: str) -> str:
    value = traits.get(key)
    return value.strip() if isinstance(value, str) else ""


def render(content: Content, context: Mapping[str, object]) -> Rendered:
    """Fills a template in. `text` is empty when it is to be derived from the finished HTML. Raises TemplateFailed."""
    return Rendered(
        one_line(liquid.render(content.subject, context, html=False), subject_chars_max),
        _TEXT_CONTROL.sub("", liquid.render(content.html, context, html=True)),
        _TEXT_CONTROL.sub("", liquid.render(content.plain, context, html=False)),
    )


def failure(source: str, context: Mapping[str, object], *, html: bool) -> str | None:
    """Why a part of a template cannot be filled in, if so."""
    try:
        liquid.render(source, context, html=html)
    except TemplateFailed as error:
        return error.detail
    return None


def one_line(value: str, chars_max: int) -> str:
    """Text for a header: one line, whatever was typed in."""
    return " ".join(_CONTROL.sub(" ", value).split())[:chars_max]


def as_text(html: str) -> str:
    """The text part of a mail that has none of its own: the words of the HTML, with the addresses of its links."""
    try:
        page = document_fromstring(html)
    except ParserError:  # There is nothing in it.
        return "\n"
    words: list[str] = []
    links: list[int] = []
    unread = None
    for event, node in iterwalk(page, events=("start", "end", "comment", "pi")):
        link = event in ("start", "end") and node.tag == "a" and bool(node.get("href"))
        if event == "start" and unread is None:
            if node.tag in _UNREAD or _HIDDEN.search(node.get("style", "")):
                unread = node
                continue
            if link:
                links.append(len(words))
            alt = node.get("alt") if node.tag == "img" and links else None
            words += (_EDGES.get(node.tag, ""), _STARTS.get(node.tag, ""), _spaced(alt or node.text))
        elif event != "start" and unread in (None, node):
            if unread is None and link:
                began = links.pop()
                words[began:] = [_linked("".join(words[began:]), node.get("href"))]
            words += (_EDGES.get(node.tag, "") if unread is None else "", _spaced(node.tail))
            unread = None
    lines = _BREAKS.sub(_broken, _BULLET.sub("\v* ", "".join(words)))
    return re.sub(r" {2,}", " ", lines).strip() + "\n"


def _spaced(text: str | None) -> str:
    return _SPACES.sub(" ", text) if text else ""


def _linked(words: str, href: str) -> str:
    shown = words.strip(" \n\v\f")
    return f"[{shown}]({href})" if shown and shown != href else href


def _broken(found: re.Match[str]) -> str:
    return "\n\n" if "\f" in found[0] or found[0].count("\n") > 1 else "\n"


def warnings(content: Content, context: Mapping[str, object], rendered: Rendered) -> list[str]:
    """What its author should know: names that stay empty for this customer, and what mail programs will not show."""
    found: dict[str, None] = {}
    for source, html in ((content.subject, False), (content.html, True), (content.plain, False)):
        used, _ = liquid.uses(source, html=html)
        for use in used:
            if not liquid.is_known(use, context):
                found[_unknown(use, context)] = None
    size = len(rendered.html.encode())
    if size > clipped_bytes:
        found[f"The HTML has {size // 1000} kB; Gmail cuts it off at {clipped_bytes // 1000} kB."] = None
    if not rendered.subject:
        found["The subject is empty for this customer; the template's name is sent instead."] = None
    return list(found)


def _unknown(use: liquid.Use, context: Mapping[str, object]) -> str:
    root = str(use.path[0])
    if root not in ROOTS:
        near = get_close_matches(root, sorted(ROOTS), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(ROOTS))}."
        return f"{use} is not known: it stays empty; {hint}"
    return f"{use} is not known of this customer: it stays empty."
