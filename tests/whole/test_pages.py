"""The web app in a real browser on a real server: what members do, seen as they see it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.entrypoints.served import until
from tests.whole.office import AXE, PASSWORD, Office, in_a_browser, narrow

pytestmark = in_a_browser


def test_a_link_to_sign_up_works_once(office: Office) -> None:
    with office.desk(stranger=True) as desk:
        desk.page.goto(desk.url + "/setup" + office.served.printed("sign up").split("/setup")[1])
        expect(desk.page.get_by_role("alert")).to_contain_text("has been used")
        expect(desk.page.get_by_label("Password")).to_have_count(0)


def test_a_stranger_is_asked_to_sign_in_and_shown_nothing(office: Office) -> None:
    answered: list[str] = []
    with office.desk(stranger=True) as desk:
        desk.page.on("response", lambda one: answered.append(one.url) if "/api/" in one.url and one.ok else None)
        for path in ("/", "/customers", f"/customers/{office.customer_id('ana')}", "/mailbox", "/settings/keys"):
            desk.page.goto(desk.url + path)
            expect(desk.page.get_by_role("heading", name="Sign in")).to_be_visible()
            expect(desk.page.get_by_text("Ana Alm")).to_have_count(0)
        assert answered == []
        desk.page.get_by_label("E-mail").fill("mia@shop.example")
        desk.page.locator("input[type=password]").fill("not the password")
        desk.page.get_by_role("button", name="Sign in").click()
        expect(desk.page.get_by_role("alert").first).to_be_visible()
        desk.page.locator("input[type=password]").fill(PASSWORD)
        desk.page.get_by_role("button", name="Sign in").click()
        expect(desk.page.get_by_role("heading", name="Keys", level=1)).to_be_visible()
        desk.check(but=("/api/session", "status of 401"))


def test_home_shows_the_lifecycle_as_a_loop(office: Office) -> None:
    with office.desk() as desk:
        page = desk.go("/")
        loop = page.get_by_role("figure", name="as a loop of 6 stages")
        stages = office.served.ask("/api/lifecycle").json()["stages"]
        for stage in stages:
            expect(loop.get_by_role("button", name=f"{stage['name']} ", exact=False)).to_be_visible()
        bought = next(one for one in stages if one["slug"] == "acquisition")
        expect(loop.get_by_role("button", name="Acquisition")).to_contain_text(str(bought["customers"]))
        desk.check()


def test_a_customer_is_searched_and_their_timeline_is_live(office: Office) -> None:
    office.order("bo", "Bo Berg")
    with office.desk() as desk:
        page = desk.go("/customers")
        page.get_by_role("searchbox", name="Search customers").fill("berg")
        table = page.get_by_role("table", name="Customers")
        expect(table.get_by_role("link")).to_have_count(1)
        table.get_by_role("link", name="Bo Berg").click()
        expect(page.get_by_role("heading", name="Bo Berg")).to_be_visible()
        expect(page.get_by_text("bo@example.com").first).to_be_visible()
        timeline = page.get_by_role("tabpanel", name="Timeline")
        expect(timeline.get_by_text("Order Completed").filter(visible=True).first).to_be_visible()
        wish = {"type": "track", "userId": "bo", "event": "Gift Wrapped", "properties": {"paper": "green"}}
        assert office.served.send(wish).status_code == 200
        expect(timeline.get_by_text("Gift Wrapped").first).to_be_visible(timeout=45_000)
        desk.check()


def test_a_rule_is_built_and_counted_while_it_is_built(office: Office) -> None:
    buyers = office.served.ask("/api/audiences/buyers").json()["members"]
    with office.desk() as desk:
        page = desk.go("/audiences/new")
        page.get_by_role("textbox", name="Name").fill("Have bought")
        page.get_by_role("button", name="Add condition").click()
        page.get_by_role("menuitem", name="Did an event").click()
        page.get_by_role("combobox", name="Event", exact=True).fill("Order Completed")
        page.get_by_role("combobox", name="Event", exact=True).press("Tab")
        counted = page.get_by_role("region", name="Whom it holds for")
        expect(counted).to_contain_text(f"{buyers}")
        expect(counted).to_contain_text("Ana Alm")
        expect(page.get_by_role("region", name="The rule, written")).to_contain_text('did "Order Completed"')
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Have bought")).to_be_visible()
        expect(page.get_by_text("Ana Alm").first).to_be_visible(timeout=45_000)
        desk.check(but=("/api/audiences/have-bought",))  # asked whether the name is free


def test_a_journey_is_published_and_its_mail_is_read(office: Office) -> None:
    with office.desk() as desk:
        page = desk.go("/journeys/new")
        page.get_by_role("textbox", name="Name").fill("Thank buyers")
        page.get_by_role("combobox", name="Event").fill("Order Completed")
        page.get_by_role("combobox", name="Event").press("Tab")
        page.get_by_role("button", name="Add: send").click()
        page.get_by_role("combobox", name="template", exact=False).first.click()
        page.get_by_role("option", name="Thanks").first.click()
        page.get_by_role("button", name="Save draft").click()
        page.get_by_role("button", name="Publish").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Publish").click()
        expect(page.get_by_text("live", exact=False).first).to_be_visible()
        until(lambda: office.served.ask("/api/journeys/thank-buyers").json()["state"] == "live")
        number = office.order("chi", "Chi Chang")
        until(lambda: office.served.ask("/api/mailbox").json()["items"])
        desk.go("/mailbox")
        page.get_by_text(f"Thanks for {number}").first.click()
        frame = page.locator("iframe").first
        expect(frame).to_be_visible()
        sandbox = frame.get_attribute("sandbox")
        assert sandbox is not None
        assert not {"allow-scripts", "allow-same-origin"} & set(sandbox.split())
        expect(page.frame_locator("iframe").first.get_by_text(f"Thank you for order {number}.")).to_be_visible()
        # Asked whether the name is free; and what Playwright puts into every frame is stopped in this one.
        desk.check(but=("/api/journeys/thank-buyers", "Blocked script execution"))


def test_a_key_is_shown_once_and_revoked(office: Office) -> None:
    with office.desk() as desk:
        page = desk.go("/settings/keys")
        page.get_by_role("button", name="New key").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Name").fill("Till")
        dialog.get_by_role("button", name="Make the key").click()
        shown = page.get_by_text("rgk_").filter(has_not_text="…").first
        expect(shown).to_be_visible()
        secret = shown.inner_text().strip()
        assert len(secret) > 60
        desk.go("/settings/keys")
        assert secret not in page.content()
        page.get_by_role("button", name="Revoke Till").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        until(
            lambda: any(k["name"] == "Till" and k["revoked_at"] for k in office.served.ask("/api/keys").json()["items"])
        )
        desk.check()


PLACES = [
    "/",
    "/lifecycles",
    "/customers",
    "/customers/ANA",
    "/audiences",
    "/audiences/new",
    "/audiences/buyers",
    "/audiences/buyers/edit",
    "/audiences/everything/edit",
    "/audiences/lists",
    "/audiences/lists/fair",
    "/journeys",
    "/journeys/new",
    "/journeys/templates",
    "/journeys/templates/thanks",
    "/mailbox",
    "/settings",
    "/settings/keys",
    "/settings/members",
    "/settings/imports",
    "/settings/rejections",
    "/settings/audit",
    "/system",
]
STRANGERS = ["/sign-in", "/setup?token=none"]
JUDGE = """async () => (await axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", "))"""
SPILLING = """() => document.documentElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 5).map((one) => one.tagName + "." + one.className) : []"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_everyone(office: Office, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed")
    found: dict[str, list[str]] = {}
    for paths, stranger in ((PLACES, False), (STRANGERS, True)):
        with office.desk(stranger=stranger, script=AXE.read_text(), color_scheme=scheme) as desk:
            for path in paths:
                page = desk.go(path.replace("ANA", office.customer_id("ana")))
                shown = page.locator("html").get_attribute("data-mantine-color-scheme")
                assert shown == scheme
                found[path] = page.evaluate(JUDGE)
            desk.check(but=("/api/session", "/api/setup/none"))
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_every_page_fits_a_telephone(office: Office) -> None:
    found: dict[str, list[str]] = {}
    for paths, stranger in ((PLACES, False), (STRANGERS, True)):
        with office.desk(stranger=stranger) as desk:
            desk.page.set_viewport_size(narrow)
            for path in paths:
                found[path] = desk.go(path.replace("ANA", office.customer_id("ana"))).evaluate(SPILLING)
    assert {path: faults for path, faults in found.items() if faults} == {}
