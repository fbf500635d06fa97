"""No acknowledged fact is lost and no effect doubled, whatever is killed while facts flow."""

import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.nats.stream import last_published
from adapters.settings import Settings
from projections.registry import PROJECTIONS
from tests.support.polling import PATIENCE, until
from tests.support.servers import Servers
from tests.support.worker_process import WORKER, Process, ended
from tests.support.workers import assert_true_to_the_log, nats_client, projecting, relaying, taken, writer

pytestmark = pytest.mark.servers


@asynccontextmanager
async def processes(settings: Settings) -> AsyncIterator[list[Process]]:
    """A relay and a projector, which end in good order and at once."""
    both = [await Process(settings, *WORKER, name).start() for name in ("relay", "projector")]
    try:
        yield both
    finally:
        codes = await ended(both, signal.SIGTERM)
    assert codes == [0, 0]


@pytest.mark.slow
async def test_kill_9_of_relay_and_projector(settings: Settings) -> None:
    """After random numbers of steps, again and again, while facts flow."""
    chance = random.Random(7)
    async with writer(settings) as facts, processes(settings) as both:
        async with facts.flowing():
            for process in chance.sample(both * 4, 8):
                await taken(settings, chance.randrange(4_000), PROJECTIONS)
                await process.end(signal.SIGKILL)
                await process.start()
        await assert_true_to_the_log(settings, facts.head, PROJECTIONS)


async def test_workers_begin_without_nats(own_settings: Settings, own_servers: Servers) -> None:
    """Read models are kept up to date without it, and the relay begins when it comes."""
    await own_servers.stop("nats")
    async with writer(own_settings) as facts, relaying(own_settings), projecting(own_settings):
        await facts.record_many(100)
        await assert_true_to_the_log(own_settings, 100)
        await own_servers.start("nats")
        async with nats_client(own_settings) as client:

            async def is_relayed() -> bool:
                await facts.record_many(1)
                return bool(await last_published(client, own_settings))

            await until(is_relayed)
        await assert_true_to_the_log(own_settings, facts.head)


@pytest.mark.parametrize("name", ["nats", "valkey", "postgres"])
async def test_a_server_is_killed_and_comes_back(
    own_settings: Settings, own_servers: Servers, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NATS, Valkey and PostgreSQL: the workers wait, and go on by themselves."""
    monkeypatch.setattr("adapters.postgres.log.append.PATIENCE", PATIENCE)
    async with writer(own_settings) as facts, relaying(own_settings), projecting(own_settings, PROJECTIONS):
        async with facts.flowing():
            for _ in range(2):
                await taken(own_settings, 1_000, PROJECTIONS)
                await own_servers.kill(name)
                if name != "postgres":
                    await facts.appended(400)
                await own_servers.start(name)
            await taken(own_settings, 1_000, PROJECTIONS)
        await assert_true_to_the_log(own_settings, facts.head, PROJECTIONS)
