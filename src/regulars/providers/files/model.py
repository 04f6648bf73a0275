"""The words of reading files: what a file holds, what one of its rows became, and why a file or row was refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from regulars.shared.errors import Malformed

Row = dict[str, object]
Call = dict[str, object]


class UnreadableFile(Malformed):
    """This file cannot be read."""


class UnknownMapping(Malformed):
    """There is no such mapping."""


class WrongMapping(Malformed):
    """This mapping cannot be used."""


class UnknownColumn(Malformed):
    """The mapping names a column that the file does not have."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot become a call: why, and what it held as far as it could be read."""

    reason: str
    held: object = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row the mapping says to pass over."""

    because: str


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "Email"?`, or nothing when no known name is near."""
    names = list(known)
    folded = {one.casefold(): one for one in names}
    match = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f" Did you mean {folded[match[0]]!r}?" if match else ""


def listed(names: Iterable[str], *, most: int = 60) -> str:
    """Names as a sentence shows them; a long list is cut."""
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
