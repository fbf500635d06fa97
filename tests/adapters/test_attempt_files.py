"""Files of attempts: kept by their hash for one attempt, sealed, gone with the key of the learner."""

import asyncio
import hashlib
import secrets

import pytest

from adapters import attempt_files
from adapters.attempt_files import AttemptFiles, KeptFile
from adapters.personal.sealing import PersonKey
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.personal import PersonErased

STREAM, OTHER = "attempt-ann:essay:1", "attempt-ben:essay:1"
WORDS = b"my grandmother's recipe, as a scan"
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
    """By processes that know nothing of each other: one is kept, where one may be."""
    monkeypatch.setattr(attempt_files, "MOST_FILES", 1)
    logs = [await PostgresLog.open(own_settings) for _ in range(8)]
    kept = await asyncio.gather(
        *(AttemptFiles(log.link, log.keys).keep(STREAM, bytes([number]) * 200_000) for number, log in enumerate(logs))
    )
    assert len([each for each in kept if each is not None]) == 1
    for log in logs:
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
