from __future__ import annotations

from typing import Any

import pytest

from regulars.domains.lifecycle import store
from regulars.domains.messages.policy import template
from regulars.rules.tree.reading import parse_tree

METRICS = {
    "reach", "impressions", "website_traffic", "click_through_rate", "time_on_site", "bounce_rate", "conversion_rate",
    "cart_abandonment", "nps", "csat", "support_resolution_time", "repeat_purchase_rate", "email_open_rate",
    "referral_rate", "user_generated_content",
}  # fmt: skip
FILES = store.blueprint_files()


def test_five_stage_models_and_three_businesses_are_shipped() -> None:
    models = {f"model-{letter}" for letter in "abcde"}
    assert FILES.keys() == models | {"apparel-store", "streaming", "airline"}


@pytest.mark.parametrize("slug", FILES)
def test_every_stage_has_a_sound_rule_and_known_metrics(slug: str) -> None:
    stages = FILES[slug]["stages"]
    for stage in stages:
        parse_tree(stage["enter"])
        assert stage["metrics"]
        assert set(stage["metrics"]) <= METRICS
    assert stages[0]["enter"] == {"everyone": True}
    assert len({stage["slug"] for stage in stages}) == len(stages)
    assert {metric for stage in stages for metric in stage["metrics"]} == METRICS


@pytest.mark.parametrize("slug", FILES)
def test_what_a_blueprint_mentions_it_ships(slug: str) -> None:
    written = FILES[slug]
    audiences, templates = ({one["slug"] for one in written[part]} for part in ("audiences", "templates"))
    stages = {stage["slug"] for stage in written["stages"]}
    for audience in written["audiences"]:
        parse_tree(audience["rule"])
    for journey in written["journeys"]:
        definition = journey["definition"]
        if definition["leave_when"]:
            parse_tree(definition["leave_when"])
        assert definition["enter"].get("audience") in {None, *audiences}
        assert definition["enter"].get("stage") in {None, *stages}
        steps = {step["id"]: step for step in definition["steps"]}
        assert len(steps) == len(definition["steps"])
        assert {definition["first"], *(step["next"] for step in steps.values() if "next" in step)} == steps.keys()
        assert {step["send"] for step in steps.values() if "send" in step} <= templates
    used = {step["send"] for one in written["journeys"] for step in one["definition"]["steps"] if "send" in step}
    assert used == templates


@pytest.mark.parametrize(
    "written", [one for file in FILES.values() for one in file["templates"]], ids=lambda one: one["slug"]
)
def test_every_template_compiles_and_marketing_shows_the_way_out(written: dict[str, Any]) -> None:
    content = template.check(**{"text": None, **written})
    if written["purpose"] == "marketing":
        assert "{{ unsubscribe_url }}" in content.html
        assert not content.plain or "{{ unsubscribe_url }}" in content.plain
