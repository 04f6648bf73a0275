"""The audiences' step: who entered and who left becomes events of the next tick."""

from __future__ import annotations

from regulars.domains.audiences import store
from regulars.platform.tick import Tick


async def settle(tick: Tick) -> None:
    """Imported history changes who is a member too, but silently, as do new versions of a rule."""
    if not tick.historical and tick.counts.get("verdict_changes"):
        tick.count("audience_changes", await store.tell_changes(tick))
