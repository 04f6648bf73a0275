from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.rules.values import list_with, value_of
from regulars.shared.forms import NUMERIC_TEXT, NotAValueError, number_form, number_text, text_form

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.decimals(-99, 99, places=3),
)
documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


class _Exact(json.JSONEncoder):
    def default(self, value: object) -> Any:
        return float(str(value)) if isinstance(value, Decimal) else super().default(value)


def test_text_forms_are_those_of_postgresql(postgres_url: str) -> None:
    made: list[Any] = []

    @given(documents)
    @settings(deadline=None, derandomize=True, max_examples=300, database=None)
    def collect(document: Any) -> None:
        made.append(json.loads(json.dumps({"v": document}, cls=_Exact)))

    collect()
    texts = [json.dumps(one, ensure_ascii=False) for one in made]
    with psycopg.connect(postgres_url) as connection:
        stored = connection.execute("SELECT one::jsonb ->> 'v' FROM unnest(%s::text[]) AS one", [texts]).fetchall()
        numbers = ["1.50", "10.0", "-0.0", "1e3", "1E-7", "100000000000000000000000"]
        kept = connection.execute("SELECT (one::jsonb)::text FROM unnest(%s::text[]) AS one", [numbers]).fetchall()
    assert [text_form(one["v"]) for one in made] == [text for (text,) in stored]
    assert [text_form(json.loads(one, parse_float=Decimal)) for one in numbers] == [text for (text,) in kept]


@pytest.mark.parametrize(
    ("given_value", "text"),
    [
        (True, "true"),
        (10, "10"),
        (10.0, "10.0"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (-0.0, "0.0"),
        ("x", "x"),
    ],
)
def test_a_value_is_compared_by_its_text_form(given_value: Any, text: str) -> None:
    assert value_of(given_value).text == text
    assert value_of(given_value).json == given_value


@pytest.mark.parametrize("given_value", [math.inf, math.nan, 10**400, "\0", "\udc00", "x" * 1001, None, [], {}])
def test_what_no_engine_could_hold_is_no_value(given_value: Any) -> None:
    with pytest.raises(NotAValueError):
        value_of(given_value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10.0),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("+1e2", 100.0),
        ("1e99", 1e99),
        ("9" * 200, float("9" * 200)),
        *(
            (text, None)
            for text in (
                "",
                ".",
                "1e",
                "1e400",
                "1e100",
                "0x1",
                "inf",
                "NaN",
                " 1",
                "1\n",
                "1_0",
                "٣",
                "9" * 201,
                "true",
                None,
            )
        ),
    ],
)
def test_a_text_is_a_number_if_every_engine_can_read_it(
    text: str | None, number: float | None, postgres_url: str
) -> None:
    assert number_form(text) == number
    safe = "SELECT CASE WHEN length(one) <= 200 AND one ~ %s THEN one::float8 END FROM unnest(%s::text[]) AS one"
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(safe, [NUMERIC_TEXT, [text]]).fetchall() == [(number,)]


@given(
    st.lists(scalars.filter(lambda value: not isinstance(value, Decimal)), max_size=4), texts | st.integers().map(str)
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_an_element_of_a_list_is_found_by_its_text_form(values: list[Any], needle: str) -> None:
    wanted = [text_form(value) for value in values if value is not None]
    for text in {needle, *(text for text in wanted if text is not None)}:
        assert (re.search(list_with(text), str(text_form(values))) is not None) == (text in wanted)


def test_number_text_refuses_what_is_not_finite() -> None:
    with pytest.raises(NotAValueError):
        number_text(float("inf"))
