"""`serve`: everything in one process group, stopped in order by SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
import uvicorn

from regulars.bootstrap import Product, run_product, state_of
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.members import service as members
from regulars.entrypoints.worker import Worker
from regulars.platform.http.wire import BoundedHttp
from regulars.platform.postgres.server import ended
from regulars.platform.settings import InstallationSettings
from regulars.shared.errors import Conflict

drain_timeout_s: Final = 10
FIRST_LIFECYCLE: Final = "model-e"
_log = structlog.get_logger(__name__)

Beside = Callable[[Product, asyncio.Event], Coroutine[Any, Any, None]]
"""What else runs while the server does; it returns soon after the event is set. If it raises, the server stops."""


class PortTaken(Conflict):
    """Another program listens on this port."""


class _Server(uvicorn.Server):
    """Signals are the caller's affair, since stopping the web part alone would leave the rest running."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    settings: InstallationSettings,
    *,
    ready: Callable[[Product], Awaitable[None]],
    beside: Beside | None = None,
    demo_note: str | None = None,
) -> None:
    """Runs until told to stop. `ready` is called once requests are answered."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    listening = _bind(settings) if settings.role != "worker" else None
    async with run_product(settings) as product:
        product.demo_note = demo_note
        tasks: list[asyncio.Task[Any]] = []
        if settings.role != "web":
            tasks.append(asyncio.create_task(Worker(product, stopping).run(), name="worker"))
        server = None
        if listening is not None:
            server = _Server(
                uvicorn.Config(
                    product.app(),
                    http=BoundedHttp,
                    log_config=None,
                    access_log=False,
                    lifespan="off",
                    server_header=False,
                    proxy_headers=True,
                    timeout_graceful_shutdown=drain_timeout_s,
                )
            )
            tasks.append(asyncio.create_task(server.serve(sockets=[listening]), name="web"))
            while not server.started and not tasks[-1].done():  # noqa: ASYNC110  (uvicorn tells no other way)
                await asyncio.sleep(0.01)
        if product.postgres is not None:
            tasks.append(asyncio.create_task(product.postgres.wait(), name="postgres"))
        elif settings.database_url is None:
            tasks.append(asyncio.create_task(ended(settings.data), name="postgres"))
        try:
            await ready(product)
            _log.info("ready", **state_of(product))
            if beside is not None:
                tasks.append(asyncio.create_task(_run_beside(beside, product, stopping), name="beside"))
            await _until_stopped(stopping, tasks)
        finally:
            stopping.set()
            if server is not None:
                server.should_exit = True
            await _end(tasks)


async def _run_beside(beside: Beside, product: Product, stopping: asyncio.Event) -> None:
    """What runs beside may come to its end and the server goes on; that it failed must not go unnoticed."""
    await beside(product, stopping)
    await stopping.wait()


async def _until_stopped(stopping: asyncio.Event, tasks: list[asyncio.Task[Any]]) -> None:
    """Until somebody says stop, or a part that should run for ever has ended."""
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when="FIRST_COMPLETED")
    waiting.cancel()
    for task in done - {waiting}:
        _log.error("part_ended", part=task.get_name())
        stopping.set()
        if task.get_name() == "postgres":
            raise Conflict("PostgreSQL has ended; the log is postgres.log in the data folder. Start again to recover.")
        task.result()


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    """Every part finishes what it is at; PostgreSQL, which has nothing to finish, is stopped after all others."""
    for task in tasks:
        if task.get_name() == "postgres":
            task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(task, drain_timeout_s)


def _bind(settings: InstallationSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else "may not be used by this user"
            raise PortTaken(f"Port {settings.port} on {settings.host} {why}; choose another with --port.") from None
        raise PortTaken(f"Cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}.") from None
    return listening


async def offer_lifecycles(product: Product) -> None:
    """What is shipped is there to choose from, and one is chosen for a company that has none."""
    async with product.units.open() as unit:
        await lifecycle.offer_shipped(unit, active_first=FIRST_LIFECYCLE)


async def first_words(product: Product) -> dict[str, str]:
    """What a new installation tells whoever started it: the keys, and the link that makes the owner's account."""
    async with product.units.open() as unit:
        await members.offer_settings(unit, public_url=product.public_url)
        words = {"write_key": await members.write_key(unit)}
        token = await members.make_setup_link(unit)
        if token is not None:
            words["setup_url"] = f"{product.public_url}/setup?token={token}"
        if not await members.has_admin_key(unit):
            words["admin_key"] = await members.new_admin_key(unit, "first start")
    return words
