"""Who is who, decided from what messages carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from regulars.domains.customers.model import Identifier, Kind, Mention, Resolution
from regulars.domains.customers.policy import final_owners, resolve
from regulars.shared.ids import CustomerId

START = datetime(2026, 3, 1, tzinfo=UTC)


def said(*mentions: Mention, apart: set[frozenset[CustomerId]] | None = None) -> Resolution:
    numbers = count(1)
    return resolve(
        mentions, known={}, with_user_id=(), apart=apart or (), new_customer=lambda: CustomerId(UUID(int=next(numbers)))
    )


def carrying(previous: str | None = None, /, **values: str) -> Mention:
    identifiers = tuple(Identifier(kind, values[kind.value]) for kind in Kind if kind.value in values)
    return Mention("m", START, identifiers, previous)


def owner(resolution: Resolution, kind: Kind, value: str) -> CustomerId:
    customer, _ = resolution.joined[Identifier(kind, value)]
    return final_owners(resolution.merges).get(customer, customer)


def test_a_stranger_who_signs_up_stays_the_same_customer() -> None:
    found = said(carrying(anonymous_id="a"), carrying(user_id="ana", anonymous_id="a"))
    assert len(found.customers) == 1
    assert found.merges == ()
    assert owner(found, Kind.USER_ID, "ana") == owner(found, Kind.ANONYMOUS_ID, "a")


def test_a_known_user_on_a_new_device_brings_what_the_device_did_before() -> None:
    found = said(carrying(user_id="ana"), carrying(anonymous_id="a"), carrying(user_id="ana", anonymous_id="a"))
    assert [(merge.kept, merge.absorbed) for merge in found.merges] == [
        (owner(found, Kind.USER_ID, "ana"), found.joined[Identifier(Kind.ANONYMOUS_ID, "a")][0])
    ]


def test_a_second_user_on_a_shared_device_is_a_second_customer() -> None:
    found = said(carrying(user_id="ana", anonymous_id="a"), carrying(user_id="bo", anonymous_id="a"))
    assert len(found.customers) == 2
    assert found.merges == ()
    assert owner(found, Kind.ANONYMOUS_ID, "a") == owner(found, Kind.USER_ID, "ana")


def test_a_shared_address_does_not_make_two_users_one() -> None:
    found = said(carrying(user_id="ana", email="home@example.com"), carrying(user_id="bo", email="home@example.com"))
    assert len(found.customers) == 2
    assert found.merges == ()


def test_an_address_joins_a_subscriber_with_the_user_they_become() -> None:
    found = said(
        carrying(email="ana@example.com"),
        carrying(user_id="ana"),
        carrying(user_id="ana", email="ana@example.com"),
    )
    assert len(found.merges) == 1
    assert found.merges[0].kept == owner(found, Kind.USER_ID, "ana")


def test_an_alias_joins_two_user_ids_and_the_newer_id_wins() -> None:
    found = said(carrying(user_id="old"), carrying(user_id="new"), carrying("old", user_id="new"))
    assert [merge.kept for merge in found.merges] == [found.joined[Identifier(Kind.USER_ID, "new")][0]]


def test_an_alias_to_itself_changes_nothing() -> None:
    found = said(carrying(user_id="ana"), carrying("ana", user_id="ana"))
    assert found.merges == ()
    assert len(found.customers) == 1


def test_customers_taken_apart_are_not_brought_together_again() -> None:
    one, other = CustomerId(UUID(int=1)), CustomerId(UUID(int=2))
    again = carrying(user_id="ana", anonymous_id="a")
    found = resolve(
        [again],
        known={Identifier(Kind.USER_ID, "ana"): one, Identifier(Kind.ANONYMOUS_ID, "a"): other},
        with_user_id={one},
        apart=[frozenset((one, other))],
        new_customer=lambda: CustomerId(UUID(int=9)),
    )
    assert found.merges == ()


names = st.sampled_from("abc")
mentions = st.builds(
    lambda seconds, values, previous: Mention(
        "m",
        START + timedelta(seconds=seconds),
        tuple(Identifier(kind, values[kind]) for kind in Kind if kind in values),
        previous,
    ),
    st.integers(0, 9),
    st.dictionaries(st.sampled_from(list(Kind)), names, min_size=1),
    st.none() | st.none() | names,
)


@given(st.lists(mentions, max_size=12))
def test_after_any_messages_identifiers_point_to_customers_that_are_left(messages: list[Mention]) -> None:
    found = said(*messages)
    final = final_owners(found.merges)
    absorbed = [merge.absorbed for merge in found.merges]
    assert len(absorbed) == len(set(absorbed)), "nobody is absorbed twice"
    assert all(merge.kept != merge.absorbed for merge in found.merges)
    assert not set(final.values()) & set(absorbed)
    for customer, _ in found.joined.values():
        assert final.get(customer, customer) in set(found.customers) - set(absorbed)
    for message in messages:
        assert all(identifier in found.joined for identifier in message.identifiers)


@given(st.lists(mentions.filter(lambda one: one.previous is None), max_size=12))
def test_without_an_alias_two_user_ids_are_never_one_customer(messages: list[Mention]) -> None:
    found = said(*messages)
    users = [identifier for identifier in found.joined if identifier.kind is Kind.USER_ID]
    assert len({owner(found, user.kind, user.value) for user in users}) == len(users)


@given(st.lists(mentions, max_size=10), st.lists(mentions, max_size=10))
def test_deciding_in_two_ticks_is_deciding_in_one(first: list[Mention], second: list[Mention]) -> None:
    numbers = count(1)

    def new() -> CustomerId:
        return CustomerId(UUID(int=next(numbers)))

    one = resolve(first, known={}, with_user_id=(), apart=(), new_customer=new)
    final = final_owners(one.merges)
    known = {identifier: final.get(customer, customer) for identifier, (customer, _) in one.joined.items()}
    users = {customer for identifier, customer in known.items() if identifier.kind is Kind.USER_ID}
    two = resolve(second, known=known, with_user_id=users, apart=(), new_customer=new)
    whole = said(*first, *second)
    assert {**one.customers, **two.customers} == dict(whole.customers)
    assert [*one.merges, *two.merges] == list(whole.merges)
