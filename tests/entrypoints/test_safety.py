"""What else is on the machine learns nothing from a running server, and holds nothing of it."""

from __future__ import annotations

import stat

import psutil
import pytest

from tests.entrypoints.served import Served

pytestmark = pytest.mark.slow


def test_nobody_else_can_read_or_list_the_data_folder(served: Served) -> None:
    for path in (served.data, *served.data.iterdir()):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & (stat.S_IRWXG | stat.S_IRWXO) in (0, 0o011 if path.is_dir() else 0), f"{path} {mode:o}"


def test_the_database_holds_no_socket_of_the_web_part(served: Served) -> None:
    for one in served.family():
        if one.is_running() and one.name() == "postgres":
            held = [found.laddr.port for found in one.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
            assert served.port not in held
