"""The words of a rule's readable form, one after the other, and how an error says where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from regulars.rules import model
from regulars.rules.model import RuleNotUnderstood
from regulars.rules.text import RESERVED
from regulars.rules.values import clean_text
from regulars.shared.forms import NotAValueError

number_chars_max: Final = 400

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?=(?:mo|[smhdwy])?\b))
      | (?P<word>[^\W\d][\w$.-]*)
      | (?P<mark>[(),])""",
    re.VERBOSE | re.DOTALL,
)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


class Tokens:
    """What `take` and its neighbours read is passed; what they do not find stays."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(_tokens(text))
        self._place = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._place]

    def next(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def take(self, *words: str) -> bool:
        if not self.follow(*words):
            return False
        self._place += len(words)
        return True

    def follow(self, *words: str) -> bool:
        """Whether these words come next; `(` may be among them."""
        ahead = self._tokens[self._place : self._place + len(words)]
        return [(one.kind, one.text) for one in ahead] == [("mark" if one == "(" else "word", one) for one in words]

    def take_all(self, *words: str) -> None:
        """After the first of several words the others are expected."""
        for word in words:
            if not self.take(word):
                raise self.unexpected((word,))

    def mark(self, mark: str) -> None:
        if self.here.kind != "mark" or self.here.text != mark:
            raise self.unexpected((mark,))
        self._place += 1

    def number(self) -> object:
        if self.here.kind != "number":
            raise self.unexpected(("a number",))
        if len(self.here.text) > number_chars_max:
            raise self.problem("this number is too long")
        return json.loads(re.sub(r"^(-?)0+(?=[0-9])", r"\1", self.next().text))

    def moment(self) -> str:
        if self.here.kind != "moment":
            raise self.unexpected(("a date such as 2026-01-31", "an instant such as 2026-01-31T09:00:00Z"))
        return self.next().text

    def is_name(self) -> bool:
        return self.here.kind == "text" or (self.here.kind == "word" and self.here.text not in RESERVED)

    def name(self, *expected: str) -> str:
        if self.here.kind == "text" or not self.is_name():
            return self.quoted(*expected)
        return self.next().text

    def quoted(self, *expected: str) -> str:
        if self.here.kind != "text":
            raise self.unexpected(expected)
        try:
            text: str = json.loads(self.here.text, strict=False)
            clean_text(text)
        except json.JSONDecodeError:
            raise self.problem('a "\\" in quotes must be written "\\\\"') from None
        except NotAValueError as problem:
            raise self.problem(f"this text {problem}") from None
        self._place += 1
        return text

    def listed(self, read: Callable[[], Item]) -> list[Item]:
        items = [read()]
        while self.here.text == "," and self.here.kind == "mark":
            self._place += 1
            items.append(read())
        return items

    def unexpected(self, expected: Sequence[str]) -> RuleNotUnderstood:
        token = self.here
        given = "the rule ends here" if token.kind == "end" else f"{token.text[:60]} is not understood here"
        words = [word for one in expected for word in (one, *one.split())]
        close = model.nearest(token.text, words) if token.kind == "word" and token.text not in words else None
        return self.problem(given, expected, close)

    def problem(self, what: str, expected: Sequence[str] = (), nearest: str | None = None) -> RuleNotUnderstood:
        line, column = place(self.text, self.here.start)
        return RuleNotUnderstood(what, expected=expected, nearest=nearest, line=line, column=column)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, counted from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "this quote is never closed" if text[at] == '"' else f"{text[at]!r} is not understood"
            line, column = place(text, at)
            raise RuleNotUnderstood(what, line=line, column=column)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*tokens, Token("end", "", len(text))]
