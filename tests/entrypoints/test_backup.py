"""Backups that are damaged, places they cannot go to, and databases that are not for them."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from regulars.domains.messages.service import holding
from regulars.entrypoints import backup_command
from regulars.entrypoints.backup_command import DatabaseSilent, NothingToBackUp, Restored
from regulars.platform import shipped
from regulars.platform.backup import making, restoring
from regulars.platform.backup.making import BackupFolderUnusable, BackupUnderWay, DiskNearlyFull, Made
from regulars.platform.backup.manifest import BackupDamaged, BackupOfOtherFormat, NoBackup, read_manifest
from regulars.platform.backup.restoring import (
    BackupIsNewer,
    DatabaseNotEmpty,
    FolderInUse,
    FolderNotEmpty,
    TooLittleRoom,
)
from regulars.platform.history import history_of
from regulars.platform.postgres.migrate import HalfRestored, NoSchema, migrate
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Units
from regulars.shared.clock import SystemClock
from regulars.shared.ids import Ids
from tests.conftest import AT
from tests.entrypoints.served import regulars

Damage = Callable[[Path], None]


def quiet(_: str) -> None:
    """Nobody watches."""


async def backed_up(url: str, to: Path, *, keep: int | None = None) -> Made:
    settings = InstallationSettings(to / "nowhere", database_url=url)
    return await backup_command.backup(settings, to, keep=keep, jobs=2, tell=quiet)


async def restored(url: str, from_: Path) -> Restored:
    settings = InstallationSettings(from_ / "nowhere", database_url=url)
    return await backup_command.restore(settings, from_, force=False, jobs=2, tell=quiet)


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
async def whole(database_url: str, units: Units, tmp_path: Path) -> Path:
    """A backup of a database with a member who is signed in, and a thousand refusals to look at."""
    async with units.open() as unit:
        await history_of(unit)
        await unit.run(
            b"INSERT INTO rejections (id, at, source, code, reason, pointer, body)"
            b" SELECT derived_id(%(at)s, n::text), %(at)s, 'w', 'c', E'tab\\tand\\nline', '', U&'\\00fc' || n"
            b" FROM generate_series(1, 1000) AS n",
            at=unit.at,
        )
        await unit.run(
            b"INSERT INTO members VALUES (%(id)s, 'ana@example.com', 'Ana', 'x', 'owner', %(at)s)",
            id=unit.new_id(),
            at=unit.at,
        )
        await unit.run(b"INSERT INTO sessions SELECT 'x', id, %(at)s, %(at)s, %(at)s, '' FROM members", at=unit.at)
    return (await backed_up(database_url, tmp_path / "kept")).folder


@pytest.fixture
def empty_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database of this test's own, with nothing in it."""
    name = f"empty_{os.getpid()}"
    with psycopg.connect(postgres_server.url.replace("/regulars?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        yield postgres_server.url.replace("/regulars?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_what_was_backed_up_is_there_again_and_sends_nothing(
    database_url: str, empty_url: str, whole: Path, units: Units
) -> None:
    done = await restored(empty_url, whole)
    assert done.manifest.tables["public.rejections"] == 1000
    async with make_pool(empty_url, size_max=2) as pool:
        copy = Units(pool, SystemClock(), Ids())
        same = b"SELECT md5(string_agg(r::text, '|' ORDER BY id)) FROM rejections AS r"
        async with units.open() as unit, copy.open() as other:
            assert await unit.value(same) == await other.value(same)
            assert await history_of(unit) != await history_of(other)
            assert await other.value(b"SELECT count(*) FROM members") == 1
            assert await other.value(b"SELECT count(*) FROM sessions") == 0
            hold = await holding.held(other)
            assert hold is not None
            assert hold.backup_at == done.manifest.instant
            assert hold.made_until is not None
            assert hold.made_until >= done.manifest.instant
            assert await other.value(b"SELECT action FROM audit_log ORDER BY seq DESC LIMIT 1") == "backup.restored"
    assert await migrate(empty_url, shipped.migrations(), at=AT) == []
    with pytest.raises(DatabaseNotEmpty):
        await restored(empty_url, whole)


async def test_what_extensions_bring_leaves_a_database_empty(empty_url: str, whole: Path) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    assert (await restored(empty_url, whole)).manifest.tables["public.rejections"] == 1000


async def test_a_database_that_was_half_restored_is_served_by_nobody(empty_url: str, whole: Path) -> None:
    _, manifest = await backup_command.verify(whole, quiet)
    await restoring.load(empty_url, whole, manifest, jobs=1, scratch=whole.parent, tell=quiet)
    with pytest.raises(HalfRestored, match="interrupted"):
        await migrate(empty_url, shipped.migrations(), at=AT)


def test_only_the_owner_reads_a_backup(whole: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in whole.rglob("*")}
    assert modes == {0o600, 0o700}
    assert stat.S_IMODE(whole.stat().st_mode) == 0o700


def cut_short(whole: Path) -> None:
    file = max((whole / "database").glob("*.gz"), key=lambda path: path.stat().st_size)
    with file.open("rb+") as opened:
        opened.truncate(file.stat().st_size - 7)


def one_byte_changed(whole: Path) -> None:
    file = max((whole / "database").glob("*.gz"), key=lambda path: path.stat().st_size)
    text = bytearray(file.read_bytes())
    text[len(text) // 2] ^= 1
    file.write_bytes(text)


def other_rows_packed(whole: Path) -> None:
    file = max((whole / "database").glob("*.gz"), key=lambda path: path.stat().st_size)
    size = file.stat().st_size
    file.write_bytes(gzip.compress(b"\\.\n\n\n").ljust(size, b"\0"))


def contents_changed(whole: Path) -> None:
    file = whole / "database" / "toc.dat"
    file.write_bytes(file.read_bytes()[::-1])


def one_file_gone(whole: Path) -> None:
    next((whole / "database").glob("*.gz")).unlink()


def one_file_too_many(whole: Path) -> None:
    (whole / "database" / "9.dat.gz").write_bytes(b"")


def manifest_changed(whole: Path) -> None:
    file = whole / "manifest.json"
    file.write_text(file.read_text().replace("rejections", "rejectionz"))


def manifest_cut_short(whole: Path) -> None:
    file = whole / "manifest.json"
    file.write_text(file.read_text()[:-40])


DAMAGES: tuple[Damage, ...] = (
    cut_short,
    one_byte_changed,
    other_rows_packed,
    contents_changed,
    one_file_gone,
    one_file_too_many,
    manifest_changed,
    manifest_cut_short,
)


async def test_damage_is_found_before_anything_is_restored(whole: Path, empty_url: str, tmp_path: Path) -> None:
    await backup_command.verify(whole, quiet)
    unfound = []
    for damage in DAMAGES:
        copy = tmp_path / damage.__name__
        shutil.copytree(whole, copy)
        damage(copy)
        try:
            await backup_command.verify(copy, quiet)
        except BackupDamaged:
            continue
        unfound.append(damage.__name__)
    assert unfound == []
    with pytest.raises(BackupDamaged):
        await restored(empty_url, tmp_path / "one_byte_changed")
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


async def test_what_is_no_backup_is_called_so(tmp_path: Path, whole: Path) -> None:
    for folder in (tmp_path / "nothing", tmp_path, whole / "manifest.json"):
        with pytest.raises(NoBackup, match="There is no backup"):
            await backup_command.verify(folder, quiet)


async def test_a_backup_of_tomorrow_is_refused_in_words(whole: Path, tmp_path: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text())["manifest"]
    later = {**manifest["schema"][-1], "number": 9000, "name": "of_tomorrow", "works_from": 9000}
    for change, error, words in (
        ({"schema": [*manifest["schema"], later]}, BackupIsNewer, "9000_of_tomorrow"),
        ({"format": 2}, BackupOfOtherFormat, "has the format 2"),
    ):
        reseal(whole, {**manifest, **change})
        with pytest.raises(error, match=words):
            await restored("postgresql:///nowhere", whole)


def reseal(whole: Path, manifest: dict[str, object]) -> None:
    body = json.dumps(manifest, separators=(",", ":"))
    sealed = f'{{"manifest":{body},"sha256":"{sha256(body.encode()).hexdigest()}"}}'
    (whole / "manifest.json").write_text(sealed)


async def test_the_newest_are_kept_and_what_was_left_unfinished_is_swept_away(
    database_url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    first = await backed_up(database_url, kept)
    left = kept / "2020-01-01T00-00-00Z.unfinished"
    left.mkdir()
    (kept / "notes.txt").write_text("mine")
    second = await backed_up(database_url, kept)
    assert not left.exists()
    third = await backed_up(database_url, kept, keep=2)
    assert third.removed == (first.folder,)
    assert {path.name for path in kept.iterdir()} == {second.folder.name, third.folder.name, "notes.txt"}
    folder, manifest = await backup_command.verify(kept, quiet)
    assert (folder, manifest.instant) == (third.folder, third.manifest.instant)


async def test_a_clock_that_was_ahead_makes_no_backup_the_newest(database_url: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ahead = await backed_up(database_url, kept)
    manifest = json.loads((ahead.folder / "manifest.json").read_text())["manifest"]
    reseal(ahead.folder, {**manifest, "instant": "2999-01-01T00:00:00Z"})
    made = await backed_up(database_url, kept, keep=1)
    assert made.removed == (ahead.folder,)
    assert (await backup_command.verify(kept, quiet))[0] == made.folder


async def test_two_backups_in_one_folder_do_not_meet(database_url: str, tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(BackupUnderWay):
        await backed_up(database_url, tmp_path)
    os.close(handle)


async def test_a_disk_that_runs_full_keeps_its_room_and_no_rest_of_a_backup(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "free_bytes_min", 1 << 60)
    with pytest.raises(DiskNearlyFull, match="MB left"):
        await backed_up(database_url, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


async def test_where_a_backup_cannot_be_made_is_said(database_url: str, empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFolderUnusable):
        await backed_up(database_url, tmp_path / "file")
    with pytest.raises(NoSchema):
        await backed_up(empty_url, tmp_path / "kept")
    with pytest.raises(DatabaseSilent):
        await backed_up("postgresql://nobody@127.0.0.1:1/regulars", tmp_path / "kept")
    inside = InstallationSettings(tmp_path / "data")
    with pytest.raises(BackupFolderUnusable, match="inside the data folder"):
        await backup_command.backup(inside, tmp_path / "data" / "kept", keep=None, jobs=1, tell=quiet)
    with pytest.raises(NothingToBackUp):
        await backup_command.backup(inside, tmp_path / "kept", keep=None, jobs=1, tell=quiet)
    assert not (tmp_path / "data").exists()


async def test_a_restore_goes_where_nothing_is(
    whole: Path, tmp_path: Path, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "mine").write_text("")
    settings = InstallationSettings(data)
    with pytest.raises(FolderNotEmpty, match="mine"):
        await backup_command.restore(settings, whole, force=False, jobs=1, tell=quiet)
    with pytest.raises(FolderInUse):
        await backup_command.restore(
            InstallationSettings(postgres_server.folder), whole, force=True, jobs=1, tell=quiet
        )
    monkeypatch.setattr(restoring, "room_spare_bytes", 1 << 60)
    with pytest.raises(TooLittleRoom):
        await backup_command.restore(settings, whole, force=True, jobs=1, tell=quiet)
    assert [path.name for path in data.iterdir()] == ["mine"]


@pytest.mark.slow
async def test_a_folder_is_replaced_only_once_the_new_one_is_whole(whole: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "restoring" / "postgres").mkdir(parents=True)  # As one that was killed left it.
    (data / "warehouse.duckdb").write_text("of another history")
    done = await backup_command.restore(InstallationSettings(data), whole, force=True, jobs=2, tell=quiet)
    assert done.set_aside is not None
    assert (done.set_aside / "warehouse.duckdb").read_text() == "of another history"
    assert sorted(path.name for path in data.iterdir()) == [done.set_aside.name, "postgres"]
    server = EmbeddedPostgres(data)
    await server.start()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM rejections").fetchone() == (1000,)
    finally:
        await server.stop()


async def test_the_time_since_is_lived_through_to_the_present(units: Units) -> None:
    clock = SystemClock()
    since = clock.now() - timedelta(minutes=5)
    reached, stride = await backup_command.live_through(units, Ids(), since, clock, quiet)
    assert since < reached <= clock.now()
    assert stride == timedelta(seconds=1)


def test_the_commands_say_what_they_lack(tmp_path: Path) -> None:
    for arguments in (("backup",), ("backup", "--to", "a", "--verify", "b"), ("sending", "--hold", "--release")):
        said = regulars(*arguments, cwd=tmp_path)
        assert said.code == 2, said
        assert said.is_plain
    said = regulars("restore", "--from", tmp_path, "--data", tmp_path / "data")
    assert said.code == 1
    assert said.is_plain
    assert "no backup" in said.err
    assert not (tmp_path / "data").exists()


def test_the_manifest_says_what_is_there(whole: Path) -> None:
    manifest = read_manifest(whole)
    assert manifest.tables["public.rejections"] == 1000
    assert manifest.bytes == sum(path.stat().st_size for path in (whole / "database").iterdir())
