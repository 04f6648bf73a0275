"""Traits: flat keys, and the forms in which rules read a value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.domains.events.model import Rejection
from regulars.domains.events.policy.traits import flat_traits, trait_forms


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ("Ulm", ("Ulm", None, None)),
        ("", ("", None, None)),
        (10, ("10", 10.0, None)),
        (10.0, ("10.0", 10.0, None)),
        (1e21, ("1000000000000000000000", 1e21, None)),
        (-0.0, ("0.0", 0.0, None)),
        ("10", ("10", 10.0, None)),
        (" 10", (" 10", None, None)),
        ("+1.5e3", ("+1.5e3", 1500.0, None)),
        (".5", (".5", 0.5, None)),
        ("1e999", ("1e999", None, None)),
        ("10 %", ("10 %", None, None)),
        ("٣", ("٣", None, None)),
        (True, ("true", None, None)),
        (False, ("false", None, None)),
        ("2026-01-02", ("2026-01-02", None, datetime(2026, 1, 2, tzinfo=UTC))),
        ("2026-01-02T03:04:05", ("2026-01-02T03:04:05", None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))),
        ("2026-01-02t03:04z", ("2026-01-02t03:04z", None, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))),
        ("2026-13-02", ("2026-13-02", None, None)),
        ("20260102", ("20260102", 20260102.0, None)),
        (["a", 1, None], ('["a", 1, null]', None, None)),
        ([{"bb": 1, "a": {}}], ('[{"a": {}, "bb": 1}]', None, None)),
    ],
)
def test_a_value_is_read_as_text_and_number_and_instant(value: Any, forms: tuple[Any, ...]) -> None:
    assert trait_forms(value) == forms


def test_nested_traits_become_flat() -> None:
    given_ = {"address": {"city": "Ulm", "geo": {"lat": 48.4}, "zip": None}, "tags": ["a"], "empty": {}, "gone": None}
    flat = flat_traits(given_)
    assert flat == {
        "address.city": {"v": "Ulm", "t": "Ulm"},
        "address.geo.lat": {"v": 48.4, "t": "48.4", "n": 48.4},
        "tags": {"v": ["a"], "t": '["a"]'},
    }


def test_an_instant_travels_beside_its_text() -> None:
    assert flat_traits({"born": "2001-05-06"}) == {
        "born": {"v": "2001-05-06", "t": "2001-05-06", "i": datetime(2001, 5, 6, tzinfo=UTC)}
    }


@pytest.mark.parametrize(
    ("traits", "code", "pointer"),
    [
        ({"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "trait_too_deep", "/a/b/c/d/e"),
        ({"": 1}, "trait_key_invalid", "/"),
        ({"x" * 201: 1}, "trait_key_invalid", "/" + "x" * 200),
        ({f"k{n}": n for n in range(10_000)}, "too_many_traits", ""),
    ],
)
def test_traits_have_bounds(traits: dict[str, Any], code: str, pointer: str) -> None:
    flat = flat_traits(traits)
    assert isinstance(flat, Rejection)
    assert (flat.code, flat.pointer) == (code, pointer)


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
values = st.recursive(
    st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(st.none() | inner, max_size=4) | st.dictionaries(texts, st.none() | inner, max_size=4),
    max_leaves=10,
)


@given(value=values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_text_of_a_value_is_that_of_postgresql(value: Any, postgres: psycopg.Connection[Any]) -> None:
    raw = msgspec.json.encode(value).decode()
    row = postgres.execute("SELECT %(raw)s::jsonb #>> '{}'", {"raw": raw}).fetchone()
    assert row == (trait_forms(msgspec.json.decode(raw))[0],)
