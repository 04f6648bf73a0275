"""What messages let the warehouse and operators see. What became of one is told by the events of its customer."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact
from regulars.platform.watch.model import Waits

_sql = load_statements(__package__)

MESSAGES: Final = Fact(
    name="messages",
    grain="one row a message, as it was made",
    columns={
        "customer_id": "uuid",
        "identifier_id": "whole",
        "message_id": "uuid",
        "channel": "text",
        "template": "text",
        "version": "whole",
        "purpose": "text",
        "topic": "text",
        "enrolment_id": "uuid",
        "at": "instant",
    },
    select=_sql["follow_messages"],
)

DELIVERIES: Final = Fact(
    name="deliveries",
    grain="one row an attempt that has ended",
    columns={
        "message_id": "uuid",
        "attempt": "whole",
        "started_at": "instant",
        "at": "instant",
        "outcome": "text",
        "reply_code": "whole",
    },
    number=_sql["number_deliveries"],
    select=_sql["follow_deliveries"],
)

HOLD: Final = _sql["held_now"]
"""Why nothing is being sent, if so, and how much waits."""
FACTS: Final = (MESSAGES, DELIVERIES)
WAITING: Final = (
    Waits("messages", "transactional", _sql["waiting_transactional"]),
    Waits("messages", "marketing", _sql["waiting_marketing"]),
    Waits("messages", "unknown", _sql["waiting_unknown"]),
)
OLDEST_EVENT: Final = _sql["oldest_event"]
