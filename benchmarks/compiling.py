"""A rule of fifty conditions, from its tree to the query that answers it."""

from __future__ import annotations

from datetime import UTC
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure
from regulars.rules.compile import compile_rules
from regulars.rules.engines.duckdb import duckdb
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.tree.reading import parse_tree


async def measure(quick: bool) -> list[Figure]:
    """Warm is another rule of the same fifty shapes: what is remembered is the shapes, not the values."""
    figures = []
    for name, engine in (("PostgreSQL", postgresql), ("DuckDB", duckdb)):
        times = []
        for generation in range(4):
            tree = _tree(generation)
            began = perf_counter()
            rule = parse_tree(tree)
            read_s = perf_counter() - began
            began = perf_counter()
            query = compile_rules({"rule": rule}, engine, UTC)
            times.append(perf_counter() - began)
            began = perf_counter()
            compile_rules({"rule": rule}, engine, UTC)
            again_s = perf_counter() - began
        note = f"{len(query.sql):,} characters of SQL"
        took = {"first": times[0], "others of their kind": min(times[1:]), "the same again": again_s}
        figures += [
            Figure(f"50 conditions for {name}, {which}", 1000 * seconds, "ms", 1000 * read_s, "its tree read", note)
            for which, seconds in took.items()
        ]
    return figures


def _tree(generation: int) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = []
    for number in range(50):
        event = {"did": f"Event {number % 10}", "within": f"{1 + number + generation}d"}
        match number % 5:
            case 0:
                conditions.append({"trait": f"key_{number}", "is": f"value {generation}"})
            case 1:
                conditions.append({**event, "times": {"at_least": 1 + number % 4}})
            case 2:
                conditions.append({**event, "where": [{"property": "revenue", "at_least": 10 + generation}]})
            case 3:
                conditions.append({"not": event})
            case _:
                conditions.append({"any": [event, {"trait": "country", "in": ["DE", f"X{generation}"]}]})
    return {"all": conditions}
