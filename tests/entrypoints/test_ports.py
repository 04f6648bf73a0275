"""Ports that others have, or take in the same moment."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from regulars.entrypoints import server
from regulars.entrypoints.server import PortTaken
from regulars.platform.settings import InstallationSettings
from tests.entrypoints.served import free_port


def test_workers_that_start_in_the_same_moment_get_a_port_each(tmp_path: Path) -> None:
    settings = InstallationSettings(tmp_path, host="127.0.0.1", role="worker")
    with closing(server._bind_worker(settings)) as first, closing(server._bind_worker(settings)) as second:
        assert first.getsockname() != second.getsockname()


def test_the_later_of_two_that_were_bound_to_a_port_is_told_that_it_is_taken() -> None:
    """While neither listens the system lets both have it; a server that took that for success would answer nobody."""
    port = free_port()
    with (
        closing(server._bind("127.0.0.1", port, choose="--port")) as first,
        closing(server._bind("127.0.0.1", port, choose="--port")) as second,
    ):
        server._listen(first, choose="--port")
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken by another program; choose .* --port"):
            server._listen(second, choose="--port")


def test_a_port_that_was_chosen_for_a_worker_is_that_or_none(tmp_path: Path) -> None:
    port = free_port()
    settings = InstallationSettings(tmp_path, host="127.0.0.1", role="worker", metrics_port=port)
    with closing(server._bind_worker(settings)) as first:
        assert first.getsockname()[1] == port
        with pytest.raises(PortTaken, match="REGULARS_METRICS_PORT"):
            server._bind_worker(settings)
