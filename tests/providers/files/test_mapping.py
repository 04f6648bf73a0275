from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from regulars.domains.events.service import flaw_in
from regulars.providers.files.mapping import parse_mapping
from regulars.providers.files.model import Rejected, Skipped, UnknownColumn, UnknownMapping, WrongMapping
from regulars.providers.files.presets import find_mapping, preset, preset_names, read_mapping_text
from regulars.providers.files.reading import Reading
from regulars.providers.files.source import open_source

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDERS = """
kind: orders
customer: {user_id: kunde, email: {column: mail, optional: true}}
order_id: nr
time: {column: wann, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
properties:
  revenue: {column: summe, type: number, decimal: ",", thousands: "."}
  items: {column: stück, type: integer}
  gift: {column: geschenk, type: boolean}
  shipping.city: ort
constants: {channel: shop}
traits: {address.city: ort}
skip_when: [{column: stand, in: [storniert, offen]}]
blank: ["-"]
"""
HEADER = "nr;kunde;mail;wann;summe;stück;geschenk;ort;stand\n"


def written(text: str) -> Any:
    return read_mapping_text(text, "mapping")


def reading(folder: Path, mapping: str, content: str, name: str = "a.csv", **overrides: Any) -> Reading:
    path = folder / name
    path.write_text(content, "utf-8")
    return Reading(open_source(path), parse_mapping(written(mapping) | overrides), AT)


def outcomes(folder: Path, mapping: str, content: str, name: str = "a.csv", **overrides: Any) -> list[Any]:
    return [record.outcome for record in reading(folder, mapping, content, name, **overrides).records()]


def test_a_row_becomes_the_calls_a_client_would_have_made(tmp_path: Path) -> None:
    row = "A-1;17;ANA@Example.com;01.02.2026 10:30;1.234,50;3;ja;Ulm;ok\n".replace("ja", "yes")
    (calls,) = outcomes(tmp_path, ORDERS, HEADER + row)
    identify, track = calls
    assert track == {
        "type": "track",
        "messageId": "order-completed-A-1",
        "timestamp": "2026-02-01T09:30:00.000Z",
        "event": "Order Completed",
        "userId": "17",
        "email": "ana@example.com",
        "properties": {
            "revenue": 1234.5,
            "items": 3,
            "gift": True,
            "shipping": {"city": "Ulm"},
            "channel": "shop",
            "order_id": "A-1",
        },
    }
    assert identify["traits"] == {"email": "ana@example.com", "address": {"city": "Ulm"}}
    assert (identify["type"], identify["userId"], identify["timestamp"]) == ("identify", "17", track["timestamp"])


def test_a_file_imported_again_makes_the_same_message_ids(tmp_path: Path) -> None:
    content = HEADER + "A-1;17;-;01.02.2026 10:30;10;3;no;Ulm;ok\nA-2;18;-;01.02.2026 10:31;10;3;no;-;ok\n"
    once, again = outcomes(tmp_path, ORDERS, content), outcomes(tmp_path, ORDERS, content, "copy.csv")
    assert once == again
    ids = [call["messageId"] for calls in once for call in calls]
    assert len(set(ids)) == len(ids) == 3
    other = outcomes(tmp_path, ORDERS, content, constants={"channel": "fair"})
    assert other[0][0]["messageId"] != once[0][0]["messageId"]
    assert other[0][1]["messageId"] == once[0][1]["messageId"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A-1;;;01.02.2026 10:30;1;1;no;Ulm;ok", "kunde or mail: nothing says which customer this is."),
        ("A-1;1;anna;01.02.2026 10:30;1;1;no;Ulm;ok", "'anna' is not an e-mail address."),
        ("A-1;1;;2026-02-01;1;1;no;Ulm;ok", "wann: '2026-02-01' is not a time of the form %d.%m.%Y %H:%M."),
        ("A-1;1;;;1;1;no;Ulm;ok", "wann: the time is missing."),
        (";1;;01.02.2026 10:30;1;1;no;Ulm;ok", "nr: the order's number is missing."),
        ("A-1;1;;01.02.2026 10:30;viel;1;no;Ulm;ok", "summe: 'viel' is not a number."),
        ("A-1;1;;01.02.2026 10:30;1;1.5;no;Ulm;ok", "stück: '1.5' is not a whole number."),
        ("A-1;1;;01.02.2026 10:30;1;1;mag sein;Ulm;ok", "geschenk: 'mag sein' is neither yes nor no."),
    ],
)  # fmt: skip
def test_a_bad_row_says_which_column_and_why(tmp_path: Path, row: str, reason: str) -> None:
    (outcome,) = outcomes(tmp_path, ORDERS, HEADER + row + "\n")
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert isinstance(outcome.held, dict)


def test_rows_the_mapping_passes_over_are_not_rejected(tmp_path: Path) -> None:
    (outcome,) = outcomes(tmp_path, ORDERS, HEADER + "A-1;;;nie;x;x;x;x;storniert\n")
    assert outcome == Skipped("stand in storniert, offen")


def test_times_move_by_whole_days_and_take_the_zone_they_are_given(tmp_path: Path) -> None:
    mapping = "{kind: events, customer: {user_id: u}, event: Seen, time: t}"
    content = "u,t\n1,2026-03-01 12:00\n1,2026-03-01T12:00:00+05:00\n1,2026-03-01\n"
    path = tmp_path / "a.csv"
    path.write_text(content)
    shifted = Reading(
        open_source(path), parse_mapping(written(mapping) | {"shift_days": 10}), AT, ZoneInfo("Asia/Tokyo")
    )
    times = [record.outcome[0]["timestamp"] for record in shifted.records() if isinstance(record.outcome, tuple)]
    assert times == ["2026-03-11T03:00:00.000Z", "2026-03-11T07:00:00.000Z", "2026-03-10T15:00:00.000Z"]


def test_unix_times_and_json_columns_are_read(tmp_path: Path) -> None:
    mapping = """
    {kind: events, customer: {anonymous_id: a}, event: {column: e}, time: t, properties: {p: {column: p, type: json}}}
    """
    content = """
    {"a": "x", "e": "Seen", "t": 1767225600, "p": "[1, 2]"}
    {"a": "x", "e": "Seen", "t": 1767225600000, "p": {"q": null}}
    """
    first, second = outcomes(tmp_path, mapping, content, "a.jsonl")
    assert first[0]["timestamp"] == second[0]["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (first[0]["properties"], second[0]["properties"]) == ({"p": [1, 2]}, {"p": {"q": None}})


def test_customers_become_identify_calls_with_consent(tmp_path: Path) -> None:
    mapping = """
    kind: customers
    customer: {email: mail}
    traits: {name: name, since: {column: since, type: instant}}
    consents: [{channel: email, topic: news, column: news, yes: ["J"], no: ["N"]}]
    """
    content = "mail,name,since,news\na@example.com,Ana,2024-05-01,j\nb@example.com,,,\nc@example.com,Chi,,maybe\n"
    ana, bo, chi = outcomes(tmp_path, mapping, content)
    assert ana[0]["traits"] == {"email": "a@example.com", "name": "Ana", "since": "2024-05-01T00:00:00.000Z"}
    assert ana[0]["consents"] == [{"channel": "email", "topic": "news", "answer": "yes"}]
    assert ana[0]["timestamp"] == "2026-03-02T09:00:00.000Z"
    assert bo[0]["traits"] == {"email": "b@example.com"}
    assert "consents" not in bo[0]
    assert chi.reason == "news: 'maybe' is neither among `yes` nor `no`."


def test_rows_of_one_order_become_one_order_with_lines(tmp_path: Path) -> None:
    header = (
        "Name,Email,Financial Status,Created at,Total,Currency,Lineitem quantity,Lineitem name,Lineitem price,"
        "Cancelled at,Accepts Marketing\n"
    )
    rows = (
        "#1,ana@example.com,paid,2026-01-02 10:00:00 +0100,30.00,EUR,1,Hat,10.00,,yes\n"
        "#1,,,,,,2,Scarf,10.00,,\n"
        "#2,bo@example.com,voided,2026-01-03 10:00:00 +0100,5.00,EUR,1,Hat,5.00,,no\n"
        "#3,chi@example.com,paid,2026-01-03 10:00:00 +0100,5.00,EUR,1,Hat,5.00,,no\n"
    )
    path = tmp_path / "orders.csv"
    path.write_text(header + rows)
    read = Reading(open_source(path), preset("shopify-orders-csv"), AT)
    records = list(read.records())
    assert [(record.position, record.rows, record.next_position) for record in records] == [
        (0, 2, 2),
        (2, 1, 3),
        (3, 1, 4),
    ]
    identify, track = cast(tuple[Any, ...], records[0].outcome)
    assert track["properties"]["products"] == [
        {"name": "Hat", "quantity": 1, "price": 10.0},
        {"name": "Scarf", "quantity": 2, "price": 10.0},
    ]
    assert (track["properties"]["revenue"], track["timestamp"]) == (30.0, "2026-01-02T09:00:00.000Z")
    assert identify["consents"] == [{"channel": "email", "topic": "marketing", "answer": "yes"}]
    assert isinstance(records[1].outcome, Skipped)
    assert list(read.records(2)) == records[1:]


def test_woocommerce_guests_are_known_by_their_address(tmp_path: Path) -> None:
    content = (
        "order_id,order_number,order_date,status,order_total,order_currency,customer_id,billing_email,billing_country\n"
        "11,1011,2026-01-02 10:00:00,completed,59.90,EUR,0,ana@example.com,NO\n"
        "12,1012,1/3/2026 10:00:00,processing,0,EUR,7,bo@example.com,DE\n"
        "13,1013,2026-01-02 10:00:00,failed,5,EUR,8,chi@example.com,DE\n"
    )
    path = tmp_path / "woo.csv"
    path.write_text(content)
    records: list[Any] = list(Reading(open_source(path), preset("woocommerce-orders-csv"), AT).records())
    (who, guest), (_, known), failed = [record.outcome for record in records]
    assert flaw_in(guest, at=AT) is None
    assert (guest["email"], who["traits"]["country"], guest["messageId"]) == (
        "ana@example.com", "NO", "order-completed-1011",
    )  # fmt: skip
    assert (known["userId"], known["timestamp"], known["properties"]["revenue"]) == ("7", "2026-01-03T10:00:00.000Z", 0)
    assert isinstance(failed, Skipped)


def test_shopify_customers_bring_their_answers(tmp_path: Path) -> None:
    content = (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,"
        "Default Address Country Code,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags\n"
        "'77,Ana,Li,ana@example.com,yes,Ulm,DE,+491701234567,no,120.50,3,vip\n"
    )
    path = tmp_path / "customers.csv"
    path.write_text(content)
    (record,) = Reading(open_source(path), preset("shopify-customers-csv"), AT).records()
    (call,) = cast(tuple[Any, ...], record.outcome)
    assert flaw_in(call, at=AT) is None
    assert call["consents"] == [
        {"channel": "email", "topic": "marketing", "answer": "yes"},
        {"channel": "sms", "topic": "marketing", "answer": "no"},
    ]
    assert (call["traits"]["total_orders"], call["traits"]["country"]) == (3, "DE")


def test_segment_calls_pass_through_and_get_ids(tmp_path: Path) -> None:
    content = (
        '{"type": "track", "event": "Seen", "userId": 7, "messageId": "m1", "timestamp": "2026-01-01T00:00:00Z"}\n'
        '{"type": "page", "name": "Home", "anonymousId": "x"}\n{"type": "trak"}\n'
    )
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    records: list[Any] = list(Reading(open_source(path), preset("segment-jsonl"), AT).records())
    track, page, wrong = [record.outcome for record in records]
    assert track[0]["messageId"] == "m1"
    assert page[0]["messageId"].startswith("import-")
    assert "Did you mean 'track'?" in wrong.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "A mapping is a table"),
        ("{kind: order}", "Did you mean 'orders'?"),
        ("{kind: orders, costumer: {}}", "There is no key 'costumer' here. Did you mean 'customer'?"),
        ("{kind: orders, customer: {mail: Email}}", "There is no key 'mail' here. Did you mean 'email'?"),
        ("{kind: orders, customer: {email: Email}}", "Say which column holds the time"),
        ("{kind: orders, customer: {email: Email}, time: t}", "Say which column holds the order's number"),
        ("{kind: events, customer: {email: Email}, time: t}", "Say the event's name"),
        ("{kind: events, time: t, event: e}", "Say which column identifies the customer"),
        ("{kind: events, properties: {a: {column: b, typ: number}}}", "Did you mean 'type'?"),
        ("{kind: events, properties: {a: {column: b, type: numbr}}}", "Did you mean 'number'?"),
        ("{kind: events, properties: {a: {}}}", "Say `column`"),
        ("{kind: events, time: {column: t, zone: Mars/Base}}", "There is no time zone 'Mars/Base'"),
        ("{kind: events, skip_when: [{column: a}]}", "A condition has a column and one of"),
        ("{kind: events, shift_days: soon}", "shift_days is a whole number"),
        ("{kind: customers, customer: {email: e}, properties: {a: b}}", "Customers have traits"),
    ],
)
def test_a_wrong_mapping_says_where_and_names_the_nearest_key(text: str, said: str) -> None:
    with pytest.raises(WrongMapping) as wrong:
        parse_mapping(written(text))
    assert said in wrong.value.detail
    assert wrong.value.faults


def test_a_column_the_file_lacks_is_refused_with_the_nearest_and_all(tmp_path: Path) -> None:
    with pytest.raises(UnknownColumn) as unknown:
        reading(tmp_path, "{kind: customers, customer: {email: E-Mail}}", "id,Email,name\n1,a@example.com,Ana\n")
    assert "customer.email of the mapping names the column 'E-Mail', which a.csv does not have" in unknown.value.detail
    assert "Did you mean 'Email'?" in unknown.value.detail
    assert "Its columns are: 'id', 'Email', 'name'" in unknown.value.detail


@pytest.mark.parametrize("name", preset_names())
def test_every_shipped_mapping_is_sound(name: str) -> None:
    assert find_mapping(name).kind in name or name in ("segment-jsonl", "demo-orders")


def test_norway_is_a_country_and_yes_is_a_word() -> None:
    mapping = parse_mapping(
        written("{kind: events, customer: {email: e}, event: E, time: t, skip_when: [{column: land, in: [NO, no]}]}")
    )
    assert mapping.skip_when[0].values == ("NO", "no")


def test_a_mapping_is_found_by_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("{kind: events, rows: calls}")
    assert find_mapping(str(path)).calls
    with pytest.raises(UnknownMapping, match="Did you mean 'shopify-orders-csv'"):
        find_mapping("shopify-order-csv")
    with pytest.raises(UnknownMapping, match="cannot be read"):
        find_mapping(str(tmp_path / "none.yaml"))
    with pytest.raises(WrongMapping, match="is for events, not orders"):
        find_mapping(str(path), kind="orders")
    path.write_text("kind: [")
    with pytest.raises(WrongMapping, match=r"is not YAML or JSON: .*line 1"):
        find_mapping(str(path))
