"""How one Segment call becomes a row of the inbox, or is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.events.model import CAUSED, InboxRow, Rejection
from regulars.domains.events.policy.instants import parse_instant
from regulars.domains.events.policy.message import Arrival, decode_call, key_in, message_bytes_max, read_message

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.json"))


def arrival(**said: Any) -> Arrival:
    return Arrival(**{"received_at": AT, "source": "key_1", "make_message_id": lambda: "made", **said})


def read(message: Any, kind: str | None = None, **said: Any) -> InboxRow | Rejection:
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    call = decode_call(raw)
    return call if isinstance(call, Rejection) else read_message(raw, call, kind, arrival(**said))


def taken(message: Any, kind: str | None = None, **said: Any) -> InboxRow:
    row = read(message, kind, **said)
    assert isinstance(row, InboxRow), row
    return row


def refused(message: Any, kind: str | None = None, **said: Any) -> tuple[str, str]:
    """Code and pointer."""
    rejection = read(message, kind, **said)
    assert isinstance(rejection, Rejection), rejection
    assert rejection.reason
    return rejection.code, rejection.pointer


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "ana", "event": "Order Completed", "messageId": "m1", **fields}


def test_a_track_call_keeps_what_was_said() -> None:
    row = taken(track(properties={"total": 27.5}, context={"ip": "203.0.113.5"}, anonymousId="anon-1"))
    assert (row.kind, row.name, row.user_id, row.anonymous_id) == ("track", "Order Completed", "ana", "anon-1")
    assert (row.properties, row.context, row.traits, row.consents) == (
        {"total": 27.5},
        {"ip": "203.0.113.5"},
        {},
        [],
    )
    assert (row.message_id, row.at, row.received_at, row.source) == ("m1", AT, AT, "key_1")
    assert row.by_customer
    assert not row.historical


@pytest.mark.parametrize(
    ("kind", "name"),
    [("identify", "Identified"), ("page", "Page Viewed"), ("screen", "Screen Viewed"), ("alias", "Aliased")],
)
def test_every_kind_but_track_has_its_event_name(kind: str, name: str) -> None:
    row = taken({"userId": "ana", "previousId": "anon-1"}, kind)
    assert (row.kind, row.name) == (kind, name)


def test_a_page_carries_its_name_and_category_as_properties() -> None:
    row = taken({"userId": "ana", "name": "Install", "category": "Docs", "properties": {"url": "/x"}}, "page")
    assert row.properties == {"url": "/x", "name": "Install", "category": "Docs"}
    bare = taken({"userId": "ana", "name": None, "properties": {"name": "Install"}}, "page")
    assert bare.properties == {"name": "Install"}


def test_a_group_carries_its_id_and_traits_as_properties() -> None:
    row = taken({"userId": "ana", "groupId": 7, "traits": {"name": "Acme"}}, "group")
    assert row.properties == {"group_id": "7", "traits": {"name": "Acme"}}
    assert row.traits == {}
    assert refused({"userId": "ana"}, "group") == ("group_id_missing", "/groupId")


def test_a_message_without_an_id_gets_one() -> None:
    assert taken(track(messageId=None)).message_id == "made"
    assert taken(track(messageId=" ")).message_id == "made"
    assert taken(track(messageId=12)).message_id == "12"


def test_identifiers_may_be_numbers() -> None:
    assert taken(track(userId=42)).user_id == "42"
    assert taken(track(userId=42.0)).user_id == "42"
    assert taken(track(userId=" ana ")).user_id == "ana"


# Time


def test_the_senders_clock_is_corrected() -> None:
    row = taken(
        track(originalTimestamp="2026-03-02T11:00:00Z", timestamp="2026-03-02T00:00:00Z"),
        sent_at=datetime(2026, 3, 2, 11, 0, 10, tzinfo=UTC),
    )
    assert row.at == AT - timedelta(seconds=10)
    assert row.original_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    assert row.sent_at == datetime(2026, 3, 2, 11, 0, 10, tzinfo=UTC)


def test_the_sending_time_of_the_message_goes_before_that_of_the_batch() -> None:
    message = track(timestamp="2026-03-02T08:59:00Z", sentAt="2026-03-02T08:59:30Z")
    assert taken(message, sent_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC)).at == AT - timedelta(seconds=30)


def test_without_a_sending_time_the_timestamp_is_believed() -> None:
    assert taken(track(timestamp="2026-02-01T10:00:00+02:00")).at == datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
    assert taken(track(timestamp="2026-02-01T10:00:00")).at == datetime(2026, 2, 1, 10, 0, tzinfo=UTC)
    assert taken(track(timestamp="2026-02-01")).at == datetime(2026, 2, 1, tzinfo=UTC)


def test_nothing_happens_after_it_was_received() -> None:
    assert taken(track(timestamp="2031-01-01T00:00:00Z")).at == AT
    row = taken(track(timestamp="2031-01-01T00:00:00Z", sentAt="2026-03-02T09:00:00Z"))
    assert (row.at, row.original_at) == (AT, datetime(2031, 1, 1, tzinfo=UTC))


def test_no_clock_corrects_history() -> None:
    message = track(timestamp="2026-01-05T10:00:00Z", sentAt="2026-03-02T08:00:00Z")
    assert taken(message, historical=True).at == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"timestamp": "yesterday"}, ("timestamp_unreadable", "/timestamp")),
        ({"timestamp": "2026-02-30T00:00:00Z"}, ("timestamp_unreadable", "/timestamp")),
        ({"timestamp": "20260302"}, ("timestamp_unreadable", "/timestamp")),
        ({"timestamp": 1772442000}, ("wrong_type", "/timestamp")),
        ({"originalTimestamp": "?"}, ("timestamp_unreadable", "/originalTimestamp")),
        ({"sentAt": "?"}, ("timestamp_unreadable", "/sentAt")),
        ({"timestamp": "1969-12-31T23:59:59Z"}, ("timestamp_too_old", "/timestamp")),
        ({"timestamp": "0001-01-01T00:00:00Z"}, ("timestamp_too_old", "/timestamp")),
        ({"timestamp": "0001-01-01T00:00:00+09:00"}, ("timestamp_unreadable", "/timestamp")),
        ({"timestamp": "1970-01-02", "sentAt": "2100-01-01"}, ("timestamp_too_old", "/timestamp")),
    ],
)
def test_times_that_cannot_be_are_refused_by_name(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refused(track(**fields)) == expected


# Identity


@pytest.mark.parametrize(
    "placeholder",
    ["null", "NULL", " undefined ", "None", "nil", "NaN", "0", 0, "-1", -1, "true", "False", "[object Object]",
     "anonymous", "Guest", "unknown", "undefined undefined", "n/a", "", "  ", "00000000-0000-0000-0000-000000000000"],
)  # fmt: skip
def test_placeholders_are_nobody(placeholder: str | int) -> None:
    rejection = read(track(userId=placeholder))
    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.pointer) == ("identifier_blocked", "/userId")
    assert repr(str(placeholder)) in rejection.reason
    assert rejection.message_id == "m1"
    assert taken(track(userId=placeholder, anonymousId="anon-1")).user_id is None


def test_a_message_names_its_customer() -> None:
    assert refused(track(userId=None)) == ("identifier_missing", "")
    assert refused(track(userId="x" * 257)) == ("identifier_too_long", "/userId")
    assert refused(track(userId=True)) == ("wrong_type", "/userId")
    assert refused(track(userId={"id": 1})) == ("wrong_type", "/userId")


def test_identify_points_by_mail_and_phone_too() -> None:
    message = {"anonymousId": "anon-1", "traits": {"email": " Ana@Example.COM ", "phone": "+49 (151) 123-456 78"}}
    row = taken(message, "identify")
    assert (row.email, row.phone) == ("ana@example.com", "+4915112345678")
    assert row.traits["email"]["v"] == " Ana@Example.COM "
    assert taken({"traits": {"email": "ana@example.com"}}, "identify").email == "ana@example.com"


@pytest.mark.parametrize(
    "email", ["ana", "ana@", "@example.com", "ana@example", "a na@example.com", "ana@@example.com", "a..b@example.com",
              7, "ana@-example.com", "ana@example.c0m-", "x" * 65 + "@example.com", "a@" + "b" * 64 + ".com"],
)  # fmt: skip
def test_what_is_no_address_points_to_nobody(email: Any) -> None:
    row = taken({"userId": "ana", "traits": {"email": email}}, "identify")
    assert row.email is None
    assert "email" in row.traits


@pytest.mark.parametrize("phone", ["0151 12345678", "+12", "+0151123456", "call me", 4915112345678])
def test_a_phone_number_without_its_country_points_to_nobody(phone: Any) -> None:
    assert taken({"userId": "ana", "traits": {"phone": phone}}, "identify").phone is None


def test_only_history_names_customers_by_mail_outside_of_traits() -> None:
    message = track(userId=None, email="ana@example.com")
    assert refused(message) == ("identifier_missing", "")
    assert taken(message, trusted=True).email == "ana@example.com"


def test_an_alias_says_who_somebody_was() -> None:
    assert taken({"userId": "ana", "previousId": "anon-1"}, "alias").previous_id == "anon-1"
    assert taken({"userId": "ana", "previousId": "ana"}, "alias").previous_id is None
    assert refused({"userId": "ana"}, "alias") == ("previous_id_missing", "/previousId")
    assert refused({"userId": "ana", "previousId": "null"}, "alias") == ("identifier_blocked", "/previousId")
    assert refused({"anonymousId": "a", "previousId": "b"}, "alias") == ("user_id_missing", "/userId")
    assert refused({"userId": "nil", "anonymousId": "a", "previousId": "b"}, "alias") == (
        "identifier_blocked",
        "/userId",
    )


# Names, types, sizes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event": None}, ("event_missing", "/event")),
        ({"event": "  "}, ("event_missing", "/event")),
        ({"event": "x" * 201}, ("event_too_long", "/event")),
        ({"event": 7}, ("wrong_type", "/event")),
        ({"type": None}, ("type_missing", "/type")),
        ({"type": "purchase"}, ("type_unknown", "/type")),
        ({"properties": "x"}, ("wrong_type", "/properties")),
        ({"properties": [1]}, ("wrong_type", "/properties")),
        ({"context": 3}, ("wrong_type", "/context")),
        ({"messageId": "x" * 257}, ("message_id_too_long", "/messageId")),
        ({"messageId": "rg-0"}, ("message_id_reserved", "/messageId")),
        ({"messageId": {}}, ("wrong_type", "/messageId")),
        ({"properties": {"note": "x" * message_bytes_max}}, ("message_too_large", "")),
        ({"properties": {"a/b": {"c~d": ["\0"]}}}, ("nul_character", "/properties/a~1b/c~0d/0")),
        ({"properties": {"a": "\ud800"}}, ("lone_surrogate", "/properties/a")),
        ({"properties": {"a": 10**400}}, ("number_out_of_range", "/properties/a")),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refused(track(**fields)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"[1]", ("wrong_type", "")),
        (b"7", ("wrong_type", "")),
        (b'{"event": "x"', ("malformed_json", "")),
        (b'{"event": "\xff"}', ("malformed_json", "")),
        (b'{"userId":"a","event":"x","properties":{"a":1e400}}', ("number_out_of_range", "/properties/a")),
        (b'{"userId":"a","event":"x","properties":{"a":NaN}}', ("number_out_of_range", "/properties/a")),
        (b'{"userId":"a","event":"x","properties":{"a":' + b"[" * 3000 + b"]" * 3000 + b"}}", ("too_deep", "")),
        (b'{"userId":"a","event":"\\ud83d"}', ("lone_surrogate", "/event")),
        (b'{"userId":"a","event":"x","properties":{"\\udc00":1}}', ("lone_surrogate", "/properties/\\udc00")),
    ],
)
def test_raw_rubbish_is_named_too(raw: bytes, expected: tuple[str, str]) -> None:
    code, pointer = refused(raw, "track")
    assert (code, pointer if code != "too_deep" else "") == expected


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {"a": 1}


def test_a_message_may_nest_ten_levels() -> None:
    assert taken(track(properties=nested(10)))
    assert refused(track(properties=nested(11))) == ("too_deep", "/properties" + "/a" * 10)


def test_what_looks_like_an_escape_is_text() -> None:
    row = taken(rb'{"userId":"a","event":"x","properties":{"a":"\\u0000","smile":"\ud83d\ude00"}}', "track")
    assert row.properties == {"a": "\\u0000", "smile": "😀"}


def test_the_empty_list_of_php_is_an_empty_object() -> None:
    assert taken(track(properties=[], context=[])).properties == {}


def test_unknown_fields_are_ignored() -> None:
    assert taken(track(_metadata={"bundled": []}, channel=7, email=3, consents="x", integrations={"All": True}))


@pytest.mark.parametrize("name", sorted(CAUSED))
def test_nobody_outside_can_forge_what_the_system_does(name: str) -> None:
    assert refused(track(event=name)) == ("event_reserved", "/event")
    assert refused(track(event=f" {name.upper()}")) == ("event_reserved", "/event")
    assert refused(track(event=name), historical=True) == ("event_reserved", "/event")


# Traits and consent


def test_identify_unites_its_traits_with_those_around_it() -> None:
    message = {"userId": "ana", "traits": {"plan": "pro"}, "context": {"traits": {"plan": "free", "name": "Ana"}}}
    assert {key: forms["v"] for key, forms in taken(message, "identify").traits.items()} == {
        "plan": "pro",
        "name": "Ana",
    }
    assert taken({**message, "event": "x"}, "track").traits == {}


def test_too_many_traits_are_refused() -> None:
    traits = {f"k{number}": number for number in range(501)}
    assert refused({"userId": "ana", "traits": traits}, "identify") == ("too_many_traits", "/traits")
    around = {"userId": "ana", "context": {"traits": traits}}
    assert refused(around, "identify") == ("too_many_traits", "/context/traits")
    traits.popitem()
    assert len(taken({"userId": "ana", "traits": traits}, "identify").traits) == 500


def test_consent_is_for_marketing_by_mail_unless_it_says_otherwise() -> None:
    given_ = taken(track(event="Consent Given"))
    assert given_.consents == [{"answer": "yes", "channel": "email", "topic": "marketing"}]
    withdrawn = taken(track(event="Consent Withdrawn", properties={"channel": "SMS", "topic": "offers"}))
    assert withdrawn.consents == [{"answer": "no", "channel": "sms", "topic": "offers"}]
    assert refused(track(event="Consent Given", properties={"channel": 7})) == (
        "consent_unclear",
        "/properties/channel",
    )
    assert refused(track(event="Consent Given", properties={"topic": "a b"})) == (
        "consent_unclear",
        "/properties/topic",
    )


def test_history_may_bring_consents() -> None:
    consents = [{"channel": "email", "topic": "news", "answer": "no"}]
    message = {"userId": "ana", "consents": consents}
    assert taken(message, "identify", trusted=True).consents == consents
    assert taken(message, "identify", historical=True).consents == [], "a write key is public"
    assert taken(message, "identify").consents == []
    wrong = {"userId": "ana", "consents": [{"answer": "maybe"}]}
    assert refused(wrong, "identify", trusted=True) == ("consent_unclear", "/consents/0/answer")


# Real senders, and any


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_whatever_real_clients_send_is_taken(file: Path) -> None:
    paths = {"p": "page", "i": "identify", "t": "track", "g": "group", "a": "alias"}
    for request in json.loads(file.read_text())["requests"]:
        body, name = request["body"], request["path"].rpartition("/")[2]
        received_at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        if "batch" in body:
            rows = [taken(m, received_at=received_at, sent_at=parse_instant(body["sentAt"])) for m in body["batch"]]
        else:
            rows = [taken(body, paths.get(name, name), received_at=received_at)]
        for row in rows:
            assert row.user_id or row.anonymous_id
            assert row.original_at is not None
            assert row.at <= received_at
            if row.kind == "identify" and "email" in row.traits:
                assert row.email == "ada@example.com"
            if row.kind == "page":
                assert (row.properties["name"], row.properties["category"]) == ("Install", "Docs")


def test_the_key_is_found_whatever_else_is_wrong() -> None:
    assert key_in(b'{"writeKey":"K","event":7}') == "K"
    assert key_in(b'{"writeKey":7}') is None
    assert key_in(b"{") is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "properties",
          "traits", "context", "timestamp", "originalTimestamp", "sentAt", "writeKey", "consents", "email"]  # fmt: skip


@given(
    message=st.dictionaries(st.sampled_from(FIELDS), anything),
    kind=st.sampled_from(["identify", "track", "page", "screen", "group", "alias", None]),
    historical=st.booleans(),
)
def test_any_message_is_taken_whole_or_refused_with_a_reason(
    message: dict[str, Any], kind: str | None, historical: bool
) -> None:
    full = {"userId": "ana", "event": "Came", "groupId": "g", "previousId": "p", **message}
    row = read(full, kind, historical=historical)
    if isinstance(row, Rejection):
        assert row.code
        assert row.reason
        msgspec.json.encode(row)
    else:
        msgspec.json.decode(msgspec.json.encode(row), type=InboxRow)
