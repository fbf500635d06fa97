"""A segment has one owner: the former one writes nothing, parks nothing and keeps nothing from others."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import psycopg
import pytest
from redis.asyncio import Redis

from adapters.postgres.connection import connect
from adapters.postgres.log.pages import read_facts, read_head
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.ownership import Ownership, fence
from adapters.postgres.store.parking import Parking, parked_of, request_retry
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore, Overtaken
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.keys import MARK
from adapters.valkey.valkey_store import ValkeyStore
from projections.engine.live import Batch, FactCounts, Fenced, Poison
from projections.engine.projection import Projection, RowKey, Rows
from tests.support.polling import until
from tests.support.workers import (
    BOTH,
    BROKEN,
    InPostgres,
    InValkey,
    Tally,
    assert_true_to_the_log,
    caught_up,
    projecting,
    writer,
)
from workers.consistency.verify import verify
from workers.projecting.generation_writer import GenerationWriter

both = pytest.mark.parametrize("projection", BOTH, ids=["postgres", "valkey"])


class Site(NamedTuple):
    """A session with what is served."""

    connection: psycopg.AsyncConnection
    valkey: Redis
    settings: Settings
    generations: Generations
    generation: Generation

    def store(self) -> GenerationStore:
        """Its rows."""
        return self.generations.store(self.generation)

    def work(self) -> GenerationWriter:
        """It at work."""
        return GenerationWriter(self.connection, self.settings, self.generations, self.generation)

    def ownership(self, generation: int = 1) -> Ownership:
        """Its segments."""
        return Ownership(self.connection, self.settings, self.generations.projection.name, generation)


@asynccontextmanager
async def session(settings: Settings, projection: Projection) -> AsyncIterator[Site]:
    schemas = f"{settings.schema_name},{settings.read_schema}"
    async with connect_valkey(settings) as valkey, await connect(settings, application="t", search_path=schemas) as own:
        generations = Generations(own, valkey, settings, projection)
        yield Site(own, valkey, settings, generations, await generations.served())


def batch(projection: InPostgres | InValkey, segments: tuple[int, ...], before: int, after: int) -> Batch:
    """A row in each of some segments, which move."""
    rows = {segment: Rows() for segment in segments}
    for segment in segments:
        rows[segment].edit(projection.tally, Tally, f"of-{segment}").facts = after
    return Batch(rows, before, after, {segment: FactCounts(applied=1) for segment in segments})


@both
async def test_an_owner_that_was_fenced_writes_nothing(settings: Settings, projection: InPostgres | InValkey) -> None:
    """Not even into the segments that it still has, if one of the batch has another owner."""
    async with session(settings, projection) as first, session(settings, projection) as second:
        old, new = first.store(), second.store()
        for segment in range(4):
            await old.claim(segment, 0)
        await old.save(batch(projection, (0, 1, 2, 3), 0, 5))
        epoch = (await second.ownership().take([2], 1))[0].epoch
        assert await new.claim(2, epoch) == 5
        with pytest.raises(Fenced):
            await old.save(batch(projection, (0, 1, 2, 3), 5, 9))
        assert set((await old.positions()).values()) == {5}
        keys = {segment: {RowKey(projection.tally, (f"of-{segment}",))} for segment in range(4)}
        found = await new.load(keys)
        assert [row.facts for rows in found.values() for row in rows.values()] == [5, 5, 5, 5]  # type: ignore[attr-defined]
        await new.save(batch(projection, (2,), 5, 9))
        await old.save(batch(projection, (0, 1, 3), 5, 7))
        assert await new.positions() == {0: 7, 1: 7, 2: 9, 3: 7}


@both
async def test_an_owner_that_was_fenced_parks_nothing(settings: Settings, projection: Projection) -> None:
    """Or a key would wait whose facts the new owner has folded."""
    async with session(settings, projection) as first, session(settings, projection) as second:
        before = (await first.ownership().take([2], 1))[0].epoch
        await first.connection.execute("SELECT pg_advisory_unlock_all()")
        parking = Parking(first.connection, projection.name, 1, projection.version)
        await parking.park(Poison("ann", 7, "x", "error", "trace", 2), before)
        await second.ownership().take([2], 1)
        with pytest.raises(Fenced):
            await parking.park(Poison("bob", 8, "x", "error", "trace", 2), before)
        assert [row["key"] for row in await parked_of(second.connection, [projection.name])] == ["ann"]


async def test_who_asks_for_another_try_during_one_is_heard(settings: Settings) -> None:
    """The try may have begun without what the new owner has changed, such as a skipped fact."""
    projection = InPostgres()
    async with session(settings, projection) as first, session(settings, projection) as second:
        parking = Parking(first.connection, projection.name, 1, projection.version)
        poison = Poison("ann", 7, "x", "error", "trace", 2)
        await parking.park(poison, (await first.ownership().take([2], 1))[0].epoch)
        await parking.request([2])
        for _ in range(2):
            (due,) = await parking.due([2])
            await request_retry(second.connection, [projection.name], "ann")
            await parking.failed_again(due, poison)
        (due,) = await parking.due([2])
        await parking.failed_again(due, poison)
        assert await parking.due([2]) == []


@both
async def test_a_segment_that_somebody_else_has_had_is_noticed(settings: Settings, projection: Projection) -> None:
    """Also where its checkpoint is as it was left: rows may have been repaired meanwhile."""
    async with session(settings, projection) as first, session(settings, projection) as second:
        work = first.work()
        assert await work.take(4) == [0, 1, 2, 3]
        await work.check()
        await fence(second.connection, projection.name, 1, 0)
        with pytest.raises(Fenced):
            await work.check()


async def test_a_segment_without_a_checkpoint_keeps_its_epoch(settings: Settings) -> None:
    """A former owner that was at the beginning as well writes nothing."""
    projection = InValkey()
    async with session(settings, projection) as site:
        old, new = site.store(), site.store()
        await old.claim(1, 1)
        assert await new.claim(1, 2) == 0
        with pytest.raises(Fenced):
            await old.save(batch(projection, (1,), 0, 5))
        with pytest.raises(Overtaken):
            await old.claim(1, 1)
        await new.save(batch(projection, (1,), 0, 5))


async def test_an_epoch_beyond_that_of_postgres_is_overtaken(settings: Settings) -> None:
    """PostgreSQL was put back to an earlier state: no other process has the lock, so the work goes on."""
    projections = [InValkey()]
    async with writer(settings) as facts, connect_valkey(settings) as valkey:
        await facts.record_many(100)
        async with projecting(settings, projections):
            await assert_true_to_the_log(settings, 100, projections)
        await valkey.hset(f"{settings.name}:{InValkey.name}:1:2:tally", "@epoch", 1_000)
        async with projecting(settings, projections):
            await facts.record_many(100)
            await assert_true_to_the_log(settings, 200, projections)


@both
async def test_who_leaves_keeps_nothing_from_others(settings: Settings, projection: Projection) -> None:
    """Neither a segment nor a share, although the session goes on; and it may come back."""
    async with session(settings, projection) as first, session(settings, projection) as second:
        leaving, other = first.ownership(), second.ownership()
        for _ in range(2):
            assert await leaving.fair_share(4) == 4
            assert await other.fair_share(4) == 2
            assert len(await leaving.take(range(4), 4)) == 4
            assert await other.take(range(4), 4) == []
            await leaving.leave()
            assert await other.fair_share(4) == 4
            assert [taken.segment for taken in await other.take(range(4), 4)] == [0, 1, 2, 3]
            await other.leave()


@pytest.mark.parametrize("segments", [1, 4])
async def test_shares_add_up(settings: Settings, segments: int) -> None:
    """However many there are, together they have all segments, and none two more than another."""
    projection = InPostgres()
    async with (
        session(settings, projection) as a,
        session(settings, projection) as b,
        session(settings, projection) as c,
    ):
        everybody = [site.ownership() for site in (a, b, c)]
        for owner in everybody:
            await owner.fair_share(segments)
        shares = [await owner.fair_share(segments) for owner in everybody]
        assert sorted(shares) == ([1, 1, 2] if segments == 4 else [1, 1, 1])
        assert await a.ownership(2).fair_share(segments) == segments


@both
async def test_fencing_meets_owners_that_write(settings: Settings, projection: InPostgres | InValkey) -> None:
    """Every epoch is raised, and every owner forgotten."""
    async with session(settings, projection) as site:
        taken = await site.ownership().take(range(4), 4)
        raised = [await fence(site.connection, projection.name, 1, each.segment) for each in taken]
        assert raised == [each.epoch + 1 for each in taken]
        assert await fence(site.connection, projection.name, 1, 0, above=70) == 71


@pytest.mark.parametrize("seed", range(4))
@both
async def test_segments_change_hands_at_random(settings: Settings, projection: Projection, seed: int) -> None:
    """Two owners at different positions, poison among the facts: rows are as the log has them, and so when healed."""
    chance = random.Random(seed)
    learners = [f"learner-{number}" for number in range(12)]
    async with writer(settings) as facts:
        for _ in range(30):
            size = chance.randint(1, 8)
            kinds = chance.choices(["click", "poison"], [12, 1], k=size)
            await facts.record(*((chance.choice(learners), kind, chance.randint(1, 99)) for kind in kinds))
    BROKEN.set()
    try:
        async with session(settings, projection) as first, session(settings, projection) as second:
            works = [(first.connection, first.work()), (second.connection, second.work())]
            while not await all_is_folded(first):
                await act(chance, *chance.choice(works))
        (verdict,) = await verify(settings, [projection])
        assert verdict.digest_live == verdict.digest_log, verdict
    finally:
        BROKEN.clear()
    async with projecting(settings, [projection]):
        await healed(settings, projection)
        await assert_true_to_the_log(settings, facts.head, [projection])


async def all_is_folded(site: Site) -> bool:
    """Whether every segment is at the head of the log."""
    head = await read_head(site.connection)
    return set((await site.store().positions()).values()) == {head}


async def act(chance: random.Random, connection: psycopg.AsyncConnection, work: GenerationWriter) -> None:
    """Take segments, give one up, try again what is parked, or fold some facts."""
    done = chance.random()
    if done < 0.15:
        await work.take(chance.randint(1, 4))
    elif done < 0.25 and work.positions:
        await work.give_up(chance.choice(list(work.positions)))
    elif done < 0.3 and work.positions:
        await work.request_retries(list(work.positions))
        await work.retry_due()
    elif work.positions:
        behind = work.next_batch_range()
        facts = behind.cut(await read_facts(connection, behind.position, behind.position + chance.randint(1, 30)))
        if facts:
            await work.step(behind.segments, facts)


async def healed(settings: Settings, projection: Projection) -> None:
    """Wait until nothing is parked."""
    async with await connect(settings, application="test") as connection:

        async def nothing_waits() -> bool:
            return not await parked_of(connection, [projection.name])

        await until(nothing_waits)


@pytest.mark.parametrize(("of", "checkpoint"), [(20, 40), (40, 0)], ids=["another position", "the checkpoint"])
async def test_a_mark_speaks_of_its_position_only(settings: Settings, of: int, checkpoint: int) -> None:
    """Code without marks may have moved the checkpoint since; of the checkpoint, another time is another log."""
    async with writer(settings) as facts:
        await facts.record_many(40)
    async with projecting(settings):
        await caught_up(settings, 40)
    async with session(settings, InValkey()) as site:
        store = site.store()
        assert isinstance(store, ValkeyStore)
        for own in store.hashes_of(InValkey.tally):
            await site.valkey.hset(own, MARK, f"{of} 2001-01-01T00:00:00+00:00")
        work = site.work()
        await work.take(4)
        assert work.positions == dict.fromkeys(range(4), checkpoint)
