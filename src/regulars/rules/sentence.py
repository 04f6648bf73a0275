"""Reads the readable form of a rule (see `text.py`). `and` binds closer than `or`, `not` closer than both.

The sentence becomes a JSON tree first, which `parse_tree` then judges: what a rule may say is decided in one place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from regulars.rules import model
from regulars.rules.model import Operator, Rule, RuleNotUnderstood
from regulars.rules.text import RESERVED, UNITS, WORDS
from regulars.rules.tree import parse_tree
from regulars.rules.values import clean_text
from regulars.shared.forms import NotAValueError

text_chars_max: Final = 20_000
number_chars_max: Final = 400
parentheses_max: Final = 50

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?=[smhdw]?\b))
      | (?P<word>[^\W\d][\w$.-]*)
      | (?P<mark>[(),])""",
    re.VERBOSE | re.DOTALL,
)
_units: Final = {word: unit[0] for unit, _ in (*UNITS, ("week", 0)) for word in (unit, f"{unit}s", unit[0])}

# Longer wordings first: "is not" must not be read as "is".
_wordings: Final = sorted(
    [(tuple(words.split()), operator) for operator, words in WORDS.items()]
    + [(("in", "the", "last"), Operator.WITHIN_LAST), (("not", "in", "the", "last"), Operator.NOT_WITHIN_LAST)],
    key=lambda wording: -len(wording[0]),
)

Tree = dict[str, object]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def parse_text(text: str) -> Rule:
    """Raises RuleNotUnderstood with line and column, counted from 1."""
    if len(text) > text_chars_max:
        raise RuleNotUnderstood(f"this is longer than {text_chars_max} characters", line=1, column=1)
    reader = _Reader(text)
    tree = reader.whole()
    try:
        return parse_tree(tree)
    except RuleNotUnderstood as problem:
        line, column = _place(text, reader.start_of(tree, problem.pointer))
        raise RuleNotUnderstood(
            problem.problem, expected=problem.expected, nearest=problem.nearest, line=line, column=column
        ) from None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.place = 0
        self.depth = 0
        self.starts: dict[int, int] = {}

    def whole(self) -> Tree:
        rule = self._rule()
        if self._now.kind != "end":
            raise self._unexpected(("and", "or", "the end"))
        return rule

    def start_of(self, tree: object, pointer: str) -> int:
        """Where the innermost node on the way of the pointer was written."""
        start = 0
        for step in ["", *pointer.split("/")[1:]]:
            if step and isinstance(tree, Mapping):
                tree = tree.get(step)
            elif step and isinstance(tree, Sequence) and step.isdigit() and int(step) < len(tree):
                tree = tree[int(step)]
            start = self.starts.get(id(tree), start)
        return start

    def _rule(self) -> Tree:
        return self._joined("or", "any", lambda: self._joined("and", "all", self._part))

    def _joined(self, word: str, kind: str, read: Callable[[], Tree]) -> Tree:
        start = self._now.start
        parts = [read()]
        while self._take(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else self._node(start, {kind: parts})

    def _part(self) -> Tree:
        start = self._now.start
        if self._take("not"):
            return self._node(start, {"not": self._nested(self._part)})
        if self._now.text == "(":
            return self._in_parentheses()
        if self._take("everyone"):
            return self._node(start, {"everyone": True})
        for kind in ("all", "any"):
            if self._take(kind, "of"):
                return self._node(start, {kind: [self._in_parentheses()]})
        for kind in ("stage", "audience"):
            if self._take("in", kind):
                return self._node(start, {kind: self._slug(kind)})
        if self._take("in"):
            raise self._unexpected(("stage", "audience"))
        if self._take("did"):
            return self._node(start, self._did())
        if self._is_name():
            return self._node(start, {"trait": self._name(), **self._test(model.TRAIT_OPERATORS)})
        raise self._unexpected(("a trait", "did", "not", "in stage", "in audience", "everyone", "("))

    def _in_parentheses(self) -> Tree:
        self._mark("(")
        rule = self._nested(self._rule)
        self._mark(")")
        return rule

    def _nested(self, read: Callable[[], Tree]) -> Tree:
        if self.depth == parentheses_max:
            raise self._problem(f"this nests more than {parentheses_max} deep")
        self.depth += 1
        rule = read()
        self.depth -= 1
        return rule

    def _did(self) -> Tree:
        tree: Tree = {"did": self._events()}
        if self._take("where"):
            tree["where"] = self._listed(self._property_test)
        for bound in model.Bound:
            if self._take(*bound.split("_")):
                tree["times"] = {str(bound): self._number()}
                if not self._take("times") and not self._take("time"):
                    raise self._unexpected(("times",))
                break
        if self._take("in", "the", "last") or self._take("within", "the", "last"):
            tree["within"] = self._duration()
        elif self._take("between"):
            first = self._moment()
            if not self._take("and"):
                raise self._unexpected(("and",))
            tree["between"] = [first, self._moment()]
        return tree

    def _events(self) -> object:
        if self._take("anything", "starting", "with"):
            return {"prefix": self._quoted("a text in quotes")}
        if self._take("anything"):
            return {"any": True}
        if self._take("one", "of"):
            self._mark("(")
            names = self._listed(lambda: self._quoted("an event's name in quotes"))
            self._mark(")")
            return names
        if self._now.kind == "text":
            return self._quoted("an event's name in quotes")
        raise self._unexpected(("an event's name in quotes", "one of", "anything"))

    def _property_test(self) -> Tree:
        start = self._now.start
        if not self._is_name():
            raise self._unexpected(("a property",))
        return self._node(start, {"property": self._name(), **self._test(model.PROPERTY_OPERATORS)})

    def _test(self, operators: Sequence[Operator]) -> Tree:
        for words, operator in _wordings:
            if operator in operators and self._take(*words):
                return {str(operator): self._operand(operator)}
        raise self._unexpected(tuple(WORDS[operator] for operator in operators))

    def _operand(self, operator: Operator) -> object:
        if operator in model.OF_NOTHING:
            return True
        if operator in model.OF_VALUES:
            self._mark("(")
            values = self._listed(self._value)
            self._mark(")")
            return values
        if operator in model.OF_NUMBER:
            return self._number()
        if operator in model.OF_MOMENT:
            return self._moment()
        if operator in model.OF_DURATION:
            return self._duration()
        return self._value()

    def _value(self) -> object:
        if self._take("true"):
            return True
        if self._take("false"):
            return False
        if self._now.kind == "number":
            return self._number()
        return self._quoted("a text in quotes", "a number", "true", "false")

    def _number(self) -> object:
        if self._now.kind != "number":
            raise self._unexpected(("a number",))
        if len(self._now.text) > number_chars_max:
            raise self._problem("this number is too long")
        return json.loads(re.sub(r"^(-?)0+(?=[0-9])", r"\1", self._next().text))

    def _duration(self) -> str:
        if self._now.kind != "number" or not self._now.text.isdigit():
            raise self._unexpected(("a duration such as 30 days",))
        number = self._next().text
        unit = _units.get(self._now.text) if self._now.kind == "word" else None
        if unit is None:
            raise self._unexpected(("days", "weeks", "hours", "minutes", "seconds"))
        self._next()
        return f"{number}{unit}"

    def _moment(self) -> str:
        if self._now.kind != "moment":
            raise self._unexpected(("a date such as 2026-01-31", "an instant such as 2026-01-31T09:00:00Z"))
        return self._next().text

    def _slug(self, kind: str) -> str:
        return (
            self._name()
            if self._is_name()
            else self._quoted(f"the name of an {kind}" if kind == "audience" else "the name of a stage")
        )

    def _is_name(self) -> bool:
        return self._now.kind == "text" or (self._now.kind == "word" and self._now.text not in RESERVED)

    def _name(self) -> str:
        if self._now.kind == "text":
            return self._quoted("a name")
        return self._next().text

    def _quoted(self, *expected: str) -> str:
        if self._now.kind != "text":
            raise self._unexpected(expected)
        token = self._now
        try:
            text: str = json.loads(token.text, strict=False)
            clean_text(text)
        except json.JSONDecodeError:
            raise self._problem('a "\\" in quotes must be written "\\\\"') from None
        except NotAValueError as problem:
            raise self._problem(f"this text {problem}") from None
        self.place += 1
        return text

    def _listed(self, read: Callable[[], Item]) -> list[Item]:
        items = [read()]
        while self._now.text == "," and self._now.kind == "mark":
            self.place += 1
            items.append(read())
        return items

    def _node(self, start: int, tree: Tree) -> Tree:
        self.starts[id(tree)] = start
        return tree

    @property
    def _now(self) -> _Token:
        return self.tokens[self.place]

    def _next(self) -> _Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def _take(self, *words: str) -> bool:
        ahead = self.tokens[self.place : self.place + len(words)]
        if [(token.kind, token.text) for token in ahead] != [("word", word) for word in words]:
            return False
        self.place += len(words)
        return True

    def _mark(self, mark: str) -> None:
        if self._now.kind != "mark" or self._now.text != mark:
            raise self._unexpected((mark,))
        self.place += 1

    def _tokens(self) -> list[_Token]:
        tokens, at = [], 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                what = "this quote is never closed" if self.text[at] == '"' else f"{self.text[at]!r} is not understood"
                line, column = _place(self.text, at)
                raise RuleNotUnderstood(what, line=line, column=column)
            if match.lastgroup != "space":
                tokens.append(_Token(str(match.lastgroup), match[0], at))
            at = match.end()
        return [*tokens, _Token("end", "", len(self.text))]

    def _unexpected(self, expected: Sequence[str]) -> RuleNotUnderstood:
        token = self._now
        given = "the rule ends here" if token.kind == "end" else f"{token.text[:60]} is not understood here"
        words = [word for one in expected for word in (one, *one.split())]
        close = model.nearest(token.text, words) if token.kind == "word" and token.text not in words else None
        return self._problem(given, expected, close)

    def _problem(self, what: str, expected: Sequence[str] = (), nearest: str | None = None) -> RuleNotUnderstood:
        line, column = _place(self.text, self._now.start)
        return RuleNotUnderstood(what, expected=expected, nearest=nearest, line=line, column=column)


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
