from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.shared.durations import (
    Calendar,
    Period,
    UnknownDuration,
    format_duration,
    format_span,
    parse_duration,
    parse_span,
)

zones = st.sampled_from([None, "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires"])
spans = st.one_of(
    st.integers(0, 36_525 * 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    st.builds(Calendar, st.integers(1, 1_200) | st.sampled_from(Period), zones),
)


@given(spans)
def test_a_span_that_is_written_reads_back_the_same(span: timedelta | Calendar) -> None:
    assert parse_span(format_span(span)) == span


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3_600), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0)]
)
def test_exact_lengths(text: str, seconds: int) -> None:
    assert parse_duration(text) == parse_span(text) == timedelta(seconds=seconds)


def test_the_shortest_form_is_written() -> None:
    assert format_duration(timedelta(days=14)) == "2w"
    assert format_duration(timedelta(hours=36)) == "36h"
    assert format_span(Calendar(24, "UTC")) == "2y@UTC"
    assert format_span(Calendar(18)) == "18mo"


@pytest.mark.parametrize("text", ["3mo", "1y", "today", "this week"])
def test_the_calendar_is_no_exact_length(text: str) -> None:
    assert isinstance(parse_span(text), Calendar)
    with pytest.raises(UnknownDuration):
        parse_duration(text)


@pytest.mark.parametrize(
    "given_text",
    ["", "7", "d", "-7d", "7 d", "1.5h", "7d@UTC", "36526d", "0mo", "0y", "1201mo", "9999999999w", "101y", "last week",
     "today@", "TODAY", "today@Mars/Base", "today@localtime", "today@../UTC", "today@europe/berlin", "٣d", 7, None, []],
)  # fmt: skip
def test_anything_else_is_refused(given_text: object) -> None:
    with pytest.raises(UnknownDuration):
        parse_span(given_text)
