"""What a domain lets the warehouse see: a relation, its grain and its columns, followed by offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Rows that are only ever appended, each with a growing `seq` and the identifier they came by.

    `columns` are DuckDB types by name, in the order in which `select` yields them after `seq`. `select` takes
    %(after)s and %(rows_max)s and yields rows in the order of `seq`. A column `properties` (JSON text) becomes the maps
    `text` and `number` and the plain columns of commerce.
    """

    name: str
    grain: str
    columns: Mapping[str, str]
    select: bytes


@dataclass(frozen=True, slots=True)
class Moves:
    """Which identifiers have come to point to another customer: their rows in every fact follow them."""

    select: bytes
