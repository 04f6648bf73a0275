"""What customers let rules and the warehouse see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import CUSTOMERS_SEEN as CUSTOMERS_SEEN_NAME
from regulars.platform.warehouse.facts import Fact, Moves

_sql = load_statements(__package__)

CUSTOMERS_SEEN: Final = Fact(
    name=CUSTOMERS_SEEN_NAME,
    grain="one row a customer there ever was; once absorbed, it is the other's",
    columns={"customer_id": "uuid", "identifier_id": "whole", "first_seen_at": "instant"},
    select=_sql["follow_customers_seen"],
)

TRAIT_VALUES: Final = Fact(
    name="trait_values",
    grain="one row a trait and a time it was told",
    columns={
        "customer_id": "uuid",
        "identifier_id": "whole",
        "key": "text",
        "at": "instant",
        "text": "text",
        "number": "number",
        "instant": "instant",
    },
    select=_sql["follow_trait_values"],
)

IDENTIFIER_MOVES: Final = Moves(select=_sql["follow_identifier_moves"])
