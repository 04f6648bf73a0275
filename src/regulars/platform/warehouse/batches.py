"""Rows of the log as Arrow tables: what every sink is given, already in the forms that the warehouse keeps.

Ids are text, instants UTC microseconds, maps lists of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from regulars.platform.warehouse.facts import CUSTOMER, IDENTIFIER, SEQ, Fact, Kind
from regulars.platform.warehouse.properties import flatten

ARROW: Final[Mapping[Kind, pa.DataType]] = {
    "uuid": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "truth": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
    "texts": pa.map_(pa.string(), pa.string()),
    "numbers": pa.map_(pa.string(), pa.float64()),
}
MOVES_STORED: Final[Mapping[str, Kind]] = {SEQ: "whole", IDENTIFIER: "whole", CUSTOMER: "uuid"}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one fact, at least one, in the order of `seq`."""

    fact: Fact
    rows: pa.Table

    @property
    def last(self) -> int:
        seq: int = self.rows[SEQ][-1].as_py()
        return seq


@dataclass(frozen=True, slots=True)
class Load:
    """What one consistent look at the log brings. The moves are whole: once they are followed, every row (old or of
    `batches`) is where the log had it at that look. `offsets` is how far the warehouse then is, of all facts and of the
    moves (`facts.MOVES`)."""

    batches: Sequence[Batch]
    moves: pa.Table
    """`seq`, `identifier_id`, `customer_id`; may be empty. Of an identifier named more than once the last counts."""
    offsets: Mapping[str, int]


def batch_of(fact: Fact, rows: Sequence[Mapping[str, Any]]) -> Batch:
    data: dict[str, list[Any]] = {SEQ: [row[SEQ] for row in rows]}
    for name, kind in fact.columns.items():
        if kind == "json":
            flat = [flatten(row[name]) for row in rows]
            data["text"] = [list(texts.items()) for texts, _ in flat]
            data["number"] = [list(numbers.items()) for _, numbers in flat]
            for path, form in fact.plain.items():
                data[path] = [one[form == "number"].get(path) for one in flat]
        elif kind == "uuid":
            data[name] = [None if row[name] is None else str(row[name]) for row in rows]
        else:
            data[name] = [row[name] for row in rows]
    return Batch(fact, _table(data, fact.stored))


def moves_of(rows: Iterable[Sequence[Any]]) -> pa.Table:
    seqs, identifiers, customers = zip(*rows, strict=True) if rows else ((), (), ())
    return _table({SEQ: seqs, IDENTIFIER: identifiers, CUSTOMER: [str(one) for one in customers]}, MOVES_STORED)


def _table(data: Mapping[str, Sequence[Any]], kinds: Mapping[str, Kind]) -> pa.Table:
    return pa.table({name: pa.array(data[name], ARROW[kind]) for name, kind in kinds.items()})
