"""What a journey's definition must say."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.journeys import policy
from regulars.domains.journeys.model import JourneyMalformed, Leave, Send, Wait
from regulars.domains.lifecycle import service as lifecycle

GOOD: dict[str, Any] = {
    "enter": {"event": "Order Completed", "where": [{"property": "revenue", "at_least": 50}]},
    "again": "after_leaving",
    "leave_when": 'not did "Page Viewed" in the last 30 days',
    "first": "a",
    "steps": [
        {"id": "a", "send": "thanks", "next": "b"},
        {"id": "b", "wait": "2d", "next": "c"},
        {"id": "c", "leave": "done"},
    ],
}


def faults(**changes: Any) -> dict[str, str]:
    """Of the form, by their place; else of the graph."""
    try:
        definition = policy.read_definition(GOOD | changes)
    except JourneyMalformed as error:
        return {fault.pointer.removeprefix("/definition"): fault.detail for fault in error.faults}
    return {fault.pointer.removeprefix("/definition"): fault.detail for fault in policy.problems(definition)}


def test_what_is_written_is_read_back_alike() -> None:
    definition = policy.read_definition(GOOD)
    assert faults() == {}
    assert policy.read_definition(policy.written(definition)) == definition
    assert [type(step) for step in definition.steps] == [Send, Wait, Leave]
    assert isinstance(definition.steps[1], Wait)
    assert definition.steps[1].duration == timedelta(days=2)


@pytest.mark.parametrize(
    ("changes", "place", "detail"),
    [
        ({"enter": {}}, "/enter", "has one of event, audience, stage"),
        ({"enter": {"audience": "a", "stage": "b"}}, "/enter", "has one of event, audience, stage"),
        ({"enter": {"event": ""}}, "/enter/event", "is not a name"),
        ({"enter": {"event": 7}}, "/enter/event", "name of an event"),
        ({"enter": {"event": "A", "where": [{"property": "x", "iss": 1}]}}, "/enter/where/0/iss", "Did you mean 'is'"),
        ({"enter": {"audience": "vip", "where": []}}, "/enter/where", "goes with event only"),
        ({"enter": {"stage": "No Slug"}}, "/enter/stage", "lower case"),
        ({"again": "sometimes"}, "/again", "is one of never, after_leaving"),
        ({"leave_when": {"didd": "x"}}, "/leave_when/didd", "Did you mean 'did'"),
        ({"leave_wen": None}, "/leave_wen", "is not known here"),
        ({"steps": {}}, "/steps", "at most 100 steps"),
        ({"steps": [{"id": "a", "leave": "x"}] * 101}, "/steps", "at most 100 steps"),
        ({"steps": [{"id": "a", "leave": "x"}] * 2}, "/steps/1/id", "taken by an earlier step"),
        ({"steps": [{"id": "A b", "leave": "x"}]}, "/steps/0/id", "lower case"),
        ({"steps": [{"id": "a", "send": "x", "wait": "1d"}]}, "/steps/0", "has one of send, wait, leave"),
        ({"steps": [{"id": "a", "wait": "1 day"}]}, "/steps/0/wait", "is not a duration"),
        ({"steps": [{"id": "a", "wait": "0s"}]}, "/steps/0/wait", "is from 1s to 730d"),
        ({"steps": [{"id": "a", "wait": "731d"}]}, "/steps/0/wait", "is from 1s to 730d"),
        ({"steps": [{"id": "a", "leave": " "}]}, "/steps/0/leave", "the reason"),
        ({"steps": [{"id": "a", "leave": "x", "next": "b"}]}, "/steps/0/next", "nothing comes after leaving"),
        ({"steps": [{"id": "a", "leave": "x", "nxt": "b"}]}, "/steps/0/nxt", "is not known here"),
    ],
)
def test_a_wrong_form_is_told_with_its_place(changes: dict[str, Any], place: str, detail: str) -> None:
    found = faults(**changes)
    assert place in found, found
    assert detail in found[place]


@pytest.mark.parametrize(
    ("changes", "place", "detail"),
    [
        ({"steps": [], "first": None}, "/steps", "at least one step"),
        ({"first": None}, "/first", "is not the id of a step"),
        ({"first": "z"}, "/first", "is not the id of a step"),
        ({"steps": [{"id": "a", "send": "x"}]}, "/steps/0/next", "has no next step"),
        ({"steps": [{"id": "a", "send": "x", "next": "z"}]}, "/steps/0/next", "there is no step 'z'"),
        ({"first": "c"}, "/steps/0", "cannot be reached"),
        ({"steps": [{"id": "a", "send": "x", "next": "a"}]}, "/steps/0/next", "round in a circle"),
        ({"steps": [{"id": "a", "wait": "59s", "next": "a"}]}, "/steps/0/next", "round in a circle"),
    ],
)
def test_an_unfinished_graph_is_a_draft_with_its_problems_told(
    changes: dict[str, Any], place: str, detail: str
) -> None:
    policy.read_definition(GOOD | changes)
    assert detail in faults(**changes)[place]


def test_a_circle_through_a_wait_of_a_minute_is_allowed() -> None:
    assert faults(steps=[{"id": "a", "wait": "1m", "next": "a"}]) == {}


def test_a_wait_before_a_circle_is_not_a_wait_in_it() -> None:
    found = faults(
        steps=[
            {"id": "a", "wait": "1d", "next": "b"},
            {"id": "b", "send": "x", "next": "c"},
            {"id": "c", "send": "y", "next": "b"},
        ]
    )
    assert "round in a circle" in found["/steps/2/next"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["enter", "steps", "first", "event", "id", "wait", "next", "where", "again"]), x
            )
        ),
    )
)
def test_nothing_but_a_malformed_journey_comes_of_nonsense(nonsense: Any) -> None:
    with suppress(JourneyMalformed):
        policy.problems(policy.read_definition(nonsense))


def test_the_journeys_of_every_blueprint_can_be_published() -> None:
    for blueprint in lifecycle.blueprints():
        known = {template["slug"] for template in blueprint.templates}
        for journey in blueprint.journeys:
            definition = policy.read_definition(journey["definition"])
            assert policy.problems(definition) == [], journey["slug"]
            assert set(policy.templates(definition)) <= known, journey["slug"]
