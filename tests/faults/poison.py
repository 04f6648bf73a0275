"""Messages that no tick can work in. What is wrong with them is the database's to say, so that the product runs as it
is shipped: a trigger refuses to record them, or has the process killed that works them in, or PostgreSQL's own.
PostgreSQL's log tells how many messages the tick had taken."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

tries_alone_max: Final = 3
look_every_s: Final = 0.02


@dataclass(frozen=True)
class Kind:
    """`does`: what happens when its event is to be recorded, `told` among others. `why`: what its reason must say."""

    name: str
    does: str
    why: str

    @property
    def trigger(self) -> bytes:
        act = f"become_{self.name.lower()}"
        return f"""
            CREATE FUNCTION {act}() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE told text := '{self.name} ' || NEW.message_id || ' among ' || (SELECT count(*) FROM tick_messages);
            BEGIN {self.does}; RETURN NEW; END $$;
            CREATE TRIGGER {act} BEFORE INSERT ON events
               FOR EACH ROW WHEN (NEW.name = '{self.name}') EXECUTE FUNCTION {act}()""".encode()

    @property
    def sign(self) -> str:
        """The file in PostgreSQL's folder that is made when it strikes, if it strikes a process."""
        return f"{self.name.lower()}-strikes"


SPOILED: Final = Kind("Spoiled", "RAISE '%', told", "Spoiled {id}")
DEADLY: Final = Kind(
    "Deadly",
    "RAISE LOG '%', told; COPY (SELECT 1) TO PROGRAM 'touch deadly-strikes'; PERFORM pg_sleep(30)",
    "the process that worked it in was killed or crashed",
)
"""It waits for its executioner; see `executed`."""
CRASHING: Final = Kind(
    "Crashing",
    "RAISE LOG '%', told; COPY (SELECT 1) TO PROGRAM 'touch crashing-strikes; kill -9 $PPID'",
    "the PostgreSQL process of the tick was killed or crashed",
)
GREEDY: Final = Kind(
    "Greedy",
    "RAISE LOG '%', told; COPY (SELECT 1) TO PROGRAM 'touch greedy-strikes'; told := repeat('x', 1000000000)",
    "the PostgreSQL process of the tick was killed or crashed",
)
"""It needs a gigabyte."""
PUT_ASIDE: Final = "SELECT body::jsonb ->> 'message_id', reason FROM rejections WHERE code = 'stops_ticks'"
_TOLD: Final = re.compile(r"(?:ERROR|LOG):  [A-Z][a-z]+ (\S+) among (\d+)")


@contextmanager
def executed(folder: Path, kinds: Mapping[Kind, Callable[[], object]]) -> Iterator[None]:
    """Meanwhile what is said of a kind is done as soon as a message of it strikes. `folder`: PostgreSQL's."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(look_every_s):
            for kind, strike in kinds.items():
                if (folder / kind.sign).exists():
                    (folder / kind.sign).unlink()
                    strike()

    looking = threading.Thread(target=look, name="executioner")
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def tries(log: Path) -> tuple[Counter[str], Counter[str]]:
    """For each such message, how often it stopped a tick, and how often a tick that had taken nothing else."""
    among, alone = Counter[str](), Counter[str]()
    for found in _TOLD.finditer(log.read_text(errors="replace")):
        among[found[1]] += 1
        alone[found[1]] += found[2] == "1"
    return among, alone


def offenders(
    database: psycopg.Connection[tuple[Any, ...]], log: Path, sent: Mapping[str, Kind], interrupted: int
) -> list[str]:
    """`sent`: those that were acknowledged. `interrupted`: how many kills may have ended a try that says nothing."""
    aside = {str(row[0]): str(row[1]) for row in database.execute(PUT_ASIDE.encode())}
    _, alone = tries(log)
    most = tries_alone_max + interrupted
    found = [f"{one} was put aside, and nothing is wrong with it" for one in aside.keys() - sent.keys()]
    found += [f"{one} was not put aside" for one in sent.keys() - aside.keys()]
    found += [
        f"{one} without its reason: {why}"
        for one, why in aside.items()
        if one in sent and sent[one].why.format(id=one) not in why and (alone[one] or DEADLY.why not in why)
    ]
    found += [f"{one} was tried alone {alone[one]} times" for one in sent if alone[one] > most]
    return found
