"""`regulars lists`: a file says who is on a static list."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from regulars.domains.customers.model import ListUnknown
from regulars.entrypoints import lists_command
from regulars.entrypoints.lists_command import ColumnUnclear, UnknownFileUnwritable, change_by_file, listed, shown
from regulars.platform.settings import InstallationSettings, read_settings
from regulars.platform.unit import Units
from regulars.providers.files.model import UnknownColumn
from regulars.shared.clock import SetClock
from tests.entrypoints.served import Said, regulars
from tests.story import Story, living

PEOPLE = "Name,email,Number\nAna, Ana@example.com ,1\nBo,bo@example.com,2\nDee,dee@example.com,4\nNobody,,\n"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> InstallationSettings:
    return read_settings({"REGULARS_DATABASE_URL": database_url}, data=tmp_path / "data")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, "utf-8")
    return path


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    """Ana, Bo and Chi are known, as 1, 2 and 3."""
    async with living(units, clock) as life:
        for number, name in enumerate(("ana", "bo", "chi"), 1):
            await life.is_known(str(number), email=f"{name}@example.com", name=name.title())
        await life.tick()
        yield life


async def test_those_in_a_file_are_put_on_a_list_and_taken_off(
    story: Story, settings: InstallationSettings, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists_command, "people_per_call", 2)
    strangers = tmp_path / "strangers.txt"
    report = await change_by_file(settings, "fair", people, column="email", create=True, unknown=strangers)
    assert report.in_words() == (
        "4 rows: 2 added, 0 removed, 1 without a value, 1 not known (dee@example.com). "
        "They are there with the server's next tick."
    )
    assert (strangers.read_text(), report.failed) == ("dee@example.com\n", False)
    await story.tick()
    again = await change_by_file(settings, "fair", people, column="email", create=True)
    assert (again.as_json()["added"], again.as_json()["unknown_examples"]) == (0, ["dee@example.com"])
    found = await shown(settings, "fair")
    assert (found["slug"], found["members"]) == ("fair", 2)
    assert {one["name"] for one in found["newest"]} == {"Ana", "Bo"}
    off = await change_by_file(settings, "fair", people, column="Number", by="user_id", off=True)
    assert (off.added, off.removed) == (0, 2)
    await story.pass_time(minutes=1)
    assert [(one["slug"], one["members"]) for one in await listed(settings)] == [("fair", 0)]


async def test_numbers_of_other_files_are_identifiers_too(
    story: Story, settings: InstallationSettings, tmp_path: Path
) -> None:
    lines = tmp_path / "people.jsonl"
    lines.write_text('{"user_id": 1}\n{"user_id": 3.0}\nnot json\n', "utf-8")
    report = await change_by_file(settings, "fair", lines, column="user_id", create=True)
    assert (report.rows, report.added, report.skipped) == (3, 2, 1)


async def test_a_file_that_names_nobody_known_has_failed(
    story: Story, settings: InstallationSettings, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"x{number}@example.com\n" for number in range(12)), "utf-8")
    report = await change_by_file(settings, "fair", path, column="email", create=True)
    assert report.failed
    assert report.in_words().count("@") == lists_command.unknown_shown
    assert ", …)" in report.in_words()


async def test_what_cannot_be_done_is_said(
    story: Story, settings: InstallationSettings, people: Path, tmp_path: Path
) -> None:
    with pytest.raises(ListUnknown, match="--create"):
        await change_by_file(settings, "fair", people, column="email")
    with pytest.raises(UnknownColumn, match="it has Name, email, Number"):
        await change_by_file(settings, "fair", people, column="mail", by="email")
    with pytest.raises(ColumnUnclear, match="'Number'"):
        await change_by_file(settings, "fair", people, column="Number")
    with pytest.raises(UnknownFileUnwritable):
        await change_by_file(settings, "fair", people, column="email", unknown=tmp_path)
    with pytest.raises(ListUnknown):
        await shown(settings, "fair")


@pytest.mark.slow
def test_the_command_line_says_what_became_of_the_file(database_url: str, people: Path, tmp_path: Path) -> None:
    def run(*arguments: str | Path) -> Said:
        given = (*arguments, "--data", tmp_path / "data")
        return regulars("lists", *given, settings={"REGULARS_DATABASE_URL": database_url})

    added = run("add", "nobodies", "--file", people, "--create", "--json")
    assert (added.code, json.loads(added.out)["unknown"]) == (1, 3)
    assert "3 not known" in run("remove", "nobodies", "--file", people).out
    told = json.loads(run("list", "--json").out)
    assert [(one["slug"], one["members"]) for one in told["lists"]] == [("nobodies", 0)]
    assert "nobodies  nobodies  0 members" in run("show", "nobodies").out
