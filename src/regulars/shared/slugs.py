"""Slugs: the names by which lifecycles, stages, audiences, journeys and steps are addressed."""

from __future__ import annotations

import re
from typing import Final

from regulars.shared.errors import Fault, Malformed

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
SLUG_FORM: Final = "1 to 60 lower case letters, digits, - and _, beginning with a letter or digit"


class UnfitSlug(Malformed):
    """A slug is 1 to 60 lower case letters, digits, - and _, beginning with a letter or digit."""


def is_slug(given: object) -> bool:
    return isinstance(given, str) and _SLUG.fullmatch(given) is not None


def check_slug(given: str) -> None:
    if not is_slug(given):
        raise UnfitSlug(faults=[Fault("/slug", f"{given[:80]!r} is not a slug: {SLUG_FORM}")])
