"""`doctor` and `import` as they are typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars.entrypoints import doctor
from regulars.platform.settings import InstallationSettings
from regulars.shared.clock import SystemClock
from tests.entrypoints.served import Served, free_port, regulars, until

pytestmark = pytest.mark.slow

ORDERS = """order_id,customer_id,ordered_at,total,currency
1,ana,2026-01-05 10:00,20.00,EUR
2,ana,yesterday-ish,5.00,EUR
3,bo,2026-02-01 09:30,12.50,EUR
"""


def findings(said: str) -> dict[str, dict[str, Any]]:
    return {one["part"]: one for one in json.loads(said)}


def test_the_doctor_finds_nothing_in_a_good_set_up(resting_folder: Path) -> None:
    said = regulars("doctor", "--data", resting_folder, "--port", str(free_port()), "--json")
    found = findings(said.out)
    ill = [part for part, one in found.items() if not one["well"] and part != "web app"]
    assert ill == [], said.out
    parts = {"data folder", "disk", "PostgreSQL", "clock", "log", "warehouse", "web app", "port", "mail", "sending"}
    assert found.keys() == parts
    assert said.code == (0 if found["web app"]["well"] else 1)


def test_the_doctor_names_every_fault_and_what_to_do(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = free_port()
    settings = {
        "REGULARS_DATABASE_URL": f"postgresql://127.0.0.1:{nowhere}/shop",
        "REGULARS_SMTP_URL": f"smtp://127.0.0.1:{nowhere}",
        "REGULARS_WAREHOUSE_URL": f"clickhouse://127.0.0.1:{nowhere}",
    }
    arguments = ("doctor", "--data", tmp_path / "file" / "data", "--port", str(served.port))
    said = regulars(*arguments, "--json", settings=settings)
    assert said.code == 1
    found = findings(said.out)
    for part in ("data folder", "PostgreSQL", "warehouse", "port", "mail"):
        assert not found[part]["well"], part
    assert "REGULARS_DATABASE_URL" in found["PostgreSQL"]["advice"]
    assert "REGULARS_SMTP_URL" in found["mail"]["advice"]
    assert "--port" in found["port"]["advice"]
    spoken = regulars(*arguments, settings=settings)
    assert spoken.code == 1
    assert spoken.is_plain
    assert spoken.out.count("BAD") == len([one for one in found.values() if not one["well"]])


@pytest.mark.parametrize(("ahead_s", "seen"), [(0, None), (90, "ahead of"), (-90, "behind")])
async def test_the_doctor_compares_this_machine_s_clock_with_the_database_s(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_s: int, seen: str | None
) -> None:
    def shown() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead_s)

    monkeypatch.setattr(doctor, "SystemClock", lambda: SystemClock(machine=shown))
    findings = await doctor.examine(InstallationSettings(tmp_path, database_url=database_url))
    (clock,) = [one for one in findings if one.part == "clock"]
    assert clock.well is (seen is None)
    if seen is not None:
        assert f"90.0 s {seen} the database's" in clock.seen
        assert "NTP" in clock.advice


def test_a_file_is_imported_once_however_often_it_is_given(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    rejected = tmp_path / "no.jsonl"
    command = ("import", file, "--mapping", "generic-orders", "--timezone", "Europe/Berlin", "--rejected", rejected)
    dry = regulars(*command, "--data", served.data, "--dry-run", "--json")
    assert (dry.code, dry.json()["dry_run"], dry.json()["accepted"]) == (0, True, 2), dry.err
    first = regulars(*command, "--data", served.data, "--json")
    assert first.code == 0, first.err
    report = first.json()
    assert (report["rows"], report["accepted"], report["rejected"]) == (3, 2, 1)
    assert report["rejected_file"] == str(rejected)
    (line,) = (json.loads(line) for line in rejected.read_text().splitlines())
    assert "yesterday-ish" in line["reason"]

    def orders() -> list[tuple[Any, ...]]:
        with served.database() as connection:
            return connection.execute(
                "SELECT e.at::text, e.historical, i.value FROM events AS e JOIN identifiers AS i ON i.customer_id = "
                "e.customer_id WHERE e.name = 'Order Completed' AND i.kind = 'user_id' ORDER BY e.at"
            ).fetchall()

    known = [("2026-01-05 09:00:00+00", True, "ana"), ("2026-02-01 08:30:00+00", True, "bo")]
    until(lambda: len(orders()) == len(known))
    assert orders() == known
    again = regulars(*command, "--data", served.data)
    assert again.code == 0
    assert "imported before" in again.out
    assert orders() == known
    (line,) = [one for one in served.ask("/api/imports").json()["items"] if one["file"] == "orders.csv"]
    assert (line["state"], line["accepted"], line["rejected"]) == ("done", 2, 1)


def test_an_import_that_can_use_nothing_fails_and_says_why(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("a,b\n1,2\n")
    said = regulars("import", file, "--mapping", "generic-orders", "--data", served.data, cwd=tmp_path)
    assert said.code == 1
    assert said.is_plain
    assert "order_id" in said.err
    unknown = regulars("import", file, "--mapping", "generic-order", "--data", served.data, cwd=tmp_path)
    assert unknown.code == 1
    assert "generic-orders" in unknown.err
    assert regulars("import", tmp_path / "none.csv", "--mapping", "generic-orders").code == 2
