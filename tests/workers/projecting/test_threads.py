"""Streams that are keyed by themselves: live, healed, repaired and rebuilt like learners."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.store.parking import request_retry
from adapters.postgres.store.repairs import Repair, repair_of, request_repair
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from domain.streams import partition_of
from projections.engine.distribution import segment_of_key
from projections.engine.projection import SEGMENTS, Projection
from tests.support.bulk_pages import Live
from tests.support.facts import History
from tests.support.polling import until
from tests.support.rebuilds import assert_accounts, digests, parked, rebuilt
from tests.support.threads import (
    BAD,
    MENDED,
    ThreadsInPostgres,
    ThreadsInValkey,
    UndividedThreads,
    known_threads,
    posts,
)
from tests.support.workers import assert_true_to_the_log, caught_up, projecting
from workers.auditor import KeyAuditor
from workers.consistency.verify import verify

POISONED = "topic-T3"
POSTS = [*posts(120), (POISONED, "topic.posted", {"amount": BAD}), (POISONED, "topic.posted", {"amount": 1})]

stores = pytest.mark.parametrize(
    "projection_class",
    [
        pytest.param(ThreadsInPostgres, id="postgres"),
        pytest.param(ThreadsInValkey, id="valkey", marks=pytest.mark.slow),
    ],
)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    with known_threads():
        yield


async def recorded(settings: Settings) -> int:
    """Append the posts; returns the head of the log."""
    history = History()
    for stream, type_name, data in POSTS:
        history.add(stream, type_name, **data)
    events = [
        NewEvent(
            stream_id=fact.stream_id,
            stream_version=fact.stream_version,
            type=fact.type,
            schema_version=1,
            partition=partition_of(fact.stream_id),
            data=msgspec.json.encode(fact.data),
            meta=msgspec.json.encode({"event_id": str(uuid.uuid4()), "actor": "test", "source": "test"}),
            occurred_at=datetime.now(UTC),
        )
        for fact in history.facts
    ]
    log = await PostgresLog.open(settings)
    try:
        for event in events:
            await log.append(Append([event]))
        return await log.head()
    finally:
        await log.close()


async def undivided() -> str:
    """The digest of an undivided fold."""
    history = History()
    for stream, type_name, data in POSTS:
        history.add(stream, type_name, **data)
    return (await Live(UndividedThreads()).fold(history.facts)).digest()


async def tamper(settings: Settings, projection: Projection) -> None:
    """Take the row of the thread away."""
    if projection.store == "postgres":
        async with await connect(settings, application="test") as connection:
            await connection.execute("DELETE FROM threads_g1 WHERE thread_id = 'T3'")
    else:
        async with connect_valkey(settings) as valkey:
            segment = segment_of_key(POISONED, SEGMENTS)
            assert await valkey.hdel(f"{settings.name}:{projection.name}:1:{segment}:threads", "T3") == 1


@stores
async def test_threads_are_divided_healed_repaired_and_rebuilt(
    settings: Settings, projection_class: type[Projection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done, the rows are those of a fold in one segment."""
    projection = projection_class()
    async with projecting(settings, [projection]):
        head = await recorded(settings)
        await caught_up(settings, head, [projection])
        (verdict,) = await verify(settings, [projection])
        assert (verdict.parked, verdict.digest_live) == ([POISONED], verdict.digest_log)
        assert verdict.digest_live == await undivided()
        found = await parked(settings, projection)
        assert [(row["key"], row["segment"], row["needs_rebuild"]) for row in found] == [
            (POISONED, segment_of_key(POISONED, SEGMENTS), False)
        ]
        await assert_accounts(settings, projection, applied=head - 2, parked=2)

        monkeypatch.setenv(MENDED, "1")
        async with await connect(settings, application="test") as connection:
            await request_retry(connection, [projection.name], POISONED)

        async def healed() -> bool:
            return not await parked(settings, projection)

        await until(healed)
        await assert_true_to_the_log(settings, head, [projection])
        await assert_accounts(settings, projection, applied=head, parked=0)

        await tamper(settings, projection)
        await assert_audited(settings, projection, wrong=1)
        repair = await repaired(settings, projection, POISONED)
        assert str(repair.outcome).startswith("1 rows written, 0 deleted")
        await assert_audited(settings, projection, wrong=0)
        await assert_true_to_the_log(settings, head, [projection])
        repair = await repaired(settings, projection, "course-AAA")
        assert str(repair.outcome).endswith(
            f"every segment folds it, so type `campus projections rebuild {projection.name}`"
        )
    await rebuilt(settings, projection, workers=2)
    live, built = (await digests(settings, projection)).values()
    assert live == built == await undivided()
    assert await parked(settings, projection) == []


async def repaired(settings: Settings, projection: Projection, key: str) -> Repair:
    """Ask for a repair, and wait until it is done."""
    async with await connect(settings, application="test") as connection:
        number = await request_repair(connection, projection, key)

        async def done() -> bool:
            found = await repair_of(connection, number)
            return found is not None and found.done_at is not None

        await until(done)
        found = await repair_of(connection, number)
        assert found is not None
        return found


async def assert_audited(settings: Settings, projection: Projection, wrong: int) -> None:
    """The auditor finds so many wrong rows of the thread."""
    async with await connect(settings, application="test") as connection, connect_valkey(settings) as valkey:
        found = await KeyAuditor(connection, valkey, settings).check(projection, POISONED)
    assert found == (1, wrong)
