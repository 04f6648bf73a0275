"""What journeys let the warehouse and operators see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact
from regulars.platform.watch.model import Waits

_sql = load_statements(__package__)

ENROLMENTS: Final = Fact(
    name="enrolments",
    grain="one row an enrolment, as it began",
    columns={
        "customer_id": "uuid",
        "identifier_id": "whole",
        "enrolment_id": "uuid",
        "journey": "text",
        "version": "whole",
        "event_seq": "whole",
        "at": "instant",
    },
    select=_sql["follow_enrolments"],
)

ENROLMENTS_LEFT: Final = Fact(
    name="enrolments_left",
    grain="one row an enrolment that has ended",
    columns={"enrolment_id": "uuid", "at": "instant", "because": "text", "visits": "whole"},
    number=_sql["number_leavings"],
    select=_sql["follow_leavings"],
)

PASSAGES: Final = Fact(
    name="passages",
    grain="one row a step taken",
    columns={"enrolment_id": "uuid", "visit": "whole", "step": "text", "kind": "text", "at": "instant"},
    select=_sql["follow_passages"],
)

FACTS: Final = (ENROLMENTS, ENROLMENTS_LEFT, PASSAGES)
WAITING: Final = (Waits("timers", "journeys", _sql["waiting_enrolments"]),)
OLDEST_EVENT: Final = _sql["oldest_event"]
