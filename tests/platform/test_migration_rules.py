"""A migration that would stop the traffic is found before it is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.platform import shipped
from regulars.platform.postgres.migrations import read_migrations
from tests.migration_rules import FIRST_RELEASE, faults_of

NEXT = FIRST_RELEASE + 1
EARLIER = f"-- works from: {FIRST_RELEASE:04d}\n"
BATCH = (
    "-- run: batches\nUPDATE events SET note = '' WHERE id IN (SELECT id FROM events WHERE note IS NULL LIMIT 500);\n"
)


def faults(folder: Path, text: str, *, head: str = EARLIER) -> list[str]:
    (folder / f"{NEXT:04d}_tried.sql").write_text(head + text)
    (migration,) = read_migrations(folder)
    return faults_of(migration, folder)


def test_no_migration_stops_the_traffic() -> None:
    folder = shipped.migrations()
    assert [fault for one in read_migrations(folder) for fault in faults_of(one, folder)] == []


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE events ADD COLUMN note text;",
        "ALTER TABLE events ADD COLUMN note text NOT NULL DEFAULT '';",
        "CREATE TABLE visits (id uuid PRIMARY KEY, at timestamptz NOT NULL);\nCREATE INDEX visits_at ON visits (at);",
        "ALTER TABLE events ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
        "-- run: statements\nCREATE INDEX CONCURRENTLY IF NOT EXISTS events_note ON events (note);",
        "-- run: statements\nALTER TABLE events VALIDATE CONSTRAINT named;",
        "-- run: statements\nDROP INDEX CONCURRENTLY IF EXISTS events_note;",
        BATCH,
    ],
)
def test_what_is_over_at_once_or_stands_in_nobodys_way_passes(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ALTER TABLE events ADD COLUMN note uuid DEFAULT gen_random_uuid();", "adding-field-with-default"),
        ("ALTER TABLE events ADD COLUMN note text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE events ALTER COLUMN name SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE events ALTER COLUMN name TYPE varchar(10);", "changing-column-type"),
        ("CREATE INDEX events_name ON events (name);", "require-concurrent-index-creation"),
        ("DROP INDEX events_of_customer;", "require-concurrent-index-deletion"),
        ("ALTER TABLE events ADD CONSTRAINT named CHECK (name <> '');", "constraint-missing-not-valid"),
        ("ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers;", "adding-foreign-key-constraint"),
        ("ALTER TABLE events ADD UNIQUE (name);", "disallowed-unique-constraint"),
        ("ALTER TABLE events DETACH PARTITION events_2026_01;", "require-concurrent-partition-detach"),
        ("ALTER TABLE events RENAME COLUMN name TO title;", "renaming-column"),
        ("ALTER TABLE events DROP COLUMN source;", "ban-drop-column"),
        ("DROP TABLE caught_mail;", "ban-drop-table"),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON events (name);", "cannot run in a transaction"),
        ("UPDATE events SET name = 'x';", "changes rows at one go"),
        ("LOCK TABLE events;", "keeps everybody out"),
        ("VACUUM FULL events;", "keeps everybody out"),
        ("TRUNCATE events;", "keeps everybody out"),
        ("ALTER TABLE events SET UNLOGGED;", "anew"),
        ("-- run: statements\nCREATE INDEX CONCURRENTLY x ON events (name);", "run again"),
        ("-- run: statements\nALTER TABLE events ADD COLUMN note text;", "belongs in a transaction"),
        ("-- run: batches\nUPDATE events SET name = 'x';", "LIMIT"),
        ("-- run: sideways\nSELECT 1;", "none of transaction, statements, batches"),
    ],
)
def test_what_others_would_wait_for_is_refused(tmp_path: Path, text: str, word: str) -> None:
    assert word in "\n".join(faults(tmp_path, text))


def test_who_can_work_with_the_new_schema_must_be_said(tmp_path: Path) -> None:
    assert "works from" in faults(tmp_path, "ALTER TABLE events ADD COLUMN note text;", head="")[0]


def test_what_older_programs_need_goes_only_when_none_of_them_can_run(tmp_path: Path) -> None:
    assert faults(tmp_path, "ALTER TABLE events DROP COLUMN source;", head=f"-- works from: {NEXT:04d}\n") == []
