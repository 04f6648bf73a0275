"""What no database, rule or browser could hold: NUL, half characters, endless nesting, numbers beyond counting."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from regulars.domains.events.model import Rejection

levels_max: Final = 10
_greatest: Final = 1.7976931348623157e308


def is_sound(value: Any, levels: int = levels_max) -> bool:
    """Quick: neither nested deeper than `levels` nor with an integer beyond a double's range."""
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind is dict or kind is list:
            if levels == 1 or not is_sound(item, levels - 1):
                return False
        elif kind is int and not -_greatest <= item <= _greatest:
            return False
    return True


def find_flaw(raw: bytes) -> Rejection | None:
    """Slow and exact: the first flaw of a message and where it is. None if it has none, or is no JSON at all."""
    try:
        value = json.loads(raw)
    except RecursionError:
        return _too_deep("")
    except ValueError:
        return None
    return _flaw_in(value, "", levels_max + 1)


def _flaw_in(value: Any, pointer: str, levels: int) -> Rejection | None:
    match value:
        case str():
            return _flaw_of_text(value, pointer)
        case bool() | None:
            return None
        case int() | float():
            return _flaw_of_number(value, pointer)
        case dict() | list() if levels == 0:
            return _too_deep(pointer)
        case dict():
            for key, item in value.items():
                below = f"{pointer}/{_escaped(key)}"
                flaw = _flaw_of_text(key, below) or _flaw_in(item, below, levels - 1)
                if flaw:
                    return flaw
        case list():
            for index, item in enumerate(value):
                if flaw := _flaw_in(item, f"{pointer}/{index}", levels - 1):
                    return flaw
    return None


def _flaw_of_text(text: str, pointer: str) -> Rejection | None:
    if "\x00" in text:
        return Rejection("nul_character", "Text with a NUL character cannot be stored.", pointer)
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Rejection("lone_surrogate", "Text with half of a surrogate pair is not Unicode.", pointer)
    return None


def _flaw_of_number(number: int | float, pointer: str) -> Rejection | None:
    fits = -_greatest <= number <= _greatest and not (isinstance(number, float) and math.isnan(number))
    return None if fits else Rejection("number_out_of_range", "This number is too large.", pointer)


def _too_deep(pointer: str) -> Rejection:
    return Rejection("too_deep", f"A message may nest {levels_max} levels deep, no deeper.", pointer)


def _escaped(key: str) -> str:
    """A key in a JSON pointer (RFC 6901), itself printable whatever it holds."""
    plain = key.replace("~", "~0").replace("/", "~1").replace("\x00", "\\u0000")[:200]
    return plain.encode("utf-8", "backslashreplace").decode()
