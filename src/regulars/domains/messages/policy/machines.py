"""Which opens and clicks were made by machines: proxies that fetch pictures, scanners that follow links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

just_delivered: Final = timedelta(seconds=2)
at_once: Final = timedelta(seconds=2)

# Image proxies of mail services, security gateways, link previews and crawlers, by what they call themselves.
_MACHINES: Final = re.compile(
    r"GoogleImageProxy|YahooMailProxy|ggpht\.com|BingPreview|Barracuda|Proofpoint|Mimecast|MessageLabs|Symantec"
    r"|Sophos|Trend ?Micro|BitDefender|FireEye|Cisco|IronPort|Zscaler|Forcepoint|Safe ?Links|Office.*Discovery"
    r"|bot\b|crawl|spider|scanner|slurp|facebookexternalhit|WhatsApp|Slack|Discord|TelegramBot|LinkedIn|preview"
    r"|HeadlessChrome|PhantomJS|urlscan|VirusTotal",
    re.IGNORECASE,
)


def is_machine_agent(agent: str) -> bool:
    """No name, a name that says so, or nothing but `Mozilla/5.0`, as Apple's privacy proxy says."""
    agent = agent.strip()
    return not agent or agent == "Mozilla/5.0" or _MACHINES.search(agent) is not None


def is_machine_open(agent: str, *, at: datetime, sent_at: datetime | None) -> bool:
    return is_machine_agent(agent) or _is_too_soon(at, sent_at)


def is_machine_click(
    method: str,
    agent: str,
    position: int,
    *,
    at: datetime,
    sent_at: datetime | None,
    recent: Sequence[tuple[int, datetime]],
) -> bool:
    """`recent` are the positions of links of this message followed before, and when. Nobody follows two at once."""
    others = any(other != position and at - when <= at_once for other, when in recent)
    return method == "HEAD" or is_machine_agent(agent) or _is_too_soon(at, sent_at) or others


def _is_too_soon(at: datetime, sent_at: datetime | None) -> bool:
    return sent_at is None or at - sent_at < just_delivered
