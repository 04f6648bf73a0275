"""Whether the warehouse holds what the log holds: range by range of `seq`, every column of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import blake2b
from typing import Any, Final

from regulars.platform.warehouse.batches import Batch
from regulars.platform.warehouse.facts import CUSTOMER, SEQ, Fact, Kind
from regulars.shared.errors import Malformed

named_max: Final = 20
"""How many rows of a range are named of each kind of difference."""
rows_without_end_max: Final = 100_000
_SUMS: Final = 2**64


class RangeUnknown(Malformed):
    """There is no such range; take one from `next`."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One range of one fact, both ends included. Sums do not depend on the order of rows. Of each kind of difference
    the first few rows by `seq`: in the log alone, in the warehouse alone, there more than once, otherwise there,
    there with another customer."""

    fact: str
    first: int
    last: int
    rows_in_log: int
    rows_in_warehouse: int
    sum_in_log: str
    sum_in_warehouse: str
    missing: Sequence[int]
    unexpected: Sequence[int]
    repeated: Sequence[int]
    changed: Sequence[int]
    misplaced: Sequence[int]
    next: str | None
    """Where to go on; None after the last range of the last fact."""

    @property
    def same(self) -> bool:
        return self.rows_in_log == self.rows_in_warehouse and self.sum_in_log == self.sum_in_warehouse


@dataclass(frozen=True, slots=True)
class _Row:
    seq: int
    customer: str | None
    rest: int


def query_of(fact: Fact, after: int, last: int | None) -> str:
    """The rows of a range in any warehouse. Without an end, all there are, up to a ceiling that no log reaches."""
    columns = ", ".join(f'"{name}"' for name in fact.stored)
    end = f' ORDER BY "{SEQ}" LIMIT {rows_without_end_max}' if last is None else f' AND "{SEQ}" <= {last}'
    return f'SELECT {columns} FROM {fact.name} WHERE "{SEQ}" > {after}{end}'


def log_rows(batch: Batch | None) -> Iterator[Sequence[Any]]:
    if batch is not None:
        yield from zip(*(column.to_pylist() for column in batch.rows.columns), strict=True)


def compare(
    fact: Fact,
    first: int,
    last: int,
    log: Iterable[Sequence[Any]],
    found: Iterable[Sequence[Any]],
    following: str | None,
) -> Compared:
    """Rows as tuples in the order of `Fact.stored`."""
    kinds = fact.stored
    in_log = [_read(kinds, row) for row in log]
    in_warehouse = [_read(kinds, row) for row in found]
    wanted, there = {row.seq: row for row in in_log}, {row.seq: row for row in in_warehouse}
    both = [(row, there[seq]) for seq, row in wanted.items() if seq in there]
    return Compared(
        fact=fact.name,
        first=first,
        last=last,
        rows_in_log=len(in_log),
        rows_in_warehouse=len(in_warehouse),
        sum_in_log=_sum(in_log),
        sum_in_warehouse=_sum(in_warehouse),
        missing=_named(wanted.keys() - there.keys()),
        unexpected=_named(there.keys() - wanted.keys()),
        repeated=_named(seq for seq, times in Counter(row.seq for row in in_warehouse).items() if times > 1),
        changed=_named(one.seq for one, other in both if one.rest != other.rest),
        misplaced=_named(one.seq for one, other in both if one.customer != other.customer),
        next=following,
    )


def position_of(cursor: str | None, facts: Sequence[Fact]) -> tuple[int, int]:
    """Which fact, by its place, and after which `seq`. Raises RangeUnknown."""
    if cursor is None:
        return 0, 0
    name, _, after = cursor.partition(".")
    places = [place for place, fact in enumerate(facts) if fact.name == name]
    if not places or not after.isdecimal() or len(after) > len(str(_SUMS)):
        raise RangeUnknown
    return places[0], int(after)


def _read(kinds: Mapping[str, Kind], row: Sequence[Any]) -> _Row:
    plain = {name: _plain(kind, value) for (name, kind), value in zip(kinds.items(), row, strict=True)}
    customer = plain.pop(CUSTOMER, None)
    return _Row(plain[SEQ], customer, _number(tuple(plain.values())))


def _plain(kind: Kind, value: Any) -> Any:
    """One form for what engines give in several."""
    if value is None:
        return None
    match kind:
        case "uuid":
            return str(value)
        case "instant":
            return value.astimezone(UTC).isoformat()
        case "texts" | "numbers":
            return sorted(dict(value).items())
        case "number":
            return float(value)
        case "whole":
            return int(value)
        case "truth":
            return bool(value)
        case "text":
            return value


def _number(values: object) -> int:
    return int.from_bytes(blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _sum(rows: Iterable[_Row]) -> str:
    return f"{sum(_number((row.seq, row.customer, row.rest)) for row in rows) % _SUMS:016x}"


def _named(seqs: Iterable[int]) -> list[int]:
    return sorted(seqs)[:named_max]
