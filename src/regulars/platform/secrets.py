"""The installation's own secret, made once and kept with its data: what is signed today can be checked for years."""

from __future__ import annotations

from typing import Final

from regulars.platform.unit import Unit

_KEEP: Final = b"""
INSERT INTO settings (name, value, changed_at, changed_by)
VALUES ('signing_secret', to_jsonb(%(secret)s::text), %(at)s, 'system') ON CONFLICT DO NOTHING"""
_READ: Final = b"SELECT value #>> '{}' FROM settings WHERE name = 'signing_secret'"


async def signing_secret(unit: Unit) -> bytes:
    """256 bits, the same for every process on this database."""
    await unit.run(_KEEP, secret=unit.ids.token(), at=unit.at)
    secret: str = await unit.value(_READ)
    return bytes.fromhex(secret)
