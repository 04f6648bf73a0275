"""Lets shoppers walk through the running demo: their calls go over HTTP, as any shop's would."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx2
import structlog

from regulars.providers.demo.shoppers import Shoppers
from regulars.shared.clock import Clock

request_timeout_s: Final = 10.0
pause_after_trouble_s: Final = 15.0

log = structlog.get_logger(__name__)


async def walk(shoppers: Shoppers, *, url: str, write_key: str, clock: Clock, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. What the server does not take is dropped: shoppers leave when a shop is shut."""
    async with httpx2.AsyncClient(base_url=url, auth=(write_key, ""), timeout=request_timeout_s) as client:
        while not stopping.is_set():
            action = shoppers.next(clock.now())
            pause_s = action.pause.total_seconds()
            if action.calls and not await _send(client, action.calls):
                pause_s = pause_after_trouble_s
            try:
                await asyncio.wait_for(stopping.wait(), pause_s)
            except TimeoutError:
                continue


async def _send(client: httpx2.AsyncClient, calls: tuple[dict[str, object], ...]) -> bool:
    try:
        answer = await client.post("/v1/batch", json={"batch": list(calls)})
    except httpx2.HTTPError as problem:
        log.info("demo shopper turned away", because=str(problem) or type(problem).__name__)
        return False
    if answer.status_code != 200:
        log.info("demo shopper turned away", status=answer.status_code, because=answer.text[:200])
    return answer.status_code == 200
