"""Reads the readable form of a rule (see `text.py`). `and` binds closer than `or`, `not` closer than both.

The sentence becomes a JSON tree first, which `parse_tree` then judges: what a rule may say is decided in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from regulars.rules import model
from regulars.rules.model import Operator, Rule, RuleNotUnderstood
from regulars.rules.text import AGGREGATES, ANNIVERSARY_TODAY, ENDS, UNITS, WORDS
from regulars.rules.tokens import Tokens, place
from regulars.rules.tree.reading import parse_tree
from regulars.shared.durations import Period

text_chars_max: Final = 20_000
parentheses_max: Final = 50

_exact: Final = {word: unit[0] for unit, _ in (*UNITS, ("week", 0)) for word in (unit, f"{unit}s", unit[0])}
_calendar: Final = {word: unit for unit, name in (("mo", "month"), ("y", "year")) for word in (unit, name, f"{name}s")}

# Longer wordings first: "is not" must not be read as "is".
_wordings: Final = sorted(
    [(tuple(words.split()), operator) for operator, words in WORDS.items() if operator not in model.OF_DAYS]
    + [(("in", "the", "last"), Operator.WITHIN_LAST), (("not", "in", "the", "last"), Operator.NOT_WITHIN_LAST)],
    key=lambda wording: -len(wording[0]),
)
_within_period: Final = ((("within",), Operator.WITHIN_LAST), (("not", "within"), Operator.NOT_WITHIN_LAST))
_number_operators: Final = tuple(operator for operator in Operator if operator in model.OF_NUMBER)
_slugs: Final = {
    "stage": "the name of a stage",
    "audience": "the name of an audience",
    "list": "the name of a list",
    "bucket": "the name of a bucket",
}

Tree = dict[str, object]


def parse_text(text: str) -> Rule:
    """Raises RuleNotUnderstood with line and column, counted from 1."""
    if len(text) > text_chars_max:
        raise RuleNotUnderstood(f"this is longer than {text_chars_max} characters", line=1, column=1)
    reader = _Reader(text)
    tree = reader.whole()
    try:
        return parse_tree(tree)
    except RuleNotUnderstood as problem:
        line, column = place(text, reader.start_of(tree, problem.pointer))
        raise RuleNotUnderstood(
            problem.problem, expected=problem.expected, nearest=problem.nearest, line=line, column=column
        ) from None


class _Reader(Tokens):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.starts: dict[int, int] = {}

    def whole(self) -> Tree:
        rule = self._rule()
        if self.here.kind != "end":
            raise self.unexpected(("and", "or", "the end"))
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
        start = self.here.start
        parts = [read()]
        while self.take(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else self._node(start, {kind: parts})

    def _part(self) -> Tree:
        start = self.here.start
        if self.take("not"):
            return self._node(start, {"not": self._nested(self._part)})
        if self.here.text == "(" and self.here.kind == "mark":
            return self._in_parentheses()
        if self.take("everyone"):
            return self._node(start, {"everyone": True})
        for kind in ("all", "any"):
            if self.take(kind, "of"):
                return self._node(start, {kind: [self._in_parentheses()]})
        if self.take("in"):
            return self._node(start, self._membership())
        if self.follow("did"):
            return self._node(start, self._did_and_then())
        for how, words in AGGREGATES.items():
            if self.take(*words.split()):
                return self._node(start, self._aggregate(how))
        for end, words in ENDS.items():
            if self.take(*words.split()):
                return self._node(start, {str(end): self._did_in_parentheses(), **self._has()})
        if self.take("the"):
            raise self.unexpected(tuple(str(end) for end in ENDS))
        if self.take("sequence", "("):
            return self._node(start, self._sequence())
        if self.take("pulse"):
            return self._node(start, self._pulse())
        if self.is_name():
            return self._node(start, self._trait())
        raise self.unexpected(
            (
                "a trait",
                "did",
                "not",
                "the last",
                "the first",
                "in stage",
                "in audience",
                "in list",
                "pulse",
                "everyone",
                "(",
            )
        )

    def _in_parentheses(self) -> Tree:
        self.mark("(")
        rule = self._nested(self._rule)
        self.mark(")")
        return rule

    def _nested(self, read: Callable[[], Tree]) -> Tree:
        if self.depth == parentheses_max:
            raise self.problem(f"this nests more than {parentheses_max} deep")
        self.depth += 1
        rule = read()
        self.depth -= 1
        return rule

    def _membership(self) -> Tree:
        for kind, expected in _slugs.items():
            if self.take(kind):
                tree: Tree = {kind: self.name(expected)}
                if kind == "bucket":
                    self.take_all("share")
                    tree["share"] = self.number()
                return tree
        raise self.unexpected(tuple(_slugs))

    def _trait(self) -> Tree:
        tree: Tree = {"trait": self.name()}
        if self.take(*ANNIVERSARY_TODAY.split()):
            return {**tree, "anniversary_in": f"0d{self._zone()}"}
        if self.take(*WORDS[Operator.ANNIVERSARY_IN].split()):
            return {**tree, "anniversary_in": f"{self._days()}d{self._zone()}"}
        if self.follow("has"):
            raise self.unexpected((WORDS[Operator.ANNIVERSARY_IN], ANNIVERSARY_TODAY))
        tree |= self._test(model.TRAIT_OPERATORS)
        if self.take("held"):
            self.take_all("for")
            tree["held_for"] = self._duration(_exact)
        return tree

    def _pulse(self) -> Tree:
        if not self.take("is"):
            raise self.unexpected(("is", 'a trait of this name in quotes: "pulse"'))
        tree: Tree = {"pulse": self.name(*model.Pulse)}
        if self.take("with"):
            self.take_all("usual", "gap")
            tree["usual_gap"] = f"{self._days()}d{self._zone()}"
        return tree

    def _days(self) -> str:
        if self.here.kind != "number" or not self.here.text.isdecimal():
            raise self.unexpected(("a number of days",))
        number = self.next().text
        if not self.take("days") and not self.take("day") and not self.take("d"):
            raise self.unexpected(("days",))
        return number

    def _did_and_then(self) -> Tree:
        tree = self._did()
        if self.take("then"):
            self.take_all("not")
            tree["then_not"] = self._did()
            self.take_all("for")
            tree["for"] = self._duration(_exact)
        return tree

    def _did(self) -> Tree:
        start = self.here.start
        self.take_all("did")
        tree: Tree = {"did": self._events()}
        if self.take("where"):
            tree["where"] = self.listed(self._property_test)
        for bound in model.Bound:
            if self.take(*bound.split("_")):
                tree["times"] = {str(bound): self.number()}
                if not self.take("times") and not self.take("time"):
                    raise self.unexpected(("times",))
                break
        return self._node(start, tree | self._window())

    def _did_in_parentheses(self) -> Tree:
        self.mark("(")
        did = self._did()
        self.mark(")")
        return did

    def _aggregate(self, how: model.How) -> Tree:
        tree: Tree = {str(how): self.name("a property")}
        self.take_all("over")
        return {**tree, "of": self._did_in_parentheses(), **self._test(_number_operators)}

    def _has(self) -> Tree:
        self.take_all("has")
        return {"has": self.listed(self._property_test)}

    def _sequence(self) -> Tree:
        steps = [self._did()]
        while self.take("then"):
            steps.append(self._did())
        if self.here.text != ")":
            raise self.unexpected(("then", ")"))
        self.mark(")")
        return {"sequence": steps, **self._window()}

    def _window(self) -> Tree:
        if self.take("in", "the", "last") or self.take("within", "the", "last"):
            return {"within": self._duration(_exact | _calendar)}
        if self.take("between"):
            first = self.moment()
            self.take_all("and")
            return {"between": [first, self.moment()]}
        period = self._period()
        return {} if period is None else {"within": period}

    def _events(self) -> object:
        if self.take("anything", "starting", "with"):
            return {"prefix": self.quoted("a text in quotes")}
        if self.take("anything"):
            return {"any": True}
        if self.take("one", "of"):
            self.mark("(")
            names = self.listed(lambda: self.quoted("an event's name in quotes"))
            self.mark(")")
            return names
        return self.quoted("an event's name in quotes", "one of", "anything")

    def _property_test(self) -> Tree:
        start = self.here.start
        if not self.is_name():
            raise self.unexpected(("a property",))
        return self._node(start, {"property": self.name(), **self._test(model.PROPERTY_OPERATORS)})

    def _test(self, operators: Sequence[Operator]) -> Tree:
        for words, operator in _wordings:
            if operator in operators and self.take(*words):
                return {str(operator): self._operand(operator)}
        for words, operator in _within_period:
            if operator in operators and self.take(*words):
                period = self._period()
                if period is None:
                    raise self.unexpected(("the last", *Period))
                return {str(operator): period}
        raise self.unexpected(tuple(WORDS[operator] for operator in operators))

    def _operand(self, operator: Operator) -> object:
        if operator in model.OF_NOTHING:
            return True
        if operator in model.OF_VALUES:
            self.mark("(")
            values = self.listed(self._value)
            self.mark(")")
            return values
        if operator in model.OF_NUMBER:
            return self.number()
        if operator in model.OF_MOMENT:
            return self.moment()
        if operator in model.OF_DURATION:
            return self._duration(_exact | _calendar)
        return self._value()

    def _value(self) -> object:
        if self.take("true"):
            return True
        if self.take("false"):
            return False
        if self.here.kind == "number":
            return self.number()
        return self.quoted("a text in quotes", "a number", "true", "false")

    def _duration(self, units: Mapping[str, str]) -> str:
        if self.here.kind != "number" or not self.here.text.isdecimal():
            raise self.unexpected(("a duration such as 30 days",))
        number = self.next().text
        unit = units.get(self.here.text) if self.here.kind == "word" else None
        if unit is None and self.here.text in _calendar:
            raise self.problem(f"{self.here.text} differ in length, and this one is exact", _units_of(units))
        if unit is None:
            raise self.unexpected(_units_of(units))
        self.next()
        return f"{number}{unit}{self._zone() if unit in _calendar else ''}"

    def _period(self) -> str | None:
        for period in Period:
            if self.take(*period.split()):
                return f"{period}{self._zone()}"
        if self.follow("this"):
            raise self.unexpected([one for one in Period if " " in one])
        return None

    def _zone(self) -> str:
        if not self.take("in", "zone"):
            return ""
        return "@" + self.quoted('a time zone such as "Europe/Berlin"')

    def _node(self, start: int, tree: Tree) -> Tree:
        self.starts[id(tree)] = start
        return tree


def _units_of(units: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(word for word in units if word.endswith("s") and len(word) > 1)
