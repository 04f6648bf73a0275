"""Which events lead in: the database reads a trigger's tests as the rule language means them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from regulars.domains.journeys import policy
from regulars.platform import shipped
from tests.rules import plain, worlds

properties = st.dictionaries(st.sampled_from(["category", "revenue", "color", "a", "a.b"]), worlds.values, max_size=4)


def _tests(did: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = did.get("where", [])
    return found


wheres = worlds.dids.map(_tests)


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Has the function of the migration, as a temporary one."""
    migration = shipped.migrations().joinpath("0008_journeys.sql").read_text(encoding="utf-8")
    function = migration[migration.index("CREATE FUNCTION event_passes") :]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(function.replace("event_passes", "pg_temp.event_passes", 1).encode())
        yield connection


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=wheres, given_properties=properties)
def test_an_event_passes_as_the_plain_reading_says(
    connection: psycopg.Connection, where: list[dict[str, Any]], given_properties: dict[str, Any]
) -> None:
    definition = policy.read_definition({"enter": {"event": "Order Completed", "where": where}, "steps": []})
    tests = policy.event_tests(policy.trigger_event(definition.enter))
    found = connection.execute(
        "SELECT pg_temp.event_passes(%s, %s)", [Jsonb(given_properties), Jsonb(tests)]
    ).fetchone()
    event = plain.Event("Order Completed", worlds.START, given_properties)
    tree = {"did": "Order Completed"} | ({"where": where} if where else {})
    assert found == (plain.did(tree, plain.History([event]), worlds.START, UTC),)


def test_entering_an_audience_or_a_stage_is_an_event() -> None:
    for kind, name in (("audience", "Audience Entered"), ("stage", "Stage Entered")):
        definition = policy.read_definition({"enter": {kind: "vip"}})
        trigger = policy.trigger_event(definition.enter)
        (test,) = policy.event_tests(trigger)
        assert (trigger.name, test["property"], test["in"]) == (name, kind, ["vip"])
