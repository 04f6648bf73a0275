"""What a domain lets the warehouse see: a relation, its grain and its columns, followed by offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["uuid", "whole", "number", "text", "truth", "instant", "texts", "numbers"]
"""What a column holds, in no engine's words: a 64-bit whole number, a double, a UTC instant to the microsecond, and
maps from text to texts or to doubles."""

SEQ: Final = "seq"
IDENTIFIER: Final = "identifier_id"
CUSTOMER: Final = "customer_id"
RECEIVED: Final = "received_at"
PROPERTIES: Final = "properties"
EVENTS: Final = "events"
CUSTOMERS_SEEN: Final = "customers_seen"
"""The fact whose customers, each once, are the relation `customers`."""
MOVES: Final = "identifier_moves"


@dataclass(frozen=True, slots=True)
class Fact:
    """Rows that are only ever appended, each with a `seq` that grows in commit order.

    `select` takes %(after)s and %(rows_max)s and yields `seq` and `columns`, in the order of `seq`. Where there is an
    `identifier_id`, the row's `customer_id` is whoever that identifier points to.
    """

    name: str
    grain: str
    columns: Mapping[str, Kind | Literal["json"]]
    """A column of kind json (given as JSON text) comes apart into the maps `text` and `number` and `plain`."""
    select: bytes
    plain: Mapping[str, Literal["text", "number"]] = field(default_factory=dict)
    """Properties that are real columns besides: each equals its entry in the map of its kind."""
    number: bytes | None = None
    """For rows that are written by many at once, so that a number given then would not grow in commit order: a
    statement that gives up to %(rows_max)s new rows their `seq`. One at a time runs it, just before a look."""
    begins: bytes | None = None
    """For a fact of which old rows may be in the warehouse alone: yields from which `received_at` on they are here."""
    sorted_by: Sequence[str] = (SEQ,)
    """What most questions choose by, in engines that keep rows in an order. Never null."""

    @property
    def stored(self) -> dict[str, Kind]:
        """The columns in the warehouse, `seq` first."""
        columns: dict[str, Kind] = {SEQ: "whole"}
        for name, kind in self.columns.items():
            if kind == "json":
                columns |= {"text": "texts", "number": "numbers", **self.plain}
            else:
                columns[name] = kind
        return columns

    @property
    def moves(self) -> bool:
        """Whether its rows follow an identifier from customer to customer."""
        return IDENTIFIER in self.columns


@dataclass(frozen=True, slots=True)
class Moves:
    """Which identifiers have come to point to another customer: their rows in every fact follow them.

    `select` takes %(after)s and yields `seq`, `identifier_id` and `customer_id`, in the order of `seq`."""

    select: bytes


def layout(facts: Sequence[Fact]) -> str:
    """Differs when what is stored would: a warehouse of another layout is made again from the log."""
    shape = [(fact.name, tuple(fact.stored.items())) for fact in facts]
    return blake2b(repr(shape).encode(), digest_size=8).hexdigest()
