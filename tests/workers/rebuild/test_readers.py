"""Readers do not notice a promotion: no failed request, no mixed answer, no step back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.jwt import claims_of, sign
from adapters.postgres.connection import connect
from adapters.postgres.ops.lag import projection_lags
from adapters.postgres.queries.reader import CHECKPOINT, Reader
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.document_reader import DocumentReader
from projections.course_dashboard import CourseDashboard
from projections.engine.projection import Projection
from projections.learner_dashboard import LearnerDashboard
from projections.overview import Overview
from projections.registry import PROJECTIONS
from tests.support.api_process import Served, serving
from tests.support.oulad import SMALL, small, write
from tests.support.polling import PATIENCE, until
from tests.support.rebuilds import NextInPostgres, NextInValkey, rebuilt
from tests.support.workers import (
    InPostgres,
    InValkey,
    Tally,
    Writer,
    assert_true_to_the_log,
    caught_up,
    projecting,
    relaying,
    writer,
)
from workers.importing.oulad import import_oulad
from workers.rebuild.promotion import promote, roll_back

FLIPS = 10
MORE = 30  # answers between two flips, from all readers
BEHIND = 200  # facts that what is served may be behind while more are appended
LEARNERS = 30
READERS = 5
PAUSE = 0.005  # seconds between two requests of a reader, all of whom share a core with the workers

SUMS = f"""
SELECT {CHECKPOINT.format(InPostgres.name)}, json_build_array(facts, amount, total)::text
  FROM (SELECT sum(facts) AS facts, sum(amount) AS amount FROM tally) AS tally,
       (SELECT amount AS total FROM total) AS total
"""
SUMS_REVERSED = f"""
SELECT {CHECKPOINT.format(InPostgres.name)}, json_build_array(facts, amount, total)::text
  FROM (SELECT amount AS total, pg_sleep(0.02) FROM total) AS total,
       (SELECT sum(facts) AS facts, sum(amount) AS amount FROM tally) AS tally
"""

Read = Callable[[], Awaitable[None]]


def amount_of(position: int) -> int:
    """What the fact at a position counts."""
    return position % 7 + 1


def learner_of(position: int) -> str:
    """Whose fact is at a position."""
    return f"learner-{position % LEARNERS}"


async def append(facts: Writer, number: int) -> None:
    """Append facts of which everybody knows what they are, by position."""
    for _ in range(number):
        position = facts.head + 1
        await facts.record((learner_of(position), "click", amount_of(position)))


class Answers(Counter[str]):
    """How many answers there were, and the readers that got them."""

    readers: list[asyncio.Task[None]]

    def has_more_than(self, number: int) -> bool:
        """Whether there were more answers; raises what a reader has failed with."""
        for reader in self.readers:
            if reader.done():
                reader.result()
        return self["all"] > number


@asynccontextmanager
async def hammering(reads: list[Read]) -> AsyncIterator[Answers]:
    """Read again and again until the block ends; gives the number of answers. Whatever fails, fails the test."""
    answers = Answers()

    async def hammer(read: Read) -> None:
        while True:
            await read()
            answers["all"] += 1
            await asyncio.sleep(PAUSE)  # a pace, which nothing waits for

    answers.readers = tasks = [asyncio.create_task(hammer(read)) for read in reads]
    try:
        yield answers
        assert not [task.exception() for task in tasks if task.done()]
    finally:
        await cancel_and_wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()


class InPosition:
    """Positions of answers, which never go back."""

    def __init__(self) -> None:
        self._highest: Counter[Any] = Counter()

    def note(self, position: int, where: object = None) -> None:
        """An answer that is true for this position."""
        assert position >= self._highest[where], f"{position} after {self._highest[where]}"
        self._highest[where] = position


async def read_on(answers: Answers) -> None:
    """Wait until the readers have got some more answers."""
    before = answers["all"]
    await until(lambda: answers.has_more_than(before + MORE))


async def flip(settings: Settings, projection: Projection, later: Projection, answers: Answers) -> None:
    """Build the next version, promote it, and go back and forth, each time by the code whose turn it is."""
    await rebuilt(settings, later)
    await promote(settings, later)
    await read_on(answers)
    for number in range(FLIPS):
        await roll_back(settings, later if number % 2 else projection)
        await read_on(answers)


async def while_facts_come(settings: Settings, facts: Writer, flipping: Coroutine[Any, Any, None]) -> None:
    """Flip while facts are appended, no faster than what is served follows them."""
    task = asyncio.create_task(flipping)

    async def is_followed() -> bool:
        async with await connect(settings, application="test") as connection:
            lags = await projection_lags(connection)
        return task.done() or all(each.position > facts.head - BEHIND for each in lags if each.status == "live")

    while not task.done():
        await append(facts, 5)
        await until(is_followed)
    await task


@pytest.fixture
def promotions_are_no_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each position stands for a fact that counts."""

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("workers.rebuild.promotion.carry_out", nothing)


@pytest.mark.usefixtures("promotions_are_no_facts")
async def test_queries_in_postgres(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and position are of one moment and one version, in whatever order a query looks at the views."""
    monkeypatch.setattr("adapters.postgres.queries.reader.PATIENCE", PATIENCE)
    reader = Reader(settings)
    await reader.open()
    seen: Counter[int] = Counter()
    expected = [0]

    def sums(query: str) -> Read:
        place = InPosition()

        async def read() -> None:
            answer = await reader.answer(query, {})
            place.note(answer.position)
            while len(expected) <= answer.position:
                expected.append(expected[-1] + amount_of(len(expected)))
            count, amount, total = msgspec.json.decode(answer.body or b"")
            factor = amount // expected[answer.position]
            seen[factor] += 1
            assert factor in {1, 2}
            assert (count, amount) == (answer.position, factor * expected[answer.position])
            assert total == amount

        return read

    projection, later = InPostgres(), NextInPostgres()
    reads = [sums(query) for query in (SUMS, SUMS_REVERSED) for _ in range(READERS)]
    async with writer(settings) as facts, relaying(settings), projecting(settings, [projection]):
        await append(facts, 100)
        await caught_up(settings, 100, [projection])
        async with projecting(settings, [later]), hammering(reads) as answers:
            await while_facts_come(settings, facts, flip(settings, projection, later, answers))
            await assert_true_to_the_log(settings, facts.head, [later if FLIPS % 2 == 0 else projection])
    await reader.close()
    assert answers["all"] > 200
    assert min(seen[1], seen[2]) > 20


@pytest.mark.slow
@pytest.mark.usefixtures("promotions_are_no_facts")
async def test_documents_in_valkey(settings: Settings) -> None:
    """A document and its position are of one version; readers are never led back to a generation."""
    projection, later = InValkey(), NextInValkey()
    seen: Counter[int] = Counter()
    async with connect_valkey(settings) as valkey, writer(settings) as facts, relaying(settings):
        documents = DocumentReader(valkey, settings, projection)

        def document(learner: str) -> Read:
            place, mine = InPosition(), [0]

            async def read() -> None:
                found = await documents.get(learner)
                place.note(found.position)
                while len(mine) <= found.position:
                    mine.append(mine[-1] + amount_of(len(mine)) * (learner_of(len(mine)) == learner))
                amount = msgspec.json.decode(found.body or b"", type=Tally).amount
                factor = amount // mine[found.position]
                seen[factor] += 1
                assert factor in {1, 2}
                assert amount == factor * mine[found.position]

            return read

        async with projecting(settings, [projection]):
            await append(facts, 100)
            await caught_up(settings, 100, [projection])
            reads = [document(f"learner-{number}") for number in range(READERS)]
            async with projecting(settings, [later]), hammering([*reads, position_of(documents)]) as answers:
                await while_facts_come(settings, facts, flip(settings, projection, later, answers))
                await assert_true_to_the_log(settings, facts.head, [later if FLIPS % 2 == 0 else projection])
    assert answers["all"] > 200
    assert min(seen[1], seen[2]) > 20


def position_of(documents: DocumentReader) -> Read:
    """A reader of the positions of the documents."""
    place = InPosition()

    async def read() -> None:
        place.note(await documents.position())

    return read


def over_http(
    client: httpx.AsyncClient, path: str, check: Callable[[int, Any], None], token: str | None = None
) -> Read:
    """A client of the API: an admin, or who *token* says."""
    place, headers = InPosition(), None if token is None else {"authorization": f"Bearer {token}"}

    async def read() -> None:
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        position = int(answer.headers["campus-position"])
        place.note(position)
        check(position, answer.json())

    return read


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An admin, of a real API."""

    def start() -> tuple[Any, Served]:
        context = serving(settings)
        return context, context.__enter__()

    context, served = await asyncio.to_thread(start)
    headers = {"authorization": f"Bearer {served.token}"}
    try:
        async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=PATIENCE) as client:
            yield client
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@pytest.mark.slow
@pytest.mark.usefixtures("promotions_are_no_facts")
async def test_over_http(settings: Settings, client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Overview, course dashboard and learner dashboards, while their generations flip and facts come."""
    served = (Overview(), CourseDashboard(), LearnerDashboard())

    imported = (await import_oulad(settings, write(tmp_path / "small.zip", small()))).position

    def overview(position: int, body: Any) -> None:
        assert body["campus"]["activity_rows"] == len(SMALL["studentVle.csv"]) + position - imported

    def run(_: int, body: Any) -> None:
        assert sum(week["rows"] for week in body["weeks"]) == 4

    def dashboard(_: int, body: Any) -> None:
        assert body["learner_id"] == "learner-1"

    now = datetime.now(UTC)  # a learner's own look is no fact, which one of an admin is
    learner = sign(claims_of("learner-1"), settings.token_secret, now=now, lifetime=timedelta(hours=1))
    async with writer(settings) as facts, relaying(settings), projecting(settings, PROJECTIONS):
        facts.head = imported
        await append(facts, 60)
        await caught_up(settings, facts.head, PROJECTIONS)
        await rebuilt(settings, *served)
        for projection in served:
            await promote(settings, projection)
        reads = [
            over_http(client, "/v1/overview", overview),
            over_http(client, "/v1/runs/AAA-2013J/dashboard", run),
            over_http(client, "/v1/learners/learner-1/dashboard", dashboard, learner),
        ]
        async with hammering(reads) as answers:
            await while_facts_come(settings, facts, flip_all(settings, served, answers))
        assert answers["all"] > 50
        await assert_true_to_the_log(settings, facts.head, PROJECTIONS)


async def flip_all(settings: Settings, projections: tuple[Projection, ...], answers: Answers) -> None:
    """Go back and forth with each, some times."""
    for _ in range(4):
        for projection in projections:
            await roll_back(settings, projection)
            await read_on(answers)
