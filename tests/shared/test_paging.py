"""A cursor is opaque to whoever carries it, and carriers change things."""

from __future__ import annotations

import base64

import pytest

from regulars.shared.paging import UnknownCursor, decode_cursor, encode_cursor


def test_a_cursor_gives_back_the_position_it_was_made_of() -> None:
    assert decode_cursor(encode_cursor("vip", 7), str, int) == ("vip", 7)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"null",
        b'["vip"',
        b'["vip", 7, 7]',
        b'[7, "vip"]',
        b'["vip", true]',
        b'["v\\u0000p", 7]',
        b'["\\ud800", 7]',
        b"[" * 1_490,
        b"\xff",
    ],
)
def test_a_cursor_that_no_list_made_is_refused(written: bytes) -> None:
    with pytest.raises(UnknownCursor):
        decode_cursor(base64.urlsafe_b64encode(written).decode(), str, int)


def test_a_cursor_that_is_no_base64_is_refused() -> None:
    with pytest.raises(UnknownCursor):
        decode_cursor("é", str)
