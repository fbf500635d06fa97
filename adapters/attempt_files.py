"""
Files that learners hand in with an answer, outside of the log: bytes by their SHA-256, for each attempt.

They are sealed with the key of the learner: who is erased has no files, and no hash leads to those of another attempt.

Reads     attempt_files
Writes    attempt_files
"""

import hashlib
from collections.abc import Collection
from typing import NamedTuple

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link

LARGEST = 20_971_520  # bytes of one file; a question may take less
MOST_FILES = 50  # of one attempt, also those that no answer names any more

KEEP = "SELECT keep_attempt_file(%(stream)s, %(sha256)s, %(size)s, %(is_sealed)s, %(content)s, %(most)s)"
SIZES = "SELECT sha256, size FROM attempt_files WHERE stream_id = %s AND sha256 = ANY(%s)"
READ = "SELECT is_sealed, content FROM attempt_files WHERE stream_id = %s AND sha256 = %s"


class KeptFile(NamedTuple):
    """A file that is kept: the hash of its bytes, in hex, and how many there are."""

    sha256: str
    size: int


class AttemptFiles:
    """Files of attempts in PostgreSQL; an attempt is named by its stream."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def keep(self, stream: str, content: bytes) -> KeptFile | None:
        """
        Keep a file of an attempt; the same once more changes nothing. None if the attempt has too many.

        Raises:
            PersonErased: the key of the learner is destroyed.
        """
        kept = KeptFile(hashlib.sha256(content).hexdigest(), len(content))
        if await self.sizes(stream, [kept.sha256]):
            return kept
        key = await self._keys.of_words(stream)
        sealed = content if key is None else key.seal_bytes(kept.sha256, content)
        row = {"stream": stream, "is_sealed": key is not None, "content": sealed, "most": MOST_FILES}

        async def work(connection: Connection) -> None:
            await connection.execute(KEEP.encode(), {**row, **kept._asdict()})

        await self._link.run(work)
        return kept if await self.sizes(stream, [kept.sha256]) else None

    async def sizes(self, stream: str, hashes: Collection[str]) -> dict[str, int]:
        """The sizes of the files of an attempt that are kept, by their hashes."""

        async def work(connection: Connection) -> dict[str, int]:
            return dict(await (await connection.execute(SIZES, (stream, list(hashes)))).fetchall())

        return await self._link.run(work) if hashes else {}

    async def read(self, stream: str, sha256: str) -> bytes | None:
        """A file of an attempt; None if there is none, or if the learner is erased."""

        async def work(connection: Connection) -> tuple[bool, bytes] | None:
            return await (await connection.execute(READ, (stream, sha256))).fetchone()

        found = await self._link.run(work)
        if found is None:
            return None
        is_sealed, content = found
        return (await self._keys.reading(stream)).open_bytes(sha256, bytes(content)) if is_sealed else bytes(content)
