"""Servers that go away or forget in the middle of a rebuild: it says so, and the next one goes on."""

import asyncio
import os
from collections.abc import Iterator

import msgspec
import pytest
import redis

from adapters.postgres.bulk.page_reader import open_connection
from adapters.postgres.bulk.pipeline import PipelinedReader
from adapters.postgres.connection import NoAnswer, PatientSyncConnection
from adapters.settings import Settings
from adapters.valkey.bulk_write import BEGUN, write_segment
from adapters.valkey.client import connect as connect_valkey
from projections.engine.live import Batch, FactCounts, Fenced
from projections.engine.projection import RowKey
from tests.support.faults import postgres_hangs
from tests.support.polling import until
from tests.support.rebuild_process import folding, started
from tests.support.rebuilds import (
    all_of,
    assert_accounts,
    digests,
    followed,
    gone_valkey,
    locked,
    rebuilt,
    site,
    waits_for_lock,
)
from tests.support.servers import Servers
from tests.support.workers import BOTH, InValkey, Tally, assert_true_to_the_log, projecting, writer
from workers.rebuild.promotion import promote
from workers.support import session
from workers.support.session import SessionLost

FACTS = 4_000


@pytest.mark.servers
@pytest.mark.parametrize("name", ["postgres", pytest.param("valkey", marks=pytest.mark.slow)])
async def test_a_server_is_killed_in_the_middle(own_settings: Settings, own_servers: Servers, name: str) -> None:
    """The rebuild ends with a sentence and leaves no process; done again, it is as what is live."""
    async with writer(own_settings) as facts:
        await facts.record_many(FACTS, learners=300)
        await followed(own_settings, FACTS)
    async with started(own_settings, "rebuild", 2, "none", 1, "self") as process:
        with locked(own_settings, "events"):
            await until(lambda: waits_for_lock(own_settings, "rebuild"))
            assert len(folding(process.pid)) == 2
            if name == "valkey":
                await own_servers.kill(name)
        if name == "postgres":
            await own_servers.kill(name)
            await own_servers.start(name)
        code, said = await process.end()
    if name == "valkey":
        await own_servers.start(name)
    assert (code, said.count("\n")) == (3, 1), said
    await until(lambda: is_free(own_settings))
    for projection in BOTH:
        found = await digests(own_settings, projection)
        assert len(found) == 2
        if projection.name != InValkey.name or name != "valkey":
            assert len(set(found.values())) == 1
    async with projecting(own_settings):
        await assert_true_to_the_log(own_settings, FACTS)
        for projection in BOTH:
            await promote(own_settings, projection)
        await assert_true_to_the_log(own_settings, FACTS)


@pytest.mark.slow
@pytest.mark.servers
async def test_a_server_hangs_in_the_middle(
    own_settings: Settings, own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every wait ends on this side, with a sentence and no process left; done again, it goes on."""
    async with writer(own_settings) as facts:
        await facts.record_many(200)
        await followed(own_settings, 200)
    reading = [open_connection(own_settings) for _ in range(2)]
    with monkeypatch.context() as limits:
        limits.setattr(session, "LOOK_INTERVAL", 0.1)
        limits.setattr(session, "HANGS", 1.0)
        limits.setattr(PatientSyncConnection, "patience", 1.0)
        with locked(own_settings, "events"):
            rebuilding = asyncio.create_task(rebuilt(own_settings, *BOTH, workers=2))
            await until(lambda: waits_for_lock(own_settings, "rebuild"))
            async with postgres_hangs(own_servers):
                with pytest.raises(SessionLost, match="PostgreSQL hangs during the rebuild of tallies tally_documents"):
                    await rebuilding
                for ask in (lambda: reading[0].execute("SELECT"), lambda: _pipelined(reading[1])):  # as its processes
                    with pytest.raises(NoAnswer, match="no answer within 1 s"):
                        await asyncio.to_thread(ask)
    assert folding(os.getpid()) == []
    await until(lambda: is_free(own_settings))


def _pipelined(connection: PatientSyncConnection) -> None:
    connection.pgconn.send_query(b"SELECT")
    PipelinedReader(connection)._result()


async def is_free(settings: Settings) -> bool:
    """Rebuild."""
    return all(built.resumed for built in (await rebuilt(settings, *BOTH, workers=2)).built)


async def test_valkey_forgets_between_two_steps(settings: Settings) -> None:
    """Documents that are lost after they were written are folded again before the generation is ready."""
    async with writer(settings) as facts:
        await facts.record_many(500)
        await followed(settings, 500)
        async with started(settings, "rebuild", 1, "tallies: indexes", 1, "self") as process:
            await process.end()
        await gone_valkey(settings)
        for built in (await rebuilt(settings, *BOTH)).built:
            assert (built.resumed, built.position) == (True, 500)
        await facts.record_many(20)
        await followed(settings, 520)
        for projection, built in zip(BOTH, (await rebuilt(settings, *BOTH)).built, strict=True):
            assert await digests(settings, projection) == {1: built.digest, 2: built.digest}
            await assert_accounts(settings, projection, applied=520)


async def test_valkey_forgets_while_a_segment_is_written(settings: Settings) -> None:
    """Its writer is stopped before it writes more, no checkpoint can be set, and the segment counts as not begun."""
    projection = InValkey()

    def rows() -> Iterator[tuple[RowKey, msgspec.Struct]]:
        for number in range(5_000):
            if number == 4_000:
                with redis.Redis.from_url(settings.valkey_url) as client:
                    client.flushall()
            learner = f"learner-{number}"
            yield RowKey(projection.tally, (learner,)), Tally(learner)

    async with connect_valkey(settings) as valkey, site(settings, projection) as generations:
        generation = await generations.create("building")
        store = generations.store(generation)
        await store.claim(0, 0)
        with pytest.raises(Fenced):
            await write_segment(
                valkey, settings, projection, generation=generation.number, segment=0, epoch=0, rows=rows()
            )
        with pytest.raises(Fenced):
            await store.save(Batch({}, BEGUN, 9, {0: FactCounts()}))
        assert await store.positions() == dict.fromkeys(range(4), 0)
    assert [each.status for each in await all_of(settings, projection)] == ["building"]
