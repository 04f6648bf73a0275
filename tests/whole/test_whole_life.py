"""A customer's whole life, told over public faces only: the event API, the admin API, mail, and the links in mail."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from segment.analytics.client import Client

from tests.entrypoints.served import Served, put, serving, until

pytestmark = pytest.mark.slow

MAIL = """<mjml><mj-body><mj-section><mj-column>
  <mj-text>Welcome, {{ customer.first_name }}. You looked at {{ event.product }}.</mj-text>
  <mj-button href="https://shop.example/hats?for={{ customer.first_name | url_encode }}&amp;from=mail">Hats</mj-button>
  <mj-text><a href="{{ unsubscribe_url }}">No more of this</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""
READER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
not_a_machine_after_s = 2.2


@dataclass
class Shop:
    """A running company, seen from outside."""

    served: Served

    def get(self, path: str, **values: Any) -> Any:
        answer = self.served.ask(path, **values)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def put(self, path: str, body: Any = None) -> Any:
        return put(self.served, path, body)

    def segment(self) -> Client:
        """The official library, unmodified."""
        return Client(self.served.write_key, host=self.served.url, on_error=_fail, sync_mode=True)

    def found(self, text: str) -> dict[str, Any] | None:
        items = self.get("/api/customers", q=text)["items"]
        return self.get(f"/api/customers/{items[0]['id']}") if items else None

    def customer(self, text: str) -> dict[str, Any]:
        return until(lambda: self.found(text), seconds=10, what=text)

    def timeline(self, customer_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(f"/api/customers/{customer_id}/timeline", limit=100)["items"]
        return items

    def happened(self, customer_id: str, name: str, times: int = 1) -> list[dict[str, Any]]:
        """The events of that name, newest first, as soon as there are so many."""

        def look() -> list[dict[str, Any]] | None:
            items = [one for one in self.timeline(customer_id) if one["name"] == name]
            return items if len(items) >= times else None

        items = until(look, seconds=15, what=f"{name} ×{times}")
        assert len(items) == times, items
        return items

    def stage(self, slug: str) -> dict[str, Any]:
        """One stage's numbers on the home page."""
        return next(one for one in self.get("/api/lifecycle")["stages"] if one["slug"] == slug)

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        return [one for one in self.get("/api/mailbox")["items"] if address in one["to"]]

    def raw(self, mail_id: str) -> EmailMessage:
        """The mail as it went over the wire, read by the standard library."""
        with self.served.database() as connection:
            row = connection.execute(
                "SELECT raw FROM caught_mail WHERE id = %s::uuid", (mail_id.removeprefix("eml_"),)
            ).fetchone()
        assert row
        mail = email.message_from_bytes(bytes(row[0]), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        return mail


def _fail(error: Exception, items: Any) -> None:
    raise AssertionError(f"{error}: {items}")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop of its first day: a lifecycle, a newsletter for whoever looks at a hat, and an audience of buyers."""
    with serving() as served:
        shop = Shop(served)
        until(lambda: shop.get("/api/lifecycle")["state"] == "live", what="the first lifecycle")
        shop.put("/api/settings", {**shop.get("/api/settings"), "sender_email": "hello@shop.example"})
        template = {"name": "Hats", "subject": "Hats for {{ customer.first_name }}", "body": MAIL}
        shop.put("/api/templates/hats", {**template, "purpose": "marketing", "topic": "newsletter"})
        where = [{"property": "category", "is": "hats"}]
        definition = {
            "enter": {"event": "Product Viewed", "where": where},
            "again": "after_leaving",
            "first": "write",
            "steps": [{"id": "write", "send": "hats", "next": "end"}, {"id": "end", "leave": "written to"}],
        }
        shop.put("/api/journeys/hats", {"name": "Hats", "definition": definition})
        shop.put("/api/journeys/hats/publication")
        shop.put("/api/audiences/buyers", {"name": "Buyers", "rule": 'did "Order Completed" in the last 30 days'})
        until(lambda: shop.get("/api/audiences/buyers")["state"] == "live", what="the audience")
        yield shop
        assert served.end() == 0
        assert not served.crashed


def test_a_stranger_is_seen_and_known_within_a_second(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    segment = shop.segment()
    began = time.monotonic()
    segment.page(anonymous_id="ana-browser", name="Home", properties={"url": "https://shop.example/"})
    stranger = until(lambda: shop.found("ana-browser"), seconds=20, every_s=0.02)
    seen_s = time.monotonic() - began
    assert (stranger["name"], stranger["email"]) == (None, None)
    traits = {"email": "ana@example.com", "first_name": "Ana", "name": "Ana Alm"}
    began = time.monotonic()
    segment.identify("ana", traits, anonymous_id="ana-browser")
    segment.track("ana", "Consent Given", {"channel": "email", "topic": "newsletter"})
    until(lambda: (shop.found("ana@example.com") or {}).get("consents"), seconds=20, every_s=0.02)
    known_s = time.monotonic() - began
    ana = shop.customer("ana@example.com")
    assert ana["id"] == stranger["id"]
    assert {(one["kind"], one["value"]) for one in ana["identifiers"]} == {
        ("anonymous_id", "ana-browser"),
        ("user_id", "ana"),
        ("email", "ana@example.com"),
    }
    assert ana["traits"]["first_name"] == "Ana"
    (consent,) = ana["consents"]
    assert (consent["channel"], consent["topic"], consent["answer"]) == ("email", "newsletter", "yes")
    names = [one["name"] for one in shop.timeline(ana["id"])]
    assert {"Page Viewed", "Identified", "Consent Given", "Stage Entered"} <= set(names)
    assert ana["stage"]["slug"] == "awareness"
    why = shop.get(f"/api/customers/{ana['id']}/stage")
    assert why["stage"] == "awareness"
    assert [(one["slug"], one["holds"]) for one in why["stages"]][:2] == [("awareness", True), ("consideration", False)]
    assert all(one["conditions"] for one in why["stages"])
    with capsys.disabled():
        print(f"\nseen after {seen_s * 1000:.0f} ms, known with consent after {known_s * 1000:.0f} ms")  # noqa: T201


def test_a_mail_is_received_followed_and_refused(shop: Shop) -> None:
    bo = _asks_for_mail(shop, "bo", "Bo")
    segment = shop.segment()
    segment.track("bo", "Product Viewed", {"category": "shoes", "product": "clogs"})
    segment.track("bo", "Product Viewed", {"category": "hats", "product": "a bowler"})
    shop.happened(bo, "Journey Entered")
    shop.happened(bo, "Email Sent")
    (line,) = until(lambda: shop.mails_to("bo@example.com"))
    sent_at = time.monotonic()
    assert (line["subject"], line["customer_id"]) == ("Hats for Bo", bo)
    mail = shop.raw(line["id"])
    _is_well_made(mail)
    html = mail.get_body(("html",))
    assert html is not None
    links = re.findall(r'(?:href|src)="([^"]+)"', html.get_content())
    (click,) = [one for one in links if "/t/c/" in one]
    (picture,) = [one for one in links if "/t/o/" in one]
    (way_out,) = re.findall(r"<(http[^>]+)>", mail["List-Unsubscribe"])

    with httpx2.Client(headers=READER, follow_redirects=False, timeout=30) as reader:
        time.sleep(max(0.0, sent_at + not_a_machine_after_s - time.monotonic()))
        assert reader.get(picture).headers["content-type"] == "image/gif"
        followed = reader.get(click)
        assert (followed.status_code, followed.headers["location"]) == (
            302,
            "https://shop.example/hats?for=Bo&from=mail",
        )
        (opened,), (clicked,) = shop.happened(bo, "Email Opened"), shop.happened(bo, "Email Clicked")
        assert (opened["properties"]["machine"], clicked["properties"]["machine"]) == (False, False)
        assert clicked["properties"]["url"] == followed.headers["location"]
        assert reader.get(click[:-4] + "AAAA").status_code == 404

        assert reader.get(way_out).status_code == 200
        time.sleep(0.5)
        assert "Unsubscribed" not in [one["name"] for one in shop.timeline(bo)]
        assert shop.customer("bo@example.com")["consents"][0]["answer"] == "yes"
        one_click = {"List-Unsubscribe": "One-Click"}
        answer = reader.post(way_out, data=one_click)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    shop.happened(bo, "Unsubscribed")
    assert {one["topic"]: one["answer"] for one in shop.customer("bo@example.com")["consents"]} == {"newsletter": "no"}

    segment.track("bo", "Product Viewed", {"category": "hats", "product": "a cap"})
    (withheld,) = shop.happened(bo, "Email Withheld")
    assert withheld["properties"]["why"] == "said_no", withheld
    second, first = shop.get(f"/api/customers/{bo}/messages")["items"]
    assert (first["state"], bool(first["opened"]), bool(first["clicked"])) == ("sent", True, True), first
    assert second["state"] == "withheld"
    assert shop.get(f"/api/messages/{second['id']}")["why"]
    assert len(shop.mails_to("bo@example.com")) == 1
    enrolments = shop.get(f"/api/customers/{bo}/enrolments")["items"]
    assert [(one["journey"], one["left_because"]) for one in enrolments] == [("hats", "written to")] * 2


def _asks_for_mail(shop: Shop, user: str, first_name: str) -> str:
    segment = shop.segment()
    segment.identify(user, {"email": f"{user}@example.com", "first_name": first_name})
    segment.track(user, "Consent Given", {"channel": "email", "topic": "newsletter"})
    until(lambda: (shop.found(f"{user}@example.com") or {}).get("consents"))
    found: str = shop.customer(f"{user}@example.com")["id"]
    return found


def _is_well_made(mail: EmailMessage) -> None:
    """As large mailbox providers ask of senders of newsletters."""
    assert not mail.defects
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["From"].addresses[0].addr_spec == "hello@shop.example"
    assert mail["To"].addresses[0].addr_spec == "bo@example.com"
    assert mail["Date"].datetime.tzinfo is not None
    assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mail["Message-ID"].strip())
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.match(r"<https?://[^<>]+/u/[^<>]+>", mail["List-Unsubscribe"])
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Welcome, Bo. You looked at a bowler." in text.get_content()


def test_an_order_moves_the_customer_and_the_numbers(shop: Shop) -> None:
    shop.segment().identify("chi", {"email": "chi@example.com"})
    chi = shop.customer("chi@example.com")["id"]
    until(lambda: shop.customer("chi@example.com")["stage"])
    before = {slug: shop.stage(slug) for slug in ("awareness", "consideration", "acquisition")}
    shop.segment().track("chi", "Product Viewed", {"category": "shoes"})
    until(lambda: shop.customer("chi@example.com")["stage"]["slug"] == "consideration")
    shop.segment().track("chi", "Order Completed", {"revenue": 49.9, "currency": "EUR"})
    until(lambda: shop.customer("chi@example.com")["stage"]["slug"] == "acquisition")
    after = {slug: shop.stage(slug) for slug in before}
    moved = {slug: after[slug]["customers"] - before[slug]["customers"] for slug in before}
    assert moved == {"awareness": -1, "consideration": 0, "acquisition": 1}
    assert after["consideration"]["entered"] == before["consideration"]["entered"] + 1
    assert after["consideration"]["left"] == before["consideration"]["left"] + 1
    flows = {(one["from"], one["to"]): one["customers"] for one in shop.get("/api/lifecycle")["flows"]}
    assert flows["consideration", "acquisition"] >= 1
    why = shop.get(f"/api/customers/{chi}/stage")
    assert [(one["from"], one["to"]) for one in why["moves"]][:2] == [
        ("consideration", "acquisition"),
        ("awareness", "consideration"),
    ]
    assert all(one["because"] for one in why["moves"])
    until(lambda: chi in [one["id"] for one in shop.get("/api/audiences/buyers/members")["items"]])
    assert [one["slug"] for one in shop.customer("chi@example.com")["audiences"]] == ["buyers"]
    shop.happened(chi, "Audience Entered")
    preview = {"rule": shop.get("/api/audiences/buyers")["rule"], "customer": {"user_id": "chi"}}
    headers = {"Authorization": f"Bearer {shop.served.admin_key}"}
    seen = httpx2.post(f"{shop.served.url}/api/audiences/preview", json=preview, headers=headers, timeout=20).json()
    assert seen["count"] == shop.get("/api/audiences/buyers")["members"]
    assert seen["customer"]["holds"] is True
    assert seen["customer"]["changes_at"] is not None


def test_a_device_is_given_to_its_owner_and_taken_back(shop: Shop) -> None:
    segment = shop.segment()
    segment.identify("dee", {"email": "dee@example.com"})
    segment.page(anonymous_id="library-computer", name="Opening hours")
    dee, visitor = shop.customer("dee@example.com")["id"], shop.customer("library-computer")["id"]
    assert dee != visitor
    total = shop.get("/api/lifecycle")["total"]
    segment.track("dee", "Signed In", anonymous_id="library-computer")
    merge = until(lambda: shop.customer("dee@example.com")["merges"], what="the merge")[0]
    assert (merge["absorbed_id"], merge["undone_at"]) == (visitor, None)
    assert merge["because"]
    assert shop.get(f"/api/customers/{visitor}")["id"] == dee
    shop.happened(dee, "Page Viewed")
    until(lambda: shop.get("/api/lifecycle")["total"] == total - 1)

    shop.put(f"/api/merges/{merge['id']}/undoing")
    until(lambda: shop.get(f"/api/customers/{visitor}")["id"] == visitor, what="the undoing")
    shop.happened(visitor, "Page Viewed")
    assert "Page Viewed" not in [one["name"] for one in shop.timeline(dee)]
    assert "Signed In" in [one["name"] for one in shop.timeline(dee)]
    assert shop.customer("dee@example.com")["merges"][0]["undone_at"] is not None
    until(lambda: shop.get("/api/lifecycle")["total"] == total)


def test_the_home_pages_numbers_are_those_of_the_customers(shop: Shop) -> None:
    def consistent() -> bool:
        overview, customers = shop.get("/api/lifecycle"), shop.get("/api/customers", limit=200)["items"]
        counted = {one["slug"]: one["customers"] for one in overview["stages"]}
        listed = {slug: len([one for one in customers if (one["stage"] or {}).get("slug") == slug]) for slug in counted}
        return counted == listed and overview["total"] == len(customers)

    shop.segment().track("eli", "Product Viewed", {"category": "shoes"})
    shop.customer("eli")
    until(consistent, seconds=10, what="agreement")
