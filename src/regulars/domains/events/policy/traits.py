"""Traits as they are kept: flat keys, each value with the forms in which rules read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from regulars.domains.events.model import Rejection
from regulars.domains.events.policy.instants import parse_instant
from regulars.shared.forms import number_form, text_form

keys_max: Final = 500
key_chars_max: Final = 200
nesting_max: Final = 5


def trait_forms(value: Any) -> tuple[str, float | None, datetime | None]:
    """A JSON value as text (as PostgreSQL writes jsonb with `#>> '{}'`), and as a number or an instant if it is one."""
    text = text_form(value) or ""
    first = text[:1]
    if isinstance(value, bool) or not (first.isdigit() or first in "+-."):
        return text, None, None
    number = number_form(text)
    return text, number, parse_instant(text) if number is None and isinstance(value, str) else None


def flat_traits(given: Mapping[str, Any]) -> dict[str, dict[str, Any]] | Rejection:
    """{"address": {"city": "Ulm"}} becomes {"address.city": …}. Arrays stay whole; null says nothing.

    Pointers are relative to the traits.
    """
    flat: dict[str, dict[str, Any]] = {}
    for key, value in _leaves(given, "", nesting_max):
        if type(value) is dict:
            return Rejection("trait_too_deep", f"Traits may nest {nesting_max} levels deep.", _pointer(key))
        if not key or len(key) > key_chars_max:
            reason = f"A trait's key, with the keys around it, has 1 to {key_chars_max} characters."
            return Rejection("trait_key_invalid", reason, _pointer(key))
        text, number, instant = trait_forms(value)
        forms: dict[str, Any] = {"v": value, "t": text}
        if number is not None:
            forms["n"] = number
        if instant is not None:
            forms["i"] = instant
        flat[key] = forms
        if len(flat) > keys_max:
            return Rejection("too_many_traits", f"One message may carry {keys_max} traits, no more.", "")
    return flat


def _leaves(given: Mapping[str, Any], above: str, levels: int) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        path = f"{above}.{key}" if above else key
        if type(value) is dict and levels > 1:
            yield from _leaves(value, path, levels - 1)
        elif value is not None and value != {}:
            yield path, value


def _pointer(key: str) -> str:
    return "/" + key[:200].replace("~", "~0").replace("/", "~1").replace(".", "/")
