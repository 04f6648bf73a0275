"""Domains are entered by their doors. Floors, tiers and rooms are import-linter's (`make check`)."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

import regulars

SOURCE = Path(regulars.__path__[0])
ROOMS = {"model", "policy", "store", "facts", "step", "service", "api", "jobs"}


@pytest.mark.parametrize(("source", "doors"), [("domains", {"model", "service"}), ("providers", {"model"})])
def test_a_domain_is_entered_by_its_doors(source: str, doors: set[str]) -> None:
    leaks = []
    graph = grimp.build_graph("regulars", cache_dir=None)
    for edge in graph.find_matching_direct_imports(f"regulars.{source}.** -> regulars.domains.**"):
        here, there = edge["importer"].split("."), edge["imported"].split(".")
        if here[:3] != there[:3] and not doors & set(there[3:4]):
            leaks.append(f"{edge['importer']} reaches into {edge['imported']}; ask its service")
    assert not leaks, "\n".join(leaks)


def test_an_init_file_is_empty() -> None:
    assert [str(file) for file in SOURCE.rglob("__init__.py") if file.read_text(encoding="utf-8").strip()] == []


def test_a_domain_has_the_known_rooms_and_no_others() -> None:
    strange = [
        str(entry.relative_to(SOURCE))
        for domain in (SOURCE / "domains").iterdir()
        if domain.is_dir() and domain.name != "__pycache__"
        for entry in domain.iterdir()
        if entry.stem not in ROOMS | {"__init__", "__pycache__"}
        and (entry.suffix == ".py" or (entry / "__init__.py").is_file())
    ]
    assert strange == []


def test_a_domain_says_on_one_screen_what_it_owns() -> None:
    missing = []
    for domain in (SOURCE / "domains").iterdir():
        if domain.is_dir() and domain.name != "__pycache__":
            page = domain / "README.md"
            if not page.is_file() or not 5 <= len(page.read_text(encoding="utf-8").splitlines()) <= 60:
                missing.append(domain.name)
    assert missing == []
