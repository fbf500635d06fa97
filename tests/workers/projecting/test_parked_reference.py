"""A course at which a read model fails: others' rows are folded without it, so only a rebuild makes them good."""

import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from adapters.health.read_models import waiting
from adapters.health.servers import Unhealthy
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.store.parking import request_retry, skip
from adapters.settings import Settings
from domain.fact import Fact
from domain.streams import partition_of
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from tests.support.polling import until
from tests.support.rebuilds import assert_accounts, digests, parked, rebuilt
from tests.support.workers import caught_up, projecting, writer
from workers.consistency.verify import verify
from workers.rebuild.promotion import promote

BROKEN = "CAMPUSLOG_TEST_BROKEN_COURSES"  # in the environment, which processes of a rebuild inherit
COURSE = "course-AAA"


class Weight(msgspec.Struct):
    """What an activity counts."""

    name: str
    factor: int = 0


class Score(msgspec.Struct):
    """What a learner has done, by the weight of then."""

    learner_id: str
    points: int = 0


class WeighedInPostgres(Projection):
    """Scores of learners, which depend on a fact of a course."""

    name: ClassVar[str] = "weighed"
    version: ClassVar[int] = 1
    store = "postgres"
    segments = SEGMENTS
    weight = Table("weight", Weight, ("name",), distribution="replicated")
    score = Table("score", Score, ("learner_id",))
    tables = (weight, score)

    @classmethod
    def needs(cls, fact: Fact) -> Iterable[RowKey]:
        if fact.type == "course.version_published":
            return [RowKey(cls.weight, ("all",))]
        return RowKey(cls.weight, ("all",)), RowKey(cls.score, (fact.key,))

    @classmethod
    def published(cls, fact: Fact, rows: Rows) -> None:
        if BROKEN in os.environ:
            raise ZeroDivisionError("what a projection may well do")
        rows.edit(cls.weight, Weight, "all").factor = fact.data["version"]

    @classmethod
    def recorded(cls, fact: Fact, rows: Rows) -> None:
        weight = rows.read(cls.weight, Weight, "all")
        rows.edit(cls.score, Score, fact.key).points += fact.data["amount"] * (weight.factor if weight else 0)


class WeighedInValkey(WeighedInPostgres):
    """The same in Valkey."""

    name = "weighed_documents"
    store = "valkey"


for _projection in (WeighedInPostgres, WeighedInValkey):
    _projection.handlers = {
        "course.version_published": Handler(_projection.needs, _projection.published, writes=(_projection.weight,)),
        "progress.activity_recorded": Handler(_projection.needs, _projection.recorded, writes=(_projection.score,)),
    }

stores = pytest.mark.parametrize(
    "projection",
    [
        pytest.param(WeighedInPostgres(), id="postgres", marks=pytest.mark.slow),
        pytest.param(WeighedInValkey(), id="valkey"),
    ],
)


async def publish(settings: Settings, version: int) -> int:
    """Append a version of the course; returns its position."""
    event = NewEvent(
        stream_id=COURSE,
        stream_version=version,
        type="course.version_published",
        schema_version=1,
        partition=partition_of(COURSE),
        data=msgspec.json.encode({"version": version}),
        meta=msgspec.json.encode({"event_id": str(uuid.uuid4()), "actor": "test", "source": "test"}),
        occurred_at=datetime.now(UTC),
    )
    log = await PostgresLog.open(settings)
    try:
        return (await log.append(Append([event]))).last
    finally:
        await log.close()


async def tried(settings: Settings, projection: Projection) -> None:
    """Ask for another try of all that waits, and wait for the answer."""
    async with await connect(settings, application="test") as connection:
        await request_retry(connection, [projection.name], None)

    async def answered() -> bool:
        return not any(row["requested"] for row in await parked(settings, projection))

    await until(answered)


@stores
async def test_it_is_not_made_good_in_place_but_by_a_rebuild(
    settings: Settings, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better code alone does not help rows that were folded without the course; a learner is tried meanwhile."""
    monkeypatch.setenv(BROKEN, "yes")
    async with writer(settings) as facts:
        async with projecting(settings, [projection]):
            await publish(settings, 1)
            await facts.record(("ann", "click", 5), ("bob", "click", 7))
            await facts.record_nonsense("cid")
            await caught_up(settings, 4, [projection])
        monkeypatch.delenv(BROKEN)
        async with projecting(settings, [projection]):
            head = await publish(settings, 2)
            await caught_up(settings, head, [projection])
            await tried(settings, projection)
            found = await parked(settings, projection)
            assert [(row["key"], row["needs_rebuild"]) for row in found] == [*4 * [(COURSE, True)], ("cid", False)]
            assert {row["attempts"] for row in found if row["needs_rebuild"]} == {1}
            assert found[-1]["attempts"] > 1
            with pytest.raises(
                Unhealthy, match=r"course-AAA parked in weighed.*, rows of other keys may depend on it: reb"
            ):
                await waiting(settings)
            (verdict,) = await verify(settings, [projection])
            assert verdict.digest_live == verdict.digest_log
            await assert_accounts(settings, projection, applied=2, parked=3)
            assert (await rebuilt(settings, projection, workers=2)).built[0].parked == 1
            await promote(settings, projection)
            before, after = (await digests(settings, projection)).values()
            assert before != after
            now = [row for row in await parked(settings, projection) if row["generation"] == 2]
            assert [row["key"] for row in now] == ["cid"]
            assert await waiting(settings) == "1 keys parked, all of which a retry can heal"
            (verdict,) = await verify(settings, [projection])
            assert (verdict.parked, verdict.digest_live) == (["cid"], verdict.digest_log)


@stores
async def test_it_waits_until_a_rebuild_without_the_fact(
    settings: Settings, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fact of a course that is skipped is done without in what is built from then on, and not before."""
    monkeypatch.setenv(BROKEN, "yes")
    async with writer(settings) as facts, projecting(settings, [projection]):
        position = await publish(settings, 1)
        await facts.record(("ann", "click", 5))
        await caught_up(settings, 2, [projection])
        async with await connect(settings, application="test") as connection:
            assert await skip(connection, projection.name, COURSE, reason="a test", by="me") == position
        await tried(settings, projection)
        assert {row["key"] for row in await parked(settings, projection)} == {COURSE}
        assert (await rebuilt(settings, projection, workers=2)).built[0].parked == 0
        await promote(settings, projection)
        assert await waiting(settings) == "nothing is parked"
        (verdict,) = await verify(settings, [projection])
        assert verdict.ok, verdict
