"""Projector processes that come, go, hang and die share the segments, keep each learner's order and double nothing."""

import random
import signal

import pytest
from structlog.testing import capture_logs

from adapters.postgres.connection import connect
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.registry import PROJECTIONS
from tests.support.polling import until
from tests.support.worker_process import NEVER_HUNG, WORKER, Process, Projectors, ended, owners, projectors
from tests.support.workers import (
    BOTH,
    InPostgres,
    InValkey,
    NextVersion,
    assert_true_to_the_log,
    caught_up,
    projecting,
    relaying,
    taken,
    writer,
)

pytestmark = pytest.mark.servers

# Each learner's facts, and the last of them: in the log, and as the read model has seen them.
IN_THE_LOG = """
SELECT split_part(substr(stream_id, 10), ':', 1), count(*), max(position) FROM events GROUP BY 1
"""
SEEN = "SELECT learner_id, facts, last_position FROM tally"


async def shared(group: Projectors, *expected: int) -> None:
    """Wait until the processes have so many segments of both read models."""

    async def is_shared() -> bool:
        return all([await group.share(projection.name) == list(expected) for projection in BOTH])

    await until(is_shared)


async def test_segments_are_shared_fairly(settings: Settings) -> None:
    """By two, three and five processes; who stands by takes over, who dies has nothing, and one alone has all."""
    async with writer(settings) as facts, projectors(settings, 1) as group:
        await facts.record_many(100)
        await shared(group, 4)
        for expected in ([2, 2], [2, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 0]):
            await group.add()
            await shared(group, *expected)
        await facts.record_many(100, learners=200)
        await assert_true_to_the_log(settings, facts.head)
        await group.end(group.running[0], signal.SIGKILL)
        await shared(group, 1, 1, 1, 1)
        await group.end(group.running[0], signal.SIGTERM)
        await shared(group, 2, 1, 1)
        await ended([group.running.pop(), group.running.pop()], signal.SIGKILL)
        await shared(group, 4)
        await facts.record_many(100, learners=200)
        await assert_true_to_the_log(settings, facts.head)
    for projection in BOTH:
        found = await owners(settings, projection.name)
        assert len(found) == 4, projection.name


async def test_segments_of_the_dead_are_taken_over_at_once(settings: Settings) -> None:
    """After a kill -9 the other process has them, though no silence is ever taken for a hang here."""
    async with writer(settings) as facts, relaying(settings), projectors(settings, 2, NEVER_HUNG) as group:
        await facts.record_many(200, learners=200)
        await shared(group, 2, 2)
        await caught_up(settings, facts.head)
        await group.end(group.running[0], signal.SIGKILL)
        await facts.record_many(200, learners=200)
        await shared(group, 4)
        await caught_up(settings, facts.head)
        await assert_true_to_the_log(settings, facts.head)


@pytest.mark.slow
async def test_processes_come_and_go_under_load(settings: Settings) -> None:
    """Killed, ended, stopped for a while and started while facts flow; each learner's facts are seen once, in order."""
    chance = random.Random(11)
    async with writer(settings) as facts, relaying(settings), projectors(settings, 2) as group:
        async with facts.flowing(pause=0.04):
            for what in ["add", "kill", "pause", "end", "add", "kill", "add", "pause", "end", "kill"]:
                await taken(settings, chance.randrange(2_000))
                process = chance.choice(group.running)
                match what:
                    case "add":
                        await group.add()
                    case "kill" if len(group.running) > 1:
                        await group.end(process, signal.SIGKILL)
                    case "end" if len(group.running) > 1:
                        await group.end(process, signal.SIGTERM)
                    case _:
                        process.send(signal.SIGSTOP)
                        await facts.appended(chance.randrange(500))
                        process.send(signal.SIGCONT)
        await assert_true_to_the_log(settings, facts.head)
        await assert_seen_once(settings)


async def assert_seen_once(settings: Settings) -> None:
    """Every learner has as many facts as in the log, the last of them last."""
    async with await connect(settings, application="test") as connection:
        in_the_log = set(await (await connection.execute(IN_THE_LOG)).fetchall())
        assert set(await (await connection.execute(SEEN)).fetchall()) == in_the_log


@pytest.mark.slow
async def test_one_that_hangs_is_left_behind_and_writes_nothing_when_it_wakes(settings: Settings) -> None:
    """It is as if it had died: its session ends, others take over, and it begins again when it wakes up."""
    async with writer(settings) as facts, relaying(settings), projectors(settings, 2) as group:
        await facts.record_many(400, learners=200)
        await shared(group, 2, 2)
        hung = group.running.pop()
        async with facts.flowing(learners=200, pause=0.05):
            await taken(settings, 500)
            hung.send(signal.SIGSTOP)
            await shared(group, 4)
        await assert_true_to_the_log(settings, facts.head)
        group.running.append(hung)
        async with facts.flowing(learners=200, pause=0.02):
            hung.send(signal.SIGCONT)
            await shared(group, 2, 2)
            await taken(settings, 500)
        await assert_true_to_the_log(settings, facts.head)
        await assert_seen_once(settings)


@pytest.mark.slow
async def test_flushall_while_processes_share(settings: Settings) -> None:
    """Every owner notices, and each segment comes back, under any owner."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, projectors(settings, 3) as group:
        await facts.record_many(600, learners=200)
        await shared(group, 2, 1, 1)
        async with facts.flowing(learners=200, pause=0.04):
            for _ in range(3):
                await taken(settings, 1_000)
                await valkey.flushall()
        await assert_true_to_the_log(settings, facts.head)


@pytest.mark.slow
async def test_all_read_models_by_several_workers(settings: Settings) -> None:
    """Three processes of `campus worker projector`, of which one after the other is killed and started again."""
    processes = [await Process(settings, *WORKER, "projector").start() for _ in range(3)]
    try:
        async with writer(settings) as facts, relaying(settings):
            async with facts.flowing(pause=0.04):
                for number in range(6):
                    await taken(settings, 1_500, PROJECTIONS)
                    await processes[number % 3].end(signal.SIGKILL)
                    await processes[number % 3].start()
            await assert_true_to_the_log(settings, facts.head, PROJECTIONS)
    finally:
        await ended(processes, signal.SIGKILL)


async def test_other_code_takes_no_share_away(settings: Settings) -> None:
    """A projector that waits for a promotion leaves everything to those who can work on what is served."""
    projections = [InPostgres()]
    async with writer(settings) as facts, projecting(settings, projections):
        await facts.record_many(100, learners=200)
        await caught_up(settings, 100, projections)
        with capture_logs() as logs:
            waiting = projecting(settings, [NextVersion()])
            await waiting.__aenter__()
            await until(lambda: any(entry["event"] == "projection.waits_for_promotion" for entry in logs))
        try:
            await facts.record_many(100, learners=200)
            await assert_true_to_the_log(settings, 200, projections)
        finally:
            await waiting.__aexit__(None, None, None)


async def test_two_in_one_process_share(settings: Settings) -> None:
    """Shares are by session: what is in one process is no different."""
    async with writer(settings) as facts, projecting(settings), projecting(settings):
        await facts.record_many(400, learners=200, pause=0.01)
        await assert_true_to_the_log(settings, 400)
        assert len(await owners(settings, InValkey.name)) == 4
