"""One word, one meaning: names in the code use the glossary's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import regulars

SOURCE = Path(regulars.__path__[0])

SAY_INSTEAD = {
    "user": "customer, or member for a colleague",
    "profile": "customer",
    "contact": "customer",
    "lead": "customer",
    "segment": "audience",
    "campaign": "journey",
    "workflow": "journey",
    "attribute": "trait, or property of an event",
    "kpi": "metric",
    "promotion": "offer",
}
# Words of the event API, the web, SMTP and XML keep their spelling, alone or inside a longer name.
BORROWED = re.compile("user_?id|user_agent|utm_campaign|smtp_user|mjml_attribute", re.IGNORECASE)


def names(tree: ast.AST) -> Iterator[str]:
    """Every name that the code itself gives; what it merely uses, others have named."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name


def words(name: str) -> set[str]:
    """`CustomerTraits` and `customer_traits` are customer and trait: plurals count as their singular."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", BORROWED.sub("", name)).lower().split("_")
    return {word for part in split for word in (part, part.removesuffix("s"), re.sub("ies$", "y", part))}


def test_names_use_the_glossary() -> None:
    slips = [
        f"{file.relative_to(SOURCE)}: {name} says {word}; say {SAY_INSTEAD[word]}"
        for file in sorted(SOURCE.rglob("*.py"))
        for name in names(ast.parse(file.read_text(encoding="utf-8")))
        for word in sorted(words(name) & SAY_INSTEAD.keys())
    ]
    assert not slips, "\n".join(slips)
