"""For the tests of the log: events to append, logs to append them to, and what then stands there."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.fact import Fact
from domain.streams import partition_of

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def new_event(stream: str, version: int, amount: int = 1, **other: Any) -> NewEvent:
    """An event on its way into the log, with an id of its own; *other* are fields of another value."""
    event = NewEvent(
        stream_id=stream,
        stream_version=version,
        type="progress.activity_recorded",
        schema_version=1,
        partition=partition_of(stream),
        data=msgspec.json.encode({"unit_id": "forum", "kind": "click", "amount": amount}),
        meta=msgspec.json.encode({"event_id": str(uuid.uuid4()), "actor": "test", "source": "test"}),
        occurred_at=WHEN,
    )
    return msgspec.structs.replace(event, **other)


def unit(stream: str, first: int = 1, count: int = 1, **other: Any) -> Append:
    """One append of *count* events from version *first* on; *other* are fields of the append."""
    return Append([new_event(stream, version) for version in range(first, first + count)], **other)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[PostgresLog]:
    """A log that is closed in the end."""
    log = await PostgresLog.open(settings)
    try:
        yield log
    finally:
        await log.close()


async def whole_log(log: PostgresLog) -> list[Fact]:
    """Every fact, after a check that positions and versions are dense."""
    head = await log.head()
    facts = await log.read(0, head)
    assert [fact.position for fact in facts] == list(range(1, head + 1))
    assert_versions_dense([(fact.stream_id, fact.stream_version) for fact in facts])
    return facts


def assert_versions_dense(facts: Sequence[tuple[str, int]]) -> None:
    """Stream and version of facts in the order of the log: each stream counts 1, 2, 3, …"""
    versions: dict[str, int] = {}
    for stream, version in facts:
        assert version == versions.get(stream, 0) + 1, f"{stream} has {version} after {versions.get(stream, 0)}"
        versions[stream] = version


async def query(settings: Settings, statement: str, *parameters: Any, owner: bool = False) -> list[tuple[Any, ...]]:
    """The rows of one statement, in the role of the API or of the owner."""
    if owner:
        settings = settings.model_copy(update={"postgres_url": settings.postgres_owner_url})
    async with await connect(settings, application="test") as connection:
        cursor = await connection.execute(statement.encode(), parameters or None)
        return await cursor.fetchall() if cursor.description else []


def end_connections(settings: Settings, application: str) -> int:
    """End the connections called `campus:<application>` to this server; returns how many there were."""
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [f"campus:{application}"],
        )
        return ended.rowcount
