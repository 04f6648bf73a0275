"""One server that answers, for all tests that do not stop it, and one data folder at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.served import Served, regulars, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server that runs for the whole session; its keys are those it printed at its first start."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def resting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which nothing runs. Whoever changes it puts it right again."""
    folder = tmp_path_factory.mktemp("resting") / "data"
    made = regulars("keys", "--data", folder, "--json")
    assert made.code == 0, made.err
    return folder
