"""Fixtures of the tests that live through whole days."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from regulars.bootstrap import make_clickhouse_sink, make_spark_sink, make_warehouse
from regulars.platform.unit import Units
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.feeding import Warehouse
from regulars.platform.warehouse.sinks import Sink
from regulars.shared.clock import SetClock
from tests import clickhouse_server
from tests.story import Story, living
from tests.whole.office import Office, opened


@pytest.fixture
async def story(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    """A company to live through: see tests/story.py."""
    async with living(units, clock) as life:
        yield life


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """A running shop and a browser: see office.py."""
    with opened() as shop:
        yield shop


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clickhouse_server.running(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server.url


_databases = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Spark takes half a minute for what others do in a second: the tests that matter most ask it, and say so."""
    if "make_sink" not in metafunc.fixturenames:
        return
    sinks = [
        pytest.param("duckdb"),
        pytest.param("clickhouse", marks=[pytest.mark.slow, pytest.mark.xdist_group("clickhouse")]),
    ]
    if metafunc.definition.get_closest_marker("also_spark"):
        marks = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("spark")]
        sinks.append(pytest.param("spark", marks=marks))
    metafunc.parametrize("make_sink", sinks, indirect=True)


@pytest.fixture
def make_sink(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Sink]:
    """Makes sinks that all go to the same empty place."""
    if request.param == "duckdb":
        return lambda: DuckSink(tmp_path / "w.duckdb", memory="512MB")
    if request.param == "spark":
        cluster: str = request.getfixturevalue("spark_url")
        return lambda: make_spark_sink(cluster.replace("/?", f"{tmp_path}/w?"))
    url = request.getfixturevalue("clickhouse_url").replace("/regulars", f"/w{next(_databases)}")
    return lambda: make_clickhouse_sink(url)


@pytest.fixture
async def warehouse(units: Units, make_sink: Callable[[], Sink]) -> AsyncIterator[Warehouse]:
    house = make_warehouse(units, make_sink())
    await house.open()
    yield house
    await house.close()
