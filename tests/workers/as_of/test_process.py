"""The rows of whole read models as of a moment are those of a generation that was rebuilt up to it."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime

from adapters.postgres.as_of import kept
from adapters.postgres.as_of.snapshots import nearest, open_connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.fact import Fact
from projections.engine.bulk.fold import Task
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.merge import merged
from projections.engine.moment import Moment
from projections.engine.projection import KeyedRow, Projection
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.bulk_pages import in_bulk
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.as_of.process import FoldJob, fold
from workers.seeding import seed

OF_MANY = tuple(projection for projection in PROJECTIONS if projection.store == "postgres")
LEARNERS = 6


async def test_rows_are_those_of_a_rebuild_up_to_the_moment(settings: Settings) -> None:
    """Of every read model, with its sums: at random positions, from snapshots before, with and without later facts."""
    await seed(settings, LEARNERS)
    async with opened(settings) as log:
        seeded = await log.head()
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        chance = random.Random(31)
        positions = sorted([*chance.sample(range(1, seeded), 2), *chance.sample(range(seeded, len(facts)), 2)])
        said: list[tuple[int, int]] = []
        for number, position in enumerate(positions):
            valid_at = chance.choice(facts[:position]).occurred_at if number % 2 else None
            for moment in (Moment(position, facts[position - 1].recorded_at), _at(facts, position, valid_at)):
                fold(FoldJob(settings, OF_MANY, position, moment.valid_at), lambda *done: said.append(done))
                for projection in OF_MANY:
                    made = await rows_of(log, projection, position, moment.valid_at)
                    assert digest(made) == rebuilt(projection, facts, moment), (projection.name, moment)
        assert said[-1][0] == said[-1][1]
        with open_connection(settings) as connection:
            assert {nearest(connection, each, len(facts), None).position for each in OF_MANY} == {positions[-1]}
            assert {nearest(connection, each, positions[0] - 1, None).position for each in OF_MANY} == {0}


def _at(facts: Sequence[Fact], position: int, valid_at: datetime | None) -> Moment:
    return Moment(position, facts[position - 1].recorded_at, valid_at=valid_at)


async def test_the_same_rows_are_stored_once(settings: Settings) -> None:
    """What no fact has changed from one snapshot to the next is the same chunk; all may be deleted at any time."""
    await seed(settings, LEARNERS)
    async with opened(settings) as log:
        facts = await log.read(0, await log.head())
        for position in (len(facts) - 1, len(facts)):
            fold(FoldJob(settings, OF_MANY, position), lambda *_: None)
        with open_connection(settings) as connection:
            ((parts, chunks),) = connection.execute(
                "SELECT (SELECT count(*) FROM snapshot_parts), (SELECT count(*) FROM snapshot_chunks)"
            ).fetchall()
            assert chunks < parts / 2 + 20
            connection.execute("DELETE FROM snapshot_chunks")
            connection.execute("DELETE FROM snapshots_of_read_models")
        moment = Moment(len(facts), facts[-1].recorded_at)
        fold(FoldJob(settings, OF_MANY, len(facts)), lambda *_: None)
        for projection in OF_MANY:
            made = await rows_of(log, projection, len(facts), None)
            assert digest(made) == rebuilt(projection, facts, moment)


async def test_a_snapshot_of_another_life_of_the_log_is_of_no_use(settings: Settings) -> None:
    """Where the fact at its position is another one, or the code, it is not found."""
    await seed(settings, 2)
    async with opened(settings) as log:
        head = await log.head()
        fold(FoldJob(settings, OF_MANY, head), lambda *_: None)
        (first, *_) = OF_MANY
        assert await log.link.run(lambda connection: kept.find(connection, first, head, None)) is not None
        with open_connection(settings) as connection:
            connection.execute("UPDATE snapshots_of_read_models SET anchor = sha256('another')")
            assert nearest(connection, first, head, None).position == 0
        assert await log.link.run(lambda connection: kept.find(connection, first, head, None)) is None


async def rows_of(log: PostgresLog, projection: Projection, position: int, valid_at: datetime | None) -> list[KeyedRow]:
    """The rows of a kept snapshot, as readers get them."""
    number = await log.link.run(lambda connection: kept.find(connection, projection, position, valid_at))
    assert number is not None, projection.name
    chunks = await log.link.run(lambda connection: kept.chunks_of(connection, number, projection.tables, None))
    return list(kept.rows_of(projection, chunks).items())


def rebuilt(projection: Projection, facts: Sequence[Fact], moment: Moment) -> str:
    """The digest of a fold from the first fact, as a rebuild takes it."""
    known = [fact for fact in facts if moment.has(fact)]
    whole = in_bulk([Task(projection, tuple(range(projection.segments)))], known)
    parts = ((segment, *row) for segment in range(projection.segments) for row in whole.rows(projection.name, segment))
    return digest(merged(parts))


def digest(rows: Iterable[KeyedRow]) -> str:
    """The digest of rows, as a rebuild takes it."""
    content = ContentDigest()
    for key, row in rows:
        content.add(key, row_digest(row))
    return content.hexdigest()
