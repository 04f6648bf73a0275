"""What events let rules, the warehouse and operators see."""

from __future__ import annotations

from typing import Final

from regulars.platform.log import months
from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact
from regulars.platform.watch.model import Waits
from regulars.rules.engines.commerce import COMMERCE

_sql = load_statements(__package__)

EVENTS: Final = Fact(
    name="events",
    grain="one row an event, each message id once",
    columns={
        "customer_id": "uuid",
        "identifier_id": "whole",
        "name": "text",
        "at": "instant",
        "received_at": "instant",
        "by_customer": "truth",
        "historical": "truth",
        "kind": "text",
        "source": "text",
        "campaign_source": "text",
        "campaign_medium": "text",
        "campaign_name": "text",
        "campaign_term": "text",
        "campaign_content": "text",
        "properties": "json",
    },
    sorted_by=("name", "customer_id", "at"),
    plain={path: "text" if kind.is_string() else "number" for path, kind in COMMERCE.items()},
    select=_sql["follow_events"],
    begins=months.sql["log_begins"],
)

WAITING: Final = (
    Waits("queue", "live", _sql["waiting_live"]),
    Waits("queue", "historical", _sql["waiting_history"]),
    Waits("rejections", "refused", _sql["waiting_refused"]),
    Waits("rejections", "quarantined", _sql["waiting_put_aside"]),
)
TAIL: Final = _sql["count_tail"]
