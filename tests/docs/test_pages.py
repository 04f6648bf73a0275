"""Links lead somewhere, and what stands on the pages is understood by the product."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from regulars.domains.journeys.policy import problems, read_definition
from regulars.domains.lifecycle.policy import read_lifecycle
from regulars.providers.files.mapping import parse_mapping
from regulars.providers.files.presets import read_mapping_text
from regulars.rules.sentence import parse_text
from regulars.rules.text import to_text
from regulars.rules.tree.reading import parse_tree
from tests.docs.pages import DOCS, ROOT, Fenced, fenced, pages

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as those who show Markdown make them."""
    plain = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    heads = re.findall(r"^#+ (.*)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_found_from_the_first() -> None:
    listed = set(_LINK.findall((DOCS / "README.md").read_text("utf-8")))
    here = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert here == listed


@pytest.mark.parametrize("piece", fenced("json rule"), ids=str)
def test_rules_as_trees_are_understood(piece: Fenced) -> None:
    rule = parse_tree(json.loads(piece.text))
    assert parse_text(to_text(rule)) == rule


@pytest.mark.parametrize("piece", fenced("text rule"), ids=str)
def test_rules_as_text_are_understood(piece: Fenced) -> None:
    assert parse_text(piece.text)


def test_the_two_forms_of_the_first_rule_are_the_same() -> None:
    assert parse_tree(json.loads(fenced("json rule")[0].text)) == parse_text(fenced("text rule")[0].text)


@pytest.mark.parametrize("piece", fenced("yaml journey"), ids=str)
def test_journeys_are_understood_and_whole(piece: Fenced) -> None:
    assert problems(read_definition(yaml.safe_load(piece.text))) == []


@pytest.mark.parametrize("piece", fenced("yaml lifecycle"), ids=str)
def test_lifecycles_are_understood(piece: Fenced) -> None:
    assert read_lifecycle("shown", yaml.safe_load(piece.text)).stages


@pytest.mark.parametrize("piece", [*fenced("yaml mapping"), *fenced("yaml")], ids=str)
def test_mappings_are_understood(piece: Fenced) -> None:
    assert parse_mapping(read_mapping_text(piece.text, piece.page.name))


@pytest.mark.parametrize("piece", fenced("json"), ids=str)
def test_json_is_json(piece: Fenced) -> None:
    assert json.loads(piece.text)


def test_rules_in_how_tos_are_understood() -> None:
    text = (DOCS / "how-to" / "define-an-audience.md").read_text("utf-8") + (ROOT / "README.md").read_text("utf-8")
    said = [rule.replace('\\"', '"') for rule in re.findall(r'"rule": "((?:[^"\\]|\\.)*)"', text)]
    said += re.findall(r"`(did [^`]+)`", text) + re.findall(r"\(`(in [^`]+)`\)", text)
    assert len(said) >= 4
    for rule in said:
        assert parse_text(rule)
