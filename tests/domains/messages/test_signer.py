"""Tokens: what we signed we know again, and nothing else."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.messages.model import Signer, TokenUnknown, Use

ONE, OTHER = Signer(b"a" * 32), Signer(b"b" * 32)
POSITIONS = st.none() | st.integers(min_value=0, max_value=65_535)


@given(use=st.sampled_from(Use), message_id=st.uuids(), position=POSITIONS)
def test_a_token_names_its_message(use: Use, message_id: UUID, position: int | None) -> None:
    token = ONE.sign(use, message_id, position)
    assert ONE.read(use, token) == (message_id, position)
    assert len(token) <= 40
    assert token.replace("-", "").replace("_", "").isalnum()


@given(use=st.sampled_from(Use), other=st.sampled_from(Use), message_id=st.uuids(), position=POSITIONS)
def test_no_token_stands_in_for_another_use_or_house(
    use: Use, other: Use, message_id: UUID, position: int | None
) -> None:
    token = ONE.sign(use, message_id, position)
    with pytest.raises(TokenUnknown):
        OTHER.read(use, token)
    if other is not use:
        with pytest.raises(TokenUnknown):
            ONE.read(other, token)


@given(message_id=st.uuids(), position=POSITIONS, bit=st.integers(min_value=0))
def test_a_single_changed_bit_is_noticed(message_id: UUID, position: int | None, bit: int) -> None:
    token = ONE.sign(Use.CLICK, message_id, position)
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TokenUnknown):
        ONE.read(Use.CLICK, base64.urlsafe_b64encode(bytes(data)).decode().rstrip("="))


@given(text=st.text(max_size=60))
def test_whatever_stands_in_its_place_is_not_known(text: str) -> None:
    for read in (ONE.read, ONE.read_address):
        with pytest.raises(TokenUnknown):
            read(Use.OPEN, text)


@given(message_id=st.uuids())
def test_a_token_in_an_address_survives_a_change_of_case(message_id: UUID) -> None:
    token = ONE.sign_address(Use.BOUNCE, message_id)
    assert len(f"b+{token}") <= 64
    assert ONE.read_address(Use.BOUNCE, token.upper()) == ONE.read_address(Use.BOUNCE, token) == message_id
    with pytest.raises(TokenUnknown):
        ONE.read_address(Use.UNSUBSCRIBE, token)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"short")
