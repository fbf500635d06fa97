"""What a block sends to PostgreSQL and Valkey in this thread: what workers in another thread do is not counted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from redis.asyncio.connection import AbstractConnection


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements, and the round trips to Valkey, until the block ends."""
    sent: list[str] = []
    here = threading.get_ident()
    send, send_to_valkey = psycopg.AsyncCursor.execute, AbstractConnection.send_packed_command

    async def execute(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        if threading.get_ident() == here:
            sent.append(str(query))
        return await send(cursor, query, *arguments, **named)

    async def send_packed(connection: Any, command: Any, *arguments: Any, **named: Any) -> Any:
        if threading.get_ident() == here:
            sent.append("Valkey")
        return await send_to_valkey(connection, command, *arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.AsyncCursor, "execute", execute)
        patched.setattr(AbstractConnection, "send_packed_command", send_packed)
        yield sent
