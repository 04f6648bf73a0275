"""Is it alive, is it ready, and its numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from regulars.platform.http.problems import problem
from regulars.platform.telemetry import NUMBERS_TYPE, numbers

# Says in words why a part is not ready, or None when it is.
Check = Callable[[], Awaitable[str | None]]
Refresh = Callable[[], Awaitable[None]]
check_timeout_s: Final = 2.0

log = structlog.get_logger("regulars.health")


def health_routes(checks: Mapping[str, Check], refresh: Refresh | None = None) -> list[Route]:
    """`refresh` is called before numbers are told; it may be slow, and is then not waited for."""

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> Response:
        reasons = await asyncio.gather(*(_ask(name, check) for name, check in checks.items()))
        failing = {name: reason for name, reason in zip(checks, reasons, strict=True) if reason is not None}
        if failing:
            words = "; ".join(f"{name}: {reason}" for name, reason in failing.items())
            return problem(503, "not_ready", f"Not ready: {words}.", extra={"failing": failing})
        return JSONResponse({"status": "ready", "checks": list(checks)})

    async def metrics(request: Request) -> Response:
        if refresh is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(check_timeout_s):
                    await refresh()
        return Response(numbers(), media_type=NUMBERS_TYPE)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


async def _ask(name: str, check: Check) -> str | None:
    try:
        async with asyncio.timeout(check_timeout_s):
            return await check()
    except TimeoutError:
        return f"no answer within {check_timeout_s:g} s"
    except Exception:
        # Whatever a part fails with, it is not ready; the error's own words may hold addresses and stay in the log.
        log.exception("readiness check failed", check=name)
        return "fails; the log says why"
