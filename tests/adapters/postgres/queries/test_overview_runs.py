"""The overview from the runs that are kept is what the statement for all of them says, whatever commits when."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.queries import overview_runs
from adapters.postgres.queries.overview import Overview, Overviews, Part, overview
from adapters.postgres.queries.overview_runs import NO_LOOK
from adapters.postgres.queries.overview_sums import LOOK
from adapters.postgres.queries.reader import Reader
from adapters.postgres.store.generations import BEGIN, BEGIN_SEGMENTS, MAKE_LIVE, RETIRE
from adapters.postgres.store.row_tables import (
    SEGMENT,
    create_table,
    create_view,
    index_table,
    physical_name,
    unique_columns,
    watch_table,
)
from adapters.settings import Settings
from projections.engine.projection import SEGMENTS
from projections.overview import OVERVIEW, RUNS, Counts
from projections.overview import Overview as OverviewModel

GENERATIONS = (1, 2)
STEPS = 80
RUN_IDS = 6
FIELDS = Counts.__struct_fields__
NUMBERS = [field.name for field in msgspec.structs.fields(Counts) if field.type is int]
MOVE = "UPDATE segments SET position = position + 1 WHERE projection = 'overview' AND generation = %s AND segment = %s"


@pytest.fixture
async def reading(settings: Settings) -> AsyncIterator[Reader]:
    """A reader of two generations without rows; the first is live."""
    async with await connect(settings, application="test") as connection:
        for number, status in zip(GENERATIONS, ("live", "ready"), strict=True):
            generation = ("overview", number, OverviewModel.version, "", None, SEGMENTS, status, status)
            await connection.execute(BEGIN, generation)
            await connection.execute(BEGIN_SEGMENTS, ("overview", number, SEGMENTS - 1))
            for table in OverviewModel.tables:
                await connection.execute(create_table(table, settings.read_schema, number).encode())
                for statement in index_table(table, settings.read_schema, number):
                    await connection.execute(statement.encode())
            await connection.execute(watch_table(OVERVIEW, settings.read_schema, "overview", number).encode())
        for table in OverviewModel.tables:
            await connection.execute(create_view(table, settings.read_schema, 1, SEGMENTS).encode())
    opened = Reader(settings)
    await opened.open()
    yield opened
    await opened.close()


class Projector:
    """A connection that writes parts of runs in its segments, as a projector does, in a transaction of its own."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self.connection = connection

    @property
    def is_open(self) -> bool:
        """Whether a transaction is under way."""
        return self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    async def begin(self) -> None:
        """Begin a transaction, unless one is under way."""
        if not self.is_open:
            await self.connection.execute("BEGIN")

    async def write(self, segment: int, *parts: Counts, generation: int = 1) -> None:
        """Write parts of runs, and move the checkpoint of their segment."""
        target = physical_name(OVERVIEW, generation)
        updates = ", ".join(f"{field} = excluded.{field}" for field in FIELDS)
        upsert = (
            f"INSERT INTO {target} SELECT * FROM jsonb_populate_record(NULL::{target}, %s)"
            f" ON CONFLICT ({', '.join(unique_columns(OVERVIEW))}) DO UPDATE SET {updates}"
        )
        for part in parts:
            await self.connection.execute(
                upsert.encode(), [json.dumps({**msgspec.to_builtins(part), SEGMENT: segment})]
            )
        await self.connection.execute(MOVE, (generation, segment))

    async def delete(self, segment: int, run_id: str, generation: int = 1) -> None:
        """Delete a part."""
        target = physical_name(OVERVIEW, generation)
        await self.connection.execute(
            f"DELETE FROM {target} WHERE run_id = %s AND segment = %s".encode(), (run_id, segment)
        )
        await self.connection.execute(MOVE, (generation, segment))

    async def make_live(self, generation: int) -> None:
        """Serve this generation."""
        async with self.connection.transaction():
            await self.connection.execute(RETIRE, ("overview", generation))
            await self.connection.execute(MAKE_LIVE, ("overview", generation))


@asynccontextmanager
async def projector(settings: Settings) -> AsyncIterator[Projector]:
    """One of them, for as long as the block lasts."""
    async with await connect(settings, application="test") as connection:
        yield Projector(connection)


class Sent(list[str]):
    """The queries that a reader was asked, and of how many parts the last answer about changes was."""

    parts = 0


@pytest.fixture
def sent(reading: Reader, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What is asked from now on."""
    noted, rows = Sent(), reading.rows

    async def note(query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        noted.append(query)
        found = await rows(query, parameters)
        if "origin" in parameters:
            noted.parts = len(json.loads(found[0][-1] or "[]"))
        return found

    monkeypatch.setattr(reading, "rows", note)
    return noted


def plain(found: Overview) -> tuple[Any, ...]:
    """An overview whose JSON can be compared."""
    return (*map(json.loads, (found.campus, found.sources, found.runs)), found.last, found.position)


async def counted(reader: Reader, part: Part, generation: int = 1) -> tuple[Any, ...]:
    """The overview as the statement for all runs finds it."""
    rows, found = await overview(reader, part, generation)
    assert rows.generation == generation
    return plain(found)


def some_part(chance: random.Random, run_id: str) -> Counts:
    """Any part of a run; some do not know the run's source."""
    part = Counts(run_id, chance.choice(["", f"source-{int(run_id[-1]) % 3}"]))
    for name in NUMBERS:
        setattr(part, name, chance.randrange(-3, 9))
    part.outcomes = {name: chance.choice([-1, 1, 2]) for name in chance.sample(["pass", "fail", "gone"], 2)}
    part.irregular = {"no_registration_date": 1} if chance.random() < 0.3 else {}
    return part


async def step(chance: random.Random, one: Projector, segments: list[int], generation: int) -> None:
    """Let a projector do anything in the transaction that is under way, or end it."""
    parts = [some_part(chance, f"run-{chance.randrange(RUN_IDS)}") for _ in range(chance.randrange(4))]
    segment = chance.choice(segments)
    match chance.randrange(7):
        case 0:
            await one.connection.rollback()
        case 1 | 2:
            await one.connection.commit()
        case 3:
            await one.begin()
            await one.connection.execute("SAVEPOINT inner_one")  # what is written in it has a number of its own
            await one.write(segment, *parts, generation=generation)
            await one.connection.execute(chance.choice(["RELEASE inner_one", "ROLLBACK TO inner_one"]).encode())
        case 4:
            await one.begin()
            for run_id in (f"run-{chance.randrange(RUN_IDS)}" for _ in range(3)):
                await one.delete(segment, run_id, generation)
        case _:
            await one.begin()
            await one.write(segment, *parts, generation=generation)


@pytest.fixture(params=[40_000, 7])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many parts of runs a process keeps."""
    monkeypatch.setattr(overview_runs, "MOST_PARTS", request.param)
    return int(request.param)


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_history(settings: Settings, reading: Reader, sent: Sent, most: int, seed: int) -> None:
    """Two projectors, open transactions, savepoints, deleted parts, emptied tables, switches: as counted directly."""
    chance, several, live = random.Random(seed), [Overviews(reading), Overviews(reading)], 1
    async with projector(settings) as one, projector(settings) as other, projector(settings) as switch:
        for _ in range(STEPS):
            who, segments = chance.choice([(one, [0, 1]), (other, [2, 3])])
            await step(chance, who, segments, chance.choice([live, live, 3 - live]))
            if chance.random() < 0.1:
                live = 3 - live
                await switch.make_live(live)
            if chance.random() < 0.05:
                await one.connection.commit()
                await other.connection.commit()
                await switch.connection.execute(f"TRUNCATE {physical_name(OVERVIEW, live)}".encode())
            part = Part(f"run-{chance.randrange(RUN_IDS)}" if chance.random() < 0.5 else "", chance.choice([1, 3, 200]))
            expected, asked = await counted(reading, part, live), chance.choice(several)
            before = len(sent)
            assert plain(await asked.get(part)) == expected
            assert most < 40_000 or live != asked._rows.generation or not any("grouping" in q for q in sent[before:])


async def test_transactions_that_commit_out_of_order(settings: Settings, reading: Reader, sent: Sent) -> None:
    """One that was under way at the last look is seen once it commits, and what was seen is not read again."""
    overviews = Overviews(reading)
    async with projector(settings) as early, projector(settings) as late:
        await late.write(3, *(Counts(f"run-{number}", "api", registrations=1) for number in range(20)))
        assert json.loads((await overviews.get(Part())).campus)["registrations"] == 20
        await early.begin()
        await early.write(0, Counts("run-0", "api", registrations=10))
        await early.connection.execute("SAVEPOINT inner_one")
        await early.write(1, Counts("run-1", "api", registrations=100))
        await late.begin()
        await late.write(2, Counts("run-2", "api", registrations=1_000))
        await late.connection.commit()
        assert json.loads((await overviews.get(Part())).campus)["registrations"] == 1_020
        assert sent.parts == 2  # both parts of the run that changed
        await late.write(2, Counts("run-3", "api", registrations=1_000))
        assert json.loads((await overviews.get(Part())).campus)["registrations"] == 2_020
        assert sent.parts == 2  # run-2 is of a later transaction than the one that is under way, and was seen
        await early.connection.commit()
        assert json.loads((await overviews.get(Part())).campus)["registrations"] == 2_130
        assert sent.parts == 4
        assert plain(await overviews.get(Part())) == await counted(reading, Part())


async def test_an_answer_costs_what_has_changed(settings: Settings, reading: Reader, sent: Sent) -> None:
    """Nothing else is read; where nothing has changed, nothing but the checkpoints."""
    overviews = Overviews(reading)
    async with projector(settings) as one:
        for segment in range(SEGMENTS):
            await one.write(segment, *(Counts(f"run-{number}", "api", people=1) for number in range(50)))
        await overviews.get(Part())
        assert sent.parts == 50 * SEGMENTS
        await one.write(2, Counts("run-7", "api", people=5))
        sent.clear()
        assert json.loads((await overviews.get(Part("run-6", 1))).runs)[0]["people"] == 5 + SEGMENTS - 1
        assert sent.parts == SEGMENTS
        assert len(sent) == 2
        await overviews.get(Part("run-6", 1))
        assert sent[2:] == [LOOK]
        await one.write(1)  # facts that it does not read
        await overviews.get(Part())
        assert sent.parts == 0


async def test_a_run_whose_source_comes_later(settings: Settings, reading: Reader) -> None:
    """Counts for that source from then on, and a source without runs is not shown."""
    overviews = Overviews(reading)
    async with projector(settings) as one:
        await one.write(1, Counts("run-1", "", people=1, first_people_of_source=1))
        for source in ("", "api"):
            await one.write(0, Counts("run-1", source))
            assert plain(await overviews.get(Part())) == await counted(reading, Part())
            (shown,) = json.loads((await overviews.get(Part())).sources)
            assert (shown["source"], shown["people"]) == (source, 1)


async def test_a_part_that_is_deleted(settings: Settings, reading: Reader, sent: Sent) -> None:
    """Counts no longer, though nothing that is left says so; all is read again."""
    overviews = Overviews(reading)
    async with projector(settings) as one:
        await one.write(0, *(Counts(f"run-{number}", "api", people=1) for number in range(3)))
        await one.write(1, Counts("run-1", "api", registrations=1))
        await overviews.get(Part())
        for segment, run_id, left in ((1, "run-1", 3), (0, "run-2", 2)):
            await one.delete(segment, run_id)
            assert plain(await overviews.get(Part())) == await counted(reading, Part())
            assert sent.parts == left


async def test_a_promotion_and_an_emptied_table(settings: Settings, reading: Reader) -> None:
    """The next answer is of the other generation only, and of an empty table there is nothing left."""
    overviews, alone = Overviews(reading), Part()
    async with projector(settings) as one:
        await one.write(0, Counts("run-1", "api", registrations=1), Counts("run-2", "seed", registrations=1))
        await one.write(
            0, *(Counts(f"run-{number}", "import:oulad", registrations=7) for number in (1, 3)), generation=2
        )
        assert len(json.loads((await overviews.get(alone)).sources)) == 2
        await one.make_live(2)
        assert plain(await overviews.get(alone)) == await counted(reading, alone, 2)
        assert json.loads((await overviews.get(alone)).campus)["registrations"] == 14
        await one.connection.execute(f"TRUNCATE {physical_name(OVERVIEW, 2)}".encode())
        assert plain(await overviews.get(alone)) == (None, [], [], None, 0)
        await one.make_live(1)
        assert json.loads((await overviews.get(alone)).campus)["registrations"] == 2


async def test_more_runs_than_a_process_keeps(
    settings: Settings, reading: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are counted by the statement, and none of them is kept, until they are few enough again."""
    monkeypatch.setattr(overview_runs, "MOST_PARTS", 2)
    overviews = Overviews(reading)
    async with projector(settings) as one:
        for number, kept in enumerate([1, 2, 0, 0]):
            await one.write(0, Counts(f"run-{number}", "api", people=1))
            assert plain(await overviews.get(Part())) == await counted(reading, Part())
            assert len(overviews._runs._runs) == kept
        await one.delete(0, "run-0")
        await one.delete(0, "run-1")
        assert plain(await overviews.get(Part())) == await counted(reading, Part())
        assert len(overviews._runs._runs) == 2


async def test_a_generation_of_version_3_is_not_kept(settings: Settings, reading: Reader) -> None:
    """It does not know whose first run one is: people are counted one by one, through its views."""
    async with await connect(settings, application="test") as connection:
        await connection.execute(f"DROP TABLE {physical_name(RUNS, 1)} CASCADE".encode())
    async with projector(settings) as one:
        await one.write(0, Counts("run-1", "api", registrations=4))
        overviews = Overviews(reading)
        assert json.loads((await overviews.get(Part())).campus)["registrations"] == 4
        assert overviews._runs.look == NO_LOOK
