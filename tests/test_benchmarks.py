"""The benchmarks run, and what can be counted in them is as it must be. Timings are never asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.figures import Figure, percentile, table

ROOT = Path(__file__).parent.parent
FIGURES = {
    "accepting": 4,
    "processing": 5,
    "seeing": 4,
    "sending": 3,
    "sustaining": 2,
    "importing": 2,
    "starting": 2,
    "filling": 2,
    "touching": 2,
    "compiling": 6,
    "sparking": 2,
}


def measured(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    told = folder / "figures.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick", "--json", str(told)], check=True, cwd=ROOT, timeout=540
    )
    return {one["name"]: one for one in json.loads(told.read_text())["figures"]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_taken_beside_its_limit(name: str, tmp_path: Path) -> None:
    figures = measured(name, tmp_path)
    assert len(figures) >= FIGURES[name]
    for one in figures.values():
        assert one["value"] >= 0
        assert one["limit"] > 0
        assert one["beside"]


@pytest.mark.slow
def test_a_tick_takes_as_many_statements_in_a_big_base_as_in_a_small_one(tmp_path: Path) -> None:
    statements = measured("touching", tmp_path)["statements a tick"]
    assert abs(statements["value"] - statements["limit"]) <= 2, "whether somebody is due or new makes one or two"
    assert statements["value"] <= 45


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile([7.0], 0.99) == 7


def test_a_figure_without_a_limit_has_no_ratio() -> None:
    rows = table([Figure("alone", 1234.5, "rows/s"), Figure("beside", 0.5, "s", 0.25, "a limit")]).splitlines()
    assert rows[2] == "| alone | 1,234 rows/s |  |  |  |"
    assert rows[3] == "| beside | 0.500 s | 0.250 s: a limit | 2.00 |  |"
