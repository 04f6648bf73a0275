"""Fixed SQL lives in files beside its domain: `-- name: x`, a sentence, a statement."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def load_statements(package: str) -> Mapping[str, bytes]:
    """Every named statement in the `sql` folder of a package.

    A name used twice, or a statement without its sentence, is an error.
    """
    found: dict[str, bytes] = {}
    for file in sorted(files(package).joinpath("sql").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _HEAD.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"{package}: the statement {name} is written twice")
            if not text.startswith("-- "):
                raise ValueError(f"{package}: the statement {name} lacks its sentence")
            found[name] = text.strip().rstrip(";").encode()
    return MappingProxyType(found)
