"""What customers let rules and the warehouse see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.warehouse.facts import Fact, Moves

_sql = load_statements(__package__)

TRAIT_VALUES: Final = Fact(
    name="trait_values",
    grain="one row a trait and a time it was told",
    columns={
        "customer_id": "UUID",
        "identifier_id": "BIGINT",
        "key": "VARCHAR",
        "at": "TIMESTAMPTZ",
        "text": "VARCHAR",
        "number": "DOUBLE",
        "instant": "TIMESTAMPTZ",
    },
    select=_sql["follow_trait_values"],
)

IDENTIFIER_MOVES: Final = Moves(select=_sql["follow_identifier_moves"])
