"""A campus with a course, runs of it and quizzes, for every test."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from tests.support.usecases import COURSE, QUIZZES, RUNS, Campus


@pytest.fixture
async def empty(settings: Settings) -> AsyncIterator[Campus]:
    """A campus where nothing has happened."""
    log = await PostgresLog.open(settings)
    yield Campus(log)
    await log.close()


@pytest.fixture
async def campus(empty: Campus) -> Campus:
    """A campus with an open run, one with a single seat, one that is shut, a quiz with a key, and an exam without."""
    await empty.give(*COURSE, *RUNS, *QUIZZES)
    return empty
