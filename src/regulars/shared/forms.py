"""How a JSON value is read by rules: as text, as a number. Whoever stores traits or properties for rules stores these
forms, whichever engine they go to."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

NUMERIC_TEXT: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
"""Text that is a number, in the syntax that PostgreSQL, RE2, Java and Python share. With at most
`numeric_chars_max` characters and a two-digit exponent it fits a double, so the cast cannot fail."""
numeric_chars_max: Final = 200
_numeric: Final = re.compile(NUMERIC_TEXT[1:-1]).fullmatch


class NotAValueError(ValueError):
    """The message says what is wrong with it, as the end of a sentence that begins with what was given."""


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
    if text is None or len(text) > numeric_chars_max or not _numeric(text):
        return None
    return float(text)


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
