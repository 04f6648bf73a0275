"""Properties as the warehouse keeps them: flat maps by dotted path, in the very text forms PostgreSQL gives."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

_NUMERIC: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
numeric_chars_max: Final = 100


class _Digits(str):
    """A number in the digits PostgreSQL wrote it in, which a float would lose (0.10, 12345678901234567890)."""

    __slots__ = ()


_decoder: Final = msgspec.json.Decoder(float_hook=_Digits)


def flatten(properties: str) -> tuple[dict[str, str], dict[str, float]]:
    """The text form and, where there is one, the number of every property. Nulls are absent."""
    texts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    _walk(_decoder.decode(properties), "", texts, numbers)
    return texts, numbers


def _walk(value: dict[str, Any], path: str, texts: dict[str, str], numbers: dict[str, float]) -> None:
    for key, one in value.items():
        name = path + key
        match one:
            case None:
                continue
            case dict():
                # Its own text form too, as PostgreSQL's ->> has one.
                texts.setdefault(name, _written(one))
                _walk(one, name + ".", texts, numbers)
                continue
            case bool():
                texts[name] = "true" if one else "false"
            case str():
                texts[name] = str(one)
            case int():
                texts[name] = str(one)
            case _:
                texts[name] = _written(one)
                continue
        number = as_number(texts[name])
        if number is not None:
            numbers[name] = number


def as_number(text: str) -> float | None:
    """The number a text is, if it is one: rules compare by it in every engine alike."""
    if len(text) <= numeric_chars_max and _NUMERIC.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else None
    return None


def _written(value: Any) -> str:
    """JSON as PostgreSQL writes jsonb: a blank after each comma and colon, numbers in their own digits."""
    match value:
        case _Digits():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{_written(str(key))}: {_written(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(_written(one) for one in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
