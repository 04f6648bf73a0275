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
    sorted_by=("key", "customer_id", "at"),
    select=_sql["follow_trait_values"],
)

IDENTIFIER_MOVES: Final = Moves(select=_sql["follow_identifier_moves"])

CONSENTS: Final = Fact(
    name="consents",
    grain="one row an answer; the latest of a channel and topic counts, but those of an undone merge do not",
    columns={
        "customer_id": "uuid",
        "identifier_id": "whole",
        "channel": "text",
        "topic": "text",
        "answer": "text",
        "at": "instant",
        "source": "text",
        "merge_id": "uuid",
    },
    number=_sql["number_consents"],
    select=_sql["follow_consents"],
)

MERGES: Final = Fact(
    name="merges",
    grain="one row a merge, also when it was undone",
    columns={"merge_id": "uuid", "kept_id": "uuid", "absorbed_id": "uuid", "at": "instant", "because": "text"},
    select=_sql["follow_merges"],
)

MERGES_UNDONE: Final = Fact(
    name="merges_undone",
    grain="one row a merge that was undone",
    columns={"merge_id": "uuid", "at": "instant", "undone_by": "text"},
    number=_sql["number_undoings"],
    select=_sql["follow_undoings"],
)

FACTS: Final = (TRAIT_VALUES, CUSTOMERS_SEEN, CONSENTS, MERGES, MERGES_UNDONE)
