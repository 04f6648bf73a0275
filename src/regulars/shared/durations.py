"""Durations as people write them: `90s`, `15m`, `1h`, `7d`, `2w`. All are exact lengths of time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from regulars.shared.errors import Malformed

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LONGEST: Final = timedelta(days=36_525)
_FORM: Final = re.compile(r"(\d{1,9})(s|m|h|d|w)")


class UnknownDuration(Malformed):
    """A duration is a whole number and one of s, m, h, d, w: 30m, 7d."""


def parse_duration(text: object) -> timedelta:
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnknownDuration(f"{str(text)[:40]!r} is not a duration: write a whole number and s, m, h, d or w (7d).")
    duration = timedelta(seconds=int(match[1]) * UNITS[match[2]])
    if duration > LONGEST:
        raise UnknownDuration(f"{text!r} is longer than a hundred years.")
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest form that parses back to the same duration. Whole seconds only."""
    seconds = int(duration.total_seconds())
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % UNITS[unit] == 0:
            return f"{seconds // UNITS[unit]}{unit}"
    return f"{seconds}s"
