"""The first start, the keys, and what keeps a server from starting: told in one sentence, with the right exit code."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from regulars.platform.postgres.server import EmbeddedPostgres, running_url
from tests.entrypoints.served import Said, Served, free_port, put, regulars, serving, until

pytestmark = pytest.mark.slow


def is_clear(said: Said, *words: str) -> bool:
    """One readable sentence that holds these words."""
    return said.is_plain and all(word in said.err for word in words)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_the_first_start_prints_keys_and_a_link_to_sign_up(served: Served) -> None:
    assert served.write_key.startswith("rgw_")
    assert served.admin_key.startswith("rgk_")
    assert served.ask("/api/keys").status_code == 200
    assert served.send({"type": "track", "userId": "ana", "event": "Shop Opened"}).json() == {"success": True}
    link = served.printed("sign up")
    assert f":{served.port}/setup?token=" in link
    token = link.split("token=")[1]
    assert "expires_at" in httpx2.get(f"{served.url}/api/setup/{token}", timeout=30).json()


def test_a_new_company_has_a_lifecycle_and_all_shipped_ones_to_choose_from(served: Served) -> None:
    known = {one["slug"]: one["active"] for one in served.ask("/api/lifecycles").json()["items"]}
    assert {slug for slug, active in known.items() if active} == {"model-e"}
    assert known.keys() == {f"model-{letter}" for letter in "abcde"} | {"apparel-store", "streaming", "airline"}
    assert served.ask("/api/lifecycle").json()["lifecycle"]["slug"] == "model-e"


def test_keys_are_made_listed_and_revoked_beside_a_running_server(served: Served) -> None:
    made = regulars("keys", "--data", served.data, "--json").json()
    assert made["write_key"] == served.write_key
    admin = {"Authorization": f"Bearer {made['admin_key']}"}
    assert httpx2.get(f"{served.url}/api/keys", headers=admin, timeout=30).status_code == 200
    listed = regulars("keys", "--data", served.data, "--list", "--json").json()["keys"]
    (mine,) = [key for key in listed if made["admin_key"].startswith(key["prefix"])]
    assert (mine["kind"], mine["state"]) == ("admin", "in force")
    assert made["admin_key"] not in str(listed)
    assert regulars("keys", "--data", served.data, "--revoke", mine["id"], "--json").json() == {"revoked": mine["id"]}
    assert httpx2.get(f"{served.url}/api/keys", headers=admin, timeout=30).status_code == 401
    unknown = regulars("keys", "--data", served.data, "--revoke", "key_0")
    assert unknown.code == 1
    assert is_clear(unknown, "key_0")


def test_a_revoked_write_key_soon_opens_nothing(served: Served) -> None:
    admin = {"Authorization": f"Bearer {served.admin_key}"}
    made = httpx2.post(f"{served.url}/api/keys", json={"kind": "write", "name": "shop"}, headers=admin, timeout=30)
    key = made.json()
    visit = {"type": "page", "anonymousId": "a"}
    assert served.send(visit, key=key["secret"]).status_code == 200
    assert regulars("keys", "--data", served.data, "--revoke", key["id"]).code == 0
    until(lambda: served.send(visit, key=key["secret"]).status_code == 401, seconds=12, every_s=0.5)
    assert served.send(visit).status_code == 200


def test_keys_are_made_while_nothing_runs(resting_folder: Path) -> None:
    first, second = (regulars("keys", "--data", resting_folder, "--json").json() for _ in range(2))
    assert first["write_key"] == second["write_key"]
    assert first["admin_key"] != second["admin_key"]
    assert running_url(resting_folder) is None


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with taken_port() as port:
        said = regulars("serve", "--data", tmp_path / "data", "--port", str(port))
    assert said.code == 1
    assert is_clear(said, str(port), "--port")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["serve", "--prot", "80"], {}, ["--prot", "--port"]),
        (["serve", "--role", "boss"], {}, ["boss", "worker"]),
        (["keys"], {"REGULARS_DATABSE_URL": "x"}, ["REGULARS_DATABSE_URL", "REGULARS_DATABASE_URL"]),
        (["keys"], {"REGULARS_SMTP_URL": "mail.example"}, ["REGULARS_SMTP_URL", "smtps://"]),
    ],
)
def test_wrong_usage_ends_with_two_and_what_would_be_right(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], words: list[str]
) -> None:
    said = regulars(*arguments, cwd=tmp_path, settings=settings)
    assert said.code == 2
    assert is_clear(said, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = regulars("serve", "--data", tmp_path / "file" / "data", "--port", str(free_port()))
    assert said.code == 1
    assert is_clear(said, str(tmp_path / "file" / "data"), "--data")


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/shop"
    said = regulars("serve", "--data", tmp_path, "--port", str(free_port()), settings={"REGULARS_DATABASE_URL": url})
    assert said.code == 1
    assert is_clear(said, "does not answer", "127.0.0.1")


async def test_a_folder_of_a_newer_version_is_refused(resting_folder: Path) -> None:
    postgres = EmbeddedPostgres(resting_folder)

    async def run(statement: str) -> None:
        await postgres.start()
        async with await psycopg.AsyncConnection.connect(postgres.url, autocommit=True) as connection:
            await connection.execute(statement.encode())
        await postgres.stop()

    await run("INSERT INTO migrations VALUES (9999, 'tomorrow', '', '2030-01-01Z')")
    said = regulars("serve", "--data", resting_folder, "--port", str(free_port()))
    await run("DELETE FROM migrations WHERE number = 9999")
    assert said.code == 1
    assert is_clear(said, "9999_tomorrow", "newer version")
    assert running_url(resting_folder) is None


def test_a_folder_of_another_postgresql_is_refused(resting_folder: Path) -> None:
    version = resting_folder / "postgres" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("17\n")
    said = regulars("serve", "--data", resting_folder, "--port", str(free_port()))
    version.write_text(kept)
    assert said.code == 1
    assert is_clear(said, "PostgreSQL 17", "REGULARS_DATABASE_URL")


def test_a_second_server_on_the_same_folder_is_refused(served: Served) -> None:
    said = regulars("serve", "--data", served.data, "--port", str(free_port()))
    assert said.code == 1
    assert is_clear(said, "warehouse")
    assert served.ask("/health/ready").status_code == 200


def test_a_demo_does_not_walk_into_a_real_shop(resting_folder: Path) -> None:
    with serving(resting_folder) as shop:
        shop.send({"type": "identify", "userId": "ana"})
        shop.admin_key = regulars("keys", "--data", shop.data, "--json").json()["admin_key"]
        until(lambda: shop.ask("/api/customers").json()["items"])
        settings = shop.ask("/api/settings").json()
        put(shop, "/api/lifecycles/model-a/activation")
        assert shop.end() == 0
    said = regulars("demo", "--data", resting_folder, "--port", str(free_port()))
    assert said.code == 1
    assert is_clear(said, "customers of its own", "--data")
    with serving(resting_folder) as again:
        again.admin_key = shop.admin_key
        assert again.ask("/api/settings").json()["company_name"] == settings["company_name"]
        assert again.ask("/api/lifecycle").json()["lifecycle"]["slug"] == "model-a"
