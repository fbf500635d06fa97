"""Whatever step a rebuild is killed at, nothing of it stays running, and the next one goes on with what is complete."""

import os
import random
import signal

import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.polling import until
from tests.support.rebuild_process import folding, started
from tests.support.rebuilds import (
    all_of,
    assert_accounts,
    digests,
    followed,
    locked,
    rebuilt,
    site,
    statuses,
    waits_for_lock,
)
from tests.support.workers import BOTH, Writer, assert_true_to_the_log, caught_up, projecting, relaying, writer
from workers.rebuild.promotion import promote
from workers.rebuild.report import RebuildReport

FACTS = 6_000
KILLED = -signal.SIGKILL
EVERY_STEP = ""


async def fill(facts: Writer, number: int = FACTS) -> None:
    """Many facts, quickly."""
    for start in range(0, number, 500):
        await facts.record(*((f"learner-{n % 97}", "click", n) for n in range(start, start + 500)))


async def steps(settings: Settings) -> set[str | None]:
    """The steps at which generations stand that are being built."""
    return {
        each.step for projection in BOTH for each in await all_of(settings, projection) if each.status == "building"
    }


async def completed(settings: Settings) -> int:
    """How many segments of generations that are not served have a checkpoint."""
    found = 0
    for projection in BOTH:
        async with site(settings, projection) as generations:
            positions = await generations.store((await generations.all())[-1]).positions()
            found += sum(position > 0 for position in positions.values())
    return found


async def finished(settings: Settings, head: int, *, resumed: bool) -> RebuildReport:
    """The rebuild, done to the end: as what is live, and accounted for."""
    report = await rebuilt(settings, *BOTH, workers=2)
    for projection, built in zip(BOTH, report.built, strict=True):
        assert built.resumed == resumed
        assert built.position == head
        found = await digests(settings, projection)
        assert len(found) == 2
        assert set(found.values()) == {built.digest}
        await assert_accounts(settings, projection, applied=head)
    return report


@pytest.mark.parametrize(
    ("step", "number", "seen"),
    [
        ("bulk", 2, "bulk"),
        pytest.param("write", 3, "write", marks=pytest.mark.slow),
        ("tallies: indexes", 1, "index"),
        pytest.param("tally_documents: indexes", 1, "index", marks=pytest.mark.slow),
        pytest.param("tallies: digest", 1, "digest", marks=pytest.mark.slow),
    ],
)
async def test_kill_9_at_a_step(settings: Settings, step: str, number: int, seen: str) -> None:
    """Bulk, writing, indexes, digest: the group of processes is gone, and the generation is gone on with."""
    async with writer(settings) as facts:
        await fill(facts)
        await followed(settings, FACTS)
        async with started(settings, "rebuild", 2, step, number, "self") as process:
            assert (await process.end())[0] == KILLED
        assert seen in await steps(settings)
        complete = await completed(settings)
        report = await finished(settings, FACTS, resumed=True)
        if seen in {"index", "digest"}:
            assert complete == 8
            assert report.processes == []  # nothing was folded again
        elif seen == "write":
            assert complete >= 2


@pytest.mark.slow
async def test_kill_9_while_tables_are_made(settings: Settings) -> None:
    """Nothing of a generation is left that is not complete, and the next rebuild starts from nothing."""
    async with writer(settings) as facts:
        await fill(facts, 1_000)
        await followed(settings, 1_000)
    async with started(settings, "rebuild", 1, "none", 1, "self") as process:
        with locked(settings, "segments", "SHARE"):
            await until(lambda: waits_for_lock(settings, "rebuild"))
            process.kill()
            assert (await process.end())[0] == KILLED
    assert await statuses(settings, BOTH[0]) == ["live"]
    await finished(settings, 1_000, resumed=False)


async def test_kill_9_while_it_catches_up(settings: Settings) -> None:
    """With facts that came while the bulk was folded."""
    async with writer(settings) as facts:
        await fill(facts)
        await followed(settings, FACTS)
        async with started(settings, "rebuild", 1, "catch up", 2, "self") as process:
            with locked(settings, "events"):
                await until(lambda: waits_for_lock(settings, "rebuild"))
                (folder,) = folding(process.pid)
                os.kill(folder, signal.SIGSTOP)
            await fill(facts)
            os.kill(folder, signal.SIGCONT)
            assert (await process.end())[0] == KILLED
        assert await steps(settings) == {"catch_up"}
        await followed(settings, 2 * FACTS)
        await finished(settings, 2 * FACTS, resumed=True)


@pytest.mark.slow
async def test_kill_9_while_a_segment_is_deleted(settings: Settings) -> None:
    """What the server still does for the one that was killed cannot take away what the next one writes."""
    async with writer(settings) as facts:
        await fill(facts, 2_000)
        await followed(settings, 2_000)
    async with started(settings, "rebuild", 1, "bulk", 1, "self") as process:
        await process.end()
    async with started(settings, "rebuild", 1, "none", 1, "self") as process:
        with locked(settings, "tally_g2"):
            await until(lambda: waits_for_lock(settings, "rebuild rows"))
            process.kill()
            assert (await process.end())[0] == KILLED
    await finished(settings, 2_000, resumed=True)


@pytest.mark.slow
async def test_a_process_of_a_rebuild_is_killed(settings: Settings) -> None:
    """The rebuild says so and ends the others; the next one goes on."""
    async with writer(settings) as facts:
        await fill(facts)
        await followed(settings, FACTS)
    async with started(settings, "rebuild", 2, "bulk", 1, "child") as process:
        code, said = await process.end()
    assert code == 3
    assert "of the rebuild has died (exit code -9): start it again" in said
    await finished(settings, FACTS, resumed=True)


@pytest.mark.slow
async def test_kill_9_at_any_time(settings: Settings) -> None:
    """After random numbers of steps, of whatever kind, while facts come; in the end all is as it should be."""
    chance = random.Random(7)
    async with writer(settings) as facts, relaying(settings), projecting(settings):
        await fill(facts)
        async with facts.flowing(pause=0.05):
            for steps_left in (1, *(chance.randint(2, 40) for _ in range(7))):
                async with started(settings, "rebuild", 2, EVERY_STEP, steps_left, "self") as process:
                    assert (await process.end())[0] in {KILLED, 0}
        await assert_true_to_the_log(settings, facts.head)
    await finished(settings, facts.head, resumed=True)


async def test_kill_9_of_a_promotion_before_the_flip(settings: Settings) -> None:
    """The old generation goes on being served and followed, and the promotion can be done again."""
    async with writer(settings) as facts, relaying(settings), projecting(settings):
        await fill(facts, 1_000)
        await caught_up(settings, 1_000)
        await rebuilt(settings, *BOTH)
        epochs = await epochs_of(settings)
        with locked(settings, "tally", "ACCESS SHARE"):  # a reader
            async with started(settings, "promote") as process:
                await until(lambda: waits_for_lock(settings, "promote"))
                process.kill()
                assert (await process.end())[0] == KILLED
        assert all(now > before for now, before in zip(await epochs_of(settings), epochs, strict=True))  # was fenced
        assert await statuses(settings, BOTH[0]) == ["live", "ready"]
        await fill(facts, 500)
        await assert_true_to_the_log(settings, 1_500)
        for projection in BOTH:
            await promote(settings, projection)
        await fill(facts, 500)
        await assert_true_to_the_log(settings, 2_002)  # the promotions are facts
        assert await statuses(settings, BOTH[0]) == ["retired", "live"]


async def epochs_of(settings: Settings) -> list[int]:
    """The epochs of the segments of the first generation in PostgreSQL."""
    query = "SELECT epoch FROM segments WHERE projection = %s AND generation = 1 ORDER BY segment"
    async with await connect(settings, application="test") as connection:
        return [epoch for (epoch,) in await (await connection.execute(query, [BOTH[0].name])).fetchall()]
