"""Segment's libraries for Node and for browsers, unmodified, against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import async_playwright

from tests.domains.events.conftest import WRITE_KEY, EventApi

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
NODE = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(
    not (CLIENTS / "node_modules").is_dir(), reason="the client libraries are missing: npm ci --prefix tests/clients"
)


async def run_node(url: str, key: str) -> list[str]:
    """What the library says went wrong."""
    assert NODE
    process = await asyncio.create_subprocess_exec(
        NODE, "segment-node.mjs", cwd=CLIENTS, env={"URL": url, "KEY": key}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    failures: list[str] = json.loads(said)
    return failures


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="there is no node")
async def test_segments_node_library_is_understood(api: EventApi) -> None:
    assert await run_node(api.url, WRITE_KEY) == []
    rows = await api.inbox()
    assert sorted(row["name"] for row in rows) == [
        "Aliased",
        "Grouped",
        "Identified",
        "Order Completed",
        "Page Viewed",
        "Product Viewed",
        "Screen Viewed",
    ]
    assert {row["user_id"] for row in rows} == {"ana", None}
    assert await run_node(api.url, "other")
    assert len(await api.inbox()) == 7


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    """A web site on another origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(CLIENTS)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize("strategy", ["standard", "batching"])
async def test_analytics_js_starts_and_delivers_from_another_site(api: EventApi, shop: str, strategy: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = await browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(f"{shop}/analytics.html?" + urlencode({"api": api.url, "key": WRITE_KEY, "strategy": strategy}))
        await page.evaluate("window.said")
        for _ in range(100):
            rows = await api.inbox()
            if len(rows) == 4:
                break
            await asyncio.sleep(0.1)
        await browser.close()
    assert said == []
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {"Page Viewed", "Identified", "Order Completed", "Grouped"}
    assert by_name["Identified"]["email"] == "ana@example.com"
    assert by_name["Page Viewed"]["properties"]["name"] == "Install"
    assert by_name["Order Completed"]["user_id"] == "ana"
    assert len({row["anonymous_id"] for row in rows}) == 1
    assert {row["source"] for row in rows} == {"key_test"}
