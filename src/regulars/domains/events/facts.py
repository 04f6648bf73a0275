"""What events let rules and the warehouse see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact

_sql = load_statements(__package__)

EVENTS: Final = Fact(
    name="events",
    grain="one row an event, each message id once",
    columns={
        "customer_id": "UUID",
        "identifier_id": "BIGINT",
        "name": "VARCHAR",
        "at": "TIMESTAMPTZ",
        "received_at": "TIMESTAMPTZ",
        "by_customer": "BOOLEAN",
        "historical": "BOOLEAN",
        "properties": "JSON",
    },
    select=_sql["follow_events"],
)
