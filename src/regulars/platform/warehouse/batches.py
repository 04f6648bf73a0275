"""Rows of the log as Arrow tables: what every sink is given, already in the forms that the warehouse keeps.

Ids are text, instants UTC microseconds, maps lists of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from regulars.platform.warehouse.facts import CUSTOMER, IDENTIFIER, SEQ, Fact, Kind
from regulars.platform.warehouse.properties import maps_of

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
COPIED_AS: Final = b"(FORMAT csv, HEADER, ENCODING 'UTF8')"
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

    def until(self, seq: int) -> Batch | None:
        rows = self.rows.filter(pc.field(SEQ) <= seq)
        return Batch(self.fact, rows) if rows.num_rows else None


@dataclass(frozen=True, slots=True)
class Load:
    """What one consistent look at the log brings. The moves are whole: once they are followed, every row (old or of
    `batches`) is where the log had it at that look. `offsets` is how far the warehouse then is, of all facts and of the
    moves (`facts.MOVES`)."""

    batches: Sequence[Batch]
    moves: pa.Table
    """`seq`, `identifier_id`, `customer_id`; may be empty. Of an identifier named more than once the last counts."""
    offsets: Mapping[str, int]


def batch_of(fact: Fact, copied: bytes | bytearray) -> Batch | None:
    """Of what `COPY (fact.select) TO STDOUT` gives with `COPIED_AS`; None without rows."""
    if copied.find(b"\n") == len(copied) - 1:
        return None  # The names alone.
    kinds = {SEQ: "whole", **fact.columns}
    read = csv.read_csv(
        pa.BufferReader(copied),
        csv.ReadOptions(use_threads=False, block_size=len(copied)),  # Of a row only the whole may be in a block.
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            include_columns=list(kinds),
            column_types={name: pa.string() if kind == "json" else ARROW[kind] for name, kind in kinds.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    data = dict(zip(read.column_names, read.columns, strict=True))
    for name, kind in fact.columns.items():
        if kind == "json":
            data["text"], data["number"] = maps_of(data[name])
            data |= {path: _plain(data[form], path) for path, form in fact.plain.items()}
    return Batch(fact, pa.table({name: data[name] for name in fact.stored}))


def moves_of(rows: Iterable[Sequence[Any]]) -> pa.Table:
    seqs, identifiers, customers = zip(*rows, strict=True) if rows else ((), (), ())
    data = {SEQ: seqs, IDENTIFIER: identifiers, CUSTOMER: [str(one) for one in customers]}
    return pa.table({name: pa.array(data[name], ARROW[kind]) for name, kind in MOVES_STORED.items()})


def _plain(maps: pa.MapArray, path: str) -> pa.Array:
    if pc.index(maps.keys, path).as_py() < 0:  # As for most, in a third of the time.
        return pa.nulls(len(maps), maps.type.item_type)
    return pc.map_lookup(maps, pa.scalar(path), "first")
