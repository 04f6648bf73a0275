"""Where the feed goes: one protocol, an implementation for each engine.

A sink keeps, under the names of the facts, relations with the columns of `Fact.stored`, and `customers(customer_id)`,
each customer of `customers_seen` once. All of them show a load whole or not at all, also when it is interrupted at any
point and done again: exactly once. A sink with transactions writes rows and offsets in one. A sink without writes the
rows where no reader sees them yet, under a number of their own, and then in one single write the offsets, which makes
that number count; rows of a number that never came to count are never seen.

Rows follow identifiers. A sink that can change rows does so as the moves arrive; one that only appends keeps the moves
as a relation and lets its views say, row by row, the latest customer of the row's identifier, if it ever moved.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from regulars.platform.warehouse.batches import Load
from regulars.platform.warehouse.facts import Fact
from regulars.shared.errors import Conflict, Unavailable


class WarehouseBusy(Unavailable):
    """Another process holds this warehouse's file."""


class WarehouseFedElsewhere(Unavailable):
    """Another process feeds this warehouse."""


class WarehouseOfAnotherHistory(Conflict):
    """This warehouse was fed by another database, or by this one before it was restored from a backup."""


class WarehouseUnreachable(Unavailable):
    """The warehouse does not answer."""


class Sink(Protocol):
    @property
    def address(self) -> str:
        """Where it is: alike for two processes that would write to the same. Without secrets."""
        ...

    @property
    def dialect(self) -> str:
        """The name of the rule compiler's engine that writes for it."""
        ...

    async def look(self) -> str:
        """What can be seen of it without opening it, in a few words. Raises Unavailable."""
        ...

    async def open(self, facts: Sequence[Fact]) -> None:
        """Makes what is missing. What was stored for facts of another layout (`facts.layout`) is dropped, with its
        offsets. Raises Unavailable."""
        ...

    async def close(self) -> None: ...

    async def take_over(self) -> None:
        """Called when this process begins to feed, before the first load: what another one has left half done, or is
        still doing although it has lost the right to, must never count."""
        ...

    async def offsets(self) -> Mapping[str, int]:
        """How far it is, by fact and for the moves; what was never fed is not in it."""
        ...

    async def load(self, load: Load) -> None:
        """Called by one caller at a time. If it raises, the caller reads the offsets and the log again."""
        ...

    def stream(self, query: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """The rows of a query, in batches of a bounded size; a column `customer_id` as UUIDs, instants aware."""
        ...
