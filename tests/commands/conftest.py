"""
A campus with a course, runs of it and quizzes, for every test.

Each test runs twice: over the log in memory, and over PostgreSQL. What only PostgreSQL does (idempotency keys, two
processes at once) is tested with `on_postgres`. The tests of a module have one campus in PostgreSQL, emptied for each.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from tests.conftest import beside
from tests.support.emptied import empty as emptied
from tests.support.emptied import keep_first
from tests.support.memory_log import MemoryLog
from tests.support.servers import Servers
from tests.support.usecases import COURSE, QUIZZES, RUNS, Campus


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Campus]:
    """A campus in PostgreSQL."""
    log = await PostgresLog.open(settings)
    try:
        yield Campus(log)
    finally:
        await log.close()


@pytest.fixture(scope="module")
def of_module(servers: Servers) -> Settings:
    """A campus for all tests of a module."""
    settings = beside(servers)
    keep_first(settings)
    return settings


@pytest.fixture
def emptied_campus(of_module: Settings) -> Settings:
    """That campus, where nothing has happened."""
    emptied(of_module)
    return of_module


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Settings | None:
    """Where the log is: in PostgreSQL by these settings, or in memory."""
    settings: Settings | None = request.getfixturevalue("emptied_campus") if request.param == "postgres" else None
    return settings


@pytest.fixture
async def empty(place: Settings | None) -> AsyncIterator[Campus]:
    """A campus where nothing has happened."""
    if place is None:
        yield Campus(MemoryLog())
    else:
        async with opened(place) as campus:
            yield campus


@pytest.fixture
async def campus(empty: Campus) -> Campus:
    """A campus with an open run, one with a single seat, one that is shut, a quiz with a key, and an exam without."""
    await empty.give(*COURSE, *RUNS, *QUIZZES)
    return empty


@pytest.fixture
async def on_postgres(emptied_campus: Settings) -> AsyncIterator[Campus]:
    """The same in PostgreSQL alone."""
    async with opened(emptied_campus) as campus:
        await campus.give(*COURSE, *RUNS, *QUIZZES)
        yield campus
