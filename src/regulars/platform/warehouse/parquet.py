"""Files that only ever come, in a folder that several machines may see, and which of them count.

A load writes its files first, under names nobody else takes, and last a manifest with the next number: the names of all
files that count, and the offsets. The manifest appears by one link, which fails where its number is taken. So a load
counts whole or not at all, and of two processes that both believe they feed, one is told. Files that no manifest names
are nobody's, and are removed when somebody takes over.

Many small files are merged into one now and then. Those that were are kept for a while, since a query may be reading
them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.platform.warehouse.batches import ARROW, MOVES_STORED, Load
from regulars.platform.warehouse.facts import MOVES, Fact, Kind, layout
from regulars.platform.warehouse.sinks import WarehouseFedElsewhere

files_merged: Final = 16
small_rows: Final = (4_096, 65_536, 1_048_576)
"""A file with fewer rows than one of these is merged with as many others that have fewer too."""
manifests_kept: Final = 8
retired_kept: Final = 256

Files = Sequence[tuple[str, int]]
"""Names and numbers of rows, in the order of `seq`."""


@dataclass(frozen=True, slots=True)
class Manifest:
    number: int
    layout: str
    offsets: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, Files] = field(default_factory=dict)
    retired: Sequence[str] = ()
    """Files (`fact/name`) that were merged, the latest last."""


class Store:
    """Blocking. One process appends; any may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifests = folder / "manifests"
        self._kinds: Mapping[str, Mapping[str, Kind]] = {}
        self._layout = ""
        self._mine: Manifest | None = None
        self._epoch = 0

    def path(self, name: str, file: str) -> Path:
        return self._folder / name / file

    def size(self) -> tuple[int, int]:
        """Files and rows that count."""
        numbers = self._numbers()
        files = [rows for each in self._read(numbers[-1]).files.values() for _, rows in each] if numbers else []
        return len(files), sum(files)

    def lay_out(self, facts: Sequence[Fact]) -> None:
        """What was stored for another layout counts no more."""
        self._kinds = {**{fact.name: fact.stored for fact in facts}, MOVES: MOVES_STORED}
        self._layout = layout(facts)
        for name in (*self._kinds, self._manifests.name):
            (self._folder / name).mkdir(parents=True, exist_ok=True)

    def latest(self) -> Manifest:
        """Another process may take the oldest away while it is looked for: then there is a newer one."""
        numbers = self._numbers()
        found = self._read(numbers[-1]) if numbers else Manifest(0, self._layout)
        return found if found.layout == self._layout else Manifest(found.number, self._layout)

    def take_over(self) -> None:
        """With a manifest of its own, so that whoever fed before finds the number taken. What no manifest names is
        removed."""
        self._mine = None
        now = self.latest()
        mine = replace(now, number=now.number + 1, retired=())
        self._publish(mine)
        self._mine, self._epoch = mine, mine.number
        named = {self.path(name, file) for name, files in mine.files.items() for file, _ in files}
        for name in self._kinds:
            for path in (self._folder / name).iterdir():
                if path not in named:
                    path.unlink(missing_ok=True)

    def append(self, load: Load) -> None:
        before = self._mine
        if before is None:
            raise WarehouseFedElsewhere("This process has not taken over the warehouse, or another has since.")
        number = before.number + 1
        files: dict[str, Files] = dict(before.files)
        tables = [(batch.fact.name, batch.rows) for batch in load.batches]
        if load.moves.num_rows:
            tables.append((MOVES, load.moves))
        for name, rows in tables:
            file = f"{number:012}-{self._epoch:012}.parquet"
            self._write(name, file, [rows])
            files[name] = [*files.get(name, ()), (file, rows.num_rows)]
        retired = list(before.retired)
        for name in files:
            files[name] = self._merged(name, files[name], number, retired)
        given_up, retired = retired[:-retired_kept], retired[-retired_kept:]
        mine = Manifest(number, self._layout, dict(load.offsets), files, retired)
        self._publish(mine)
        self._mine = mine
        for file in given_up:
            (self._folder / file).unlink(missing_ok=True)

    def _merged(self, name: str, files: Files, number: int, retired: list[str]) -> Files:
        """The last files, where many are small, as one."""
        for level, rows_max in enumerate(small_rows):
            small = 0
            while small < len(files) and files[-1 - small][1] < rows_max:
                small += 1
            if small < files_merged:
                continue
            last = files[-small:]
            file = f"{number:012}-{self._epoch:012}-{level}.parquet"
            self._write(name, file, (self._rows(name, one) for one, _ in last))
            retired.extend(f"{name}/{one}" for one, _ in last)
            files = [*files[:-small], (file, sum(rows for _, rows in last))]
        return files

    def _rows(self, name: str, file: str) -> pa.Table:
        return pq.read_table(self.path(name, file), schema=_schema(self._kinds[name]))

    def _write(self, name: str, file: str, tables: Iterable[pa.Table]) -> None:
        schema = _schema(self._kinds[name])
        path = self.path(name, file)
        with path.open("wb") as stream:
            with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
                for table in tables:
                    writer.write_table(table.cast(schema))
            stream.flush()
            os.fsync(stream.fileno())
        _settle(path.parent)

    def _publish(self, manifest: Manifest) -> None:
        said = {
            "layout": manifest.layout,
            "offsets": manifest.offsets,
            "files": manifest.files,
            "retired": manifest.retired,
        }
        unnamed = self._manifests / f".{os.getpid()}-{id(self)}"
        try:
            with unnamed.open("w", encoding="utf-8") as stream:
                json.dump(said, stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(unnamed, self._manifests / f"{manifest.number:012}.json")
        except FileExistsError:
            self._mine = None
            raise WarehouseFedElsewhere from None
        finally:
            unnamed.unlink(missing_ok=True)
        _settle(self._manifests)
        for number in self._numbers()[:-manifests_kept]:
            (self._manifests / f"{number:012}.json").unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        with suppress(FileNotFoundError):
            return sorted(int(path.stem) for path in self._manifests.glob("*.json"))
        return []

    def _read(self, number: int) -> Manifest:
        said = json.loads((self._manifests / f"{number:012}.json").read_text("utf-8"))
        files = {name: [(file, rows) for file, rows in each] for name, each in said["files"].items()}
        return Manifest(number, said["layout"], said["offsets"], files, said["retired"])


def _schema(kinds: Mapping[str, Kind]) -> pa.Schema:
    return pa.schema([(name, ARROW[kind]) for name, kind in kinds.items()])


def _settle(folder: Path) -> None:
    """Names of files outlast a power cut once their folder is written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
