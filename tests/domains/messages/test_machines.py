"""People and machines open and click differently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.domains.messages.policy.machines import is_machine_click, is_machine_open

AT = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = AT - timedelta(hours=1)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "Barracuda Sentinel (EE)",
    ],
)
def test_machines_say_who_they_are(agent: str) -> None:
    assert is_machine_open(agent, at=AT, sent_at=LONG_AGO)
    assert is_machine_click("GET", agent, 0, at=AT, sent_at=LONG_AGO, recent=[])


def test_a_person_reads_and_clicks() -> None:
    assert not is_machine_open(PHONE, at=AT, sent_at=LONG_AGO)
    assert not is_machine_click("GET", PHONE, 0, at=AT, sent_at=LONG_AGO, recent=[])
    assert not is_machine_click("GET", PHONE, 0, at=AT, sent_at=LONG_AGO, recent=[(0, AT - timedelta(seconds=1))])


def test_nobody_is_that_quick() -> None:
    assert is_machine_open(PHONE, at=AT, sent_at=AT - timedelta(seconds=1))
    assert is_machine_click("GET", PHONE, 1, at=AT, sent_at=LONG_AGO, recent=[(0, AT - timedelta(seconds=1))])
    assert is_machine_click("HEAD", PHONE, 0, at=AT, sent_at=LONG_AGO, recent=[])
