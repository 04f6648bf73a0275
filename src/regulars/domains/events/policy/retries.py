"""What is kept of a refused message, and how it is read once more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from regulars.domains.events.model import InboxRow, KeptRejection, Rejection
from regulars.domains.events.policy.message import Arrival, read_sent

rejection_body_chars_max: Final = 4_096
CUT: Final = "Only the first 4,096 characters were kept, so this cannot be taken once more; let it be sent again."


def keep(id: UUID, arrival: Arrival, rejection: Rejection, raw: bytes, kind: str | None = None) -> bytes:
    """A row of the rejections, encoded."""
    body = raw[: 4 * rejection_body_chars_max].decode("utf-8", "replace").replace("\x00", " ")
    row = KeptRejection(
        id=id,
        at=arrival.received_at,
        source=arrival.source,
        code=rejection.code,
        reason=rejection.reason,
        pointer=rejection.pointer,
        body=body[:rejection_body_chars_max],
        kind=kind,
        historical=arrival.historical,
        cut=len(body) > rejection_body_chars_max,
    )
    return msgspec.json.encode(row)


def read_again(kept: Iterable[KeptRejection]) -> tuple[dict[UUID, InboxRow], dict[UUID, Rejection]]:
    """What the door makes today of what it refused, and what it refuses again. What was put aside is neither: it had
    passed the door.

    It counts as received when it was, so that its times are read as they were then. A message that came without an id
    gets that of the rejection, so that however often it is taken, it is one event."""
    rows: dict[UUID, InboxRow] = {}
    refused: dict[UUID, Rejection] = {}
    for one in kept:
        if one.put_aside:
            continue
        row = _read(one)
        if isinstance(row, Rejection):
            refused[one.id] = row
        else:
            rows[one.id] = row
    return rows, refused


def _read(one: KeptRejection) -> InboxRow | Rejection:
    if one.cut:
        return Rejection("body_cut", CUT, "")
    arrival = Arrival(
        received_at=one.at, source=one.source, make_message_id=lambda: one.id.hex, historical=one.historical
    )
    return read_sent(one.body.encode(), one.kind, arrival)
