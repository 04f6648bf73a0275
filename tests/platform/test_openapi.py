"""The API's description: that the committed file is of this code, and that it is worth making a client from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from regulars.platform.http.door import Body

SCRIPT = Path(__file__).parents[2] / "scripts" / "export_openapi.py"


@pytest.fixture(scope="module")
def export() -> Any:
    spec = spec_from_file_location("export_openapi", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def described(export: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(export.document())
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_committed_description_is_of_this_code(export: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert export.main(["--check"]) == 0, capsys.readouterr().err


def test_a_description_that_drifted_is_refused_in_words(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "FILE", tmp_path / "openapi.json")
    assert export.main(["--check"]) == 1
    assert export.main([]) == 0
    assert export.main(["--check"]) == 0
    export.FILE.write_text("{}\n", encoding="utf-8")
    assert export.main(["--check"]) == 1
    assert "`make api` writes it anew" in capsys.readouterr().err


def test_every_route_says_what_it_answers(described: dict[str, Any]) -> None:
    silent = []
    for name, operation in operations(described):
        answers = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert len(answers) == 1, name
        ((status, answer),) = answers.items()
        content = answer.get("content", {})
        modelled = "$ref" in content.get("application/json", {}).get("schema", {})
        if not (modelled or "text/html" in content or (status == "204" and not content)):
            silent.append(name)
    assert silent == []


def test_operations_and_models_have_names_of_their_own(described: dict[str, Any]) -> None:
    ids = Counter(operation["operationId"] for _, operation in operations(described))
    assert [name for name, many in ids.items() if many > 1] == []
    # Two models of one name would be told apart by their modules, and alike ones would be taken for one.
    models = Counter(one.__name__ for one in subclasses(BaseModel) if one.__module__.startswith("regulars."))
    assert [name for name, many in models.items() if many > 1] == []
    assert [name for name in described["components"]["schemas"] if "__" in name] == []


def test_what_is_answered_is_always_there(described: dict[str, Any]) -> None:
    """A model's default would make a key optional for clients, though it is always sent."""
    bodies = {one.__name__ for one in subclasses(Body)}
    optional = {
        f"{name}.{key}"
        for name, schema in described["components"]["schemas"].items()
        if name not in bodies
        for key in schema.get("properties", {}).keys() - set(schema.get("required", []))
    }
    assert optional == {"EventTriggerOut.where", "Problem.errors"}


def subclasses(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)
