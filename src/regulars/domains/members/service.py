"""The verbs of members: set up, sign in, keys, settings, and the record of who did what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Final
from uuid import UUID

from regulars.domains.members import policy, store
from regulars.domains.members.model import (
    Attempt,
    AuditEntry,
    Key,
    KeyKind,
    Member,
    NewKey,
    Role,
    Session,
    Settings,
    SetupLink,
    SetupLinkExpired,
    SetupLinkUnknown,
    SetupLinkUsed,
    TooManySignIns,
    UnfitAccount,
    UnfitSettings,
    UnknownKeyId,
    UnknownMember,
)
from regulars.platform.passwords import Passwords
from regulars.platform.unit import SYSTEM, Actor, Unit, jsonable
from regulars.shared.ids import MemberId, outside
from regulars.shared.paging import Page, UnknownCursor, decode_cursor, encode_cursor, page_of

user_agent_length_max: Final = 300


async def record(unit: Unit, action: str, subject: str, details: Mapping[str, object] | None = None) -> None:
    """Keeps who did what, in the transaction that does it.

    `action`: a thing and a past verb, dotted (`journey.published`). `subject`: the outside id or slug of the thing.
    """
    await store.add_audit_entry(unit, action, subject, jsonable(details or {}))


async def audit_entries(unit: Unit, after: str | None, limit: int) -> Page[AuditEntry]:
    """Newest first."""
    seq = decode_cursor(after, int)[0] if after is not None else None
    assert seq is None or isinstance(seq, int)
    return page_of(await store.audit_entries(unit, seq, limit + 1), limit, lambda entry: encode_cursor(entry.seq))


# The owner and the other members


async def make_setup_link(unit: Unit) -> str | None:
    """A token for a new set-up link, good for one day and one use; None as soon as anybody has an account.

    Links made earlier stay good: whoever still has one on their screen can use it.
    """
    if await store.any_member(unit):
        return None
    token = unit.ids.token()
    await store.add_setup_link(unit, policy.hash_secret(token), unit.at + policy.setup_link_life)
    return token


async def setup_link(unit: Unit, token: str) -> SetupLink:
    """The link behind the token, if an owner can still be made with it."""
    link = await store.setup_link(unit, policy.hash_secret(token))
    if link is None:
        raise SetupLinkUnknown
    if link.used_at is not None or await store.any_member(unit):
        raise SetupLinkUsed
    if link.expires_at <= unit.at:
        raise SetupLinkExpired
    return link


async def make_owner(unit: Unit, passwords: Passwords, token: str, name: str, email: str, password: str) -> Member:
    """Makes the owner's account with a set-up link, which is used up by it."""
    await store.lock_owner_making(unit)
    await setup_link(unit, token)
    await store.use_setup_link(unit, policy.hash_secret(token))
    return await _add_member(unit, passwords, name, email, password, Role.OWNER)


async def add_owner(unit: Unit, passwords: Passwords, name: str, email: str, password: str) -> Member:
    """Makes the owner's account without a link, for whoever holds the data folder (the demo, a command)."""
    await store.lock_owner_making(unit)
    if await store.any_member(unit):
        raise SetupLinkUsed
    return await _add_member(unit, passwords, name, email, password, Role.OWNER)


async def _add_member(unit: Unit, passwords: Passwords, name: str, email: str, password: str, role: Role) -> Member:
    email = policy.normalise_email(email)
    faults = policy.account_faults(name, email, password)
    if faults:
        raise UnfitAccount(faults=faults)
    member = Member(MemberId(unit.new_id()), email, name.strip(), role, unit.at)
    await store.add_member(unit, member, await passwords.hash(password))
    unit = replace(unit, actor=actor_of(member)) if unit.actor.kind == "visitor" else unit
    await record(unit, f"{role}.made", outside("member", member.id), {"email": email})
    return member


async def member(unit: Unit, member_id: MemberId) -> Member:
    found = await store.member(unit, member_id)
    if found is None:
        raise UnknownMember
    return found


async def members(unit: Unit, after: str | None, limit: int) -> Page[Member]:
    found = await store.members(unit, _position(after), limit + 1)
    return page_of(found, limit, lambda member: encode_cursor(member.id.hex))


def actor_of(holder: Member | Key) -> Actor:
    kind = "member" if isinstance(holder, Member) else "key"
    return Actor(kind, outside(kind, holder.id), holder.name)


def permissions_of(holder: Member | Key) -> frozenset[str]:
    """The permissions that a member's role or a key's scopes give."""
    if isinstance(holder, Member):
        return policy.PERMISSIONS[holder.role]
    return policy.permissions_of_scopes(holder.scopes)


# Signing in: begin, look at the password with no transaction open, then finish or fail


async def begin_sign_in(unit: Unit, email: str, address: str) -> Attempt:
    """Counts the attempt as failed before the password is looked at, so that guesses made all at once are all counted.

    Raises TooManySignIns when the account or the network address has failed too often lately.
    """
    email, address = policy.normalise_email(email)[:254], policy.network_of(address)
    await store.lock_sign_in(unit, f"address {address}")
    await store.lock_sign_in(unit, f"email {email}")
    since = unit.at - policy.throttle_window
    await store.forget_failures(unit, since)
    of_email = await store.failures_of_email(unit, email, since, policy.failures_per_email_max)
    of_address = await store.failures_of_address(unit, address, since, policy.failures_per_address_max)
    wait_s = max(
        policy.wait_s(of_email, policy.failures_per_email_max, unit.at),
        policy.wait_s(of_address, policy.failures_per_address_max, unit.at),
    )
    if wait_s:
        raise TooManySignIns(retry_after_s=wait_s)
    await store.add_failure(unit, email, address)
    found = await store.member_by_email(unit, email)
    member, password_hash = found or (None, None)
    return Attempt(email, address, member, password_hash)


async def finish_sign_in(unit: Unit, attempt: Attempt, user_agent: str) -> str:
    """Starts the session of the member whose password was right. Returns its token."""
    assert attempt.member is not None
    await store.clear_failures(unit, attempt.email, attempt.address)
    return await start_session(unit, attempt.member, attempt.address, user_agent)


async def fail_sign_in(unit: Unit, attempt: Attempt) -> None:
    """Records the failure, known account or not: equal work gives nothing away."""
    await record(unit, "session.refused", attempt.email, {"address": attempt.address})


async def start_session(unit: Unit, member: Member, address: str, user_agent: str) -> str:
    token = unit.ids.token()
    expires_at = policy.session_expires(unit.at, unit.at)
    await store.forget_sessions(unit)
    await store.add_session(unit, policy.hash_secret(token), member.id, expires_at, user_agent[:user_agent_length_max])
    unit = replace(unit, actor=actor_of(member))
    await record(unit, "session.started", outside("member", member.id), {"address": address})
    return token


async def session(unit: Unit, token: str) -> Session | None:
    """The session behind a token, kept alive by being asked for; None when there is none or it is over."""
    token_hash = policy.hash_secret(token)
    found = await store.session(unit, token_hash)
    if found is not None and policy.is_stale(found.last_seen_at, unit.at):
        await store.touch_session(unit, token_hash, policy.session_expires(found.created_at, unit.at))
    return found


async def end_session(unit: Unit, token: str) -> None:
    if await store.end_session(unit, policy.hash_secret(token)):
        await record(unit, "session.ended", unit.actor.id)


async def end_all_sessions(unit: Unit) -> None:
    """For a database that was restored: a session that had been ended must not be in force again."""
    await store.end_all_sessions(unit)


# Keys


async def recognise_key(unit: Unit, text: str) -> Key | None:
    """The key in force that this is, of either kind. Its use is noted, at most once a minute."""
    given = policy.hash_secret(text)
    for key, secret_hash in await store.keys_of_prefix(unit, policy.key_prefix(text)):
        if policy.same_secret(secret_hash, given):
            if policy.is_stale(key.last_used_at, unit.at):
                await store.touch_key(unit, key.id)
            return key
    return None


async def recognise_write_key(unit: Unit, text: str) -> Key | None:
    """The write key that this is. An admin key is none: it must not end up where browsers are told their key."""
    key = await recognise_key(unit, text)
    return key if key is not None and key.kind is KeyKind.WRITE else None


async def make_key(unit: Unit, kind: KeyKind, name: str) -> NewKey:
    """A new key. Of an admin key, this is the only time that the whole of it is known."""
    name = name.strip()
    faults = policy.key_name_faults(name)
    if faults:
        raise UnfitSettings("The key cannot be made like this.", faults=faults)
    secret = policy.spell_key(kind, unit.ids.token())
    key = Key(
        id=unit.new_id(),
        kind=kind,
        name=name,
        prefix=policy.key_prefix(secret),
        write_key=secret if kind is KeyKind.WRITE else None,
        scopes=policy.scopes_of(kind),
        created_at=unit.at,
        last_used_at=None,
        revoked_at=None,
    )
    await store.add_key(unit, key, policy.hash_secret(secret))
    await record(unit, "key.made", outside("key", key.id), {"kind": kind, "name": name, "prefix": key.prefix})
    return NewKey(key, secret)


async def write_key(unit: Unit) -> str:
    """The oldest write key in force; the first one is made by asking."""
    found = await store.first_write_key(unit)
    return found or (await make_key(unit, KeyKind.WRITE, "Default")).secret


async def has_admin_key(unit: Unit) -> bool:
    """Whether an admin key was ever made, in force or revoked."""
    return await store.has_admin_key(unit)


async def new_admin_key(unit: Unit, name: str) -> str:
    return (await make_key(unit, KeyKind.ADMIN, name)).secret


async def keys(unit: Unit, after: str | None, limit: int) -> Page[Key]:
    """Newest first, the revoked among them."""
    found = await store.keys(unit, _position(after), limit + 1)
    return page_of(found, limit, lambda key: encode_cursor(key.id.hex))


async def revoke_key(unit: Unit, key_id: UUID) -> None:
    """From now on the key opens nothing. Revoking it again changes nothing."""
    key = await store.key(unit, key_id)
    if key is None:
        raise UnknownKeyId
    if await store.revoke_key(unit, key_id):
        await record(unit, "key.revoked", outside("key", key_id), {"kind": key.kind, "name": key.name})


# Settings


async def read_settings(unit: Unit) -> Settings:
    """What members have set, and the defaults for what they have not."""
    stored = await store.read_settings(unit)
    return Settings(**{name: stored.get(name, default) for name, default in asdict(Settings()).items()})


async def change_settings(unit: Unit, settings: Settings) -> Settings:
    settings = replace(settings, public_url=settings.public_url.rstrip("/"))
    faults = policy.settings_faults(settings)
    if faults:
        raise UnfitSettings(faults=faults)
    before, after = asdict(await read_settings(unit)), asdict(settings)
    changes = {name: {"from": before[name], "to": value} for name, value in after.items() if before[name] != value}
    for name in changes:
        await store.write_setting(unit, name, after[name])
    if changes:
        await record(unit, "settings.changed", "settings", changes)
    return settings


async def offer_settings(unit: Unit, **offered: str | int) -> None:
    """What the installation itself knows at a start (`public_url=…`): it holds until somebody sets it by hand."""
    settings = Settings(**{**asdict(Settings()), **offered})
    faults = policy.settings_faults(settings)
    if faults:
        raise UnfitSettings(faults=faults)
    for name, value in offered.items():
        await store.offer_setting(unit, name, value, SYSTEM.id)


def _position(cursor: str | None) -> UUID | None:
    """The id after which a page begins."""
    if cursor is None:
        return None
    (digits,) = decode_cursor(cursor, str)
    try:
        return UUID(hex=str(digits))
    except ValueError:
        raise UnknownCursor from None
