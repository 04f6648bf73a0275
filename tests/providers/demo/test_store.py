from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from regulars.providers.demo import store
from tests.providers.demo import recount

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def calls() -> list[dict[str, Any]]:
    return list(store.history(AT))


@pytest.fixture(scope="module")
def frame(calls: list[dict[str, Any]]) -> pd.DataFrame:
    return recount.table(calls)


def test_the_shops_last_day_is_yesterday(frame: pd.DataFrame) -> None:
    last = frame["at"].max()
    assert last < pd.Timestamp(AT.date(), tz="UTC")
    assert last.date() == AT.date() - timedelta(days=1)
    assert (frame.loc[frame["event"] == "Order Completed", "at"].max()).date() == last.date()


def test_the_history_is_in_order_and_small_enough_for_a_first_start(calls: list[dict[str, Any]]) -> None:
    times = [call["timestamp"] for call in calls]
    assert times == sorted(times)
    assert 60_000 <= len(calls) <= 80_000
    assert len({call["messageId"] for call in calls}) == len(calls)


def test_the_same_day_gives_the_same_calls_and_the_next_moves_them_by_a_day(calls: list[dict[str, Any]]) -> None:
    assert list(store.history(AT + timedelta(hours=5))) == calls
    moved = list(store.history(AT + timedelta(days=1)))
    assert [call["messageId"] for call in moved] == [call["messageId"] for call in calls]
    gap = datetime.fromisoformat(moved[0]["timestamp"]) - datetime.fromisoformat(calls[0]["timestamp"])  # type: ignore[arg-type]
    assert gap == timedelta(days=1)


def test_the_real_orders_are_all_there(calls: list[dict[str, Any]]) -> None:
    counts = Counter(call.get("event") for call in calls)
    assert (counts["Order Completed"], counts["Order Refunded"]) == (18_402, 3_383)
    order = next(call for call in calls if call["messageId"] == "order-completed-581587")
    assert order["timestamp"] == "2026-11-21T12:50:00.000Z"
    assert order["properties"]["revenue"] == 249.45
    assert order["properties"]["products"][0] == {
        "product_id": "22629", "name": "Spaceboy lunch box", "quantity": 12, "price": 1.95,
    }  # fmt: skip


def test_made_up_people_are_at_example_com_and_most_answered_about_email(calls: list[dict[str, Any]]) -> None:
    identities = [call for call in calls if call["type"] == "identify"]
    emails = [call["traits"]["email"] for call in identities]
    assert len(set(emails)) == len(emails)
    assert all(email.endswith("@example.com") and email.isascii() for email in emails)
    buyers = [call for call in identities if "userId" in call]
    answers = Counter(call["consents"][0]["answer"] if "consents" in call else "silent" for call in buyers)
    shares = {answer: round(count / len(buyers), 2) for answer, count in answers.items()}
    assert shares == {
        "yes": pytest.approx(0.6, abs=0.03),
        "no": pytest.approx(0.1, abs=0.02),
        "silent": pytest.approx(0.3, abs=0.03),
    }


def test_every_stage_is_populated_as_a_shops_would_be(frame: pd.DataFrame) -> None:
    now = recount.stages(frame, store.ends_at(AT))
    shares = now.value_counts(normalize=True)
    assert set(shares.index) == {"awareness", "consideration", "acquisition", "service", "loyalty", "advocacy"}
    assert shares.between(0.02, 0.5).all(), shares.to_dict()
    assert shares.idxmax() == "awareness"


def test_customers_fall_back_and_come_round_again(frame: pd.DataFrame) -> None:
    then = recount.stages(frame, store.ends_at(AT) - timedelta(days=60))
    now = recount.stages(frame, store.ends_at(AT))
    both = pd.DataFrame({"then": then, "now": now}).dropna()
    moves = both.value_counts()
    assert moves["loyalty", "awareness"] > 20
    assert moves["service", "awareness"] > 100
    assert moves["awareness", "loyalty"] > 50
    assert moves["acquisition", "loyalty"] > 10


def test_the_note_says_what_is_real_and_what_is_made_up() -> None:
    for said in ("are real", "made up", "last day is yesterday", "CC0"):
        assert said in store.note
