"""Who did it: which of the values a sender gives really point to one person."""

from __future__ import annotations

import re
from typing import Any, Final

chars_max: Final = 256
BLOCKED: Final = frozenset(
    {
        "", "null", "(null)", "undefined", "undefined undefined", "null null", "none", "nil", "nan", "n/a", "0", "-1",
        "true", "false", "[object object]", "{}", "[]", "anonymous", "guest", "unknown", "not set", "(not set)",
    }
)  # fmt: skip
"""Placeholders that careless code sends in place of an identifier. Taken at their word they would join strangers."""
_ZEROS: Final = re.compile(r"[0\-]+")
_MAIL: Final = re.compile(
    r"[^\s@\"(),:;<>\[\]\\.]+(?:\.[^\s@\"(),:;<>\[\]\\.]+)*"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?"
)
_PHONE_FILL: Final = re.compile(r"[\s().\-/]+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")


def is_blocked(identifier: str) -> bool:
    return identifier.lower() in BLOCKED or _ZEROS.fullmatch(identifier) is not None


def text_of(identifier: str | int | float) -> str:
    """An identifier as it is kept: trimmed; a number as its digits."""
    if type(identifier) is str:
        return identifier.strip()
    if type(identifier) is float and identifier.is_integer():
        return str(int(identifier))
    return str(identifier)


def mail_of(value: Any) -> str | None:
    """An e-mail address, trimmed and in lower case, if it has the form of one that can be written to."""
    if type(value) is not str or len(value) > 254:
        return None
    mail = value.strip().lower()
    return mail if _MAIL.fullmatch(mail) and mail.find("@") <= 64 else None


def phone_of(value: Any) -> str | None:
    """A telephone number in E.164 form. Without its country it could be anybody's, so it is none."""
    if type(value) is not str or len(value) > 40:
        return None
    digits = _PHONE_FILL.sub("", value)
    phone = "+" + digits[2:] if digits.startswith("00") else digits
    return phone if _PHONE.fullmatch(phone) else None
