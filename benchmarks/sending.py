"""From a message that is due to a mail in the built-in mailbox: how many a second, and how soon after the event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import aiosmtplib
import psycopg
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks import ground
from benchmarks.client import Line, basic, call
from benchmarks.figures import Figure, percentile
from benchmarks.served import Served, serving
from regulars.domains.journeys import service as journeys
from regulars.domains.messages.model import MailSettings, Purpose, Signer
from regulars.domains.messages.policy.sending import lanes
from regulars.domains.messages.service import templates
from regulars.pipeline import Pipeline
from regulars.platform.postgres.server import answering_url
from regulars.platform.unit import Units
from regulars.shared.ids import Ids

calm_rate: Final = 5.0
timeout_s: Final = 600.0
pause_between_looks_s: Final = 0.02
NEWSLETTER: Final = """<mjml><mj-body>
  <mj-section><mj-column>
    <mj-image src="https://shop.example/summer.jpg" alt="Summer" href="https://shop.example/summer"></mj-image>
    <mj-text>Hello {{ customer.first_name | default: "you" }}, here is what is new in {{ customer.country }}.</mj-text>
    <mj-button href="https://shop.example/sale?for={{ customer.id | url_encode }}">To the sale</mj-button>
  </mj-column></mj-section>
  <mj-section>
    <mj-column><mj-text>Coats</mj-text><mj-button href="https://shop.example/coats">Coats</mj-button></mj-column>
    <mj-column><mj-text>Shoes</mj-text><mj-button href="https://shop.example/shoes">Shoes</mj-button></mj-column>
  </mj-section>
</mj-body></mjml>"""
RECEIPT: Final = """<mjml><mj-body>
  <mj-section><mj-column><mj-text>Thank you</mj-text></mj-column></mj-section>
</mj-body></mjml>"""
JOURNEY: Final = {
    "enter": {"event": "Receipt Wanted"},
    "again": "after_leaving",
    "first": "s1",
    "steps": [{"id": "s1", "send": "receipt", "next": "s2"}, {"id": "s2", "leave": "done"}],
}
_WRITABLE: Final = b"""
UPDATE customers
   SET traits = traits || jsonb_build_object('email', 'u' || split_part(traits ->> 'name', ' ', 2) || '@example.com')"""
_AGREED: Final = b"""
INSERT INTO consents (customer_id, identifier_id, channel, topic, answer, at, source, because, message_id)
SELECT i.customer_id, i.id, 'email', 'newsletter', 'yes', %(at)s, 'bench', '{}', 'bench:' || i.value
  FROM identifiers AS i WHERE i.kind = 'user_id'"""
_QUEUED: Final = b"""
WITH told AS (SELECT pg_notify('regulars_outbox', ''))
INSERT INTO messages (id, key, customer_id, made_for, channel, template_id, version, purpose, topic, state, because,
                      why, created_at, due_at, attempts)
SELECT derived_id(%(at)s, 'bench:' || i.value), 'bench:' || i.value, i.customer_id, i.customer_id, 'email', t.id,
       t.version, t.purpose, t.topic, 'queued', '{}', '{}', %(at)s, %(at)s, 0
  FROM told, identifiers AS i JOIN templates AS t ON t.slug = 'newsletter'
 WHERE i.kind = 'user_id' ORDER BY i.id"""
_WAITING: Final = b"SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')"
_CAUGHT: Final = b"SELECT raw FROM caught_mail ORDER BY at LIMIT 1000"
_HANDED_OVER: Final = b"""
SELECT extract(epoch FROM c.at - e.received_at)::float
  FROM caught_mail AS c JOIN messages AS m ON m.id = c.message_id JOIN events AS e ON e.seq = m.event_seq
 WHERE e.name = 'Receipt Wanted' AND e.message_id LIKE 'calm-%'"""


async def measure(quick: bool) -> list[Figure]:
    customers, calls, settle_s = (100, 10, 1.0) if quick else (3_000, 100, 20.0)
    with ground.folder() as data:
        async with ground.installation(data) as units:
            await _prepare(units, customers)
        async with serving(data) as served:
            url = await answering_url(data)
            assert url is not None
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as database:
                await asyncio.sleep(settle_s)  # It reads the stages' past meanwhile.
                began = perf_counter()
                await database.execute(_QUEUED, {"at": ground.now()})
                await _none_waits(database)
                seconds = perf_counter() - began
                mails = [bytes(row[0]) for row in await (await database.execute(_CAUGHT)).fetchall()]
                posted = await _post(served, calls)
                await _none_waits(database)
                ways = [float(row[0]) for row in await (await database.execute(_HANDED_OVER)).fetchall()]
    assert len(ways) == calls, len(ways)
    places = lanes(MailSettings(Signer(bytes(32))).concurrency_max)[Purpose.MARKETING]
    bare = await _hand_over(mails, places)
    floor = 1000 * (percentile(posted, 0.5) + (await _hand_over(mails[:100], 1)) / len(mails[:100]))
    beside = "one post, and one mail handed over without a database"
    calm = f"{calls} events at {calm_rate:.0f}/s, a journey of one step"
    return [
        Figure("mails sent", customers / seconds, "mails/s", len(mails) / bare,
               f"the same mails over {places} connections, no database",
               f"{customers:,} newsletters into the built-in mailbox, {len(mails[0]) / 1000:.0f} kB each"),
        *(
            Figure(f"event to mail handed over, p{100 * share:.0f}", 1000 * percentile(ways, share), "ms", floor,
                   beside, calm)
            for share in (0.5, 0.99)
        ),
    ]  # fmt: skip


async def _prepare(units: Units, customers: int) -> None:
    """Customers who agreed to be written to, what they are sent, and all rules in force."""
    at = ground.now()
    await ground.settle_people(units, customers=customers, events=10 * customers, at=at)
    await ground.lay_rules(units, at=at)
    async with units.open(at=at) as unit:
        for statement in (_WRITABLE, _AGREED):
            await unit.run(statement, at=at)
        kept: dict[str, Any] = {"name": "Letter", "text": None}
        await templates.save(
            unit, "newsletter", subject="News for {{ customer.first_name }}", body=NEWSLETTER, purpose="marketing",
            topic="newsletter", **kept,
        )  # fmt: skip
        await templates.save(
            unit, "receipt", subject="Your receipt", body=RECEIPT, purpose="transactional", topic="orders", **kept
        )
        await journeys.put(unit, "receipts", "Receipts", JOURNEY)
        await journeys.publish(unit, "receipts")
    async with Pipeline(units, Ids()) as pipeline:
        await ground.put_in_force(units, pipeline, at=at)


async def _none_waits(database: psycopg.AsyncConnection[Any]) -> None:
    ends = perf_counter() + timeout_s
    while perf_counter() < ends:
        row = await (await database.execute(_WAITING)).fetchone()
        if row == (0,):
            return
        await asyncio.sleep(pause_between_looks_s)
    raise TimeoutError("mail still waits")


async def _post(served: Served, calls: int) -> list[float]:
    """Events that a mail follows, one after another in quiet; how long each took to be taken."""
    times = []
    async with Line(served.port, basic(served.keys()["write_key"])) as line:
        for number in range(calls):
            body = json.dumps(call(number, "calm", user=f"u{1 + number % 90}", name="Receipt Wanted"))
            began = perf_counter()
            status, told = await line.ask("POST", "/v1/track", body.encode())
            times.append(perf_counter() - began)
            assert status == 200, told
            await asyncio.sleep(1 / calm_rate)
    await asyncio.sleep(1)  # The last tick is over by then.
    return times


class _Taken:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "250 2.0.0 Taken"


async def _hand_over(mails: Sequence[bytes], connections: int) -> float:
    """Seconds in which the same client and server hand the mails over, in this process as in the product's."""
    loop = asyncio.get_running_loop()
    waiting = list(mails)

    async def hand(port: int) -> None:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=port, local_hostname="localhost", start_tls=False
        ) as client:
            while waiting:
                await client.sendmail("shop@example.com", ["someone@example.com"], waiting.pop())

    server = await loop.create_server(lambda: SMTP(_Taken(), hostname="localhost", loop=loop), "127.0.0.1", 0)
    async with server:
        port = int(server.sockets[0].getsockname()[1])
        began = perf_counter()
        await asyncio.gather(*(hand(port) for _ in range(connections)))
        return perf_counter() - began
