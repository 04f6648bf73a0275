"""One thin function per statement of `sql/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from regulars.domains.members.model import AuditEntry, Key, KeyKind, Member, Role, Session, SetupLink
from regulars.platform.statements import load_statements
from regulars.platform.unit import Unit
from regulars.shared.ids import MemberId

SQL = load_statements("regulars.domains.members")


async def lock_owner_making(unit: Unit) -> None:
    await unit.run(SQL["lock_owner_making"])


async def any_member(unit: Unit) -> bool:
    return bool(await unit.value(SQL["any_member"]))


async def add_member(unit: Unit, member: Member, password_hash: str) -> None:
    await unit.run(
        SQL["add_member"],
        id=member.id, email=member.email, name=member.name, password_hash=password_hash, role=member.role,
        at=member.created_at,
    )  # fmt: skip


async def member_by_email(unit: Unit, email: str) -> tuple[Member, str] | None:
    """The member and the hash of their password."""
    found = await unit.records(SQL["member_by_email"], email=email)
    return (_member(found[0]), found[0]["password_hash"]) if found else None


async def member(unit: Unit, member_id: UUID) -> Member | None:
    found = await unit.records(SQL["member"], id=member_id)
    return _member(found[0]) if found else None


async def members(unit: Unit, after: UUID | None, limit: int) -> list[Member]:
    return [_member(record) for record in await unit.records(SQL["members"], after=after, limit=limit)]


async def add_setup_link(unit: Unit, token_hash: bytes, expires_at: datetime) -> None:
    await unit.run(SQL["add_setup_link"], token_hash=token_hash, at=unit.at, expires_at=expires_at)


async def setup_link(unit: Unit, token_hash: bytes) -> SetupLink | None:
    return await unit.row(SQL["setup_link"], SetupLink, token_hash=token_hash)


async def use_setup_link(unit: Unit, token_hash: bytes) -> None:
    await unit.run(SQL["use_setup_link"], token_hash=token_hash, at=unit.at)


async def read_settings(unit: Unit) -> dict[str, Any]:
    return {record["name"]: record["value"] for record in await unit.records(SQL["read_settings"])}


async def write_setting(unit: Unit, name: str, value: str | int) -> None:
    await unit.run(SQL["write_setting"], name=name, value=Jsonb(value), at=unit.at, changed_by=unit.actor.id)


async def offer_setting(unit: Unit, name: str, value: str | int, changed_by: str) -> None:
    await unit.run(SQL["offer_setting"], name=name, value=Jsonb(value), at=unit.at, changed_by=changed_by)


async def add_audit_entry(unit: Unit, action: str, subject: str, details: Mapping[str, object]) -> None:
    await unit.run(
        SQL["add_audit_entry"],
        id=unit.new_id(), at=unit.at, actor_kind=unit.actor.kind, actor_id=unit.actor.id, actor_name=unit.actor.name,
        action=action, subject=subject, details=Jsonb(dict(details)),
    )  # fmt: skip


async def audit_entries(unit: Unit, after: int | None, limit: int) -> list[AuditEntry]:
    return await unit.rows(SQL["audit_entries"], AuditEntry, after=after, limit=limit)


async def lock_sign_in(unit: Unit, of: str) -> None:
    await unit.run(SQL["lock_sign_in"], of=of)


async def forget_failures(unit: Unit, before: datetime) -> None:
    await unit.run(SQL["forget_failures"], before=before)


async def failures_of_email(unit: Unit, email: str, since: datetime, limit: int) -> Sequence[datetime]:
    return await unit.values(SQL["failures_of_email"], email=email, since=since, limit=limit)


async def failures_of_address(unit: Unit, address: str, since: datetime, limit: int) -> Sequence[datetime]:
    return await unit.values(SQL["failures_of_address"], address=address, since=since, limit=limit)


async def add_failure(unit: Unit, email: str, address: str) -> None:
    await unit.run(SQL["add_failure"], at=unit.at, email=email, address=address)


async def clear_failures(unit: Unit, email: str, address: str) -> None:
    await unit.run(SQL["clear_failures"], email=email, address=address)


async def add_session(unit: Unit, token_hash: bytes, member_id: UUID, expires_at: datetime, user_agent: str) -> None:
    await unit.run(
        SQL["add_session"],
        token_hash=token_hash, member_id=member_id, at=unit.at, expires_at=expires_at, user_agent=user_agent,
    )  # fmt: skip


async def session(unit: Unit, token_hash: bytes) -> Session | None:
    found = await unit.records(SQL["session"], token_hash=token_hash, at=unit.at)
    if not found:
        return None
    (record,) = found
    return Session(_member(record), record["session_created_at"], record["last_seen_at"], record["expires_at"])


async def touch_session(unit: Unit, token_hash: bytes, expires_at: datetime) -> None:
    await unit.run(SQL["touch_session"], token_hash=token_hash, at=unit.at, expires_at=expires_at)


async def end_session(unit: Unit, token_hash: bytes) -> bool:
    return await unit.run(SQL["end_session"], token_hash=token_hash) > 0


async def end_all_sessions(unit: Unit) -> None:
    await unit.run(SQL["end_all_sessions"])


async def forget_sessions(unit: Unit) -> None:
    await unit.run(SQL["forget_sessions"], at=unit.at)


async def add_key(unit: Unit, key: Key, secret_hash: bytes) -> None:
    await unit.run(
        SQL["add_key"],
        id=key.id, kind=key.kind, name=key.name, prefix=key.prefix, secret_hash=secret_hash, write_key=key.write_key,
        scopes=list(key.scopes), at=key.created_at, created_by=unit.actor.id,
    )  # fmt: skip


async def keys_of_prefix(unit: Unit, prefix: str) -> list[tuple[Key, bytes]]:
    """Each key with the hash of its secret."""
    found = await unit.records(SQL["keys_of_prefix"], prefix=prefix)
    return [(_key(record), bytes(record["secret_hash"])) for record in found]


async def key(unit: Unit, key_id: UUID) -> Key | None:
    found = await unit.records(SQL["key"], id=key_id)
    return _key(found[0]) if found else None


async def keys(unit: Unit, after: UUID | None, limit: int) -> list[Key]:
    return [_key(record) for record in await unit.records(SQL["keys"], after=after, limit=limit)]


async def has_admin_key(unit: Unit) -> bool:
    found: bool = await unit.value(SQL["has_admin_key"])
    return found


async def first_write_key(unit: Unit) -> str | None:
    found: str | None = await unit.value(SQL["first_write_key"])
    return found


async def touch_key(unit: Unit, key_id: UUID) -> None:
    await unit.run(SQL["touch_key"], id=key_id, at=unit.at)


async def revoke_key(unit: Unit, key_id: UUID) -> bool:
    return await unit.run(SQL["revoke_key"], id=key_id, at=unit.at) > 0


def _member(record: Mapping[str, Any]) -> Member:
    return Member(MemberId(record["id"]), record["email"], record["name"], Role(record["role"]), record["created_at"])


def _key(record: Mapping[str, Any]) -> Key:
    return Key(
        id=record["id"], kind=KeyKind(record["kind"]), name=record["name"], prefix=record["prefix"],
        write_key=record["write_key"], scopes=tuple(record["scopes"]), created_at=record["created_at"],
        last_used_at=record["last_used_at"], revoked_at=record["revoked_at"],
    )  # fmt: skip
