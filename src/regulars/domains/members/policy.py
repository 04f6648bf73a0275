"""Who may do what, which passwords will do, and how long proofs last."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from regulars.domains.members.model import KeyKind, Permission, Role, Scope, Settings, name_length_max
from regulars.rules.model import usual_gap_days_max
from regulars.shared.errors import Fault

_READ: Final = frozenset({Permission.READ})
PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(Permission),
    Role.MARKETER: _READ | {Permission.WRITE, Permission.CUSTOMERS},
    Role.SUPPORT: _READ | {Permission.CUSTOMERS},
    Role.ANALYST: _READ,
    Role.VIEWER: _READ,
}

setup_link_life: Final = timedelta(hours=24)
session_idle_max: Final = timedelta(days=14)
session_life_max: Final = timedelta(days=90)
# A session's last sight and a key's last use are written this often, not on every request.
sight_grain: Final = timedelta(minutes=1)

throttle_window: Final = timedelta(minutes=15)
failures_per_email_max: Final = 10
failures_per_address_max: Final = 30

password_length_min: Final = 10
password_length_max: Final = 256
password_characters_min: Final = 5
# From the lists of leaked passwords, those that the rules below would let through.
_COMMON_TEXT: Final = """
    password12 password123 password1234 passw0rd123 password2024 password2025 password2026 mypassword mypassword1
    1234567890 0123456789 9876543210 12345678910 123456789a a123456789 1q2w3e4r5t 1qaz2wsx3edc qwertyuiop qwerty12345
    qwerty123456 asdfghjkl1 zaq12wsxcde3 q1w2e3r4t5 abcdefghij abcd123456 abc1234567 iloveyou12 iloveyou123 letmein123
    welcome123 welcome1234 administrator admin12345 admin123456 changeme123 trustno1234 football12 baseball12
    basketball superman12 michael123 princess12 sunshine12 monkey12345 dragon12345 master12345 liverpool1 manchester
    regulars123 regulars1234 correcthorsebatterystaple secret12345 test123456 testtest123 default123 p@ssw0rd123
"""
_COMMON: Final = frozenset(_COMMON_TEXT.split())
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f<>,;:\"()\[\]\\]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LINE_WANTED: Final = f"Write a name of at most {name_length_max} characters, on one line."


def may(role: Role, permission: Permission) -> bool:
    return permission in PERMISSIONS[role]


def permissions_of_scopes(scopes: Sequence[str]) -> frozenset[Permission]:
    """An admin key may do what an admin may. No other scope opens any part of the admin API."""
    return PERMISSIONS[Role.ADMIN] if Scope.ADMIN in scopes else frozenset()


def scopes_of(kind: KeyKind) -> tuple[Scope, ...]:
    return (Scope.ADMIN,) if kind is KeyKind.ADMIN else (Scope.EVENTS_WRITE,)


def spell_key(kind: KeyKind, token: str) -> str:
    """A key as it travels: `rgk_` or `rgw_`, so that both people and secret scanners know it, and the random part."""
    return ("rgk_" if kind is KeyKind.ADMIN else "rgw_") + token


def key_prefix(text: str) -> str:
    """The part of a key that is shown and by which it is found. 32 of its 256 bits; the others stay secret."""
    return text[:12]


def hash_secret(text: str) -> bytes:
    """Plain SHA-256 is enough for what has 224 random bits and more; people's passwords take argon2."""
    return hashlib.sha256(text.encode()).digest()


def same_secret(stored: bytes, given: bytes) -> bool:
    """Compares in a time that does not tell how much was right."""
    return hmac.compare_digest(stored, given)


def session_expires(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + session_idle_max, created_at + session_life_max)


def is_stale(last_seen_at: datetime | None, at: datetime) -> bool:
    return last_seen_at is None or at - last_seen_at >= sight_grain


def wait_s(failures: Sequence[datetime], failures_max: int, at: datetime) -> int:
    """Seconds until another try is allowed, 0 for now. `failures`: those within the throttle's window, newest first."""
    if len(failures) < failures_max:
        return 0
    return max(1, round((failures[failures_max - 1] + throttle_window - at).total_seconds()))


def network_of(address: str) -> str:
    """What counts as one address for the throttle: of IPv6 the network of 64 bits that one household or server is given
    whole. What is no address, such as what a proxy made up, is the address of all who have none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((found, 64), strict=False))
    return str(found.ipv4_mapped if isinstance(found, IPv6Address) else found)


def normalise_email(text: str) -> str:
    return text.strip().lower()


def account_faults(name: str, email: str, password: str) -> list[Fault]:
    """What is wrong with a new account; `email` is normalised. Empty when it will do."""
    faults = []
    if not _is_line(name):
        faults.append(Fault("/name", _LINE_WANTED))
    if not is_email(email):
        faults.append(Fault("/email", "This is not an e-mail address."))
    weakness = password_weakness(password, email, name)
    if weakness:
        faults.append(Fault("/password", weakness))
    return faults


def password_weakness(password: str, email: str, name: str) -> str | None:
    """Why a password will not do. Length counts, not a mixture of signs (NIST SP 800-63B, 5.1.1.2)."""
    if len(password) < password_length_min:
        return f"Use at least {password_length_min} characters."
    if len(password) > password_length_max:
        return f"Use at most {password_length_max} characters."
    plain = password.strip().casefold()
    if plain in {email, email.partition("@")[0], name.strip().casefold()}:
        return "Your e-mail address or name is the first thing others will try."
    if plain in _COMMON or len(set(plain)) < password_characters_min:
        return "This is among the first passwords that others will try."
    return None


def key_name_faults(name: str) -> list[Fault]:
    return [] if _is_line(name) else [Fault("/name", _LINE_WANTED)]


def _is_line(text: str) -> bool:
    return bool(text.strip()) and len(text) <= name_length_max and not _CONTROL.search(text)


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None and ".." not in text and len(text) <= 254


def settings_faults(settings: Settings) -> list[Fault]:
    faults = [
        Fault(f"/{field}", _LINE_WANTED)
        for field, text in (("company_name", settings.company_name), ("sender_name", settings.sender_name))
        if not _is_line(text)
    ]
    if settings.time_zone not in available_timezones():
        faults.append(Fault("/time_zone", "This is not the name of a time zone, such as Europe/Berlin."))
    if not 1 <= settings.usual_gap <= usual_gap_days_max:
        faults.append(Fault("/usual_gap", f"Write a whole number of days from 1 to {usual_gap_days_max}."))
    if not is_email(settings.sender_email.lower()):
        faults.append(Fault("/sender_email", "This is not an e-mail address."))
    if not _is_site(settings.public_url):
        faults.append(Fault("/public_url", "Write the address of this installation, such as https://regulars.shop.com"))
    return faults


def _is_site(text: str) -> bool:
    """A scheme and a host, perhaps a port, and nothing that would end up inside every link we write."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        parts.scheme in ("http", "https")
        and re.fullmatch(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", host) is not None
        and port != 0
        and not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
        and text == text.strip()
    )
