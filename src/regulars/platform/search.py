"""The search for a message that makes ticks fail: fewer and fewer are taken at a time, until it stands alone.

What fails may be the tick, or it may be the process or the database's, which dies of it. Then nobody says what was at
fault: whoever was killed may have been killed for any reason at any moment. So a message is accused of that only if all
goes well for a while without it, before it is tried for the last time and after."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

narrowing: Final = 16
tries_alone_max: Final = 3
put_aside_max: Final = 3
copies_max: Final = 4
"""A message may stand in the inbox so many times, of which one is counted in a tick that takes them all."""
peace: Final = timedelta(seconds=1)
long_peace: Final = timedelta(seconds=60)
because_chars_max: Final = 400
KILLED: Final = (
    "each time the process that worked it in was killed or crashed. If memory was short, the system's log says so; "
    "the signal is in our log, beside server_ended."
)
CRASHED: Final = "each time the PostgreSQL process of the tick was killed or crashed; postgres.log says more."


class Running(msgspec.Struct, frozen=True):
    """What the tick that runs has claimed: how many messages, and where the last of them stands in the inbox, 0 if the
    log held them all; if it is one, its place and when it came."""

    claimed: int
    last: int
    historical: bool
    alone: tuple[int, datetime] | None = None


class Search(msgspec.Struct, omit_defaults=True):
    """Where the search stands. All of it fits into a `Note`, so that it goes on when the process was killed."""

    most: int | None = None
    """No more messages than these are taken at a time; None: as many as a tick takes."""
    last: int = 0
    """The one at fault stands no further back in the inbox than this."""
    left: int = 0
    """After so many more that are worked in it is not there any more, wherever that was: the inbox may be another's."""
    historical: bool = False
    alone: tuple[int, datetime] | None = None
    tries: int = 0
    """How often in a row a tick with this message alone has failed."""
    because: str = ""
    silent: bool = False
    """What failed last ended without a word of why."""
    put_aside: int = 0
    """How many messages were put aside since one was worked in."""
    running: Running | None = None

    @property
    def found(self) -> bool:
        return self.tries >= tries_alone_max

    @property
    def peace(self) -> timedelta | None:
        """For so long ticks without messages must have gone well before the next message is tried, or put aside. Where
        none is put aside any more, what dies of them is to be there most of the time nonetheless."""
        if self.silent and self.tries >= tries_alone_max - 1:
            return long_peace if self.found and self.put_aside >= put_aside_max else peace
        return timedelta() if self.found else None

    def accuse(self, because: str, *, silent: bool = False) -> None:
        """The tick that runs has failed, perhaps because of what it had claimed."""
        failed, self.running = self.running, None
        if failed is None:
            return
        again = failed.claimed == 1 and self.tries > 0 and failed.alone == self.alone
        if not (again and silent):  # Whoever was killed in a later try takes back nothing of what an earlier one said.
            self.because = because[:because_chars_max]
        self.silent = silent
        self.last, self.left, self.historical = failed.last, copies_max * failed.claimed, failed.historical
        self.most = max(1, failed.claimed // narrowing)
        if failed.claimed == 1:
            self.tries = self.tries + 1 if again else 1
            self.alone = failed.alone

    def acquit(self) -> None:
        """The tick that runs has committed: what it had claimed is no suspect any more."""
        well, self.running = self.running, None
        if well is None:
            return
        self.put_aside = 0
        if well.historical == self.historical:
            self.tries, self.left = 0, self.left - well.claimed
            if well.last >= self.last or self.left <= 0:
                self._end()

    def dismiss(self, *, put_aside: bool) -> None:
        """The message that was found is not there any more, since it was put aside or worked in by somebody else."""
        self.put_aside += put_aside
        self._end()

    def _end(self) -> None:
        self.most, self.last, self.left, self.alone, self.tries = None, 0, 0, None, 0
        self.because, self.silent = "", False


def noted(search: Search) -> bytes:
    return msgspec.json.encode(search)


def taken_up(said: bytes) -> tuple[Search, int]:
    """Where a process that is dead had left the search, and how many messages the tick had claimed in which it died.
    What cannot be understood was not written by it."""
    try:
        search = msgspec.json.decode(said, type=Search)
    except msgspec.MsgspecError:
        return Search(), 0
    claimed = search.running.claimed if search.running else 0
    search.accuse(KILLED, silent=True)
    return search, claimed
