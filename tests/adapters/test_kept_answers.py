"""Answers that are kept while the rows stand that they were made of."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from adapters.kept_answers import KeptAnswers
from adapters.postgres.connection import Connection, connect
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings

LIVE = "INSERT INTO projections (name, generation, version, code, segments, status) VALUES (%s, %s, 1, '', 2, %s)"
SEGMENTS = "INSERT INTO segments (projection, generation, segment) SELECT %s, %s, generate_series(0, 1)"
WRITE = "UPDATE segments SET applied = applied + 1 WHERE segment = 1"  # rows are written, and no checkpoint moves
RETIRE = "UPDATE projections SET status = 'retired'"


class Found(NamedTuple):
    """An answer."""

    number: int
    position: int


class Kitchen:
    """Makes answers, and counts them."""

    def __init__(self, reader: Reader, connection: Connection) -> None:
        self._connection = connection
        self.kept: KeptAnswers[str, Found] = KeptAnswers(reader, "catalog", most=2)
        self.made = 0
        self.position = 0
        self.before: list[Found | None] = []

    async def serve(self, generation: int) -> None:
        """Serve a generation from now on."""
        await self._connection.execute(RETIRE)
        await self._connection.execute(LIVE, ["catalog", generation, "live"])
        await self._connection.execute(SEGMENTS, ["catalog", generation])

    async def write(self) -> None:
        """Write rows."""
        await self._connection.execute(WRITE)

    async def make(self, before: Found | None) -> Found:
        """The next one."""
        self.before.append(before)
        self.made += 1
        await asyncio.sleep(0)
        return Found(self.made, self.position)

    async def ask(self, key: str = "a", at_least: int = 0, *, holds: bool = True) -> int:
        """The number of the answer."""
        return (await self.kept.get(key, at_least, self.make, lambda _: holds)).number


@pytest.fixture
async def kitchen(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kitchen]:
    """A campus with a read model, and answers of which none is given without a look."""
    monkeypatch.setattr("adapters.kept_answers.FRESH", -1.0)
    reader = Reader(settings)
    await reader.open()
    async with await connect(settings, application="test") as connection:
        yield Kitchen(reader, connection)
    await reader.close()


async def test_an_answer_is_kept_until_rows_are_written(kitchen: Kitchen) -> None:
    """Also where no checkpoint moves, and where another generation is served."""
    await kitchen.serve(1)
    assert [await kitchen.ask(), await kitchen.ask()] == [1, 1]
    await kitchen.write()
    assert [await kitchen.ask(), await kitchen.ask()] == [2, 2]
    await kitchen.serve(2)
    assert [await kitchen.ask(), await kitchen.ask()] == [3, 3]
    assert [found and found.number for found in kitchen.before] == [None, 1, 2]


async def test_nothing_is_kept_of_a_read_model_that_is_not_served(kitchen: Kitchen) -> None:
    """No look can say then whether its rows are the same."""
    assert [await kitchen.ask(), await kitchen.ask()] == [1, 2]


async def test_who_waits_for_a_position_gets_no_older_answer(kitchen: Kitchen) -> None:
    """Nor does who asks at a time at which the same rows mean something else."""
    await kitchen.serve(1)
    assert [await kitchen.ask(), await kitchen.ask(at_least=5)] == [1, 2]
    kitchen.position = 5
    assert [await kitchen.ask(at_least=5), await kitchen.ask(at_least=5)] == [3, 3]
    assert await kitchen.ask(holds=False) == 4


async def test_those_who_ask_at_the_same_time_share_an_answer(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was begun after they had asked; the latest keys are kept."""
    monkeypatch.setattr("adapters.kept_answers.FRESH", 0.0)
    answers = await asyncio.gather(*(kitchen.ask() for _ in range(9)))
    assert set(answers[1:]) <= {1, 2}
    assert kitchen.made <= 2
    await kitchen.serve(1)
    first = [await kitchen.ask(key) for key in "abc"]
    assert [await kitchen.ask(key) for key in "cb"] == [first[2], first[1]]
    assert await kitchen.ask("a") > first[2]
