"""What a journey's definition must say, and what it comes down to in the tick."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, Final, assert_never

from regulars.domains.journeys.model import (
    Choice,
    Definition,
    JourneyMalformed,
    Leave,
    May,
    OnAudience,
    OnEvent,
    OnStage,
    Passage,
    Send,
    State,
    Step,
    Trigger,
    Wait,
)
from regulars.rules.formulas import formula
from regulars.rules.leaves import Happened, ValueTest, Where
from regulars.rules.model import Did, Named, Operator, Rule, RuleNotUnderstood
from regulars.rules.sentence import parse_text
from regulars.rules.tree.reading import parse_tree
from regulars.rules.tree.writing import to_tree
from regulars.rules.values import FLAT_LIST, list_with
from regulars.shared.durations import UnknownDuration, format_duration, parse_duration
from regulars.shared.errors import Fault
from regulars.shared.slugs import SLUG_FORM, is_slug

steps_max: Final = 100
name_chars_max: Final = 120
because_chars_max: Final = 200
wait_min: Final = timedelta(seconds=1)
wait_max: Final = timedelta(days=730)
wait_of_cycle_min: Final = timedelta(minutes=1)
"""A loop on the canvas must not become a loop in the worker."""

AGAIN: Final = ("never", "after_leaving")


def read_name(given: str) -> str:
    name = given.strip()
    if not 1 <= len(name) <= name_chars_max:
        raise JourneyMalformed(faults=[Fault("/name", f"is a text of 1 to {name_chars_max} characters")])
    return name


def read_definition(given: object) -> Definition:
    """A definition, finished or not. Raises JourneyMalformed with every fault in its form, each with its place."""
    return _Reader().definition(given)


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def definition(self, given: object) -> Definition:
        place = "/definition"
        node = self._object(given, place, ("enter", "again", "leave_when", "first", "steps"))
        trigger = self._trigger(node.get("enter"), f"{place}/enter")
        again = node.get("again", "never")
        if again not in AGAIN:
            self._fault(f"{place}/again", f"is one of {', '.join(AGAIN)}")
        leave_when = None
        if node.get("leave_when") is not None:
            leave_when = self._rule(node["leave_when"], f"{place}/leave_when")
        first = self._step_name(node.get("first"), f"{place}/first")
        steps = node.get("steps", [])
        if not isinstance(steps, list) or len(steps) > steps_max:
            self._fault(f"{place}/steps", f"is a list of at most {steps_max} steps")
            steps = []
        read = [self._step(step, f"{place}/steps/{number}") for number, step in enumerate(steps)]
        known: set[str] = set()
        for number, step in enumerate(read):
            if step is not None and step.id in known:
                self._fault(f"{place}/steps/{number}/id", f"{step.id!r} is taken by an earlier step")
            if step is not None:
                known.add(step.id)
        if self.faults or trigger is None:
            raise JourneyMalformed(faults=self.faults)
        return Definition(trigger, again, leave_when, first, tuple(step for step in read if step is not None))

    def _trigger(self, given: object, pointer: str) -> Trigger | None:
        node = self._object(given, pointer, ("event", "where", "audience", "stage"))
        kinds = [kind for kind in ("event", "audience", "stage") if kind in node]
        if len(kinds) != 1:
            self._fault(pointer, "has one of event, audience, stage")
            return None
        (kind,) = kinds
        if kind == "event":
            return self._event(node, pointer)
        if "where" in node:
            self._fault(f"{pointer}/where", "goes with event only")
        if not is_slug(node[kind]):
            self._fault(f"{pointer}/{kind}", f"is {SLUG_FORM}")
            return None
        return OnAudience(node[kind]) if kind == "audience" else OnStage(node[kind])

    def _event(self, node: Mapping[str, Any], pointer: str) -> OnEvent | None:
        if not isinstance(node["event"], str):
            self._fault(f"{pointer}/event", "is the name of an event")
            return None
        tree = {"did": node["event"]} | ({"where": node["where"]} if node.get("where") else {})
        did = self._rule(tree, pointer, renamed={"/did": "/event"})
        return OnEvent(node["event"], did.where) if isinstance(did, Did) else None

    def _rule(self, given: object, pointer: str, *, renamed: Mapping[str, str] | None = None) -> Rule | None:
        try:
            return parse_text(given) if isinstance(given, str) else parse_tree(given)
        except RuleNotUnderstood as error:
            for fault in error.faults:
                inner = (renamed or {}).get(fault.pointer, fault.pointer)
                self._fault(f"{pointer}{inner}", fault.detail)
            return None

    def _step(self, given: object, pointer: str) -> Step | None:
        node = self._object(given, pointer, ("id", "send", "wait", "leave", "next"))
        name = node.get("id")
        if not isinstance(name, str) or not is_slug(name):
            self._fault(f"{pointer}/id", f"is {SLUG_FORM}")
            return None
        kinds = [kind for kind in ("send", "wait", "leave") if kind in node]
        if len(kinds) != 1:
            self._fault(pointer, "has one of send, wait, leave")
            return None
        after = self._step_name(node.get("next"), f"{pointer}/next")
        match kinds[0]:
            case "send":
                if not is_slug(node["send"]):
                    self._fault(f"{pointer}/send", f"is the slug of a template: {SLUG_FORM}")
                    return None
                return Send(name, node["send"], after)
            case "wait":
                return self._wait(name, node["wait"], after, f"{pointer}/wait")
            case _:
                if after is not None:
                    self._fault(f"{pointer}/next", "nothing comes after leaving")
                because = node["leave"]
                if not isinstance(because, str) or not 1 <= len(because.strip()) <= because_chars_max:
                    self._fault(f"{pointer}/leave", f"is the reason, a text of 1 to {because_chars_max} characters")
                    return None
                return Leave(name, because.strip())

    def _wait(self, name: str, given: object, after: str | None, pointer: str) -> Wait | None:
        try:
            duration = parse_duration(given)
        except UnknownDuration as error:
            self._fault(pointer, error.detail)
            return None
        if not wait_min <= duration <= wait_max:
            self._fault(pointer, f"is from {format_duration(wait_min)} to {format_duration(wait_max)}")
            return None
        return Wait(name, duration, after)

    def _step_name(self, given: object, pointer: str) -> str | None:
        if given is None:
            return None
        if not isinstance(given, str) or not is_slug(given):
            self._fault(pointer, "is the id of a step")
            return None
        return given

    def _object(self, given: object, pointer: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self._fault(pointer, "is not an object")
            return {}
        for key in given:
            if key not in known:
                self._fault(f"{pointer}/{str(key)[:100]}", f"is not known here; known are {', '.join(known)}")
        return given

    def _fault(self, pointer: str, detail: str) -> None:
        self.faults.append(Fault(pointer, detail))


def written(definition: Definition) -> dict[str, Any]:
    """The stored and shown form: `read_definition` of it gives the same definition."""
    return {
        "enter": _trigger_tree(definition.enter),
        "again": definition.again,
        "leave_when": None if definition.leave_when is None else to_tree(definition.leave_when),
        "first": definition.first,
        "steps": [_step_tree(step) for step in definition.steps],
    }


def _trigger_tree(trigger: Trigger) -> dict[str, Any]:
    match trigger:
        case OnEvent(name, where):
            tree = to_tree(Did(Named((name,)), where))
            return {"event": name} | ({"where": tree["where"]} if where else {})
        case OnAudience(slug):
            return {"audience": slug}
        case OnStage(slug):
            return {"stage": slug}
        case _:
            assert_never(trigger)


def _step_tree(step: Step) -> dict[str, Any]:
    match step:
        case Send(name, template, after):
            return {"id": name, "send": template, "next": after}
        case Wait(name, duration, after):
            return {"id": name, "wait": format_duration(duration), "next": after}
        case Leave(name, because):
            return {"id": name, "leave": because}
        case _:
            assert_never(step)


def problems(definition: Definition) -> list[Fault]:
    """What keeps a draft's graph from being published."""
    found = []
    place = {step.id: f"/definition/steps/{number}" for number, step in enumerate(definition.steps)}
    after = {step.id: None if isinstance(step, Leave) else step.next for step in definition.steps}
    if not definition.steps:
        return [Fault("/definition/steps", "a journey has at least one step")]
    if definition.first not in place:
        found.append(Fault("/definition/first", "is not the id of a step"))
    for step in definition.steps:
        if not isinstance(step, Leave) and step.next not in place:
            lacks = "has no next step" if step.next is None else f"there is no step {step.next!r}"
            found.append(Fault(f"{place[step.id]}/next", lacks))
    if found:
        return found
    reached = _path(definition.first, after)
    found.extend(Fault(place[one], "cannot be reached from the first step") for one in after if one not in reached)
    slow = {one.id for one in definition.steps if isinstance(one, Wait) and one.duration >= wait_of_cycle_min}
    if (last := after[reached[-1]]) is not None and not slow & set(reached[reached.index(last) :]):
        wait = format_duration(wait_of_cycle_min)
        found.append(Fault(f"{place[reached[-1]]}/next", f"this leads round in a circle without a wait of {wait}"))
    return found


def _path(first: str | None, after: Mapping[str, str | None]) -> list[str]:
    """The steps in the order they are taken, each once."""
    path: list[str] = []
    step = first
    while step is not None and step not in path:
        path.append(step)
        step = after[step]
    return path


def templates(definition: Definition) -> dict[str, str]:
    """The templates that are sent, each with the place that mentions it first."""
    found: dict[str, str] = {}
    for number, step in enumerate(definition.steps):
        if isinstance(step, Send):
            found.setdefault(step.template, f"/definition/steps/{number}/send")
    return found


def trigger_event(trigger: Trigger) -> OnEvent:
    """Every trigger is an event: entering an audience or a stage is one too."""
    match trigger:
        case OnEvent():
            return trigger
        case OnAudience(slug):
            return _entering("Audience Entered", "audience", slug)
        case OnStage(slug):
            return _entering("Stage Entered", "stage", slug)
        case _:
            assert_never(trigger)


def _entering(name: str, what: str, slug: str) -> OnEvent:
    did = parse_tree({"did": name, "where": [{"property": what, "is": slug}]})
    assert isinstance(did, Did)
    return OnEvent(name, did.where)


def event_tests(trigger: OnEvent) -> list[dict[str, Any]]:
    """The tests of a trigger in the form that event_passes() of the database reads."""
    match formula(Did(Named((trigger.name,)), trigger.where), UTC):
        case Happened(leaf=leaf):
            return [_test(where) for where in leaf.of.where]
    raise AssertionError(trigger)


def _test(where: Where) -> dict[str, Any]:
    path = ".".join(["strict $", *(json.dumps(key, ensure_ascii=False) for key in where.property.split("."))])
    return {"property": where.property, "path": path, "negated": where.negated, **_operands(where.test)}


def _operands(test: ValueTest) -> dict[str, Any]:
    match test.operator, test.operand:
        case Operator.EXISTS, _:
            return {"exists": True}
        case Operator.IN, tuple() as texts:
            return {"in": list(texts)}
        case Operator.STARTS_WITH, (str() as text,):
            return {"starts_with": text}
        case Operator.CONTAINS, (str() as text,):
            return {"contains": text, "list": FLAT_LIST, "element": list_with(text)}
        case operator, float() as number:
            return {str(operator): number}
    raise AssertionError(test)


def outcome_text(passage: Passage) -> str:
    """What came of a visit, in a few words."""
    outcome = passage.outcome
    match passage.kind:
        case "send":
            text = f"{outcome['template']}: {passage.message_state or 'no message was made'}"
        case "wait":
            text = f"until {outcome['until']}"
        case "leave":
            text = str(outcome["because"])
    late_s = outcome.get("late_s")
    return text if late_s is None else f"{text} ({format_duration(timedelta(seconds=late_s))} late)"


def may(state: State, *, unchanged: bool, faults: Sequence[Fault]) -> May:
    """What can be done with a journey now, and why not what cannot."""
    publish = Choice(True)
    if faults:
        publish = Choice(False, f"The draft is not finished: {faults[0].detail}.")
    elif unchanged and state != "ended":
        publish = Choice(False, "The draft is what is published already.")
    return May(
        publish,
        pause=Choice(True) if state == "live" else Choice(False, "Only a live journey can be paused."),
        resume=Choice(True) if state == "paused" else Choice(False, "The journey is not paused."),
        delete=Choice(True) if state != "ended" else Choice(False, "The journey has ended; its record is kept."),
    )
