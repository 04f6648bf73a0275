"""Which history a database tells. After a restore it is another one: what had been copied from the database as it was
(a warehouse of its own, elsewhere) may hold what is no longer there, under numbers that will be given again."""

from __future__ import annotations

from typing import Final

from regulars.platform.unit import Unit

_KEEP: Final = b"""
INSERT INTO settings (name, value, changed_at, changed_by)
VALUES ('history', to_jsonb(%(token)s::text), %(at)s, 'system') ON CONFLICT DO NOTHING"""
_READ: Final = b"SELECT value #>> '{}' FROM settings WHERE name = 'history'"
_FORGET: Final = b"DELETE FROM settings WHERE name = 'history'"
digits: Final = 15  # Of sixteen: what is left fits into a signed 64-bit number.


async def history_of(unit: Unit) -> int:
    """A number that only this history of this database has; made when it is first asked for."""
    token: str | None = await unit.value(_READ)
    if token is None:
        await unit.run(_KEEP, token=unit.ids.token(), at=unit.at)
        token = await unit.value(_READ)
    assert token is not None
    return int(token[:digits], 16)


async def begin_history(unit: Unit) -> None:
    """From here on the database's history is another than any copy of it has."""
    await unit.run(_FORGET)
