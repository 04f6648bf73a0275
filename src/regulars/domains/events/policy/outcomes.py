"""What a request's sender is told about each of its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regulars.domains.events.model import Outcome, RejectedItem, Rejection


def item_of(index: int, rejection: Rejection) -> RejectedItem:
    return RejectedItem(index, rejection.message_id, rejection.code, rejection.reason, rejection.pointer)


def outcome_of(places: Sequence[int], refused: Mapping[int, Rejection], rejected: Sequence[RejectedItem]) -> Outcome:
    """`places`: where in the request each row stood; `refused`: the rows that the database would not take."""
    items = [*rejected, *(item_of(places[row], reason) for row, reason in refused.items())]
    return Outcome(len(places) - len(refused), tuple(sorted(items, key=lambda item: item.index)))
