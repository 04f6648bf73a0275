"""Settings become running objects, here and nowhere else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import psycopg
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from regulars.domains.audiences.api import audiences as audiences_api
from regulars.domains.audiences.api import customers as customers_api
from regulars.domains.audiences.api import lists as lists_api
from regulars.domains.customers import facts as customer_facts
from regulars.domains.events import api as events_api
from regulars.domains.events import facts as event_facts
from regulars.domains.events import service as events
from regulars.domains.journeys import api as journeys_api
from regulars.domains.journeys import facts as journey_facts
from regulars.domains.lifecycle import api as lifecycle_api
from regulars.domains.lifecycle import facts as lifecycle_facts
from regulars.domains.lifecycle import jobs as lifecycle_jobs
from regulars.domains.members import api as members_api
from regulars.domains.messages import facts as message_facts
from regulars.domains.messages.api import mailbox as mailbox_api
from regulars.domains.messages.api import public as mail_api
from regulars.domains.messages.api import templates as templates_api
from regulars.domains.messages.model import MailSettings, Purpose, Sender, Signer
from regulars.domains.messages.service.dispatch import Lane
from regulars.domains.messages.service.inbound import Mailroom
from regulars.domains.verdicts import facts as verdict_facts
from regulars.domains.verdicts import service as verdicts
from regulars.pipeline import STEPS, Pipeline
from regulars.platform import checkpoints, shipped
from regulars.platform.http.app import make_app
from regulars.platform.http.health import Check, health_routes
from regulars.platform.log.keeping import keep_log
from regulars.platform.passwords import Passwords, PasswordSettings
from regulars.platform.postgres.migrate import migrate, program_name
from regulars.platform.postgres.migrations import newest
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres, ServerDidNotStart, answering_url
from regulars.platform.secrets import signing_secret
from regulars.platform.settings import InstallationSettings, SettingMalformed, read_settings
from regulars.platform.tick import last_instant
from regulars.platform.tracing import start_tracing, traced
from regulars.platform.unit import Units
from regulars.platform.warehouse import api as warehouse_api
from regulars.platform.warehouse.clickhouse import ClickHouseSink, read_url
from regulars.platform.warehouse.duck import DuckSink
from regulars.platform.warehouse.facts import Fact
from regulars.platform.warehouse.feeding import Warehouse
from regulars.platform.warehouse.sinks import Sink
from regulars.platform.warehouse.spark import SparkSink
from regulars.platform.warehouse.spark import read_url as spark_url
from regulars.platform.watch import api as watch_api
from regulars.platform.watch.looking import Pools, Watch
from regulars.platform.watch.meter import Meter
from regulars.platform.watch.model import Waits
from regulars.platform.watch.numbers import refresh
from regulars.platform.watch.policy import failing_for_max
from regulars.platform.watch.processes import Heart
from regulars.providers.smtp.catcher import Catcher
from regulars.providers.smtp.sender import SmtpSender
from regulars.rules.engines.clickhouse import SETTINGS as CLICKHOUSE_SETTINGS
from regulars.rules.engines.spark import SETTINGS as SPARK_SETTINGS
from regulars.shared.clock import Clock, SystemClock
from regulars.shared.errors import Unavailable
from regulars.shared.ids import Ids


class DatabaseUnreachable(Unavailable):
    """The database does not answer."""


CHECKPOINT_FILE: Final = "CHECKPOINT_FILE"
"""The environment's name for the file that tests of faults arm checkpoints by; no setting of an installation."""
housekeeping_every: Final = timedelta(minutes=5)

FACTS: Final[Sequence[Fact]] = (
    event_facts.EVENTS,
    *customer_facts.FACTS,
    lifecycle_facts.STAGE_MOVES,
    *message_facts.FACTS,
    *journey_facts.FACTS,
)
"""All that the domains let the warehouse see."""
MOVES: Final = customer_facts.IDENTIFIER_MOVES
WAITING: Final[Sequence[Waits]] = (
    *event_facts.WAITING,
    *verdict_facts.WAITING,
    *journey_facts.WAITING,
    *message_facts.WAITING,
)
"""All that waits for something, for operators."""

ROUTERS: Final[Sequence[APIRouter]] = (
    members_api.router,
    events_api.router,
    lifecycle_api.router,
    customers_api.router,
    audiences_api.router,
    lists_api.router,
    templates_api.router,
    mailbox_api.router,
    journeys_api.router,
    warehouse_api.router,
    watch_api.router,
)


def public_routes() -> list[BaseRoute]:
    """What stands open: each of these guards itself."""
    return [*events_api.public_routes(), *mail_api.public_routes()]


def settings_of_environment(*, default_data: str = "regulars-data", **given: object) -> InstallationSettings:
    """The installation's settings; what the command line gave goes before the environment."""
    return read_settings(os.environ, default_data=default_data, **given)


@dataclass
class Product:
    """Everything that runs, put together. Made by `run_product`."""

    settings: InstallationSettings
    clock: Clock
    ids: Ids
    database_url: str
    units: Units
    pages: Units
    pipeline: Pipeline
    warehouse: Warehouse | None
    intake: events.Intake
    mail: MailSettings
    sender: Sender
    postgres: EmbeddedPostgres | None
    catcher: Catcher | None
    watch: Watch
    meter: Meter
    heart: Heart
    demo_note: str | None = None
    _housekept_at: datetime | None = field(default=None, init=False)

    @property
    def public_url(self) -> str:
        host = "localhost" if self.settings.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else self.settings.host  # noqa: S104
        return self.settings.public_url or f"http://{host}:{self.settings.port}"

    def app(self) -> FastAPI:
        return make_app(
            routers=ROUTERS,
            gatekeeper=members_api.Gatekeeper(self.pages),
            units=self.pages,
            public_routes=public_routes(),
            checks=self._checks(),
            refresh=self._refresh,
            web=shipped.web(),
            state={
                "intake": self.intake,
                "mail": self.mail,
                "warehouse": self.warehouse,
                "watch": self.watch,
                "passwords": Passwords(PasswordSettings()),
                "demo_note": self.demo_note,
            },
            version=version("regulars"),
        )

    def worker_app(self) -> Starlette:
        """What a worker answers that serves nothing else: health and numbers."""
        return Starlette(routes=health_routes({**self._checks(), "ticks": self._ticks_go_well}, self._refresh))

    def lane(self, purpose: Purpose, answered: Callable[[], None]) -> Lane:
        """What sends the messages of one purpose; `answered` is called whenever an answer has come."""
        return Lane(self.units, self.sender, self.mail, purpose, answered=answered)

    async def fill(self, at: datetime) -> int:
        """Judges everyone by rules that wait for it; then, once no imported history is left to be worked in, finds the
        stages' past where it is not known yet."""
        filled = await verdicts.fill(self.units, at=at, relations=self.warehouse)
        async with self.units.open(at=at) as unit:
            importing = await events.has_waiting_history(unit)
        if not importing:
            await lifecycle_jobs.rebuild_wanted_history(self.units, self.warehouse, at)
        return filled

    async def keep_house(self, at: datetime) -> None:
        """What must be tidied now and then."""
        if self._housekept_at is not None and at - self._housekept_at < housekeeping_every:
            return
        self._housekept_at = at
        async with self.units.open(at=at) as unit:
            await events.purge_rejections(unit)
        while await verdicts.sweep(self.units, at=at):
            pass
        mentioned = (journey_facts.OLDEST_EVENT, message_facts.OLDEST_EVENT)
        months, asked = self.settings.log_months, verdicts.asked_of_log
        await keep_log(self.units, self.warehouse, months, at=at, asked=asked, mentioned=mentioned)

    async def _refresh(self) -> None:
        await refresh(self.watch)

    async def _ticks_go_well(self) -> str | None:
        failing = self.meter.failing("tick")
        if failing is None or self.clock.now() - failing.since < failing_for_max:
            return None
        return f"every tick fails since {failing.since:%H:%M:%S} UTC; the log says why"

    def _checks(self) -> Mapping[str, Check]:
        async def database() -> str | None:
            async with self.units.open() as unit:
                await unit.value(b"SELECT 1")
            return None

        return {"database": database}


@asynccontextmanager
async def run_database(
    settings: InstallationSettings, clock: Clock
) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """The URL of a database of the present schema: your own, the one already serving this data folder, or a new one."""
    async with AsyncExitStack() as stack:
        postgres = None
        url = settings.database_url or await answering_url(settings.data)
        if url is None:
            postgres = EmbeddedPostgres(settings.data)
            stack.push_async_callback(postgres.stop)
            try:
                await postgres.start()
                url = postgres.url
            except ServerDidNotStart:
                # Another part was quicker to start the server of this folder.
                url, postgres = await answering_url(settings.data), None
                if url is None:
                    raise
        try:
            await migrate(url, shipped.migrations(), at=clock.now())
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or settings.database_url is None:
                raise
            said = " ".join(str(error).split())
            raise DatabaseUnreachable(f"The database does not answer: {said} (`regulars doctor` says more.)") from None
        yield url, postgres


@asynccontextmanager
async def run_units(settings: InstallationSettings, clock: Clock | None = None) -> AsyncIterator[Units]:
    """Units of work alone, for commands that need no server."""
    clock = clock or SystemClock()
    async with run_database(settings, clock) as (url, _), open_units(url, clock) as units:
        yield units


@asynccontextmanager
async def open_units(url: str, clock: Clock | None = None) -> AsyncIterator[Units]:
    """Units of work on a database that runs, as it is."""
    async with make_pool(url, size_max=4, name=_program()) as pool:
        yield Units(pool, clock or SystemClock(), Ids())


def _program() -> str:
    """What our connections call themselves: how new a schema this program knows."""
    return program_name(newest(shipped.migrations()))


@asynccontextmanager
async def run_product(settings: InstallationSettings, clock: Clock | None = None) -> AsyncIterator[Product]:
    """Starts every part in the order in which they need one another, and stops them in the other."""
    last_moment = os.environ.get(CHECKPOINT_FILE)
    checkpoints.arm(Path(last_moment) if last_moment else None)
    clock, ids = clock or SystemClock(), Ids()
    async with AsyncExitStack() as stack:
        stop_tracing = start_tracing(settings.otlp_endpoint, role=settings.role, version=version("regulars"))
        stack.push_async_callback(asyncio.to_thread, stop_tracing)
        url, postgres = await stack.enter_async_context(run_database(settings, clock))
        # However many read pages, what is received, worked in and sent is never short of connections.
        pool = await stack.enter_async_context(make_pool(url, size_max=12, name=_program()))
        page_pool = await stack.enter_async_context(make_pool(url, name=_program()))
        units, pages = Units(pool, clock, ids), Units(page_pool, clock, ids)
        if isinstance(clock, SystemClock):
            async with units.open() as unit:
                clock.begin(not_before=await last_instant(unit))
        async with units.open() as unit:
            secret = await signing_secret(unit)
        warehouse = _warehouse(settings, units)
        if warehouse is not None:
            stack.push_async_callback(warehouse.close)  # Also if opening it is cut short.
            await warehouse.open()
        intake = events.Intake(units, ids, events.WriteKeys(events.key_sources(units)))
        await stack.enter_async_context(intake.running())
        signer = Signer(secret)
        catching = settings.smtp is None
        # Until returned mail can reach us from outside, only the built-in mailbox has return addresses of its own.
        return_domain = "bounces.localhost" if catching else None
        mail = MailSettings(signer=signer, return_domain=return_domain, catching=catching)
        catcher, smtp = None, settings.smtp
        if smtp is None:
            mailroom = Mailroom(units, signer, ids)
            await stack.enter_async_context(mailroom.running())
            catcher = await stack.enter_async_context(Catcher(mailroom))
            smtp = catcher.settings
        sender = SmtpSender(smtp)
        pipeline = await stack.enter_async_context(Pipeline(units, ids, traced(STEPS), notes=settings.notes))
        meter = Meter()
        yield Product(
            settings=settings,
            clock=clock,
            ids=ids,
            database_url=url,
            units=units,
            pages=pages,
            pipeline=pipeline,
            warehouse=warehouse,
            intake=intake,
            mail=mail,
            sender=sender,
            postgres=postgres,
            catcher=catcher,
            watch=make_watch(settings, units, pools={"requests": page_pool, "work": pool}),
            meter=meter,
            heart=Heart(units, meter, role=settings.role, version=version("regulars")),
        )


def make_watch(settings: InstallationSettings, units: Units, *, pools: Pools | None = None) -> Watch:
    """Looks at all that waits. The disk it tells of is this machine's."""
    return Watch(
        units,
        WAITING,
        event_facts.TAIL,
        message_facts.HOLD,
        folder=settings.data,
        embedded=settings.database_url is None,
        version=version("regulars"),
        pools=pools,
    )


def make_sink(settings: InstallationSettings) -> Sink | None:
    """The warehouse that the URL names; None when there is to be none. Raises SettingMalformed."""
    url = settings.warehouse_url
    if url == "none":
        return None
    if url is None:
        return DuckSink(settings.data / "warehouse.duckdb", memory=settings.warehouse_memory)
    parts = urlsplit(url)
    if parts.scheme == "duckdb" and not parts.netloc:
        return DuckSink(Path(unquote(parts.path)), memory=settings.warehouse_memory)
    if parts.scheme in ("clickhouse", "clickhouses"):
        return make_clickhouse_sink(url)
    if parts.scheme == "spark":
        return make_spark_sink(url)
    raise SettingMalformed(
        "REGULARS_WAREHOUSE_URL is duckdb:///path of a file, clickhouse://user:password@host:port/database, "
        "spark://host:port/folder, or none."
    )


def make_warehouse(units: Units, sink: Sink) -> Warehouse:
    """Feeds a sink with all that the domains declare."""
    return Warehouse(units, FACTS, MOVES, sink)


def make_clickhouse_sink(url: str) -> ClickHouseSink:
    """Raises SettingMalformed."""
    return ClickHouseSink(read_url(url), settings=CLICKHOUSE_SETTINGS)


def make_spark_sink(url: str) -> SparkSink:
    """Raises SettingMalformed."""
    return SparkSink(spark_url(url), settings=SPARK_SETTINGS)


def _warehouse(settings: InstallationSettings, units: Units) -> Warehouse | None:
    """One process feeds a warehouse: the one with the worker. Without a warehouse PostgreSQL answers everything."""
    sink = make_sink(settings)
    return None if sink is None or settings.role == "web" else make_warehouse(units, sink)


def state_of(product: Product) -> dict[str, Any]:
    """How the running parts stand, for the log at the start."""
    return {
        "url": product.public_url,
        "data": str(product.settings.data),
        "postgres": "embedded" if product.postgres else "by URL or already running",
        "mail": "caught in the mailbox" if product.catcher else "sent by SMTP",
    }
