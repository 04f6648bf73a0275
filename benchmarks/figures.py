"""A figure stands beside the limit it can at best come near, taken in the same run on the same machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`limit` is in the same unit and says what it is in `beside`. For rates the ratio is at most about 1, for times at
    least about 1."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    beside: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def table(figures: Sequence[Figure]) -> str:
    """All of them as a table in Markdown."""
    lines = ["| figure | value | limit of the same run | ratio | note |", "| --- | ---: | --- | ---: | --- |"]
    for one in figures:
        limit = f"{_number(one.limit)} {one.unit}: {one.beside}" if one.limit is not None else ""
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        lines.append(f"| {one.name} | {_number(one.value)} {one.unit} | {limit} | {ratio} | {one.note} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3f}"
