"""A running shop seen through a real browser: what the tests of the pages share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, ViewportSize, expect, sync_playwright

from regulars.platform import shipped
from tests.entrypoints.served import Served, put, serving, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PASSWORD = "a long enough secret"
expect.set_options(timeout=30_000)
THANKS = """<mjml><mj-body><mj-section><mj-column><mj-text>Thank you for order {{ event.order_id }}.</mj-text>
<mj-button href="https://shop.example/again">Look again</mj-button></mj-column></mj-section></mj-body></mjml>"""
EVERYTHING = """country is one of ("DE", "FR") held for 30 days
and (sum of revenue over (did "Order Completed" where category is "shoes" in the last 3 months) at least 500
  or the last (did "Order Completed" in the last 1 year) has category is "shoes", revenue at least 5
  or not (in stage "loyalty" and in audience "buyers"))
and not did "Checkout Started" this month in zone "Asia/Tokyo" then not did "Order Completed" for 1 hour
and sequence (did "Product Viewed" then did "Order Completed" where revenue at least 1)
  between 2026-01-01 and 2026-11-01T09:00:00Z
and birthday has its anniversary in the next 7 days and joined within the last 30 days and born before 2000-01-01
and did one of ("A", "B") exactly 2 times and did anything starting with "Order" at most 3 times and did anything
and in list "fair" and in bucket "summer" share 0.1 and everyone
and not pulse is "lapsed" with usual gap 30 days in zone "Asia/Tokyo" and not pulse is "slipping\""""
"""Every kind of condition."""
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (one) =>
  window.violations.push(one.violatedDirective + " " + one.blockedURI));
"""
wide: ViewportSize = {"width": 1280, "height": 900}
narrow: ViewportSize = {"width": 390, "height": 844}

in_a_browser: Final = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(not (shipped.web() / "index.html").is_file(), reason="the web app was never built"),
]
"""The marks of every test of a page."""


@dataclass
class Desk:
    """A member's browser window, and what it complained about."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path, wait_until="networkidle")
        expect(self.page.locator("h1").first).to_be_visible()
        return self.page

    def hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.text} ({said.location['url']})")

    def check(self, *, but: tuple[str, ...] = ()) -> None:
        """Nothing was complained about on the way, but what is given."""
        self.complaints += self.page.evaluate("window.violations")
        unexpected = [one for one in self.complaints if not any(part in one for part in but)]
        assert not unexpected, "\n".join(unexpected)


@dataclass
class Office:
    """A running shop and the browser of the member who made its owner's account."""

    served: Served
    browser: Browser
    signed_in: StorageState | None = None
    _orders: count[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def desk(self, *, stranger: bool = False, script: str = "", **options: Any) -> Iterator[Desk]:
        state = None if stranger else self.signed_in
        context = self.browser.new_context(viewport=wide, storage_state=state, reduced_motion="reduce", **options)
        context.set_default_timeout(30_000)
        context.add_init_script(LISTEN + script)
        page = context.new_page()
        desk = Desk(page, self.served.url.replace("127.0.0.1", "localhost"))  # the address it prints
        page.on("console", desk.hear)
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        try:
            yield desk
        finally:
            context.close()

    def order(self, user: str, name: str) -> str:
        """A customer is known and orders something; the order's number."""
        number = f"A-{next(self._orders)}"
        known = {"type": "identify", "userId": user, "traits": {"name": name, "email": f"{user}@example.com"}}
        order = {"type": "track", "userId": user, "event": "Order Completed", "properties": {"order_id": number}}
        assert self.served.send(known, order).status_code == 200
        until(lambda: self.served.ask("/api/customers", q=user).json()["items"])
        return number

    def customer_id(self, user: str) -> str:
        found: str = self.served.ask("/api/customers", q=user).json()["items"][0]["id"]
        return found


@contextmanager
def opened() -> Iterator[Office]:
    """A shop with a customer who bought, a template and an audience, and its owner signed in."""
    with serving() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        office = Office(served, browser)
        until(lambda: served.ask("/api/lifecycle").json()["state"] == "live")
        thanks = {"name": "Thanks", "subject": "Thanks for {{ event.order_id }}", "body": THANKS}
        put(served, "/api/templates/thanks", {**thanks, "purpose": "transactional"})
        put(served, "/api/audiences/buyers", {"name": "Buyers", "rule": 'did "Order Completed"'})
        put(served, "/api/lists/fair", {"name": "Fair"})
        put(served, "/api/audiences/everything", {"name": "Everything", "rule": EVERYTHING})
        office.order("ana", "Ana Alm")
        until(lambda: served.ask("/api/audiences/buyers").json()["members"])  # it counts whom it has once it is filled
        with office.desk(stranger=True) as desk:
            _sign_up(desk, served.printed("sign up"))
            office.signed_in = desk.page.context.storage_state()
            desk.check(but=("/api/session",))  # asked before there was one
        yield office
        browser.close()


def _sign_up(desk: Desk, link: str) -> None:
    page = desk.page
    page.goto(desk.url + "/setup" + link.split("/setup")[1])
    page.get_by_label("Your name").fill("Mia")
    page.get_by_label("E-mail").fill("mia@shop.example")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Make", exact=False).or_(page.locator("button[type=submit]")).first.click()
    expect(page.get_by_role("heading", name="Lifecycle", level=1)).to_be_visible()
