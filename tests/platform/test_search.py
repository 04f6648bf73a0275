"""The search for a message that makes ticks fail, by ticks that are played: whatever kills them, nobody innocent is
accused."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.platform.search import Running, Search, long_peace, noted, peace, put_aside_max, taken_up, tries_alone_max

MANY = 4_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class World:
    """An inbox, ticks that take from it, and what they die of. Time goes on by a second with each."""

    waiting: list[int]
    deadly: Collection[int] = ()
    struck: Callable[[int, int], bool] = lambda life, second: False
    """Whether something else kills the process in this second of this life."""
    search: Search = field(default_factory=Search)
    worked_in: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)
    lives: int = 0

    def live(self, seconds: int = 60) -> bool:
        """Until the process dies, and whether it did."""
        self.lives += 1
        self.search, _ = taken_up(noted(self.search))
        well_since: int | None = None
        for second in range(seconds):
            if self.search.peace is not None:
                if self.struck(self.lives, second):
                    return True
                well_since = second if well_since is None else well_since
                if timedelta(seconds=second - well_since) < self.search.peace:
                    continue
                if self.search.found and self.search.alone and self.search.put_aside < put_aside_max:
                    self.aside.append(self.search.alone[0])
                    self.waiting.remove(self.search.alone[0])
                    self.search.dismiss(put_aside=True)
            claimed = self.waiting[: self.search.most or MANY]
            if claimed:
                alone = (claimed[0], NOON) if len(claimed) == 1 else None
                self.search.running = Running(len(claimed), claimed[-1], False, alone)
            if self.struck(self.lives, second) or not self.deadly_free(claimed):
                return True
            self.search.acquit()
            self.worked_in += claimed
            del self.waiting[: len(claimed)]
        return False

    def deadly_free(self, claimed: Collection[int]) -> bool:
        return not any(one in self.deadly for one in claimed)


def test_a_message_that_kills_is_found_within_six_lives() -> None:
    world = World([*range(3_000)], deadly={1_234})
    while world.live():
        assert world.lives <= 3 + tries_alone_max
    assert world.aside == [1_234]
    assert len(world.worked_in) == 2_999
    assert noted(world.search) == b"{}"


def test_one_that_came_alone_is_found_by_its_own_three_tries() -> None:
    world = World([7], deadly={7})
    while world.live():
        world.waiting += [max(world.waiting) + 1]
    assert (world.lives, world.aside) == (1 + tries_alone_max, [7])


@given(
    st.sets(st.integers(0, 299), max_size=4),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12)), max_size=12),
)
def test_only_those_that_kill_are_put_aside_whatever_else_kills(
    deadly: set[int], strikes: list[tuple[int, int]]
) -> None:
    """Their neighbours are worked in between them, else the fourth in a row would wait: see below."""
    world = World(
        [*range(300)], deadly={2 * one for one in deadly}, struck=lambda life, second: (life, second) in strikes
    )
    for _ in range(200):
        if not world.live():
            break
    assert sorted(world.aside) == sorted(one for one in world.deadly if one < 300)
    assert world.worked_in == [one for one in range(300) if one not in world.deadly]


@pytest.mark.parametrize("after_s", [0, 1, 2])
def test_what_kills_every_life_soon_after_its_start_is_no_message_s_fault(after_s: int) -> None:
    world = World([1], struck=lambda life, second: second >= after_s and life < 50)
    while world.live():
        assert world.aside == []
    assert (world.worked_in, world.aside) == ([1], [])


def test_when_every_message_kills_few_are_put_aside_and_the_rest_wait() -> None:
    world = World([*range(10)], deadly=range(10))
    for _ in range(40):
        assert world.live(seconds=100)
    assert world.aside == [0, 1, 2]
    assert world.search.peace == long_peace


def test_three_tries_are_those_of_one_message() -> None:
    search = Search()
    for seq in (1, 2, 1, 2):
        search.running = Running(1, seq, False, (seq, NOON))
        search.accuse("it failed")
        assert (search.tries, search.found) == (1, False)


def test_what_is_told_of_a_message_is_believed_at_once_and_silence_after_a_while() -> None:
    told, silent = Search(), Search()
    for number in range(1, tries_alone_max + 1):
        told.running = silent.running = Running(1, 1, False, (1, NOON))
        told.accuse("ValueError: what is this")
        silent.accuse("it was killed", silent=True)
        assert told.peace == (timedelta() if number == tries_alone_max else None)
        assert silent.peace == (peace if number >= tries_alone_max - 1 else None)


@pytest.mark.parametrize("told_in", [0, 1, 2])
def test_a_try_that_ended_in_silence_takes_back_nothing_of_what_another_said(told_in: int) -> None:
    search = Search()
    search.running = Running(9, 9, False)
    search.accuse("ValueError: what nine of them failed with")
    for number in range(tries_alone_max):
        search.running = Running(1, 1, False, (1, NOON))
        search.accuse("ValueError: its own" if number == told_in else "it was killed", silent=number != told_in)
    assert (search.found, search.because) == (True, "ValueError: its own")


@pytest.mark.parametrize("said", [b"", b"\0\0\0", b"{", b'{"most": "x"}', b"[]"])
def test_a_note_that_cannot_be_understood_says_nothing(said: bytes) -> None:
    assert taken_up(said) == (Search(), 0)


def test_a_failure_of_no_tick_with_messages_accuses_nobody() -> None:
    search = Search()
    search.accuse("the database is away")
    assert search == Search()


def test_what_is_one_message_may_be_several_rows_of_the_inbox() -> None:
    """A copy is counted once with what it is a copy of, and by itself when it stands alone."""
    search = Search()
    search.running = Running(3, 9, False)
    search.accuse("it failed")
    for seq in (1, 2, 3, 4, 5):
        search.running = Running(1, seq, False, (seq, NOON))
        search.acquit()
        assert search.most == 1
    search.running = Running(1, 9, False, (9, NOON))
    search.acquit()
    assert search == Search()


def test_the_search_ends_also_in_another_inbox() -> None:
    """As in a database that was put in the place of the one in which it began."""
    search = Search()
    search.running = Running(20, 1_000_000, False)
    search.accuse("it failed")
    for seq in range(80):
        assert search.most == 1
        search.running = Running(1, seq, False, (seq, NOON))
        search.acquit()
    assert search == Search()
