"""How a JSON value is read by a rule: as text, as a number. Whoever stores traits or properties for rules stores
these forms."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

value_chars_max: Final = 1_000

NUMERIC_TEXT: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
"""Text that is a number, in the syntax that PostgreSQL, RE2, Java and Python share. With at most
`numeric_chars_max` characters and a two-digit exponent it fits a double, so the cast cannot fail."""
numeric_chars_max: Final = 200

_SCALAR: Final = r'(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.]*|true|false|null)'
FLAT_LIST: Final = rf"^\[(?:{_SCALAR}(?:, {_SCALAR})*)?\]$"
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


class NotAValueError(ValueError):
    """The message says what is wrong with it, as the end of a sentence that begins with what was given."""


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


def number_text(number: int | float) -> str:
    """As PostgreSQL writes a jsonb number: no exponent, no negative zero, but `10.0` stays. Raises NotAValueError."""
    try:
        finite = math.isfinite(float(number))
    except OverflowError:
        finite = False
    if not finite:
        raise NotAValueError("is too large for a number")
    if isinstance(number, int):
        return str(number)
    return format(Decimal(repr(abs(number) if number == 0 else number)), "f")


def list_with(element: str) -> str:
    """A pattern for the JSON text of a flat list that has an element whose text form is `element`."""
    forms = [json.dumps(element, ensure_ascii=False)]
    if re.fullmatch(r"-?[0-9][0-9.]*|true|false", element):
        forms.append(element)
    wanted = "|".join(_escaped(form) for form in forms)
    return rf"^\[(?:{_SCALAR}, )*(?:{wanted})(?:, {_SCALAR})*\]$"


def _escaped(text: str) -> str:
    """Escapes what every regular expression dialect lets one escape, and no more: ASCII punctuation."""
    return re.sub(r"[!-/:-@\[-^`{-~]", r"\\\g<0>", text)


def text_form(value: object) -> str | None:
    """What `->>` makes of a JSON value in PostgreSQL. Numbers read as Decimal keep their digits (`1.50`).

    Raises NotAValueError for a float that is not finite, which is not JSON."""
    match value:
        case None:
            return None
        case str():
            return value
        case _:
            return _json_text(value)


def number_form(text: str | None) -> float | None:
    """Of a text form: the number it is, if it is one."""
    if text is None or len(text) > numeric_chars_max or not re.fullmatch(NUMERIC_TEXT[1:-1], text):
        return None
    return float(text)


def flattened(properties: Mapping[str, object]) -> dict[str, str]:
    """The text forms of an event's properties by dotted path. Objects have one too, lists no inner ones."""
    forms: dict[str, str] = {}
    waiting = list(properties.items())
    while waiting:
        path, value = waiting.pop()
        text = text_form(value)
        if text is not None:
            forms.setdefault(path, text)
        if isinstance(value, Mapping):
            waiting.extend((f"{path}.{key}", inner) for key, inner in value.items())
    return forms


def _json_text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return number_text(value)
        case Decimal():
            return format(abs(value) if value == 0 else value, "f")
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            inner = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))
            return f"{{{', '.join(f'{_json_text(key)}: {_json_text(one)}' for key, one in inner)}}}"
        case list() | tuple():
            return f"[{', '.join(_json_text(one) for one in value)}]"
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")
