"""The named cases, and how an engine is asked them: in a few queries, for some engines take long over each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from regulars.rules.compile import compile_rules
from regulars.rules.resolve import resolve
from regulars.rules.tree.reading import parse_tree
from tests.rules import plain
from tests.rules.answering import Answer, Answering, Asked, numbered
from tests.rules.cases import calendar, events, numbers, order, rhythm, values
from tests.rules.cases.case import Case
from tests.rules.plain import World

CASES: Final[Sequence[Case]] = (
    *events.cases(),
    *values.cases(),
    *numbers.cases(),
    *order.cases(),
    *calendar.cases(),
    *rhythm.cases(),
)


def answered(engine: Answering, cases: Iterable[Case] = CASES, *, rules_max: int = 40) -> dict[str, Answer]:
    """By the names of the cases. Each is the history of one customer, who is asked its rule alone."""
    found: dict[str, Answer] = {}
    for zone, lot in _lots(cases, rules_max):
        rules = {
            f"r{n}": resolve(parse_tree(one.tree), audiences={}, stages={}, usual_gap=World().usual_gap)
            for n, one in enumerate(lot)
        }
        asked = [Asked(n, one.at) for n, one in enumerate(lot)]
        engine.load([one.history for one in lot])
        answers = engine.answers(compile_rules(rules, engine.engine, ZoneInfo(zone)), asked)
        found.update((one.name, answers[asked[n]][f"r{n}"]) for n, one in enumerate(lot))
    return found


def judge(one: Case, answer: Answer) -> None:
    """That the answer is the expected one, that the plain reading says so too, and that it lasts as long as it is
    said to."""
    world = World(zone=ZoneInfo(one.zone))
    history = numbered([one.history])[0]
    holds, changes_at = answer
    assert plain.holds(one.tree, history, one.at, world) is one.expected, "the plain reading differs"
    assert holds is one.expected
    change = plain.first_change(one.tree, history, one.at, world)
    assert changes_at is None or changes_at > one.at
    assert change is None or (changes_at is not None and changes_at <= change), (
        f"{changes_at}, but it changes at {change}"
    )


def _lots(cases: Iterable[Case], rules_max: int) -> Iterator[tuple[str, list[Case]]]:
    by_zone: dict[str, list[Case]] = {}
    for one in cases:
        by_zone.setdefault(one.zone, []).append(one)
    for zone, of_zone in by_zone.items():
        for start in range(0, len(of_zone), rules_max):
            yield zone, of_zone[start : start + rules_max]
