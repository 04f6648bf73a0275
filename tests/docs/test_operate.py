"""What is shipped for Grafana and Prometheus asks for numbers that the product tells, by labels that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import Metric

from regulars import bootstrap
from regulars.entrypoints import worker
from regulars.platform.telemetry import REGISTRY
from regulars.platform.watch.policy import CODES
from tests.docs.pages import DOCS, entries

OPERATE = DOCS / "operate"
TOLD_BY_THE_COMMAND_ALONE = {"not_running", "schema_behind"}
# What Prometheus itself adds to what it scrapes.
ADDED = {"instance", "job", "le"}
_NAME = re.compile(r"\b(?:regulars|process)_[a-z_]+")
_SELECTED = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")
_GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((OPERATE / "grafana-dashboard.json").read_text("utf-8"))
    return loaded


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OPERATE / "prometheus-alerts.yaml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def questions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (alert["expr"] for alert in alerts())


def exported() -> dict[str, Metric]:
    """Every number there is, by each name under which it is told."""
    assert worker.ticks_total
    assert bootstrap.WAITING
    found = {}
    for metric in REGISTRY.collect():
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(metric.type, ("",))
        found.update({metric.name + end: metric for end in ends})
    return found


def labels_of(metric: Metric) -> set[str]:
    return {name for sample in metric.samples for name in sample.labels} | declared().get(metric.name, set())


def declared() -> dict[str, set[str]]:
    """The labels that the reference names."""
    page = entries((DOCS / "reference" / "metrics.md").read_text("utf-8"))
    return {name.removesuffix("_total"): set(re.findall(r"`(\w+)`", cells[1])) for name, cells in page.items()}


@pytest.mark.parametrize("question", sorted(set(questions())))
def test_a_question_asks_for_what_is_told(question: str) -> None:
    numbers = exported()
    asked = _NAME.findall(question)
    assert asked or question == 'up{job="regulars"} == 0'
    assert [name for name in asked if name not in numbers] == []
    labels = {label for name in asked for label in labels_of(numbers[name])} | ADDED
    used = set(_SELECTED.findall(question))
    used |= {label.strip() for group in _GROUPED.findall(question) for label in group.split(",")}
    assert used - labels == set()
    assert question.count("(") == question.count(")")
    assert question.count("{") == question.count("}")


def test_the_dashboard_shows_every_number() -> None:
    asked = {name for question in questions() for name in _NAME.findall(question)}
    numbers = exported()
    shown = {numbers[name].name for name in asked}
    assert {metric.name for metric in numbers.values() if metric.name.startswith("regulars_")} - shown == set()


def test_panels_have_titles_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_finding_that_a_process_can_tell_has_an_alert() -> None:
    codes = {alert["labels"]["code"] for alert in alerts() if "code" in alert["labels"]}
    assert codes == set(CODES) - TOLD_BY_THE_COMMAND_ALONE
    named = {code for alert in alerts() for code in re.findall(r'code="(\w+)"', alert["expr"])}
    assert named <= set(CODES)


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "description"} <= alert["annotations"].keys()
    assert len({alert["alert"] for alert in alerts()}) == len(alerts())


def test_every_code_of_a_finding_has_an_entry() -> None:
    page = (OPERATE / "watch.md").read_text("utf-8")
    section = page.split("## What is wrong, and since when")[1].split("\n## ")[0]
    assert entries(section).keys() >= set(CODES)
    assert {name for name in entries(section) if not name.startswith("regulars")} == set(CODES)
