"""Whether PostgreSQL has crashed since: by a mark in an unlogged table, which recovery from a crash empties.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from regulars.platform.unit import Connection

_LEAVE: Final = b"INSERT INTO crash_witness (mark) VALUES (%(mark)s) ON CONFLICT DO NOTHING"
_FIND: Final = b"SELECT mark FROM crash_witness"


async def crash_mark(connection: Connection, new: UUID) -> UUID:
    """What was found, or left where there was none: another one after each crash. Commits."""
    await connection.execute(_LEAVE, {"mark": new})
    found = await (await connection.execute(_FIND)).fetchone()
    await connection.commit()
    assert found is not None
    return UUID(str(found[0]))
