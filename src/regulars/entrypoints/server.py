"""`serve`: everything in one process group, stopped in order by SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
import structlog
import uvicorn
from starlette.applications import Starlette

from regulars.bootstrap import Product, run_product, state_of
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.members import service as members
from regulars.domains.messages.service import holding
from regulars.entrypoints.worker import Worker
from regulars.platform.http.wire import BoundedHttp
from regulars.platform.postgres.server import ended
from regulars.platform.settings import InstallationSettings
from regulars.platform.watch.policy import beat_every_s
from regulars.shared.errors import Conflict

drain_timeout_s: Final = 10
metrics_ports: Final = range(8081, 8091)
backlog: Final = 2048
ready_again_s: Final = 0.5
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
    # A worker answers nobody but whoever watches it.
    alone = settings.role == "worker"
    listening = _bind_worker(settings) if alone else _bind(settings.host, settings.port, choose="--port")
    async with run_product(settings) as product:
        product.demo_note = demo_note
        if not alone:
            _listen(listening, choose="--port")
        tasks: list[asyncio.Task[Any]] = []
        if settings.role != "web":
            tasks.append(asyncio.create_task(Worker(product, stopping).run(), name="worker"))
        server = _server_of(product.worker_app() if alone else product.app())
        tasks.append(asyncio.create_task(server.serve(sockets=[listening]), name="web"))
        while not server.started and not tasks[-1].done():  # noqa: ASYNC110  (uvicorn tells no other way)
            await asyncio.sleep(0.01)
        tasks.append(asyncio.create_task(_beat(product, stopping), name="heart"))
        if product.postgres is not None:
            tasks.append(asyncio.create_task(product.postgres.keep(), name="postgres"))
        elif settings.database_url is None:
            tasks.append(asyncio.create_task(ended(settings.data), name="postgres"))
        try:
            await _told_ready(product, ready)
            _keep_for_good()
            _log.info("ready", **state_of(product), port=listening.getsockname()[1])
            if beside is not None:
                tasks.append(asyncio.create_task(_run_beside(beside, product, stopping), name="beside"))
            await _until_stopped(stopping, tasks)
        finally:
            gc.unfreeze()
            stopping.set()
            server.should_exit = True
            await _end(tasks)


def _keep_for_good() -> None:
    """What is there once all is up stays until the end: to look through half a million such things for what can be
    thrown away would hold everybody up for a fifth of a second, again and again."""
    gc.collect()
    gc.freeze()


def _server_of(app: Starlette) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=BoundedHttp,
            backlog=backlog,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=True,
            timeout_graceful_shutdown=drain_timeout_s,
        )
    )


async def _beat(product: Product, stopping: asyncio.Event) -> None:
    """Tells everybody that this process lives, and at the end that it stopped. A missed beat is no reason to stop."""
    while True:
        stopped = stopping.is_set()
        try:
            await product.heart.beat(product.clock.now(), stopped=stopped)
        except (psycopg.Error, OSError) as error:
            _log.warning("beat_missed", error=type(error).__name__)
        if stopped:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), beat_every_s)


async def _told_ready(product: Product, ready: Callable[[Product], Awaitable[None]]) -> None:
    """PostgreSQL may be killed in just this moment, and is back soon."""
    while True:
        try:
            return await ready(product)
        except psycopg.OperationalError as error:
            _log.warning("not_ready_yet", error=str(error))
            await asyncio.sleep(ready_again_s)


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


def _bind_worker(settings: InstallationSettings) -> socket.socket:
    """The port that was chosen; unsaid, the first free one of a few, since several workers may share a machine."""
    choose = "REGULARS_METRICS_PORT"
    ports = metrics_ports if settings.metrics_port is None else [settings.metrics_port]
    for port in ports[:-1]:
        with suppress(PortTaken):
            return _listen(_bind(settings.host, port, choose=choose), choose=choose)
    return _listen(_bind(settings.host, ports[-1], choose=choose), choose=choose)


def _bind(host: str, port: int, *, choose: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise _port_taken(host, port, error, choose) from None
    return listening


def _listen(listening: socket.socket, *, choose: str) -> socket.socket:
    """Two may be bound to a port, but only one can listen there. uvloop keeps it to itself if it is not us."""
    try:
        listening.listen(backlog)
    except OSError as error:
        host, port = listening.getsockname()[:2]
        listening.close()
        raise _port_taken(host, port, error, choose) from None
    return listening


def _port_taken(host: str, port: int, error: OSError, choose: str) -> PortTaken:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else "may not be used by this user"
        return PortTaken(f"Port {port} on {host} {why}; choose another with {choose}.")
    return PortTaken(f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}.")


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
        if (hold := await holding.held(unit)) is not None:
            words["held"] = hold.because
            _log.warning("sending_is_held", since=hold.since.isoformat(), because=hold.because)
    return words
