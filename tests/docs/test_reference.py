"""What there is has an entry in the reference, and what has an entry is there."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import typer.main

import regulars
from regulars.domains.events import api as events_api
from regulars.domains.events.model import CAUSED
from regulars.domains.members.model import Permission, Role
from regulars.domains.members.policy import PERMISSIONS
from regulars.domains.messages.model import Why
from regulars.domains.messages.service import dispatch
from regulars.entrypoints import worker
from regulars.entrypoints.cli import app
from regulars.platform.http.problems import CODES, STATUS
from regulars.platform.settings import described_settings
from regulars.platform.telemetry import REGISTRY
from regulars.rules.model import PROPERTY_OPERATORS, TRAIT_OPERATORS
from regulars.rules.text import WORDS
from regulars.rules.tree.reading import NODES
from regulars.shared.errors import DomainError
from tests.docs.pages import ROOT, entries, reference, rows

SOURCE = Path(regulars.__path__[0])
KINDS = {"Missing", "Conflict", "Refused", "Malformed", "TooMany", "Unavailable", "RuleNotUnderstood"}


def sources() -> Iterator[str]:
    for file in SOURCE.rglob("*.py"):
        yield file.read_text("utf-8")


def errors() -> Iterator[type[DomainError]]:
    """Every error there is, whatever part of the product it is of."""
    for module in pkgutil.walk_packages(regulars.__path__, "regulars."):
        importlib.import_module(module.name)
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            yield kind


def code_of(kind: type[DomainError]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def raised() -> list[type[DomainError]]:
    """Those that some line of the code makes or raises."""
    text = "\n".join(line for source in sources() for line in source.splitlines() if not line.startswith("class "))
    used = set(re.findall(r"\b(?:raise|return|not_found=|problem_of\()\s*([A-Z]\w+)", text))
    used |= set(re.findall(r"\b([A-Z]\w+)\(", text))
    return [kind for kind in errors() if kind.__name__ in used and kind.__name__ not in KINDS - {"RuleNotUnderstood"}]


def test_every_setting_has_an_entry() -> None:
    settings = {name for name in entries(reference("settings")) if name.startswith("REGULARS_")}
    assert settings == set(described_settings())


def test_every_command_and_option_has_an_entry() -> None:
    page = reference("cli")
    commands = typer.main.get_command(app)
    sections = dict(re.findall(r"^## `regulars (\w+)[^`]*`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == commands.commands.keys()  # type: ignore[attr-defined]
    for name, command in commands.commands.items():  # type: ignore[attr-defined]
        parts = [command, *getattr(command, "commands", {}).values()]
        options = {one.opts[0] for part in parts for one in part.params if one.param_type_name == "option"}
        assert set(entries(sections[name])) >= options, name
        assert {one for one in entries(sections[name]) if one.startswith("--")} <= options, name


def test_every_error_has_an_entry_with_its_status() -> None:
    told = entries(reference("errors"))
    page = reference("errors")
    statuses = dict(events_api._STATUS)
    missing, wrong = [], []
    for kind in raised():
        code = code_of(kind)
        if code not in told:
            if f"`{code}`" not in page:
                missing.append(code)
            continue
        if len(told[code]) == 2:
            wanted = {str(STATUS[base]) for base in kind.__mro__ if base in STATUS}
            wanted |= {str(statuses[base]) for base in kind.__mro__ if base in statuses}
            if told[code][0] not in wanted:
                wrong.append((code, told[code][0], wanted))
    assert (missing, wrong) == ([], [])


def test_what_a_message_is_refused_for_has_an_entry() -> None:
    found = {code for source in sources() for code in re.findall(r'(?:Rejection|_Unfit)\(\s*"([a-z_]+)"', source)}
    found |= set(CODES.values()) - {"unsupported_media_type"}
    assert len(found) > 20
    assert found - entries(reference("errors")).keys() == set()


def test_no_error_has_an_entry_that_there_is_not() -> None:
    known = {code_of(kind) for kind in errors()}
    known |= {code for source in sources() for code in re.findall(r'"([a-z]+(?:_[a-z]+)+|missing|unstorable)"', source)}
    assert entries(reference("errors")).keys() - known == set()


def test_every_number_for_prometheus_has_an_entry() -> None:
    assert worker.ticks_total
    assert dispatch
    ours = {one.name for one in REGISTRY.collect() if one.name.startswith("regulars_")}
    told = {name.removesuffix("_total") for name in entries(reference("metrics")) if name.startswith("regulars_")}
    assert told == ours


def test_every_event_we_cause_has_an_entry_with_its_properties() -> None:
    told = {name: cells for name, cells in entries(reference("events")).items() if name in CAUSED}
    assert told.keys() == CAUSED
    assert "enrolment" in told["Journey Left"][0]
    section = reference("events").split("## What Regulars causes")[1]
    assert {name for cells in rows(section) for name in re.findall(r"^`([A-Z][^`]+)`", cells[0])} == CAUSED


def test_every_word_of_the_rule_language_has_an_entry() -> None:
    page = entries(reference("rule-language"))
    assert set(NODES) <= page.keys()
    operators = {str(operator): page[operator] for operator in map(str, TRAIT_OPERATORS)}
    for operator in TRAIT_OPERATORS:
        words, _, for_traits, for_properties = operators[operator]
        assert WORDS[operator] in words
        assert (for_traits, for_properties) == ("yes", "yes" if operator in PROPERTY_OPERATORS else "no")


def test_every_reason_to_withhold_a_message_has_an_entry() -> None:
    assert {str(why) for why in Why} <= entries(reference("messages")).keys()


def test_every_address_of_the_admin_api_has_an_entry() -> None:
    described = json.loads((ROOT / "web" / "openapi.json").read_text("utf-8"))["paths"]
    wanted = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    told = {name for name in entries(reference("admin-api")) if " /api/" in name}
    assert told - {"GET /api/openapi.json"} == wanted


def test_the_roles_are_told_as_they_are() -> None:
    told: dict[str, set[str]] = {}
    for first, permissions, *_ in rows(reference("admin-api").split("## Session")[0]):
        for role in first.split(", "):
            told[role] = set(re.findall(r"`(\w+)`", permissions)) or set(map(str, Permission))
    assert {role: told[role] for role in map(str, Role)} == {
        str(role): {str(one) for one in PERMISSIONS[role]} for role in Role
    }


def test_every_domain_has_a_page_about_itself() -> None:
    domains = [folder for folder in (SOURCE / "domains").iterdir() if (folder / "__init__.py").is_file()]
    assert [folder.name for folder in domains if not (folder / "README.md").is_file()] == []
