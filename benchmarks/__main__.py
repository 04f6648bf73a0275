"""`python -m benchmarks [NAME …] [--quick] [--json FILE]`: measure, and print a table in Markdown.

Everything runs on loopback and Unix sockets, in data folders of its own that are gone afterwards. `--quick` takes small
amounts: it shows that each figure can be taken, not what it is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import uvloop

from benchmarks import (
    accepting,
    compiling,
    evaluating,
    filling,
    importing,
    processing,
    seeing,
    sending,
    sparking,
    starting,
    sustaining,
    touching,
)
from benchmarks.figures import Figure, table
from regulars.platform.telemetry import configure_logging

ALL: Final[Mapping[str, Callable[[bool], Coroutine[Any, Any, list[Figure]]]]] = {
    "accepting": accepting.measure,
    "processing": processing.measure,
    "seeing": seeing.measure,
    "sending": sending.measure,
    "importing": importing.measure,
    "sustaining": sustaining.measure,
    "starting": starting.measure,
    "evaluating": evaluating.measure,
    "filling": filling.measure,
    "touching": touching.measure,
    "compiling": compiling.measure,
    "sparking": sparking.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all if none is given")
    parser.add_argument("--quick", action="store_true", help="small amounts: do they run at all?")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    if unknown := set(given.names) - ALL.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    configure_logging("pretty", level="ERROR")
    figures: list[Figure] = []
    for name in given.names or ALL:
        began = perf_counter()
        figures += uvloop.run(ALL[name](given.quick))
        print(f"{name}: {perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}{', quick' if given.quick else ''}\n\n{table(figures)}")
    if given.json is not None:
        told = {"machine": machine, "quick": given.quick, "figures": [one.as_json() for one in figures]}
        given.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
