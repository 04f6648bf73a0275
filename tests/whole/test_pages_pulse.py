"""The pulse in a real browser: chosen for a rule, told of a customer, and the usual gap it goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.entrypoints.served import put, until
from tests.whole.office import Office, in_a_browser

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def shop(office: Office) -> Office:
    """Uma came every third day until eight days ago; she is on a list, and slips."""
    now = datetime.now(UTC)
    looks = [
        {
            "type": "track",
            "userId": "uma",
            "event": "Page Looked",
            "timestamp": (now - timedelta(days=days)).isoformat(),
        }
        for days in (8, 11, 14, 17)
    ]
    known = {"type": "identify", "userId": "uma", "traits": {"name": "Uma Uhl"}, "timestamp": looks[-1]["timestamp"]}
    assert office.served.send(known, *looks).status_code == 200
    until(lambda: office.served.ask("/api/customers", q="uma").json()["items"])
    put(office.served, "/api/lists/fair/members", {"add": [{"user_id": "uma"}]})
    until(lambda: office.served.ask("/api/lists/fair").json()["members"] == 1)
    return office


def test_whoever_slips_is_found_by_a_rule_that_was_clicked_together(shop: Office) -> None:
    with shop.desk() as desk:
        page = desk.go("/audiences/new")
        page.get_by_role("textbox", name="Name").fill("Slipping away")
        page.get_by_role("button", name="Add condition").click()
        page.get_by_role("menuitem", name="Keeps to their rhythm").click()
        page.get_by_role("combobox", name="Pulse").select_option("slipping")
        counted = page.get_by_role("region", name="Whom it holds for")
        expect(counted.get_by_role("link", name="Uma Uhl")).to_be_visible()
        text = page.get_by_role("textbox", name="Rule as text")
        expect(text).to_have_value('pulse is "slipping"')
        page.get_by_role("button", name="by the company’s usual gap").click()
        page.get_by_label("Usual gap in days").fill("30")
        expect(text).to_have_value('pulse is "slipping" with usual gap 30 days')
        text.fill('pulse is "slipping" with usual gap 7 days in zone "Asia/Tokyo"')
        expect(page.get_by_label("Usual gap in days")).to_have_value("7 days")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Slipping away")).to_be_visible()
        members = page.get_by_role("table", name="Members")
        expect(members.get_by_role("link", name="Uma Uhl")).to_be_visible(timeout=45_000)
        desk.check(but=("/api/audiences/slipping-away",))  # asked whether the name is free


def test_a_customer_page_tells_the_pulse_and_takes_them_off_a_list(shop: Office) -> None:
    asked: list[str] = []
    put(shop.served, "/api/audiences/quiet", {"name": "Quiet", "rule": 'pulse is "slipping" or pulse is "lapsed"'})
    until(lambda: shop.served.ask("/api/audiences/quiet").json()["members"] == 1, what="the audience")
    with shop.desk() as desk:
        desk.page.on("request", lambda one: asked.append(one.url))
        page = desk.go(f"/customers/{shop.customer_id('uma')}")
        pulse = page.get_by_role("region", name="Pulse")
        for told in ("slipping", "8 days ago", "3 days", "If they stay quiet"):
            expect(pulse.get_by_text(told, exact=False).first).to_be_visible()
        audiences = page.get_by_role("region", name="Audiences")
        expect(audiences.get_by_text("Quiet")).to_be_visible(timeout=45_000)
        audiences.get_by_text("Quiet").click()
        expect(audiences.get_by_text("usual gap 3 days").first).to_be_visible()
        assert not [url for url in asked if url.endswith("/preview")], "nobody else is looked at"
        lists = page.get_by_role("region", name="Lists")
        expect(lists.get_by_role("link", name="Fair")).to_be_visible()
        lists.get_by_role("button", name="Take off Fair").click()
        expect(lists.get_by_text("On no list.")).to_be_visible(timeout=45_000)
        desk.check()


def test_the_usual_gap_is_set_beside_the_time_zone(shop: Office) -> None:
    with shop.desk() as desk:
        page = desk.go("/settings")
        page.get_by_label("Usual gap").fill("45")
        page.get_by_role("button", name="Save").click()
        until(lambda: shop.served.ask("/api/settings").json()["usual_gap"] == 45)
        desk.check()
