"""
Content of courses outside of the log: bytes by their SHA-256, which is what the facts have.

`Contents` is the port; `PostgresContents` keeps it beside the log. Neither upload nor download is ever in memory as a
whole. The same content is kept once, however often it comes, and never changes.

Reads     contents, content_chunks
Writes    them
"""

import hashlib
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import NamedTuple, Protocol
from uuid import uuid4

import psycopg

from adapters.postgres.connection import Connection, Link

CHUNK = 262_144  # bytes; of what is kept, so it never changes

BEGIN = "INSERT INTO contents (content_id) VALUES (%s) ON CONFLICT DO NOTHING"
ADD = "INSERT INTO content_chunks (content_id, number, bytes) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
KEEP = """
UPDATE contents SET sha256 = %(sha256)s, size = %(size)s, kept_at = now()
 WHERE content_id = %(id)s AND NOT EXISTS (SELECT FROM contents WHERE sha256 = %(sha256)s)
"""
DROP_UNKEPT = "DELETE FROM contents WHERE content_id = %s AND sha256 IS NULL"
DROP_BROKEN_OFF = "DELETE FROM contents WHERE sha256 IS NULL AND begun_at < now() - interval '1 day'"
SIZES = "SELECT sha256, size FROM contents WHERE sha256 = ANY(%s)"
READ = """
SELECT bytes FROM content_chunks JOIN contents USING (content_id) WHERE sha256 = %s AND number = %s
"""


class Kept(NamedTuple):
    """Content that is kept: its hash, in hex, and its size in bytes."""

    sha256: str
    size: int


class Contents(Protocol):
    """Where content is kept."""

    async def keep(self, parts: AsyncIterator[bytes]) -> Kept:
        """Keep content that comes in parts of any size; the same content again changes nothing."""
        ...

    async def sizes(self, hashes: Collection[str]) -> dict[str, int]:
        """The sizes of those that are kept, by their hashes."""
        ...

    def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from *start* up to *stop* of content that is kept, in parts."""
        ...


class PostgresContents:
    """Content in PostgreSQL; see `Contents`."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def keep(self, parts: AsyncIterator[bytes]) -> Kept:
        """Keep content that comes in parts of any size; the same content again changes nothing."""
        content_id, digest, size, number = uuid4().hex, hashlib.sha256(), 0, 0
        await self._do(DROP_BROKEN_OFF)
        await self._do(BEGIN, content_id)
        buffer = bytearray()
        async for part in parts:
            digest.update(part)
            size += len(part)
            buffer += part
            while len(buffer) >= CHUNK:
                await self._do(ADD, content_id, number, bytes(buffer[:CHUNK]))
                del buffer[:CHUNK]
                number += 1
        if buffer:
            await self._do(ADD, content_id, number, bytes(buffer))
        kept = Kept(digest.hexdigest(), size)
        with suppress(psycopg.errors.UniqueViolation):  # another upload of the same has ended at this moment
            await self._link.run(lambda connection: _keep(connection, content_id, kept))
        await self._do(DROP_UNKEPT, content_id)
        return kept

    async def sizes(self, hashes: Collection[str]) -> dict[str, int]:
        """The sizes of those that are kept, by their hashes."""

        async def work(connection: Connection) -> dict[str, int]:
            return dict(await (await connection.execute(SIZES, (list(hashes),))).fetchall())

        return await self._link.run(work) if hashes else {}

    async def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from *start* up to *stop* of content that is kept, in parts."""
        for number in range(start // CHUNK, -(-stop // CHUNK)):
            chunk = await self._chunk(sha256, number)
            first = number * CHUNK
            yield chunk[max(start - first, 0) : stop - first]

    async def _chunk(self, sha256: str, number: int) -> bytes:
        async def work(connection: Connection) -> bytes:
            row = await (await connection.execute(READ, (sha256, number))).fetchone()
            return bytes(row[0]) if row else b""

        return await self._link.run(work)

    async def _do(self, statement: str, *values: object) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement.encode(), values)

        await self._link.run(work)


async def _keep(connection: Connection, content_id: str, kept: Kept) -> None:
    await connection.execute(KEEP, {"id": content_id, "sha256": kept.sha256, "size": kept.size})
