"""Messages asked for, in sets: whoever wants some fills the relation `addressed` and then calls `queue`.

    addressed (key text, customer_id uuid, template text, enrolment_id uuid, event_seq bigint, at timestamptz,
               because jsonb)

`key` names the message for ever (`enrolment:visit`): asking again makes no second one. `template` is a slug, `at` the
instant from which it is to go out, `event_seq` the event a template may mention, `because` why it is made: with
`{"journey": slug, …}` the message shows the journey it belongs to.
"""

from __future__ import annotations

from regulars.domains.messages import store
from regulars.platform.unit import Unit


async def open_addressed(unit: Unit) -> None:
    """Makes the relation, empty, for the rest of this transaction."""
    await store.open_addressed(unit)


async def queue(unit: Unit) -> int:
    """Makes a message of each row of `addressed` whose template exists; how many are new. Wakes the dispatchers."""
    queued = await store.queue(unit)
    if queued:
        await store.wake_dispatch(unit)
    return queued
