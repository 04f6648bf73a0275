from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regulars.domains.events import service as events
from regulars.domains.events.model import ImportMovedOn
from regulars.entrypoints.importing import RejectedRows, Report, Tally, check_rows, run_import
from regulars.platform.unit import Units
from regulars.providers.files.mapping import FileMapping
from regulars.providers.files.presets import preset
from regulars.providers.files.reading import Reading
from regulars.providers.files.source import open_source

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDERS = preset("generic-orders")


def orders(folder: Path, rows: int, *, bad: tuple[int, ...] = ()) -> Reading:
    """A file of orders, those at `bad` positions without a readable amount."""
    path = folder / "orders.csv"
    lines = (
        f"A-{n},{n % 700 + 1},{'?' if n in bad else n % 90 + 1},2026-01-{n % 28 + 1:02d} 10:00:00\n"
        for n in range(rows)
    )
    path.write_text("order_id,customer_id,revenue,ordered_at\n" + "".join(lines))
    return reading_of(path)


def reading_of(path: Path, mapping: FileMapping = ORDERS) -> Reading:
    return Reading(open_source(path), mapping, AT)


async def do_import(units: Units, reading: Reading, folder: Path, *, stop_at: int = -1) -> Report:
    def told(tally: Tally) -> None:
        if tally.position == stop_at:
            raise KeyboardInterrupt

    rejected = folder / "orders.rejected.jsonl"
    return await run_import(units, reading, mapping_name="generic-orders", rejected_file=rejected, told=told)


async def inbox(units: Units) -> list[str]:
    async with units.open() as unit:
        return list(await unit.values(b"SELECT message_id FROM inbox WHERE historical ORDER BY seq"))


async def test_every_row_reaches_the_inbox_as_history(units: Units, tmp_path: Path) -> None:
    report = await do_import(units, orders(tmp_path, 2_500), tmp_path)
    assert report.tally == Tally(position=2_500, accepted=2_500, rejected=0)
    assert await inbox(units) == [f"order-completed-A-{n}" for n in range(2_500)]
    assert not (tmp_path / "orders.rejected.jsonl").exists()
    async with units.open() as unit:
        (line,) = (await events.imports(unit, None, 10)).items
    assert (line.file, line.kind, line.state, line.rows, line.accepted) == (
        "orders.csv",
        "orders",
        "done",
        2_500,
        2_500,
    )


async def test_bad_rows_go_to_a_file_with_their_reason_and_stop_nothing(units: Units, tmp_path: Path) -> None:
    report = await do_import(units, orders(tmp_path, 1_200, bad=(3, 1_100)), tmp_path)
    assert (report.tally.accepted, report.tally.rejected) == (1_198, 2)
    lines = [json.loads(line) for line in (tmp_path / "orders.rejected.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [4, 1_101]
    assert lines[0]["reason"] == "revenue: '?' is not a number."
    assert lines[0]["values"]["order_id"] == "A-3"


async def test_what_intake_refuses_is_rejected_with_its_row(units: Units, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    calls = [
        {"type": "track", "event": "Seen", "userId": "1", "timestamp": "2026-01-01T00:00:00Z"},
        {"type": "track", "event": "Stage Entered", "userId": "1", "timestamp": "2026-01-01T00:00:00Z"},
        {"type": "track", "event": "Seen", "userId": "null"},
    ]
    path.write_text("".join(json.dumps(call) + "\n" for call in calls))
    report = await do_import(units, reading_of(path, preset("segment-jsonl")), tmp_path)
    assert report.tally == Tally(3, 1, 2)
    lines = [json.loads(line) for line in (tmp_path / "orders.rejected.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [2, 3]
    assert "forgery" in lines[0]["reason"]
    assert lines[0]["values"] == calls[1]


async def test_an_import_that_was_stopped_resumes_without_loss_or_repetition(units: Units, tmp_path: Path) -> None:
    reading = orders(tmp_path, 5_000, bad=(10, 2_999, 3_000, 4_000))
    with pytest.raises(KeyboardInterrupt):
        await do_import(units, reading, tmp_path, stop_at=3_000)
    # A line of a chunk that was never committed, as a killed run leaves it.
    with (tmp_path / "orders.rejected.jsonl").open("a") as file:
        file.write('{"row": 3001, "reason": "left over", "values": {}}\n')
    assert len(await inbox(units)) == 2_998
    async with units.open() as unit:
        (line,) = (await events.imports(unit, None, 10)).items
    assert (line.state, line.accepted, line.rejected) == ("cancelled", 2_998, 2)
    report = await do_import(units, orders(tmp_path, 5_000, bad=(10, 2_999, 3_000, 4_000)), tmp_path)
    assert report == Report(Tally(5_000, 4_996, 4), resumed_at=3_000)
    ids = await inbox(units)
    assert len(ids) == len(set(ids)) == 4_996
    rows = [json.loads(line)["row"] for line in (tmp_path / "orders.rejected.jsonl").read_text().splitlines()]
    assert rows == [11, 3_000, 3_001, 4_001]


@pytest.mark.slow
async def test_a_hundred_thousand_rows_stopped_in_the_middle_arrive_once_each(units: Units, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        await do_import(units, orders(tmp_path, 100_000), tmp_path, stop_at=50_000)
    report = await do_import(units, orders(tmp_path, 100_000), tmp_path)
    assert report == Report(Tally(100_000, 100_000, 0), resumed_at=50_000)
    async with units.open() as unit:
        counts = await unit.records(b"SELECT count(*) AS rows, count(DISTINCT message_id) AS ids FROM inbox")
    assert counts == [{"rows": 100_000, "ids": 100_000}]


async def test_a_file_imported_before_is_not_imported_again(units: Units, tmp_path: Path) -> None:
    await do_import(units, orders(tmp_path, 100), tmp_path)
    copy = tmp_path / "copy.csv"
    copy.write_bytes((tmp_path / "orders.csv").read_bytes())
    again = await do_import(units, reading_of(copy), tmp_path)
    assert again == Report(Tally(100, 100, 0), again=True)
    assert len(await inbox(units)) == 100


async def test_two_imports_of_one_file_do_not_mix(units: Units, tmp_path: Path) -> None:
    reading = orders(tmp_path, 3_000)

    async def meddle() -> None:
        async with units.open() as unit:
            state = await events.find_import(unit, reading.identity, "orders")
            assert state
            await events.advance_import(unit, state, replace(state, position=state.position + 1_000))

    def told(tally: Tally) -> None:
        if tally.position == 1_000:
            tasks.append(asyncio.create_task(meddle()))

    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(ImportMovedOn):
        await run_import(units, reading, mapping_name="x", rejected_file=tmp_path / "r.jsonl", told=told)
    await asyncio.gather(*tasks)


async def test_a_file_that_breaks_midway_is_noted_as_failed(units: Units, tmp_path: Path) -> None:
    reading = orders(tmp_path, 2_000)
    rejected = tmp_path / "folder"
    rejected.mkdir()
    bad = orders(tmp_path, 2_001, bad=(5,))
    with pytest.raises(Exception, match="cannot be written"):
        await run_import(units, bad, mapping_name="x", rejected_file=rejected)
    async with units.open() as unit:
        state = await events.find_import(unit, bad.identity, "orders")
    assert state
    assert state.state == "failed"
    assert "cannot be written" in (state.failed_because or "")
    assert reading.identity != bad.identity


def test_a_dry_run_finds_what_an_import_would_reject(tmp_path: Path) -> None:
    with RejectedRows(tmp_path / "r.jsonl") as rejected:
        tally = check_rows(orders(tmp_path, 1_500, bad=(7,)), rejected_rows=rejected, told=lambda tally: None)
    assert tally == Tally(1_500, 1_499, 1)
    assert json.loads((tmp_path / "r.jsonl").read_text())["row"] == 8
