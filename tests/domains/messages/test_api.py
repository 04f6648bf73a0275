"""The admin doors: templates, the mailbox, what became of messages."""

from __future__ import annotations

from uuid import UUID

import httpx2

from regulars.domains.messages.model import ReceivedMail
from regulars.domains.messages.service.inbound import Mailroom
from regulars.shared.ids import Ids
from tests.domains.messages.conftest import BODY, SIGNER, Shop

SALE = {
    "name": "Sale",
    "subject": "Hi {{ customer.first_name }}",
    "body": BODY,
    "purpose": "marketing",
    "topic": "newsletter",
}


async def test_a_template_is_saved_read_listed_and_deleted(desk: httpx2.AsyncClient) -> None:
    saved = (await desk.put("/api/templates/sale", json=SALE)).json()
    assert (saved["slug"], saved["version"], saved["text"]) == ("sale", 1, None)
    again = (await desk.put("/api/templates/sale", json={**SALE, "text": "Hi"})).json()
    assert (again["version"], again["text"]) == (2, "Hi")
    assert (await desk.get("/api/templates/sale")).json() == again
    await desk.put("/api/templates/other", json=SALE)
    first = (await desk.get("/api/templates?limit=1")).json()
    rest = (await desk.get("/api/templates", params={"after": first["next"]})).json()
    assert [item["slug"] for item in first["items"] + rest["items"]] == ["other", "sale"]
    assert (await desk.delete("/api/templates/sale")).status_code == 204
    assert (await desk.get("/api/templates/sale")).status_code == 404
    assert (await desk.delete("/api/templates/sale")).status_code == 404


async def test_what_members_do_with_templates_is_on_record(shop: Shop, desk: httpx2.AsyncClient) -> None:
    await desk.put("/api/templates/sale", json=SALE)
    await desk.delete("/api/templates/sale")
    async with shop.units.open() as unit:
        rows = await unit.records(
            b"SELECT action, subject, actor_name FROM audit_log WHERE starts_with(action, 'template.')"
        )
    found = {(row["action"], row["subject"], row["actor_name"]) for row in rows}
    assert found == {("template.saved", "sale", "Desk"), ("template.deleted", "sale", "Desk")}


async def test_a_faulty_template_is_refused_with_every_place(desk: httpx2.AsyncClient) -> None:
    body = "<mjml><mj-body><mj-section><mj-colum></mj-colum></mj-section></mj-body></mjml>"
    answer = await desk.put("/api/templates/sale", json={**SALE, "body": body, "subject": "{{ x"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "template_invalid")
    assert {error["pointer"] for error in problem["errors"]} == {"/subject", "/body"}
    assert any("did you mean <mj-column>?" in error["detail"] for error in problem["errors"])
    assert (await desk.get("/api/templates/sale")).status_code == 404
    assert (await desk.put("/api/templates/sale", json={**SALE, "colour": "red"})).status_code == 422


async def test_transactional_mail_needs_no_topic_and_marketing_does(desk: httpx2.AsyncClient) -> None:
    bare = {key: value for key, value in SALE.items() if key != "topic"}
    saved = (await desk.put("/api/templates/receipt", json={**bare, "purpose": "transactional"})).json()
    assert saved["topic"] == "transactional"
    refused = await desk.put("/api/templates/sale", json=bare)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/topic"]
    assert (await desk.put("/api/templates/sale", json={**SALE, "purpose": "spam"})).status_code == 422


async def test_a_preview_shows_the_mail_for_a_customer_and_warns(desk: httpx2.AsyncClient, bo: UUID) -> None:
    content = {"subject": "Hi {{ customer.first_name }}", "body": BODY}
    sample = (await desk.post("/api/templates/preview", json=content)).json()
    assert sample["subject"] == "Hi Ana"
    shown = (
        await desk.post(
            "/api/templates/preview",
            json={**content, "subject": "{{ customer.first_name }}, {{ event.total }}", "customer_id": f"cus_{bo.hex}"},
        )
    ).json()
    assert shown["subject"] == "Bo,"
    assert "Hello Bo" in shown["html"]
    assert "https://shop.example/sale" in shown["text"]
    assert shown["warnings"] == ["event.total is not known of this customer: it stays empty."]
    unknown = {**content, "customer_id": "cus_" + "0" * 32}
    assert (await desk.post("/api/templates/preview", json=unknown)).status_code == 404
    failing = {**content, "subject": "{{ 1 | divided_by: 0 }}"}
    problem = (await desk.post("/api/templates/preview", json=failing)).json()
    assert problem["errors"][0]["pointer"] == "/subject"


async def test_a_message_tells_its_story(shop: Shop, desk: httpx2.AsyncClient, ana: UUID, chi: UUID) -> None:
    await shop.template()
    await shop.queue(ana)
    await shop.queue(chi)
    await shop.dispatch()
    (item,) = (await desk.get(f"/api/customers/cus_{ana.hex}/messages")).json()["items"]
    assert (item["state"], item["journey"], item["template"]) == ("sent", "welcome", "sale")
    assert item["because"] == "Said yes to newsletter on 2026-03-02 (test)."
    assert item["sent_at"] == "2026-03-02T09:00:00Z"
    story = (await desk.get(f"/api/messages/{item['id']}")).json()
    assert story["deliveries"][0]["outcome"] == "accepted"
    assert story["made_because"] == {"journey": "welcome"}
    (withheld,) = (await desk.get(f"/api/customers/cus_{chi.hex}/messages")).json()["items"]
    assert withheld["because"].startswith("Said no to newsletter")
    assert (await desk.get("/api/messages/msg_" + "0" * 32)).status_code == 404
    assert (await desk.get("/api/messages/7")).status_code == 404


async def test_mail_is_shown_in_a_sandbox(shop: Shop, desk: httpx2.AsyncClient) -> None:
    raw = (
        b"From: Eve <eve@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<script>alert(1)</script><p>Hi</p>\r\n"
    )
    mailroom = Mailroom(shop.units, SIGNER, Ids())
    async with mailroom.running():
        await mailroom.receive(ReceivedMail("eve@example.com", ["ana@example.com"], raw))
    page = (await desk.get("/api/mailbox")).json()
    (item,) = page["items"]
    assert (item["from"], item["to"], item["subject"]) == ("Eve <eve@example.com>", ["ana@example.com"], "Grüße")
    assert page["catching"] is False
    mail = (await desk.get(f"/api/mailbox/{item['id']}")).json()
    assert mail["has_html"] is True
    assert ["Subject", "Grüße"] in mail["headers"]
    html = await desk.get(f"/api/mailbox/{item['id']}/html")
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert html.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "allow-scripts" not in html.headers["content-security-policy"]
    assert html.headers["x-content-type-options"] == "nosniff"
    assert (await desk.get("/api/mailbox/eml_" + "0" * 32)).status_code == 404


async def test_strangers_see_none_of_it(phone: httpx2.AsyncClient) -> None:
    for path in ("/api/templates", "/api/mailbox", "/api/messages/msg_" + "0" * 32):
        assert (await phone.get(path)).status_code == 401
