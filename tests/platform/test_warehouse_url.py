"""The warehouse is named by URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.bootstrap import make_sink
from regulars.platform.settings import InstallationSettings, SettingMalformed
from regulars.platform.warehouse.clickhouse import Server, read_url

HERE = Path("/srv/regulars")


def sink_of(url: str | None) -> str | None:
    sink = make_sink(InstallationSettings(data=HERE, warehouse_url=url))
    return None if sink is None else f"{sink.dialect} {sink.address}"


def test_a_url_says_which_warehouse() -> None:
    assert sink_of(None) == "duckdb duckdb:///srv/regulars/warehouse.duckdb"
    assert sink_of("none") is None
    assert sink_of("duckdb:///srv/a%20b.duckdb") == "duckdb duckdb:///srv/a b.duckdb"
    assert sink_of("clickhouse://shop:secret@ch.example/shop") == "clickhouse clickhouse://ch.example:8123/shop"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("clickhouse://ch", Server("ch", 8123, "default", "", "regulars", False)),
        ("clickhouse://a%40b:p%2Fw@ch:9000/shop", Server("ch", 9000, "a@b", "p/w", "shop", False)),
        ("clickhouses://ch/shop", Server("ch", 8443, "default", "", "shop", True)),
        ("clickhouse://ch:1/?secure=1", Server("ch", 1, "default", "", "regulars", True)),
    ],
)
def test_a_clickhouse_url_is_read(url: str, server: Server) -> None:
    assert read_url(url) == server


@pytest.mark.parametrize(
    "url",
    ["clickhouse:", "clickhouse:///shop", "clickhouse://ch:x/shop", "clickhouse://ch/a/b", "clickhouse://ch/?user=a",
     "clickhouse://ch/a%60b", "mysql://secret@ch", "duckdb://host/path", "/srv/w.duckdb"],
)  # fmt: skip
def test_what_is_no_warehouse_url_is_refused_without_telling_secrets(url: str) -> None:
    with pytest.raises(SettingMalformed) as refused:
        sink_of(url)
    assert "secret" not in str(refused.value)


def test_a_password_is_not_told() -> None:
    settings = InstallationSettings(data=HERE, warehouse_url="clickhouse://shop:hush@ch.example/shop")
    assert "hush" not in repr(settings)
    assert "hush" not in repr(read_url("clickhouse://shop:hush@ch.example/shop"))
    assert "hush" not in str(sink_of("clickhouse://shop:hush@ch.example/shop"))
