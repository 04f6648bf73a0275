"""A small company whose days a test lives through: messages come in, ticks pass at given instants, nothing sleeps."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from regulars.domains.audiences import service as audiences
from regulars.domains.customers import service as customers
from regulars.domains.events import service as events
from regulars.domains.verdicts import service as verdicts
from regulars.pipeline import Pipeline
from regulars.platform.unit import SYSTEM, Connection, Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids


class Story:
    def __init__(self, units: Units, clock: SetClock, pipeline: Pipeline) -> None:
        self.units = units
        self.clock = clock
        self.pipeline = pipeline
        self._numbers = count(1)

    async def tell_counters(self) -> None:
        """Lets PostgreSQL's counters know what ticks have read so far; they hear of it late else."""
        ticking = self.ticking
        await ticking.execute(b"SELECT pg_stat_force_next_flush()")
        await ticking.commit()

    @property
    def ticking(self) -> Connection:
        """The connection of the ticks."""
        connection = self.pipeline._connection
        assert connection is not None
        return connection

    @property
    def at(self) -> datetime:
        return self.clock.at

    async def receive(self, *messages: Mapping[str, Any]) -> None:
        """Puts Segment calls into the inbox at the present instant; every one must be accepted."""
        calls = [{"messageId": f"m{next(self._numbers)}", "timestamp": self.at.isoformat(), **one} for one in messages]
        outcome = await events.accept(self.units, calls, source="test")
        assert not outcome.rejected, outcome.rejected

    async def did(self, user: str, name: str, *, at: datetime | None = None, **properties: Any) -> None:
        when = (at or self.at).isoformat()
        await self.receive(
            {"type": "track", "userId": user, "event": name, "properties": properties, "timestamp": when}
        )

    async def is_known(self, user: str, **traits: Any) -> None:
        await self.receive({"type": "identify", "userId": user, "traits": traits})

    async def tick(self, at: datetime | None = None) -> int:
        """Ticks until nothing is left to do at this instant."""
        if at is not None:
            assert at >= self.clock.at, "time goes forward"
            self.clock.at = at
        return await self.pipeline.drain(self.at)

    async def pass_time(self, **duration: float) -> None:
        await self.tick(self.at + timedelta(**duration))

    async def fill(self) -> None:
        """Lets every waiting rule judge everyone, and count."""
        await verdicts.fill(self.units, at=self.at)
        await self.tick()

    async def audience(self, slug: str, rule: Any) -> None:
        await self.audiences({slug: rule})

    async def audiences(self, rules: Mapping[str, Any]) -> None:
        """Defines audiences, in an order in which none mentions a later one, and fills them all at once."""
        for slug, rule in rules.items():
            async with self.units.open() as unit:
                await audiences.put(unit, slug, slug, rule)
        await self.fill()

    async def customer(self, user: str) -> UUID:
        async with self.units.open() as unit:
            return await customers.find_by_user_id(unit, user)

    async def members(self, slug: str) -> set[str]:
        """The user ids in an audience now, by the stored verdicts."""
        async with self.units.open() as unit:
            rows: Sequence[str] = await unit.values(
                b"SELECT i.value FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id AND r.state = 'live' "
                b"JOIN identifiers AS i ON i.customer_id = v.customer_id AND i.kind = 'user_id' "
                b"WHERE r.owner = 'audience' AND r.part = %(slug)s AND v.holds",
                slug=slug,
            )
        return set(rows)

    async def timeline(self, user: str) -> list[str]:
        """What happened to a customer, oldest first, by name."""
        customer = await self.customer(user)
        async with self.units.open() as unit:
            return list(
                await unit.values(
                    b"SELECT name FROM events WHERE customer_id = %(customer)s ORDER BY at, seq", customer=customer
                )
            )


@asynccontextmanager
async def living(units: Units, clock: SetClock) -> AsyncIterator[Story]:
    async with Pipeline(units, Ids(random.Random(11))) as pipeline:
        yield Story(units, clock, pipeline)


__all__ = ["SYSTEM", "Story", "living"]
