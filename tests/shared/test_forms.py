"""The forms in which rules read JSON values."""

from __future__ import annotations

from regulars.shared.forms import flattened


def test_a_key_that_holds_the_dots_goes_before_a_nested_one() -> None:
    for properties in ({"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}, "a.b": 1}):
        assert flattened(properties)["a.b"] == "1"
