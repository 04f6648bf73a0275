"""Errors know their kind, never HTTP. A subclass's docstring is its message; its code is its name in snake case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where (a JSON pointer, '' for the whole) and what."""

    pointer: str
    detail: str


class DomainError(Exception):
    """Something that was asked for cannot be."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        faults: Sequence[Fault] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        self.faults = tuple(faults)
        self.extra = dict(extra or {})
        super().__init__(self.detail)

    @property
    def code(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()


class Missing(DomainError):
    """There is no such thing."""


class Conflict(DomainError):
    """This does not fit the present state."""


class Refused(DomainError):
    """This is not allowed."""


class Unproven(DomainError):
    """Sign in first."""


class Malformed(DomainError):
    """This cannot be understood."""


class TooMany(DomainError):
    """Too much at once; try again later."""

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(DomainError):
    """A part that is needed for this does not answer."""
