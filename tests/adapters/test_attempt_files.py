"""Files of attempts: kept by their hash for one attempt, sealed, gone with the key of the learner."""

import asyncio
import hashlib
import secrets

import psycopg
import pytest
from psycopg import sql

from adapters import attempt_files
from adapters.attempt_files import AttemptFiles, KeptFile
from adapters.personal.sealing import PersonKey
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.personal import PersonErased
from tests.support.polling import until

STREAM, OTHER = "attempt-ann:essay:1", "attempt-ben:essay:1"
WORDS = b"my grandmother's recipe, as a scan"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
SHA256 = hashlib.sha256(WORDS).hexdigest()


async def test_files_of_an_attempt(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept once, read by no other attempt, not in clear in the table, counted, and gone with the key."""
    log = await PostgresLog.open(own_settings)
    files = AttemptFiles(log.link, log.keys)
    assert await files.keep(STREAM, WORDS) == await files.keep(STREAM, WORDS) == KeptFile(SHA256, len(WORDS))
    assert await files.read(STREAM, SHA256) == WORDS
    assert await files.read(OTHER, SHA256) is None
    assert await files.sizes(STREAM, [SHA256, "0" * 64]) == {SHA256: len(WORDS)}
    assert await files.sizes(OTHER, [SHA256]) == {}

    async def stored(connection: Connection) -> list[tuple[str, bytes]]:
        return await (await connection.execute("SELECT stream_id, content FROM attempt_files")).fetchall()

    ((stream, content),) = await log.link.run(stored)
    assert stream == STREAM
    assert WORDS not in bytes(content)
    monkeypatch.setattr(attempt_files, "MOST_FILES", 1)
    assert await files.keep(STREAM, b"one more") is None
    assert await files.keep(STREAM, WORDS) == KeptFile(SHA256, len(WORDS))
    await log.keys.destroy("ann")
    assert await files.read(STREAM, SHA256) is None
    monkeypatch.undo()
    with pytest.raises(PersonErased):
        await files.keep(STREAM, b"one more")
    await log.close()


async def test_uploads_at_once_are_counted(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one more may be kept, and another process has not committed its own, a file waits, and is too many then."""
    monkeypatch.setattr(attempt_files, "MOST_FILES", 1)
    log = await PostgresLog.open(own_settings)
    files = AttemptFiles(log.link, log.keys)
    other = {"stream": STREAM, "sha256": "0" * 64, "size": 1, "is_sealed": False, "content": b"x", "most": 1}
    async with (
        await psycopg.AsyncConnection.connect(own_settings.postgres_url, autocommit=True) as watching,
        await psycopg.AsyncConnection.connect(own_settings.postgres_url) as connection,
    ):
        await connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(own_settings.schema_name)))
        await connection.execute(attempt_files.KEEP.encode(), other)
        keeping = asyncio.create_task(files.keep(STREAM, WORDS))

        async def is_done_or_waits() -> bool:
            row = await (await watching.execute(WAITING)).fetchone()
            return keeping.done() or row == (1,)

        await until(is_done_or_waits)
        await connection.commit()
    assert await keeping is None
    await log.close()


def test_sealed_bytes_are_bound_to_their_place() -> None:
    """Those of another attempt or name, with another key or a changed byte open as nothing."""
    key = secrets.token_bytes(32)
    sealed = PersonKey(key, STREAM).seal_bytes("a", WORDS)
    assert PersonKey(key, STREAM).open_bytes("a", sealed) == WORDS
    assert PersonKey(key, OTHER).open_bytes("a", sealed) is None
    assert PersonKey(key, STREAM).open_bytes("b", sealed) is None
    assert PersonKey(secrets.token_bytes(32), STREAM).open_bytes("a", sealed) is None
    assert PersonKey(None, STREAM).open_bytes("a", sealed) is None
    assert PersonKey(key, STREAM).open_bytes("a", sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert PersonKey(key, STREAM).open_bytes("a", b"") is None
