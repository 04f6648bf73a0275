"""The documentation, read: its pages, the tables and the fenced pieces in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>[^\n]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every page of the documentation, and those at the root that point into it."""
    return [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "AGENTS.md"]


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text("utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every line of every table."""
    for line in text.splitlines():
        if line.startswith("| ") and not set(line) <= set("|- "):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def entries(text: str) -> dict[str, list[str]]:
    """Of every table: what stands as code in the first cell, with the other cells."""
    found: dict[str, list[str]] = {}
    for cells in rows(text):
        for name in re.findall(r"`([^`]+)`", cells[0]):
            found[name] = cells[1:]
    return found


@dataclass(frozen=True)
class Fenced:
    page: Path
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text[:60]!r}"


def fenced(kind: str, *, folder: Path = DOCS) -> list[Fenced]:
    """The pieces of all pages that are marked so: ```json rule."""
    found = []
    for page in sorted(folder.rglob("*.md")):
        for match in _FENCE.finditer(page.read_text("utf-8")):
            if match["kind"].strip() == kind:
                lines = [line.removeprefix(match["indent"]) for line in match["text"].splitlines()]
                found.append(Fenced(page, kind, "\n".join(lines) + "\n"))
    return found
