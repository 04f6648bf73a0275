"""MJML with Liquid in it → HTML with Liquid in it, once, when a template is saved.

The compiler lets unknown tags pass in silence and drops what it does not understand, so the tree is checked here first,
and afterwards that no piece of Liquid got lost on the way.
"""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches
from html.parser import HTMLParser
from string import ascii_letters
from typing import Final

from mjml import mjml2html

from regulars.domains.messages.policy.liquid import Token, Tokenised, tokenise


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTS: Final = _set(
    "mj-accordion mj-button mj-carousel mj-divider mj-image mj-navbar mj-raw mj-social mj-spacer mj-table mj-text"
)
CHILDREN: Final = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": _set("mj-attributes mj-breakpoint mj-font mj-preview mj-style mj-title mj-raw"),
    "mj-body": _set("mj-section mj-wrapper mj-hero mj-raw"),
    "mj-wrapper": _set("mj-section mj-hero mj-raw"),
    "mj-section": _set("mj-column mj-group mj-raw"),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _PARTS,
    "mj-hero": _PARTS - {"mj-carousel"},
    "mj-navbar": frozenset({"mj-navbar-link", "mj-raw"}),
    "mj-social": frozenset({"mj-social-element", "mj-raw"}),
    "mj-accordion": frozenset({"mj-accordion-element"}),
    "mj-accordion-element": frozenset({"mj-accordion-title", "mj-accordion-text"}),
    "mj-carousel": frozenset({"mj-carousel-image"}),
}
CONTENT: Final = _set(
    "mj-text mj-button mj-table mj-raw mj-accordion-title mj-accordion-text mj-navbar-link mj-social-element"
)
WORDS: Final = frozenset({"mj-title", "mj-preview", "mj-style"})
EMPTY: Final = _set("mj-image mj-divider mj-spacer mj-carousel-image mj-breakpoint mj-font mj-all mj-class")
KNOWN: Final = CONTENT | WORDS | EMPTY | {tag for tag in CHILDREN if tag} | {"mj-attributes"}
# Between the elements of these, the compiler carries a comment to the right place, and so Liquid inside a comment.
LIQUID_BETWEEN: Final = _set("mj-body mj-wrapper mj-section mj-group mj-column mj-hero mj-navbar mj-social")
VOID: Final = _set("area base br col embed hr img input link meta param source track wbr")
# What mail programs cut out or warn of, so that it would never do what its author wants.
USELESS: Final = _set("script iframe object embed applet form input textarea select frame frameset base")

_SETTING: Final = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?""")
_WHERE: Final = re.compile(r"position (\d+):")
_OPENS: Final = _set("if unless case for tablerow capture ifchanged")
_MIDDLE: Final = frozenset({"else", "elsif", "when"})
# A tag or comment that is whole. Atomic, so that a thousand halves are told apart as quickly as one.
_TAG: Final = re.compile(
    r"""<!--.*?-->|</[A-Za-z][^<>]*+>|<[A-Za-z](?:[^"'<>]++|"[^"]*+"|'[^']*+')*+>""",
    re.DOTALL,
)
_BEGINS_TAG: Final = frozenset(ascii_letters + "/")
_LOOSE_AMPERSAND: Final = re.compile(r"&(?!#?\w{1,40};)")
faults_max: Final = 20
# What a template may have. The parser reads on from each of these, so many of them in a long text take minutes.
pieces_max: Final = 2_000
depth_max: Final = 100
loose_max: Final = 1_000


def compile_mjml(source: str) -> tuple[str, list[str]]:
    """The HTML, and what is wrong with the source, each with line and column. With faults there is no HTML."""
    tokenised = tokenise(source)
    if unreadable := _unreadable(tokenised):
        return "", [unreadable]
    checker = _Checker(tokenised)
    faults = checker.check()
    if faults:
        return "", faults[:faults_max]
    try:
        html = mjml2html(checker.wrapped(), fonts={})
    except ValueError as error:
        return "", [_compiler_fault(str(error), tokenised)]
    lost = [
        f"{tokenised.place(tokenised.text.index(token.mark))}: {_short(token)} cannot stand here; it would get lost."
        for token in tokenised.tokens.values()
        if token.mark not in html
    ]
    if lost:
        return "", lost[:faults_max]
    html = re.sub(rf"<!--~({tokenised.pattern.pattern})~-->", lambda found: found[1], html)
    return tokenised.pattern.sub(lambda found: tokenised.tokens[found[0]].source, html), []


def _unreadable(tokenised: Tokenised) -> str | None:
    """What the parser below would only find out slowly: a tag that never ends, and too much of anything."""
    text = tokenised.text
    if len(tokenised.tokens) > pieces_max:
        return f"There are {len(tokenised.tokens)} pieces of Liquid; at most {pieces_max} are possible."
    loose: list[int] = []
    end, start = 0, text.find("<")
    while start >= 0:
        loose += [found.start() for found in _LOOSE_AMPERSAND.finditer(text, end, start)]
        whole = _TAG.match(text, start)
        if whole is None:
            if text.startswith("<!--", start) or text[start + 1 : start + 2] in _BEGINS_TAG:
                return f"{tokenised.place(start)}: this tag is never closed, or a value in it lacks its last quote."
            loose.append(start)
        end = start + 1 if whole is None else whole.end()
        start = text.find("<", end)
    loose += [found.start() for found in _LOOSE_AMPERSAND.finditer(text, end)]
    if len(loose) > loose_max:
        return f"{tokenised.place(loose[0])}: here and elsewhere, & is written &amp; and < is written &lt;."
    return None


def _short(token: Token) -> str:
    flat = " ".join(token.source.split())
    return flat if len(flat) <= 40 else flat[:37] + "…"


def _compiler_fault(message: str, tokenised: Tokenised) -> str:
    found = _WHERE.search(message)
    if found is None:
        return "The MJML ends too early: a tag is not closed, or an attribute's value has no quotes."
    index = len(tokenised.text.encode()[: int(found[1])].decode(errors="ignore"))
    return f"{tokenised.place(index)}: this is not MJML the compiler understands ({message.split(' in root')[0]})."


class _Enough(Exception):
    """More need not be said."""


class _Checker(HTMLParser):
    """Walks the tree once and notes what does not fit, with its place."""

    def __init__(self, tokenised: Tokenised) -> None:
        super().__init__(convert_charrefs=False)
        self._tokenised = tokenised
        self._lines = [0, *(found.end() for found in re.finditer("\n", tokenised.text))]
        self._faults: list[str] = []
        self._stack: list[tuple[str, int, int]] = []  # tag, its index, its number
        self._blocks: list[tuple[Token, object]] = []
        self._elements = 0
        self._wrap: list[str] = []
        self._bodies = 0

    def check(self) -> list[str]:
        with suppress(_Enough):
            self.feed(self._tokenised.text)
            self.close()
        with suppress(_Enough):
            for tag, index, _ in self._stack:
                self._fault(index, f"<{tag}> is never closed.")
            if not self._elements:
                self._fault(0, "A template starts with <mjml>.")
            elif self._bodies != 1 and not self._faults:
                self._fault(0, f"A template has one <mj-body>; here are {self._bodies}.")
        return self._faults

    def wrapped(self) -> str:
        text = self._tokenised.text
        for mark in self._wrap:
            text = text.replace(mark, f"<!--~{mark}~-->")
        return text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open(tag, closed=tag in VOID and not tag.startswith("mj"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open(tag, closed=True)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID and not tag.startswith("mj"):
            return
        if not self._stack or self._stack[-1][0] != tag:
            expected = f"</{self._stack[-1][0]}>" if self._stack else "nothing more to close"
            self._fault(self._index(), f"</{tag}> does not fit; expected {expected}.")
            open_tags = [name for name, _, _ in self._stack]
            if tag in open_tags:
                del self._stack[len(open_tags) - 1 - open_tags[::-1].index(tag) :]
            return
        self._stack.pop()

    def handle_data(self, data: str) -> None:
        start = self._index()
        parent, number = self._parent()
        for found in self._tokenised.pattern.finditer(data):
            token = self._tokenised.tokens[found[0]]
            self._follow_block(token, start + found.start(), number)
            if parent in LIQUID_BETWEEN:
                self._wrap.append(token.mark)
            elif not self._is_content():
                self._fault(start + found.start(), f"{_short(token)} cannot stand directly in {self._named(parent)}.")
        rest = self._tokenised.pattern.sub("", data)
        if not self._is_content() and rest.strip():
            at = start + data.index(rest.split()[0][0])
            self._fault(at, f"Text cannot stand directly in {self._named(parent)}; put it into <mj-text>.")
        elif parent != "mj-style" and "<" in rest:
            self._fault(start + data.index("<"), "A < that opens no tag is written &lt;.")

    def handle_comment(self, data: str) -> None:
        for found in self._tokenised.pattern.finditer(data):
            self._follow_block(self._tokenised.tokens[found[0]], self._index(), ("comment", self._index()))

    def handle_decl(self, decl: str) -> None:
        self._fault(self._index(), "A template needs no <!…> declaration.")

    def unknown_decl(self, data: str) -> None:
        self._fault(self._index(), "CDATA is not understood here.")

    def handle_pi(self, data: str) -> None:
        self._fault(self._index(), "A template needs no <?…?> instruction.")

    def _open(self, tag: str, *, closed: bool) -> None:
        index = self._index()
        self._elements += 1
        number = self._elements
        self._check_tag(tag, index)
        self._check_settings(tag, index, number)
        self._bodies += tag == "mj-body"
        if not closed:
            self._stack.append((tag, index, number))
            if len(self._stack) > depth_max:
                self._fault(index, f"This nests more than {depth_max} deep.")
                raise _Enough

    def _check_tag(self, tag: str, index: int) -> None:
        parent, _ = self._parent()
        if tag == "mj-include":
            self._fault(index, "<mj-include> is not possible: a template is whole.")
        elif self._is_content() and parent not in WORDS:
            if tag in KNOWN or tag == "mjml":
                self._fault(index, f"<{tag}> cannot stand in {self._named(parent)}.")
            elif tag in USELESS:
                self._fault(index, f"<{tag}> is cut out by mail programs; leave it away.")
        elif parent == "mj-attributes":
            if tag not in KNOWN:
                self._unknown(tag, index, KNOWN)
        elif tag not in KNOWN:
            self._unknown(tag, index, CHILDREN.get(parent, frozenset()) or KNOWN)
        elif tag not in CHILDREN.get(parent, frozenset()):
            can = ", ".join(f"<{name}>" for name in sorted(CHILDREN.get(parent, ()))) or "nothing"
            self._fault(index, f"<{tag}> cannot stand in {self._named(parent)}; expected {can}.")

    def _check_settings(self, tag: str, index: int, number: int) -> None:
        written = self.get_starttag_text() or ""
        head = re.match(r"<[^\s/>]+", written)
        if head is None:
            return
        if head[0][1:] != tag:
            self._fault(index, f"<{head[0][1:]}> is written in small letters: <{tag}>.")
        for found in _SETTING.finditer(written, head.end()):
            name, value = found[1], found[2]
            for mark in self._tokenised.pattern.findall(name):
                piece = _short(self._tokenised.tokens[mark])
                self._fault(index, f"{piece} may stand only inside an attribute's value.")
            if value is not None and value[0] not in "\"'":
                self._fault(index + found.start(), f'The value of {name} needs quotes: {name}="…".')
            if name.lower().startswith("on"):
                self._fault(index + found.start(), f"{name} is cut out by mail programs; leave it away.")
            for token in self._tokenised.pattern.finditer(value or ""):
                self._follow_block(self._tokenised.tokens[token[0]], index + found.start(), (number, found.start()))

    def _unknown(self, tag: str, index: int, possible: frozenset[str]) -> None:
        near = get_close_matches(tag, sorted(possible | KNOWN), n=1)
        expected = ", ".join(f"<{name}>" for name in sorted(possible))
        hint = f"did you mean <{near[0]}>?" if near else f"expected {expected}."
        self._fault(index, f"<{tag}> is not an MJML element; {hint}")

    def _follow_block(self, token: Token, index: int, where: object) -> None:
        """A Liquid block must end in the element in which it began, or the mail would be half open tags for some."""
        if token.word in _OPENS:
            self._blocks.append((token, where))
        elif token.word in _MIDDLE or token.word.startswith("end"):
            if not self._blocks:
                return  # Liquid's own parser has said so already.
            opener, began = self._blocks[-1]
            if began != where:
                self._fault(index, f"{_short(token)} must stand in the same element as its {_short(opener)}.")
            if token.word.startswith("end"):
                self._blocks.pop()

    def _parent(self) -> tuple[str, object]:
        return (self._stack[-1][0], self._stack[-1][2]) if self._stack else ("", 0)

    def _is_content(self) -> bool:
        return any(tag in CONTENT or tag in WORDS for tag, _, _ in self._stack)

    def _named(self, tag: str) -> str:
        return f"<{tag}>" if tag else "the beginning of a template"

    def _index(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _fault(self, index: int, detail: str) -> None:
        self._faults.append(f"{self._tokenised.place(index)}: {detail}")
        if len(self._faults) >= faults_max:
            raise _Enough
