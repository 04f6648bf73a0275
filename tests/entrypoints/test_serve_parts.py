"""Processes that work together: web and worker apart, and a mail server that comes late."""

from __future__ import annotations

import re
import socket
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.entrypoints.served import Served, free_port, put, regulars, serving, until

pytestmark = pytest.mark.slow

BODY = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Your order {{ event.order_id }} is on its way."
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)


def keys_of(served: Served, settings: dict[str, str]) -> None:
    """Of a server whose database is not its own, the keys come by the command line."""
    found = regulars("keys", "--data", served.data, "--json", settings=settings).json()
    served.write_key, served.admin_key = found["write_key"], found["admin_key"]


def messages_of(served: Served, user: str) -> list[dict[str, Any]]:
    found = served.ask("/api/customers", q=user).json()["items"]
    items: list[dict[str, Any]] = (
        served.ask(f"/api/customers/{found[0]['id']}/messages").json()["items"] if found else []
    )
    return items


def test_what_the_web_part_accepts_the_worker_works_in(database_url: str) -> None:
    settings = {"REGULARS_DATABASE_URL": database_url}
    with serving(None, "--role", "web", settings=settings) as web:
        keys_of(web, settings)
        assert web.send({"type": "identify", "userId": "ana", "traits": {"name": "Ana"}}).status_code == 200
        assert web.ask("/api/customers").json()["items"] == []
        with serving(None, "--role", "worker", web=False, settings=settings) as worker:
            until(lambda: worker.process.poll() is not None or web.ask("/api/customers").json()["items"], seconds=60)
            assert worker.process.poll() is None, worker.words
            (ana,) = web.ask("/api/customers").json()["items"]
            assert (ana["name"], ana["user_id"]) == ("Ana", "ana")
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", worker.port)) != 0, "a worker serves no web app"
            watched = until(lambda: re.search(r'"port": (\d+), "event": "ready"', worker.words), what="its port")[1]
            assert httpx2.get(f"http://127.0.0.1:{watched}/health/ready").json()["checks"] == ["database", "ticks"]
            numbers = httpx2.get(f"http://127.0.0.1:{watched}/metrics").text
            assert 'regulars_processes{role="worker"' in numbers
            assert re.search(r"^regulars_events_recorded_total [1-9]", numbers, re.MULTILINE)
            said = regulars("status", "--data", web.data, "--json", settings=settings).json()
            alive = sorted(one["role"] for one in said["processes"] if one["alive"])
            assert (alive, said["ticks"]["last_at"] is not None) == (["web", "worker"], True)
            assert worker.end() == 0
            assert not worker.crashed
        assert web.end() == 0
        assert not web.crashed


class Postbox:
    """An SMTP server's keeper of what it was handed."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.kept.append(envelope.content)
        return "250 2.0.0 kept"


def test_mail_waits_with_its_reason_until_the_mail_server_is_there() -> None:
    port = free_port()
    with serving(settings={"REGULARS_SMTP_URL": f"smtp+plain://127.0.0.1:{port}"}) as shop:
        company = {**shop.ask("/api/settings").json(), "sender_email": "shop@example.com"}
        put(shop, "/api/settings", company)
        put(
            shop,
            "/api/templates/on-its-way",
            {"name": "On its way", "subject": "Order {{ event.order_id }}", "body": BODY, "purpose": "transactional"},
        )
        steps = [{"id": "tell", "send": "on-its-way", "next": "end"}, {"id": "end", "leave": "told"}]
        definition = {"enter": {"event": "Order Shipped"}, "again": "after_leaving", "first": "tell", "steps": steps}
        put(shop, "/api/journeys/shipped", {"name": "Shipped", "definition": definition})
        put(shop, "/api/journeys/shipped/publication")
        ana = {"type": "identify", "userId": "ana", "traits": {"email": "ana@example.com"}}
        shipped = {"type": "track", "userId": "ana", "event": "Order Shipped", "properties": {"order_id": "A-7"}}
        assert shop.send(ana, shipped).status_code == 200

        def deferred() -> dict[str, Any] | None:
            found = [one for one in messages_of(shop, "ana") if one["state"] == "queued"]
            whole = shop.ask(f"/api/messages/{found[0]['id']}").json() if found else {"deliveries": []}
            return whole if any(one["outcome"] for one in whole["deliveries"]) else None

        message = until(deferred, what="a first attempt")
        (attempt,) = message["deliveries"]
        assert attempt["outcome"] == "deferred"
        assert str(port) in attempt["reply"] or "refused" in attempt["reply"].lower(), attempt
        postbox = Postbox()
        controller = Controller(postbox, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            with shop.database() as connection:  # a minute's patience, made short
                connection.execute("UPDATE messages SET due_at = created_at")
            until(lambda: [one["state"] for one in messages_of(shop, "ana")] == ["sent"], seconds=30, what="the mail")
        finally:
            controller.stop()
        (mail,) = postbox.kept
        assert b"To: ana@example.com" in mail
        assert b"Subject: Order A-7" in mail
        sent = shop.ask(f"/api/messages/{message['id']}").json()
        assert [one["outcome"] for one in sent["deliveries"]] == ["deferred", "accepted"]
        assert shop.end() == 0
