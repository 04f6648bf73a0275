from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from regulars.entrypoints.import_command import TimeZoneUnknown, import_file
from regulars.platform.settings import InstallationSettings, read_settings
from regulars.platform.unit import Units
from regulars.providers.files.model import UnknownColumn, UnknownMapping

CUSTOMERS = "customer_id;name;email;email_consent\n1;Zoë;zoe@example.com;yes\n2;Bo;bo@;no\n3;Chi;;no\n"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> InstallationSettings:
    return read_settings({"REGULARS_DATABASE_URL": database_url}, data=tmp_path / "data")


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_bytes(CUSTOMERS.encode("latin-1"))
    return path


async def test_a_file_is_imported_and_what_happened_is_told(
    settings: InstallationSettings, customers: Path, tmp_path: Path, units: Units
) -> None:
    rejected, words = tmp_path / "no.jsonl", io.StringIO()
    report = await import_file(
        settings, customers, mapping="generic-customers", rejected=rejected, console=Console(file=words)
    )
    assert "3 rows: 2 accepted, 1 rejected (see " in report.in_words()
    assert (report.as_json()["accepted"], report.as_json()["rejected_file"]) == (2, str(rejected))
    assert "Windows-1252" in words.getvalue()
    assert json.loads(rejected.read_text())["reason"] == "'bo@' is not an e-mail address."
    async with units.open() as unit:
        rows = await unit.records(b"SELECT user_id, email, historical, traits, consents FROM inbox ORDER BY seq")
    assert [(row["user_id"], row["email"], row["historical"]) for row in rows] == [
        ("1", "zoe@example.com", True),
        ("3", None, True),
    ]
    assert rows[0]["traits"]["name"]["v"] == "Zoë"
    assert rows[1]["consents"] == [{"channel": "email", "topic": "marketing", "answer": "no"}]
    again = await import_file(settings, customers, mapping="generic-customers", rejected=rejected)
    assert "was imported before with this mapping" in again.in_words()


async def test_a_dry_run_needs_no_database(customers: Path, tmp_path: Path) -> None:
    nowhere = read_settings({"REGULARS_DATABASE_URL": "postgresql://127.0.0.1:1/none"}, data=tmp_path / "data")
    report = await import_file(
        nowhere, customers, mapping="generic-customers", rejected=tmp_path / "no.jsonl", dry_run=True
    )
    assert report.in_words().endswith("Nothing was stored.")
    assert not report.failed
    assert not (tmp_path / "data").exists()


async def test_what_is_wrong_is_said_before_anything_is_stored(settings: InstallationSettings, customers: Path) -> None:
    with pytest.raises(UnknownMapping, match="Did you mean 'generic-customers'"):
        await import_file(settings, customers, mapping="generic-customer")
    with pytest.raises(UnknownColumn, match="order_id of the mapping names the column 'order_id'"):
        await import_file(settings, customers, mapping="generic-orders")
    with pytest.raises(TimeZoneUnknown, match="Mars"):
        await import_file(settings, customers, mapping="generic-customers", timezone="Mars")
