"""
Content of courses outside of the log: bytes by their SHA-256, which is what the facts have.

`Contents` is the port; `PostgresContents` keeps it beside the log. Neither upload nor download is ever in memory as a
whole. The same content is kept once, however often it comes, and never changes.

Reads     contents, content_chunks
Writes    them
"""

import hashlib
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import suppress
from typing import NamedTuple, Protocol
from uuid import uuid4

import psycopg

from adapters.postgres.connection import Connection, Link
from domain.catalog import NotUploaded, OtherSize, Unit
from domain.catalog.unit import hashes_of

CHUNK = 262_144  # bytes; of what is kept, so it never changes

BEGIN = "INSERT INTO contents (content_id) VALUES (%s) ON CONFLICT DO NOTHING"
ADD = "INSERT INTO content_chunks (content_id, number, bytes) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
KEEP = """
UPDATE contents SET sha256 = %(sha256)s, size = %(size)s, kept_at = now(), wanted_at = now(), of_course = %(of_course)s
 WHERE content_id = %(id)s
"""
KEPT_ALREADY = """
UPDATE contents SET wanted_at = now(), of_course = of_course AND %(of_course)s WHERE sha256 = %(sha256)s
"""
DROP_UNKEPT = "DELETE FROM contents WHERE content_id = %s AND sha256 IS NULL"
DROP_BROKEN_OFF = "DELETE FROM contents WHERE sha256 IS NULL AND begun_at < now() - interval '1 day'"
SIZES = "SELECT sha256, size FROM contents WHERE sha256 = ANY(%s)"
WANT = """
WITH found AS (SELECT content_id FROM contents WHERE sha256 = ANY(%s) ORDER BY sha256 FOR UPDATE)
UPDATE contents SET wanted_at = now() FROM found WHERE contents.content_id = found.content_id RETURNING sha256, size
"""
READ = """
SELECT bytes FROM content_chunks JOIN contents USING (content_id) WHERE sha256 = %s AND number = %s
"""


class Kept(NamedTuple):
    """Content that is kept: its hash, in hex, and its size in bytes."""

    sha256: str
    size: int


class Contents(Protocol):
    """Where content is kept."""

    async def keep(self, parts: AsyncIterator[bytes], *, of_course: bool = False) -> Kept:
        """
        Keep content that comes in parts of any size; the same content is kept once.

        Args:
            of_course: it is for units of courses only, and removed when none has named it for a time
                (adapters/unused_contents.py).
        """
        ...

    async def want(self, hashes: Collection[str]) -> dict[str, int]:
        """The same as `sizes`, for an edit that is about to name them: they stay until its fact is there."""
        ...

    async def sizes(self, hashes: Collection[str]) -> dict[str, int]:
        """The sizes of those that are kept, by their hashes."""
        ...

    def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from *start* up to *stop* of content that is kept, in parts."""
        ...


async def must_be_uploaded(contents: Contents, units: Iterable[Unit]) -> None:
    """Refuse units whose content is not kept; that of others stays. Raises NotUploaded, OtherSize."""
    named = [(unit, sha256) for unit in units for sha256 in hashes_of(unit)]
    sizes = await contents.want({sha256 for _, sha256 in named})
    for unit, sha256 in named:
        if sha256 not in sizes:
            raise NotUploaded(sha256=sha256, unit_id=unit.unit_id)
        if unit.content is not None and sha256 == unit.content.sha256 and unit.content.size != sizes[sha256]:
            raise OtherSize(unit_id=unit.unit_id, size=sizes[sha256])


class PostgresContents:
    """Content in PostgreSQL; see `Contents`."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def keep(self, parts: AsyncIterator[bytes], *, of_course: bool = False) -> Kept:
        """Keep content that comes in parts of any size; see `Contents.keep`."""
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
        named = {"id": content_id, **kept._asdict(), "of_course": of_course}
        for _ in range(2):
            with suppress(psycopg.errors.UniqueViolation):  # another upload of the same has ended at this moment
                await self._link.run(lambda connection: _keep(connection, named))
                break
        await self._do(DROP_UNKEPT, content_id)
        return kept

    async def sizes(self, hashes: Collection[str]) -> dict[str, int]:
        """The sizes of those that are kept, by their hashes."""
        return await self._found(SIZES, hashes)

    async def want(self, hashes: Collection[str]) -> dict[str, int]:
        """The same, for an edit that is about to name them; see `Contents.want`."""
        return await self._found(WANT, hashes)

    async def _found(self, statement: str, hashes: Collection[str]) -> dict[str, int]:
        async def work(connection: Connection) -> dict[str, int]:
            return dict(await (await connection.execute(statement.encode(), (list(hashes),))).fetchall())

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


async def _keep(connection: Connection, named: dict[str, object]) -> None:
    if not (await connection.execute(KEPT_ALREADY, named)).rowcount:
        await connection.execute(KEEP, named)
