"""
Wraps every kept key once more, by the newest master key, so that an older one can be destroyed (docs/privacy.md).

What an older master key has wrapped opens no more then, wherever it is left: in dumps, in the WAL, in rows that are
dead. Sealed texts do not change. The application may not replace a key, so this is done as the owner of the tables.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg

from adapters.personal.key_service import AccountsClosed, KeyService, WrappedKey
from adapters.personal.keys import of_campus, of_person
from adapters.settings import Settings

AT_ONCE = 200  # keys in one transaction


class _Kept(NamedTuple):
    """A table of wrapped keys: what names a key, and what it is wrapped for."""

    table: str
    name: str
    subject: Callable[[str], str]


TABLES = (_Kept("person_keys", "learner_id", of_person), _Kept("campus_keys", "purpose", of_campus))
OLD = """
SELECT {name}, master, wrapped FROM {table} WHERE wrapped IS NOT NULL AND master <> %s
 ORDER BY {name} LIMIT %s FOR UPDATE
"""
REPLACE = "UPDATE {table} SET master = %s, wrapped = %s WHERE {name} = %s"


async def rewrap(settings: Settings, service: KeyService, advance: Callable[[int], Any] = lambda _: None) -> int:
    """
    Wrap all keys by the newest master key; returns how many were not. May be stopped, and done again.

    Raises:
        AccountsClosed: there is no master key.
        KeyLost: a key was wrapped by a master key that is not here; those before it are done.
    """
    if not service.masters:
        raise AccountsClosed
    done = 0
    connection = await psycopg.AsyncConnection.connect(settings.postgres_owner_url or "", autocommit=True)
    async with connection:
        await connection.execute(f"SET search_path TO {settings.schema_name}".encode())
        for kept in TABLES:
            while number := await _some(connection, kept, service):
                done += number
                advance(number)
    return done


async def _some(connection: psycopg.AsyncConnection[Any], kept: _Kept, service: KeyService) -> int:
    """Wrap some keys of a table once more; one that is destroyed meanwhile stays so, since its row is locked."""
    names = {"table": kept.table, "name": kept.name}
    async with connection.transaction():
        cursor = await connection.execute(OLD.format(**names).encode(), (service.masters[0], AT_ONCE))
        rows = await cursor.fetchall()
        for name, master, wrapped in rows:
            subject = kept.subject(name)
            key = await service.unwrap(subject, WrappedKey(master, bytes(wrapped)))
            await connection.execute(REPLACE.format(**names).encode(), (*await service.wrap(subject, key), name))
    return len(rows)
