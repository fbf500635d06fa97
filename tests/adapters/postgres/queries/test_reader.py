"""The connections by which queries are answered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.postgres.connection import SILENCE, Overloaded, Unavailable
from adapters.postgres.queries import reader
from adapters.postgres.queries.reader import ATTEMPTS, NotBuilt, Reader
from adapters.postgres.store import generations, views
from adapters.settings import Settings
from tests.support.polling import until
from tests.support.rebuilds import locked, rebuilt, site
from tests.support.workers import InPostgres


async def test_a_server_that_falls_silent_is_noticed(settings: Settings) -> None:
    """Queries do not wait a quarter of an hour for a peer that has vanished without a word."""
    opened = Reader(settings)
    await opened.open()
    try:
        async with opened._pool.connection() as connection:
            parameters = connection.info.get_parameters()
    finally:
        await opened.close()
    assert {name: parameters.get(name) for name in SILENCE} == {name: str(value) for name, value in SILENCE.items()}


@pytest.fixture
async def reading(settings: Settings) -> AsyncIterator[Reader]:
    """A reader of a read model that has been built."""
    async with site(settings, InPostgres()) as at:
        await at.served()
    opened = Reader(settings)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize("query", ["SELECT shoe_size FROM tally", "SELECT learner_id FROM shoes"])
async def test_what_an_older_version_has_not_built_is_said(reading: Reader, query: str) -> None:
    """A generation that lacks a table or a column of today is served until the next one: no error of the server."""
    with pytest.raises(NotBuilt):
        await reading.rows(query, {})


async def test_a_view_that_is_locked_for_a_while_is_waited_for(
    settings: Settings, reading: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query asks again until it is let in, however often that is."""
    asked: Counter[str] = Counter()
    connection = reading._pool.connection

    def counting(*args: Any) -> Any:
        asked["times"] += 1
        return connection(*args)

    async def is_stubborn() -> bool:
        return asked["times"] > ATTEMPTS + 1 or answering.done()

    monkeypatch.setattr(reading._pool, "connection", counting)
    with locked(settings, "tally"):
        answering = asyncio.create_task(reading.rows("SELECT learner_id FROM tally", {}))
        await until(is_stubborn)
    assert await answering == []


async def test_a_view_that_stays_locked_is_given_up(
    settings: Settings, reading: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader does not wait for ever, and the answer says to repeat the request."""
    monkeypatch.setattr(reader, "PATIENCE", 0.2)
    with locked(settings, "tally"), pytest.raises(Unavailable, match="lock"):
        await reading.rows("SELECT learner_id FROM tally", {})


async def test_a_query_that_runs_too_long_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL ends it, and the caller learns that the server has too much to do."""
    monkeypatch.setattr(reader, "QUERY_TIMEOUT", 20)
    opened = Reader(settings)
    await opened.open()
    try:
        with pytest.raises(Overloaded, match=r"PostgreSQL gave up: .*statement timeout"):
            await opened.rows("SELECT pg_sleep(60)", {})
    finally:
        await opened.close()


class Clock:
    """A clock that advances by a tenth of a second at each reading."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        self._now += 0.1
        return self._now


async def test_the_views_are_kept_for_one_time_in_all(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promotion waits for later views only in the time left, since readers wait for the first ones."""
    projection = InPostgres()
    await rebuilt(settings, projection)
    async with site(settings, projection) as at:
        (built,) = await at.all()
        left: list[int] = []
        execute = at._connection.execute

        async def noting(statement: Any, *parameters: Any) -> Any:
            if isinstance(statement, bytes) and statement.startswith(b"SET LOCAL lock_timeout"):
                left.append(int(statement.rpartition(b" ")[2]))
            return await execute(statement, *parameters)

        monkeypatch.setattr(at._connection, "execute", noting)
        clock = Clock()
        for module in (generations, views):
            monkeypatch.setattr(module, "time", clock)
        await at.go_live(built)
    assert left == [150, 50, 1]
