"""Ids: UUIDv7 of our own making, typed inside, prefixed outside (`cus_018f…`)."""

from __future__ import annotations

import random
import re
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

from regulars.shared.errors import Missing

CustomerId = NewType("CustomerId", UUID)
MemberId = NewType("MemberId", UUID)

PREFIXES: Final = {
    "customer": "cus",
    "member": "mem",
    "key": "key",
    "journey": "jrn",
    "enrolment": "enr",
    "message": "msg",
    "event": "evt",
    "merge": "mrg",
    "import": "imp",
    "mail": "eml",
    "audit": "aud",
    "rejection": "rej",
}
_HEX = re.compile(r"[0-9a-f]{32}")


class UnknownId(Missing):
    """There is nothing with this id."""


class Ids:
    """Makes ids from an instant and a source of randomness; a seeded source repeats them."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()

    def new(self, at: datetime) -> UUID:
        """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then version, variant and 74 random bits."""
        milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
        low = self._source.getrandbits(74)
        value = milliseconds << 80 | 7 << 76 | (low >> 62) << 64 | 0b10 << 62 | low & (2**62 - 1)
        return UUID(int=value)

    def token(self) -> str:
        """256 random bits in hexadecimal, for secrets that travel."""
        return f"{self._source.getrandbits(256):064x}"


def outside(kind: str, value: UUID) -> str:
    """The form of an id that leaves the product."""
    return f"{PREFIXES[kind]}_{value.hex}"


def inside(kind: str, text: str) -> UUID:
    """The id behind its outside form. What cannot be one names nothing, so it is missing, not malformed."""
    prefix, _, digits = text.partition("_")
    if prefix != PREFIXES[kind] or not _HEX.fullmatch(digits):
        raise UnknownId(f"{text[:80]!r} is not the id of a known {kind}.")
    return UUID(hex=digits)
