"""Roles, passwords, the throttle's arithmetic, settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from regulars.domains.members import policy
from regulars.domains.members.model import KeyKind, Permission, Role, Scope, Settings
from tests.conftest import AT


def test_every_role_reads_and_only_owner_and_admin_hold_keys() -> None:
    assert all(policy.may(role, Permission.READ) for role in Role)
    for permission in (Permission.KEYS, Permission.SETTINGS, Permission.AUDIT):
        assert {role for role in Role if policy.may(role, permission)} == {Role.OWNER, Role.ADMIN}
    assert {role for role in Role if policy.may(role, Permission.WRITE)} == {Role.OWNER, Role.ADMIN, Role.MARKETER}
    assert policy.may(Role.SUPPORT, Permission.CUSTOMERS)
    assert not policy.may(Role.VIEWER, Permission.CUSTOMERS)


def test_a_write_key_has_no_permission_at_all() -> None:
    assert policy.permissions_of_scopes(policy.scopes_of(KeyKind.WRITE)) == frozenset()
    assert policy.permissions_of_scopes([Scope.EVENTS_WRITE, "anything"]) == frozenset()
    assert Permission.KEYS in policy.permissions_of_scopes(policy.scopes_of(KeyKind.ADMIN))


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10"),
        ("x" * 300, "at most 256"),
        ("ana@shop.test", "e-mail"),
        ("ANA@shop.test", "e-mail"),
        ("Ana of the shop", "name"),
        ("Password123", "first passwords"),
        ("ababababababab", "first passwords"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, words: str) -> None:
    assert words in str(policy.password_weakness(password, "ana@shop.test", "Ana of the shop"))


@pytest.mark.parametrize("password", ["a stranger's umbrella", "пароль от погреба", "k4Fh-22x_Qe"])
def test_long_passwords_will_do(password: str) -> None:
    assert policy.password_weakness(password, "ana@shop.test", "Ana") is None


def test_the_wait_ends_when_the_oldest_counted_failure_is_forgotten() -> None:
    failures = [AT - timedelta(minutes=minutes) for minutes in (1, 2, 5)]
    assert policy.wait_s(failures, 4, AT) == 0
    assert policy.wait_s(failures, 3, AT) == 600
    assert policy.wait_s(failures, 3, AT + timedelta(minutes=10)) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("9" * 30_000, "unknown"),
    ],
)
def test_the_throttle_counts_by_what_one_guesser_holds_whole(address: str, network: str) -> None:
    assert policy.network_of(address) == network


def test_a_session_lives_from_sight_to_sight_but_not_forever() -> None:
    assert policy.session_expires(AT, AT) == AT + timedelta(days=14)
    assert policy.session_expires(AT, AT + timedelta(days=80)) == AT + timedelta(days=90)


@pytest.mark.parametrize("email", ["ana@shop.test", "a.b+c@x.co", "hello@localhost", "ünal@shop.test"])
def test_addresses_of_people_are_addresses(email: str) -> None:
    assert policy.is_email(email)


@pytest.mark.parametrize("email", ["", "ana", "@shop.test", "ana@", "a b@x.test", "ana@x.test\nBcc: b@x.test", "a@b@c"])
def test_what_is_no_address_is_none(email: str) -> None:
    assert not policy.is_email(email)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_name", " "),
        ("company_name", "x" * 201),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("sender_name", "Ana\r\nBcc: everybody@x.test"),
        ("sender_email", "ana"),
        ("public_url", "regulars.shop.test"),
        ("public_url", "javascript://alert(1)"),
        ("public_url", "https://ana:secret@shop.test"),
        ("public_url", "https://shop.test/path"),
        ("public_url", "https://shop.test:port"),
        ("public_url", 'https://shop.test"><script>'),
        ("usual_gap", 0),
        ("usual_gap", 181),
    ],
)
def test_settings_that_would_do_harm_are_refused_with_the_place(field: str, value: Any) -> None:
    faults = policy.settings_faults(replace(Settings(), **{field: value}))
    assert [fault.pointer for fault in faults] == [f"/{field}"]


def test_sensible_settings_are_kept() -> None:
    settings = Settings("Ana's Shop", "Europe/Berlin", "Ana", "ana@shop.test", "https://regulars.shop.test:8443")
    assert policy.settings_faults(settings) == []
    assert policy.settings_faults(Settings()) == []


def test_secrets_are_compared_without_telling_how_much_was_right() -> None:
    stored = policy.hash_secret("rgk_secret")
    assert policy.same_secret(stored, policy.hash_secret("rgk_secret"))
    assert not policy.same_secret(stored, policy.hash_secret("rgk_secres"))
    assert "compare_digest" in policy.same_secret.__code__.co_names
