"""A file can be read in one sitting, a function on one screen."""

from __future__ import annotations

import ast
from pathlib import Path

import regulars
from regulars.platform import shipped

SOURCE = Path(regulars.__path__[0])
TESTS = Path(__file__).parent
file_lines_max = 400
function_lines_max = 70


def python_files() -> list[Path]:
    return sorted([*SOURCE.rglob("*.py"), *TESTS.rglob("*.py")])


def test_files_stay_short() -> None:
    files = [*python_files(), *SOURCE.rglob("*.sql"), *shipped.migrations().glob("*.sql")]
    lengths = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: lines for name, lines in lengths.items() if lines >= file_lines_max} == {}


def test_functions_stay_short() -> None:
    long = []
    for file in python_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines >= function_lines_max:
                    long.append(f"{file}: {node.name} has {lines} lines")
    assert long == []
