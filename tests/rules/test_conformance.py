"""Every engine gives the expected answer to every named case."""

from __future__ import annotations

import pytest

from tests.rules.answering import Answer, Answering
from tests.rules.cases.case import Case
from tests.rules.conformance import CASES, answered, judge


@pytest.fixture(scope="module")
def answers(engine: Answering) -> dict[str, Answer]:
    return answered(engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_means_what_it_says(case: Case, answers: dict[str, Answer]) -> None:
    judge(case, answers[case.name])


def test_cases_have_names_of_their_own() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
