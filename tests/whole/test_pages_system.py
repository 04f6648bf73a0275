"""The System page: how the installation is, and what was put aside is retried or discarded there."""

from __future__ import annotations

import json
from uuid import uuid4

from playwright.sync_api import expect

from tests.entrypoints.served import regulars, until
from tests.whole.office import Office, in_a_browser

pytestmark = in_a_browser


def put_aside(office: Office, message_id: str) -> None:
    """As a tick does that cannot work a message in."""
    at = "2026-03-01T10:00:00+00:00"
    row = {
        "seq": 1,
        "message_id": message_id,
        "kind": "track",
        "name": "Spoiled",
        "at": at,
        "received_at": at,
        "user_id": "ana",
        "by_customer": True,
        "historical": False,
        "source": "test",
        "properties": {},
        "traits": {},
        "consents": [],
        "context": {},
    }
    with office.served.database() as database:
        database.execute(
            "INSERT INTO rejections (id, at, source, code, reason, pointer, body, cut) VALUES (%s, %s, 'test', "
            "'stops_ticks', %s, '', %s, false)",
            (uuid4(), at, f"This could not be worked in: {message_id}", json.dumps(row)),
        )


def test_held_sending_is_told_everywhere_until_it_is_released(office: Office) -> None:
    data = office.served.data
    assert regulars("sending", "--data", data, "--hold").code == 0
    said = regulars("status", "--data", data, "--json")
    assert said.code == 1
    assert said.json()["held"]["because"] == "held by hand"
    (part,) = [one for one in regulars("doctor", "--data", data, "--json").json() if one["part"] == "sending"]
    assert not part["well"]
    assert "held by hand" in part["seen"]
    with office.desk() as desk:
        page = desk.go("/system")
        wrong = page.get_by_role("region", name="What is wrong")
        expect(wrong).to_contain_text("Sending is held (held by hand): 0 messages wait.")
        expect(wrong).to_contain_text("regulars sending --release")
        expect(wrong).to_contain_text("since")
        expect(page.get_by_text("Doubtful").locator("xpath=..")).to_contain_text("0")
        assert regulars("sending", "--data", data, "--release").code == 0
        expect(page.get_by_text("Sending is held")).to_have_count(0, timeout=45_000)
        desk.check()
    assert regulars("status", "--data", data, "--json").json()["held"] is None


def test_what_was_put_aside_is_retried_and_discarded(office: Office) -> None:
    for message_id in ("first", "second"):
        put_aside(office, message_id)
    said = regulars("status", "--data", office.served.data, "--json")
    assert (said.code, said.json()["well"]) == (1, False)
    assert "quarantined" in [one["code"] for one in said.json()["findings"]]
    with office.desk() as desk:
        page = desk.go("/system")
        expect(page.get_by_role("region", name="What is wrong")).to_contain_text("2 accepted messages were put aside")
        expect(page.get_by_role("region", name="Processes").first).to_contain_text("Web and worker")
        choose = page.get_by_role("checkbox", name="Choose the one with the reason: This could not be worked in: first")
        choose.focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Retry 1").press("Enter")
        expect(page.get_by_text("1 message back in the queue.")).to_be_visible()
        page.get_by_role("checkbox", name="Choose all that are shown").check()
        page.get_by_role("button", name="Discard 1").click()
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(page.get_by_text("Nothing was put aside")).to_be_visible()
        desk.check()
    with office.served.database() as database:

        def recorded() -> list[str]:
            rows = database.execute("SELECT message_id FROM events WHERE name = 'Spoiled'").fetchall()
            return [row[0] for row in rows]

        assert until(recorded) == ["first"]
    audit = [(one["action"], one["actor"]["name"]) for one in office.served.ask("/api/audit").json()["items"][:2]]
    assert audit == [("rejection.discarded", "Mia"), ("rejection.retried", "Mia")]
    well = regulars("status", "--data", office.served.data)
    assert "quarantined: none" in well.out
    assert well.is_plain
