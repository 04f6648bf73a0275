"""Which files of a folder count, and what a Spark warehouse's URL says. That it follows the log is tested with the
other warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.platform.settings import SettingMalformed
from regulars.platform.warehouse import parquet
from regulars.platform.warehouse.batches import MOVES_STORED, Batch, Load, moves_of
from regulars.platform.warehouse.facts import MOVES, Fact
from regulars.platform.warehouse.parquet import Store
from regulars.platform.warehouse.sinks import WarehouseFedElsewhere
from regulars.platform.warehouse.spark import read_url

FACT = Fact("visits", "a visit", {"customer_id": "uuid", "identifier_id": "whole"}, b"")
FACTS = [FACT]


def load(first: int, last: int, *, moves: int = 0) -> Load:
    seqs = list(range(first, last + 1))
    rows = pa.table({"seq": seqs, "customer_id": [f"c{seq}" for seq in seqs], "identifier_id": seqs})
    moved = moves_of([(n, n, f"c{n}") for n in range(1, moves + 1)])
    return Load([Batch(FACT, rows)], moved, {"visits": last})


def opened(folder: Path, facts: Sequence[Fact] = FACTS) -> Store:
    store = Store(folder)
    store.lay_out(facts)
    return store


def taken_over(folder: Path, facts: Sequence[Fact] = FACTS) -> Store:
    store = opened(folder, facts)
    store.take_over()
    return store


def seqs(store: Store) -> list[int]:
    files = [store.path("visits", name) for name, _ in store.latest().files.get("visits", ())]
    return [seq for path in files for seq in pq.read_table(path)["seq"].to_pylist()]


def test_what_was_appended_is_there_for_another_process(tmp_path: Path) -> None:
    store = taken_over(tmp_path)
    store.append(load(1, 3, moves=2))
    store.append(load(4, 4))
    other = opened(tmp_path)
    assert other.latest().offsets == {"visits": 4}
    assert seqs(other) == [1, 2, 3, 4]
    assert other.size() == (3, 6)
    ((moves, rows),) = other.latest().files[MOVES]
    assert rows == 2
    assert pq.read_table(other.path(MOVES, moves)).column_names == list(MOVES_STORED)


def test_files_that_no_manifest_names_never_count(tmp_path: Path) -> None:
    store = taken_over(tmp_path)
    store.append(load(1, 3))
    broken = load(4, 5)
    unwritable = Batch(FACT, broken.batches[0].rows.rename_columns(["no", "such", "columns"]))
    with pytest.raises(ValueError, match="no"):
        store.append(Load([*broken.batches, unwritable], broken.moves, broken.offsets))
    assert seqs(opened(tmp_path)) == [1, 2, 3]
    store.append(load(4, 6))
    assert seqs(store) == [1, 2, 3, 4, 5, 6]
    (tmp_path / "visits" / "left-behind.parquet").write_bytes(b"half a fi")
    assert seqs(taken_over(tmp_path)) == [1, 2, 3, 4, 5, 6]
    assert len(list((tmp_path / "visits").iterdir())) == 2


def test_whoever_was_taken_over_from_appends_no_more(tmp_path: Path) -> None:
    first = taken_over(tmp_path)
    first.append(load(1, 2))
    second = taken_over(tmp_path)
    for _ in range(2):
        with pytest.raises(WarehouseFedElsewhere):
            first.append(load(3, 9))
    second.append(load(3, 4))
    assert seqs(first) == seqs(second) == [1, 2, 3, 4]
    assert seqs(taken_over(tmp_path)) == [1, 2, 3, 4]


def test_who_never_took_over_appends_nothing(tmp_path: Path) -> None:
    with pytest.raises(WarehouseFedElsewhere):
        opened(tmp_path).append(load(1, 1))
    assert opened(tmp_path).latest().offsets == {}


def test_many_small_files_become_one_and_are_kept_for_whoever_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "retired_kept", 20)
    store = taken_over(tmp_path)
    for seq in range(1, 101):
        store.append(load(seq, seq))
        assert len(store.latest().files["visits"]) < parquet.files_merged
    assert seqs(store) == list(range(1, 101))
    there = {path.name for path in (tmp_path / "visits").iterdir()}
    assert there == {name for name, _ in store.latest().files["visits"]} | {
        name.removeprefix("visits/") for name in store.latest().retired
    }
    assert len(list((tmp_path / "manifests").iterdir())) == parquet.manifests_kept


def test_large_files_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "small_rows", (2, 10))
    store = taken_over(tmp_path)
    for seq in range(1, 400, 4):
        store.append(load(seq, seq + 3))
    sizes = [rows for _, rows in store.latest().files["visits"]]
    assert max(sizes) == 4 * parquet.files_merged
    assert seqs(store) == list(range(1, 401))


def test_another_layout_begins_anew(tmp_path: Path) -> None:
    taken_over(tmp_path).append(load(1, 3))
    longer = Fact("visits", "a visit", {**FACT.columns, "more": "text"}, b"")
    store = taken_over(tmp_path, [longer])
    assert store.latest().offsets == {}
    assert list((tmp_path / "visits").iterdir()) == []


def test_a_url_says_where_the_cluster_and_the_files_are() -> None:
    found = read_url("spark://127.0.0.1:7077/mnt/wa%20re?spark.executor.memory=2g&spark.cores.max=8")
    assert found.master == "spark://127.0.0.1:7077"
    assert found.folder == Path("/mnt/wa re")
    assert found.settings == {"spark.executor.memory": "2g", "spark.cores.max": "8"}


@pytest.mark.parametrize(
    "url",
    ["spark://", "spark://host/x", "spark://host:7077", "spark://host:7077/", "spark://host:port/x",
     "spark://me:secret@host:7077/x", "spark://host:7077/x?memory=1g", "spark://host:7077/x?spark.cores.max"],
)  # fmt: skip
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(SettingMalformed, match="spark://host:port/folder"):
        read_url(url)
