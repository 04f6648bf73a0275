"""The first hour, as it is written: every block of the page runs, in its order, against a server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS, fenced
from tests.entrypoints.served import Served, environment, free_port, serving, until

pytestmark = pytest.mark.slow
_AT_REST = """
SELECT NOT EXISTS (SELECT FROM inbox) AND NOT EXISTS (SELECT FROM rules WHERE state IN ('filling', 'filled'))
   AND NOT EXISTS (SELECT FROM messages WHERE state IN ('queued', 'sending'))
   AND NOT EXISTS (SELECT FROM enrolments WHERE left_at IS NULL AND wake_at <= now())
"""


def run(block: str, folder: Path, port: int) -> None:
    """As in one terminal: what a block exports, the next one knows."""
    kept = folder / "exported"
    script = f". {kept}\n{block.replace('localhost:8080', f'127.0.0.1:{port}')}\nexport -p > {kept}\n"
    kept.touch()
    programs = f"{Path(sys.executable).parent}:"
    env = environment(None)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**env, "PATH": programs + env["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"


def at_rest(served: Served) -> bool:
    """Whether everything that was sent has done all it does."""
    with served.database() as connection:
        row = connection.execute(_AT_REST).fetchone()
        return bool(row and row[0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tutorial's reader has curl")
def test_the_first_hour(tmp_path: Path) -> None:
    port = free_port()
    blocks = [piece.text for piece in fenced("sh", folder=DOCS / "tutorial")]
    with serving(tmp_path / "shop", port=port) as served:
        for block in blocks:
            run(block, tmp_path, port)
            until(lambda: at_rest(served), seconds=60, what="rest")

    def found(name: str) -> Any:
        return json.loads((tmp_path / f"{name}.json").read_text("utf-8"))

    assert [one["name"] for one in found("timeline")["items"]][-1] == "Product Viewed"
    assert found("stage")["stage"] is not None
    assert found("preview")["count"] == 1
    assert found("preview")["customer"]["holds"] is True
    (mail,) = found("mailbox")["items"]
    assert (mail["subject"], mail["to"]) == ("Thank you, Bo", ["bo@shop.example"])
    (message,) = found("withheld")["items"]
    assert message["state"] == "withheld"
    assert "silence is not consent" in message["because"]
