"""`demo`: a store with a year behind it, on its own lifecycle, with shoppers in it now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, Final

import structlog

from regulars.bootstrap import Product
from regulars.domains.audiences import service as audiences
from regulars.domains.events import service as events
from regulars.domains.journeys import service as journeys
from regulars.domains.lifecycle import service as lifecycle
from regulars.domains.members import service as members
from regulars.domains.messages.service import templates
from regulars.entrypoints import demo_shoppers, server
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Unit
from regulars.providers.demo import store
from regulars.providers.demo.shoppers import Shoppers
from regulars.shared.errors import Conflict

BLUEPRINT: Final = "apparel-store"
COMPANY: Final = {"company_name": "Clover Lane", "time_zone": "Europe/London", "sender_name": "Clover Lane"}
calls_per_chunk: Final = 5_000
_DONE: Final = b"SELECT EXISTS (SELECT FROM settings WHERE name = 'demo_filled')"
_BEGIN: Final = b"INSERT INTO settings VALUES ('demo_begun', 'true', %(at)s, 'system') ON CONFLICT DO NOTHING"
_BEGUN_AT: Final = b"SELECT changed_at FROM settings WHERE name = 'demo_begun'"
_MARK: Final = b"INSERT INTO settings VALUES ('demo_filled', 'true', %(at)s, 'system') ON CONFLICT DO NOTHING"
_BEGUN: Final = b"SELECT EXISTS (SELECT FROM events WHERE source = 'demo')"
_CUSTOMERS: Final = b"SELECT EXISTS (SELECT FROM customers)"
_log = structlog.get_logger(__name__)

Say = Callable[[str], None]


class NotAnEmptyFolder(Conflict):
    """This data folder holds customers of its own; a demo store goes into an empty one (--data DIR)."""


async def serve_demo(settings: InstallationSettings, *, shoppers: bool, say: Say) -> None:
    """Serves at once and fills the store meanwhile, if it was not filled before."""

    async def ready(product: Product) -> None:
        async with product.units.open() as unit:
            await _refuse_what_is_no_demo(unit)
        words = await server.first_words(product)
        say(f"\n[bold]The demo store opens at {product.public_url}[/bold]")
        if "setup_url" in words:
            say(f"  Sign up once:  {words['setup_url']}")
        if "admin_key" in words:
            say(f"  Admin key:     {words['admin_key']}   (shown this once)")
        say(f"  Write key:     {words['write_key']}\n")

    async def beside(product: Product, stopping: asyncio.Event) -> None:
        await fill(product, stopping, say)
        if shoppers and not stopping.is_set():
            await _let_shoppers_in(product, stopping)

    await server.serve(settings, ready=ready, beside=beside, demo_note=store.note)


async def fill(product: Product, stopping: asyncio.Event, say: Say) -> None:
    """History first, by the same importer as anyone's; then the blueprint's rules, which judge all of it at once."""
    began_at = product.clock.now()
    async with product.units.open() as unit:
        if await unit.value(_DONE):
            return
        # Interrupted and gone on with on another day, the second half must be moved in time as far as the first.
        await unit.run(_BEGIN, at=unit.at)
        at: datetime = await unit.value(_BEGUN_AT)
        await members.offer_settings(unit, **COMPANY)
        for blueprint in lifecycle.blueprints():
            with suppress(Conflict):
                await lifecycle.install(unit, blueprint.lifecycle)
    say("  Filling it with a year of orders and visits …")
    accepted = await _import_history(product, at, stopping)
    if stopping.is_set():
        return
    while await _has_waiting_history(product):
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 0.2)
            return
    async with product.units.open() as unit:
        await install_blueprint(unit, BLUEPRINT)
        await unit.run(_MARK, at=unit.at)
    seconds = (product.clock.now() - began_at).total_seconds()
    _log.info("demo_filled", messages=accepted, seconds=round(seconds, 1))
    say(f"  Filled: {accepted:,} events of history in {seconds:.0f} s. The stages settle in a moment.\n")


async def install_blueprint(unit: Unit, slug: str) -> None:
    """Activates a blueprint's lifecycle with its audiences, templates and journeys."""
    blueprint = lifecycle.blueprint(slug)
    await lifecycle.install(unit, blueprint.lifecycle)
    await lifecycle.activate(unit, slug)
    for one in blueprint.audiences:
        await audiences.put(unit, one["slug"], one["name"], one["rule"])
    for one in blueprint.templates:
        await templates.save(unit, one["slug"], **_template(one))
    for one in blueprint.journeys:
        await journeys.put(unit, one["slug"], one["name"], one["definition"])
        await journeys.publish(unit, one["slug"])


def _template(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one.get(key) for key in ("name", "subject", "body", "text", "purpose", "topic")}


async def _import_history(product: Product, at: datetime, stopping: asyncio.Event) -> int:
    """In chunks made in a thread, so that the server answers meanwhile."""
    calls = store.history(at)
    accepted = 0
    while not stopping.is_set() and (chunk := await asyncio.to_thread(_next_chunk, calls)):
        outcome = await events.accept_history(product.units, chunk, source="demo")
        accepted += outcome.accepted
        for item in outcome.rejected[:3]:
            _log.warning("demo_call_rejected", code=item.code, reason=item.reason)
    return accepted


def _next_chunk(calls: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(islice(calls, calls_per_chunk))


async def _let_shoppers_in(product: Product, stopping: asyncio.Event) -> None:
    shop = await asyncio.to_thread(store.shop)
    async with product.units.open() as unit:
        write_key = await members.write_key(unit)
    source = random.Random(product.ids.token())  # noqa: S311  (shoppers are no secret)
    url = f"http://127.0.0.1:{product.settings.port}"
    await demo_shoppers.walk(
        Shoppers(source, shop), url=url, write_key=write_key, clock=product.clock, stopping=stopping
    )


async def _has_waiting_history(product: Product) -> bool:
    async with product.units.open() as unit:
        return await events.has_waiting_history(unit)


async def _refuse_what_is_no_demo(unit: Unit) -> None:
    """A store that an earlier start began to fill is a demo: doing it again doubles nothing."""
    begun = await unit.value(_DONE) or await unit.value(_BEGUN)
    if not begun and await unit.value(_CUSTOMERS):
        raise NotAnEmptyFolder
