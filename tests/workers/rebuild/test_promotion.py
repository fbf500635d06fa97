"""Which generation is served: promote, rollback and drop, what they refuse, and that only one at a time is at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.postgres.store.generations import NoSuchGeneration
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.engine.projection import Projection
from tests.support.polling import until
from tests.support.rebuild_process import started
from tests.support.rebuilds import (
    NEXT,
    NextInPostgres,
    NextInValkey,
    all_of,
    assert_accounts,
    digests,
    followed,
    gone_valkey,
    locked,
    rebuilt,
    statuses,
    waits_for_lock,
)
from tests.support.workers import (
    BOTH,
    InPostgres,
    InValkey,
    assert_true_to_the_log,
    caught_up,
    projecting,
    relaying,
    writer,
)
from workers.rebuild.lock import RebuildError, RebuildInProgress
from workers.rebuild.promotion import drop, promote, roll_back

SLOW = pytest.mark.slow
pairs = pytest.mark.parametrize(
    ("projection", "later"),
    [
        pytest.param(InPostgres(), NextInPostgres(), id="postgres"),
        pytest.param(InValkey(), NextInValkey(), id="valkey", marks=SLOW),
    ],
)
stores = pytest.mark.parametrize(
    "projection", [pytest.param(BOTH[0], id="postgres"), pytest.param(BOTH[1], id="valkey", marks=SLOW)]
)


@asynccontextmanager
async def busy(settings: Settings) -> AsyncIterator[int]:
    """A rebuild of all read models that is stuck; yields its process."""
    async with started(settings, "rebuild", 1, "none", 1, "self") as process:
        with locked(settings, "events"):
            await until(lambda: waits_for_lock(settings, "rebuild"))
            yield process.pid
            process.kill()


@stores
async def test_back_to_the_same_version(settings: Settings, projection: Projection) -> None:
    """The old generation is first brought up to date; and forth again; its follower goes with it."""
    async with writer(settings) as facts, relaying(settings), projecting(settings):
        await facts.record_many(200)
        await caught_up(settings, 200)
        await rebuilt(settings, projection)
        switched = await promote(settings, projection)
        assert (switched.before, switched.after, switched.position) == (1, 2, 200)
        assert await statuses(settings, projection) == ["retired", "live"]
        await facts.record_many(100)
        await assert_true_to_the_log(settings, 301)  # the promotion is a fact
        back = await roll_back(settings, projection)
        assert (back.before, back.after, back.position) == (2, 1, 301)
        await facts.record_many(100)
        await assert_true_to_the_log(settings, 402)
        forth = await promote(settings, projection, 2)
        assert (forth.before, forth.after, forth.position) == (1, 2, 402)
        await assert_true_to_the_log(settings, 403)
        await assert_accounts(settings, projection)


@stores
async def test_back_while_nothing_happens(settings: Settings, projection: Projection) -> None:
    """Followers that have had no fact to notice the switch by do not keep the old generation for themselves."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record_many(20)
        await caught_up(settings, 20)
        await rebuilt(settings, projection)
        for after in (2, 1, 2, 1):
            switch = promote if after == 2 and (await statuses(settings, projection))[-1] == "ready" else roll_back
            assert (await switch(settings, projection)).after == after
        await facts.record_many(20)
        await assert_true_to_the_log(settings, 40)


@pairs
async def test_back_to_another_version(settings: Settings, projection: Projection, later: Projection) -> None:
    """Refused, since only its own code can bring it up to date; but it can be served as it was left."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, 100)
        await rebuilt(settings, later)
        await promote(settings, later)
        await facts.record_many(40)
        await followed(settings, 140, [later])
        with pytest.raises(RebuildError, match="built by version 1 of its code, and only that can bring it up to date"):
            await roll_back(settings, later)
        assert await statuses(settings, projection) == ["retired", "live"]
        switched = await roll_back(settings, later, as_it_was=True)
        assert (switched.after, switched.position, switched.facts_behind) == (1, 100, 41)  # the promotion is a fact
        async with projecting(settings, [projection]):
            await assert_true_to_the_log(settings, 140, [projection])


@pairs
async def test_promotions_that_are_refused(settings: Settings, projection: Projection, later: Projection) -> None:
    """Nothing is ready, this number is not, or it was built by other code."""
    async with writer(settings) as facts:
        await facts.record_many(20)
        await followed(settings, 20)
        with pytest.raises(RebuildError, match=f"no generation of {projection.name} is ready"):
            await promote(settings, projection)
        with pytest.raises(NoSuchGeneration, match=r"generation 1 of .* is the one that is served"):
            await promote(settings, projection, 1)
        with pytest.raises(NoSuchGeneration, match=r"has no generation 7: see `campus projections status "):
            await promote(settings, projection, 7)
        with pytest.raises(RebuildError, match="has no generation to go back to"):
            await roll_back(settings, projection)
        await rebuilt(settings, later)
        with pytest.raises(
            RebuildError, match=r"generation 2 of .* was built by version 2 of its code, this is version 1"
        ):
            await promote(settings, projection)
        assert await statuses(settings, projection) == ["live", "ready"]


@stores
async def test_dropping(settings: Settings, projection: Projection) -> None:
    """All but the one that is served can be dropped, and what was dropped is gone."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, 100)
        await rebuilt(settings, projection)
        await promote(settings, projection)
        with pytest.raises(NoSuchGeneration, match=r"generation 2 of .* is the one that is served"):
            await drop(settings, projection, 2)
        with pytest.raises(NoSuchGeneration, match="has no generation 3"):
            await drop(settings, projection, 3)
        await drop(settings, projection, 1)
        assert [each.number for each in await all_of(settings, projection)] == [2]
        with pytest.raises(RebuildError, match="has no generation to go back to"):
            await roll_back(settings, projection)
        async with connect_valkey(settings) as valkey:
            assert [key async for key in valkey.scan_iter(f"{settings.name}:{projection.name}:1:*")] == []
        await facts.record_many(20)
        await followed(settings, 120)
        for number in (3, 4):  # no number is used twice, also not that of the newest, dropped one
            assert (await rebuilt(settings, projection)).built[0].generation == number
            await drop(settings, projection, number)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("rebuild", marks=SLOW),
        "promote",
        pytest.param("rollback", marks=SLOW),
        pytest.param("drop", marks=SLOW),
    ],
)
async def test_only_one_at_a_time(settings: Settings, what: str) -> None:
    """The second one gets the name of the first; after a kill -9 of the first it goes through."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, 100)
        await rebuilt(settings, InValkey())
        await promote(settings, InValkey())  # so that there is one to go back to, and two to choose from
        await rebuilt(settings, InValkey())

    async def second() -> None:
        match what:
            case "rebuild":
                await rebuilt(settings, InValkey())
            case "promote":
                await promote(settings, InValkey())
            case "drop":
                await drop(settings, InValkey(), 3)
            case _:
                await roll_back(settings, InValkey(), as_it_was=True)

    async with busy(settings) as pid:
        with pytest.raises(
            RebuildInProgress, match=f"tally_documents is busy with a rebuild by process {pid} on .*, since 20"
        ):
            await second()

    async def goes_through() -> bool:
        try:
            await second()
        except RebuildInProgress:
            return False
        return True

    await until(goes_through)


async def test_other_read_models_need_not_wait(settings: Settings) -> None:
    """Two rebuilds at once are in each other's way only where they build the same."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, 100)
        await asyncio.gather(*(rebuilt(settings, projection) for projection in BOTH))
        for projection in BOTH:
            assert len(set((await digests(settings, projection)).values())) == 1


@pairs
async def test_a_deploy(settings: Settings, projection: Projection, later: Projection) -> None:
    """Projectors of both versions run: the old one follows until the new one is promoted, and that one from then on."""
    async with writer(settings) as facts, relaying(settings), projecting(settings, [projection]):
        await facts.record_many(200)
        await caught_up(settings, 200, [projection])
        async with projecting(settings, [later]):
            await facts.record_many(20)
            await assert_true_to_the_log(settings, 220, [projection])
            flow = asyncio.create_task(facts.record_many(1_480, learners=90, pause=0.02))
            await rebuilt(settings, later)
            switched = await promote(settings, later)
            assert switched.position >= 220
            await flow
            await caught_up(settings, 1_700, [later])
        await assert_true_to_the_log(settings, 1_700, [later])
        old, new = await all_of(settings, projection)
        assert (old.version, old.status, new.version, new.status) == (1, "retired", 2, "live")
        await assert_accounts(settings, projection)


async def test_valkey_forgets_what_was_built(settings: Settings) -> None:
    """After FLUSHALL a generation that was ready comes back from the log before it is served, and one to go back to."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record_many(300)
        await caught_up(settings, 300)
        await rebuilt(settings, InValkey())
        await gone_valkey(settings)
        await promote(settings, InValkey())
        await assert_true_to_the_log(settings, 300)
        await gone_valkey(settings)
        await roll_back(settings, InValkey())
        await assert_true_to_the_log(settings, 300)
        await assert_accounts(settings, InValkey())


async def test_a_ready_generation_is_only_brought_up_to_date(settings: Settings) -> None:
    """Rebuilding again by the same code folds nothing again; from scratch, or by other code, it does."""
    async with writer(settings) as facts:
        await facts.record_many(200)
        await followed(settings, 200)
        await rebuilt(settings, *BOTH)
        await facts.record_many(20)
        report = await rebuilt(settings, *BOTH)
        assert report.processes == []
        for projection, built in zip(BOTH, report.built, strict=True):
            assert (built.generation, built.resumed, built.position) == (2, True, 220)
            await assert_accounts(settings, projection)
        for built in (await rebuilt(settings, *BOTH, from_scratch=True)).built:
            assert (built.generation, built.resumed) == (3, False)
        for built in (await rebuilt(settings, *NEXT)).built:
            assert (built.generation, built.resumed) == (4, False)
        assert await statuses(settings, InPostgres()) == ["live", "ready", "ready"]
        for projection, built in zip(BOTH, report.built, strict=True):
            await followed(settings, 220, [projection])
            found = await digests(settings, projection)
            assert found[1] == found[3] == built.digest
