"""Audiences in a real browser: rules built by clicking and by typing, why somebody is in or out, and lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.entrypoints.served import put, until
from tests.whole.office import Office, in_a_browser

pytestmark = in_a_browser

SAID = (
    'country is one of ("DE", "AT") and (sum of revenue over (did "Order Completed") at least 500 or did '
    '"Checkout Started" then not did "Order Completed" for 1 day) and not in list "staff"'
)


@pytest.fixture(scope="module")
def shop(office: Office) -> Office:
    """Six customers: Ada, Don and Eve spent much, Bob little, Cleo began a checkout; Eve is on the list of staff."""
    then = datetime.now(UTC) - timedelta(days=3)

    def known(user: str, name: str, country: str) -> dict[str, object]:
        traits = {"name": name, "email": f"{user}@example.com", "country": country}
        return {"type": "identify", "userId": user, "traits": traits, "timestamp": then.isoformat()}

    def did(user: str, event: str, revenue: int) -> dict[str, object]:
        properties = {"revenue": revenue, "category": "shoes", "order_id": f"{user}-{revenue}"}
        one = {"type": "track", "userId": user, "event": event, "properties": properties}
        return {**one, "timestamp": (then + timedelta(hours=1)).isoformat()}

    messages = [
        *(known("ada", "Ada Ahl", "DE"), did("ada", "Order Completed", 300), did("ada", "Order Completed", 250)),
        *(known("bob", "Bob Bux", "DE"), did("bob", "Order Completed", 100)),
        *(known("cleo", "Cleo Cox", "AT"), did("cleo", "Checkout Started", 80)),
        *(known("don", "Don Dahl", "FR"), did("don", "Order Completed", 900)),
        *(known("eve", "Eve Ek", "DE"), did("eve", "Order Completed", 700)),
    ]
    assert office.served.send(*messages).status_code == 200
    until(lambda: office.served.ask("/api/customers", q="eve").json()["items"])
    put(office.served, "/api/lists/staff", {"name": "Staff"})
    put(office.served, "/api/lists/staff/members", {"add": [{"user_id": "eve"}]})
    until(lambda: office.served.ask("/api/lists/staff").json()["members"] == 1)
    return office


def _add(group: Locator, what: str) -> None:
    """Adds to a group itself, whose button comes after those of the groups in it."""
    group.get_by_role("button", name="Add condition").last.click()
    group.page.get_by_role("menuitem", name=what).click()


def _build(page: Page) -> None:
    every = page.get_by_role("group", name="All of these hold")
    some = page.get_by_role("group", name="At least one of these holds")
    _add(every, "Has a trait")
    expect(page.get_by_role("combobox", name="Trait")).to_be_focused()
    page.keyboard.type("country")
    page.get_by_role("combobox", name="Comparison").select_option("is one of")
    values = page.get_by_role("combobox", name="Values")
    for value in ("DE", "AT"):
        values.fill(value)
        values.press("Enter")
    values.press("Escape")
    _add(every, "A group of conditions")
    _add(some, "A number over events")
    page.keyboard.type("revenue")
    some.get_by_role("combobox", name="Event", exact=True).fill("Order Completed")
    some.get_by_label("Number", exact=True).fill("500")
    _add(some, "Did one thing, then not another")
    page.keyboard.type("Checkout Started")
    after = some.get_by_role("group", name="The event that did not follow")
    after.get_by_role("combobox", name="Event", exact=True).fill("Order Completed")
    _add(every, "Is on a list")
    page.keyboard.type("staff")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change condition 3 of 3").click()
    page.get_by_role("menuitem", name="Turn into “not”").click()


def test_a_nested_audience_is_built_by_clicking_and_finds_the_right_members(shop: Office) -> None:
    with shop.desk() as desk:
        page = desk.go("/audiences/new")
        page.get_by_role("textbox", name="Name").fill("Worth a call")
        _build(page)
        counted = page.get_by_role("region", name="Whom it holds for")
        expect(counted).to_contain_text("2customers")
        for name in ("Ada Ahl", "Cleo Cox"):
            expect(counted.get_by_role("link", name=name)).to_be_visible()
        expect(page.get_by_role("textbox", name="Rule as text")).to_have_value(SAID)

        asked = page.get_by_role("region", name="Why in or out")
        counted.get_by_role("button", name="Why Ada Ahl?").click()
        expect(asked).to_contain_text("Ada Ahl in")
        asked.get_by_role("combobox", name="Customer to explain").fill("eve@")
        page.get_by_role("option", name="Eve Ek").click()
        expect(asked).to_contain_text("Eve Ek not in")
        wrong = asked.get_by_role("listitem").filter(has=page.get_by_role("img", name="Does not hold:"))
        expect(wrong.filter(has_text='not in list "staff"')).to_have_count(1)

        page.get_by_label("As of").fill("2020-01-01T00:00")
        expect(counted).to_contain_text("0customers on 1 Jan 2020")
        page.get_by_role("button", name="As of now").click()
        expect(counted).to_contain_text("2customers")

        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Worth a call")).to_be_visible()
        members = page.get_by_role("table", name="Members")
        expect(members.get_by_role("link")).to_have_count(2, timeout=45_000)
        assert {one.inner_text() for one in members.get_by_role("link").all()} == {"Ada Ahl", "Cleo Cox"}

        desk.go(f"/customers/{shop.customer_id('ada')}")
        panel = page.get_by_role("region", name="Audiences")
        panel.get_by_text("Worth a call").click()
        expect(panel.get_by_role("img", name="Holds:")).to_have_count(3)
        expect(panel.get_by_role("img", name="Does not hold:")).to_have_count(1)
        desk.check(but=("/api/audiences/worth-a-call",))  # asked whether the name is free


def test_the_text_and_the_form_of_a_rule_are_kept_in_step(shop: Office) -> None:
    rule = 'did "Order Completed" and points at least 5'
    put(shop.served, "/api/audiences/in-step", {"name": "In step", "rule": rule})
    with shop.desk() as desk:
        page = desk.go("/audiences/in-step/edit")
        text = page.get_by_role("textbox", name="Rule as text")
        number = page.get_by_label("Number", exact=True)
        expect(text).to_have_value(rule)
        number.fill("7")
        expect(text).to_have_value('did "Order Completed" and points at least 7')
        text.fill('points at least 70 or in stage "loyalty" or in bucket "summer" share 0.25')
        expect(number).to_have_value("70")
        expect(page.get_by_label("Share in percent")).to_have_value("25%")
        expect(page.get_by_role("radio", name="any of")).to_be_checked()

        text.fill("points at leest 70")
        expect(page.get_by_role("button", name="line 1, column 8")).to_be_visible()
        expect(page.get_by_text("at is not understood here", exact=False)).to_be_visible()
        expect(number).to_have_value("70")
        expect(page.get_by_role("button", name="Save")).to_be_disabled()
        page.get_by_role("button", name="Drop this text").click()
        expect(text).to_have_value('points at least 70 or in stage "loyalty" or in bucket "summer" share 0.25')
        page.get_by_role("button", name="Undo").click()
        expect(text).to_have_value('did "Order Completed" and points at least 7')
        desk.check(but=("status of 422",))


def test_what_is_wrong_stands_at_its_condition(shop: Office) -> None:
    with shop.desk() as desk:
        page = desk.go("/audiences/new")
        every = page.get_by_role("group", name="All of these hold")
        _add(every, "Everyone")
        _add(every, "Is on a list")
        page.keyboard.type("stuff")
        page.keyboard.press("Escape")
        wrong = page.locator("[data-fault]")
        expect(wrong).to_have_count(1)
        expect(wrong.get_by_role("combobox", name="List")).to_have_value("stuff")
        expect(wrong.get_by_role("alert")).to_contain_text("staff")
        expect(page.get_by_role("button", name="Save")).to_be_disabled()
        desk.check(but=("status of 4",))


def test_conditions_are_moved_copied_and_removed_by_keyboard(shop: Office) -> None:
    rule = {"all": [{"stage": "loyalty"}, {"any": [{"audience": "buyers"}, {"list": "staff"}]}]}
    put(shop.served, "/api/audiences/by-keys", {"name": "By keys", "rule": rule})
    with shop.desk() as desk:
        page = desk.go("/audiences/by-keys/edit")
        text = page.get_by_role("textbox", name="Rule as text")

        def menu(what: str) -> None:
            page.keyboard.press("Enter")
            expect(page.get_by_role("menuitem", name=what)).to_be_visible()
            item = page.get_by_role("menuitem", name=what)
            while not item.evaluate("one => one === document.activeElement"):
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")

        page.get_by_role("button", name="Change condition 1 of 2").first.focus()
        page.keyboard.press("Alt+ArrowDown")
        expect(page.get_by_role("button", name="Change condition 2 of 2").last).to_be_focused()
        expect(text).to_have_value('(in audience "buyers" or in list "staff") and in stage "loyalty"')
        menu("Move into the group beside it")
        expect(page.get_by_role("button", name="Change condition 3 of 3")).to_be_focused()
        expect(text).to_have_value('in audience "buyers" or in list "staff" or in stage "loyalty"')
        menu("Duplicate")
        expect(page.get_by_role("button", name="Change condition 4 of 4")).to_be_focused()
        menu("Move out of the group")
        expect(page.get_by_role("button", name="Change condition 2 of 2")).to_be_focused()
        menu("Remove")
        expect(page.get_by_role("button", name="Add condition").last).to_be_focused()
        expect(text).to_have_value('in audience "buyers" or in list "staff" or in stage "loyalty"')
        desk.check()


def test_a_list_is_made_filled_and_deleted(shop: Office) -> None:
    with shop.desk() as desk:
        page = desk.go("/audiences/lists")
        page.get_by_role("button", name="New list").click()
        page.get_by_role("textbox", name="Name").fill("Fair 2026")
        page.get_by_role("button", name="Make the list").click()
        expect(page.get_by_role("heading", name="Fair 2026")).to_be_visible()
        page.get_by_role("button", name="Import").click()
        page.get_by_label("Customers, one a line").fill("name;e-mail\nB;bob@example.com\nC;cleo@example.com\n?;no@x.io")
        page.get_by_role("button", name="Put them on the list").click()
        expect(page.get_by_role("dialog")).to_contain_text("2 customers added")
        expect(page.get_by_role("dialog")).to_contain_text("no@x.io")
        page.get_by_role("button", name="Done").click()
        table = page.get_by_role("table", name="Customers on the list")
        expect(table.get_by_role("link")).to_have_count(2, timeout=45_000)
        page.get_by_role("combobox", name="Add a customer").fill("don")
        page.get_by_role("option", name="Don Dahl").click()
        expect(table.get_by_role("link")).to_have_count(3, timeout=45_000)
        page.get_by_role("button", name="Take Bob Bux off the list").click()
        expect(table.get_by_role("link", name="Bob Bux")).to_have_count(0, timeout=45_000)
        page.get_by_role("button", name="Rename").click()
        page.get_by_role("textbox", name="Name").fill("Fair of 2026")
        page.get_by_role("dialog").get_by_role("button", name="Rename").click()
        expect(page.get_by_role("heading", name="Fair of 2026")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        page.get_by_label("to go on").fill("fair-2026")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Lists")).to_be_visible()
        expect(page.get_by_role("link", name="Staff")).to_be_visible()
        expect(page.get_by_role("link", name="Fair of 2026")).to_have_count(0)
        desk.check(but=("/api/lists/fair-2026",))  # asked whether the name is free; asked once more when it was gone
