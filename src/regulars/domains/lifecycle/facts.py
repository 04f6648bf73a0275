"""What the lifecycle lets the warehouse see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact

_sql = load_statements(__package__)

STAGE_MOVES: Final = Fact(
    name="stage_moves",
    grain="one row a move when it happened, by the customer of that time; not what a rebuilt history found since",
    columns={
        "customer_id": "uuid",
        "lifecycle": "text",
        "from_stage": "text",
        "to_stage": "text",
        "at": "instant",
        "dwell_s": "number",
    },
    select=_sql["follow_stage_moves"],
)
