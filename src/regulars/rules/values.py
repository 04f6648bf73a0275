"""The values in a rule, and how a list is searched for one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from regulars.shared.forms import NotAValueError, number_text

value_chars_max: Final = 1_000

SCALAR: Final = r'(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.]*|true|false|null)'
"""A pattern for the JSON text of a plain value."""
FLAT_LIST: Final = rf"^\[(?:{SCALAR}(?:, {SCALAR})*)?\]$"
"""The JSON text of a list of plain values, written as PostgreSQL writes jsonb."""


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a rule: its text form, by which it is compared, and what kind of JSON it was, so that it is
    written back alike."""

    text: str
    kind: Kind = Kind.TEXT

    @property
    def number(self) -> float:
        return float(self.text)

    @property
    def json(self) -> str | int | float | bool:
        match self.kind:
            case Kind.TEXT:
                return self.text
            case Kind.NUMBER:
                number: int | float = json.loads(self.text)
                return number
            case Kind.TRUTH:
                return self.text == "true"


def value_of(given: object) -> Value:
    """Raises NotAValueError."""
    match given:
        case bool():
            return Value("true" if given else "false", Kind.TRUTH)
        case int() | float():
            return Value(number_text(given), Kind.NUMBER)
        case str():
            return Value(clean_text(given))
        case _:
            raise NotAValueError("is not a text, a number, true or false")


def clean_text(text: str) -> str:
    """Text that every engine can hold and compare. Raises NotAValueError."""
    if len(text) > value_chars_max:
        raise NotAValueError(f"is longer than {value_chars_max} characters")
    if "\x00" in text:
        raise NotAValueError("contains a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotAValueError("contains half of a surrogate pair")
    return text


def list_with(element: str) -> str:
    """A pattern for the JSON text of a flat list that has an element whose text form is `element`."""
    return rf"^\[(?:{SCALAR}, )*{written_as(element)}(?:, {SCALAR})*\]$"


def written_as(element: str) -> str:
    """A pattern for the JSON texts of plain values whose text form is `element`."""
    forms = [json.dumps(element, ensure_ascii=False)]
    if re.fullmatch(r"-?[0-9][0-9.]*|true|false", element):
        forms.append(element)
    return f"(?:{'|'.join(_escaped(form) for form in forms)})"


def _escaped(text: str) -> str:
    """Escapes what every regular expression dialect lets one escape, and no more: ASCII punctuation."""
    return re.sub(r"[!-/:-@\[-^`{-~]", r"\\\g<0>", text)
