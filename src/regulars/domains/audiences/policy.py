"""What an audience must be made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from regulars.domains.audiences.model import AudienceMalformed
from regulars.rules.model import Rule, RuleNotUnderstood
from regulars.rules.sentence import parse_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.values import value_of
from regulars.shared.errors import Fault

name_chars_max: Final = 120


def read_rule(given: object) -> Rule:
    """A rule from its tree or its text, which stand at `/rule` of a body."""
    try:
        return parse_text(given) if isinstance(given, str) else parse_tree(given)
    except RuleNotUnderstood as error:
        error.faults = tuple(Fault(f"/rule{fault.pointer}", fault.detail) for fault in error.faults)
        raise


def read(name: str, given: object) -> tuple[str, Rule]:
    """The name and the rule. Raises where something is wrong, with its place in the body."""
    name = name.strip()
    if not 1 <= len(name) <= name_chars_max:
        raise AudienceMalformed(faults=[Fault("/name", f"is a text of 1 to {name_chars_max} characters")])
    return name, read_rule(given)


def fitting(values: Iterable[object], part: str) -> list[str]:
    """The values, in the form in which rules compare them, that contain a text, letters' case aside."""
    texts = [value_of(one).text for one in values if isinstance(one, str | int | float)]
    return [text for text in dict.fromkeys(texts) if part.strip().casefold() in text.casefold()]
