"""The tail of the log: each fact is read once for all followers of a process, with hints and without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from adapters.nats.connection import Nats
from adapters.postgres.connection import Connection, connect, life_of
from adapters.postgres.log.pages import read_facts
from adapters.postgres.ops.rewound import begin_life
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from domain.fact import Fact
from projections.engine.live import Fenced
from tests.support.lives import fail_over
from tests.support.polling import until
from tests.support.workers import writer
from workers.projecting import log_tail
from workers.projecting.log_tail import LogTail


@asynccontextmanager
async def tail_of(settings: Settings) -> AsyncIterator[LogTail]:
    """A tail that runs meanwhile."""
    messages = Nats(settings, "test")
    tail = LogTail(settings, messages)
    running = asyncio.create_task(tail.run())
    try:
        yield tail
    finally:
        await cancel_and_wait([running])
        await tail.close()
        await messages.close()


class Reads:
    """Counts the reads of pages, and holds them up while `gate` is not set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        read = read_facts

        async def counted(connection: Connection, after: int, until: int) -> list[Fact]:
            self.count += 1
            self.begun.set()
            await self.gate.wait()
            return await read(connection, after, until)

        monkeypatch.setattr(log_tail, "read_facts", counted)


async def present(settings: Settings) -> str:
    """The life of the log to which connections lead that are opened now."""
    async with await connect(settings, application="test") as connection:
        return await life_of(connection)


def positions(facts: list[Fact]) -> list[int]:
    return [fact.position for fact in facts]


async def test_what_is_new_is_read_once_for_all(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six followers wait; one of them reads, and each has the facts from its own position on."""
    reads = Reads(monkeypatch)
    messages = Nats(settings, "test")
    tail = LogTail(settings, messages)  # which is not run: it wakes its readers when the test says so
    async with writer(settings) as log:
        life = await present(settings)
        await log.record(("ann", "click", 1), ("bob", "click", 1))
        assert positions(await tail.after(0, life)) == [1, 2]
        waiting = [asyncio.create_task(tail.after(2, life)) for _ in range(6)]
        await log.record(("ann", "click", 1))
        await asyncio.sleep(0)  # now all six wait
        assert reads.count == 1
        tail.wake()
        assert [positions(facts) for facts in await asyncio.gather(*waiting)] == [[3]] * 6
        assert (positions(await tail.after(1, life)), reads.count) == ([2, 3], 2)
    await tail.close()
    await messages.close()


async def test_a_lost_hint_costs_a_poll(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail finds what was appended without a hint."""
    monkeypatch.setattr("tests.support.workers.Hints.send", lambda *_: None)
    async with writer(settings) as log, tail_of(settings) as tail:
        life = await present(settings)
        waiting = asyncio.create_task(tail.after(0, life))
        await log.record(("ann", "click", 1))
        assert positions(await waiting) == [1]


async def test_a_page_is_read_though_its_reader_gives_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next reader waits for the same read: a page that takes longer than a follower waits is read all the same."""
    reads = Reads(monkeypatch)
    async with writer(settings) as log, tail_of(settings) as tail:
        life = await present(settings)
        await log.record(("ann", "click", 1))
        reads.gate.clear()
        impatient = asyncio.create_task(tail.after(0, life))
        await reads.begun.wait()
        await cancel_and_wait([impatient])
        patient = asyncio.create_task(tail.after(0, life))
        reads.gate.set()
        assert (positions(await patient), reads.count) == ([1], 1)


async def test_pages_follow_each_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any position on, and however many pages there are, every fact comes once and in order."""
    monkeypatch.setattr(log_tail, "PAGE", 7)
    async with writer(settings) as log, tail_of(settings) as tail:
        life = await present(settings)
        await log.record_many(40)
        seen: list[int] = [5]
        while seen[-1] < 40:
            seen += positions(await tail.after(seen[-1], life))
        assert seen == list(range(5, 41))
        assert tail.head == 40


async def test_after_a_restore_the_log_is_read_again(settings: Settings) -> None:
    """What another life of the log had at these positions is not remembered, and a reader of that life gets nothing."""
    async with writer(settings) as log, tail_of(settings) as tail:
        life = await present(settings)
        await log.record(("ann", "click", 1))
        assert [fact.key for fact in await tail.after(0, life)] == ["ann"]
        with psycopg.connect(settings.postgres_owner_url) as owner:
            owner.execute(f"SET search_path TO {settings.schema_name}".encode())
            owner.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
            owner.execute("UPDATE events SET stream_id = 'progress-bob:run'")
            owner.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only")
        async with await connect(settings, application="test") as connection:
            before, _ = await begin_life(connection, "facts were put back")
        life = await present(settings)
        assert [fact.key for fact in await tail.after(0, life)] == ["bob"]
        with pytest.raises(Fenced):
            await tail.after(0, before)


async def test_a_tail_that_did_not_notice_a_failover_follows_its_readers(settings: Settings) -> None:
    """A reader of the new life is refused once; then the tail has a connection to the new server, too."""
    async with writer(settings) as log, tail_of(settings) as tail:
        await log.record(("ann", "click", 1))
        await tail.after(0, await present(settings))
        await fail_over(settings)
        life = await present(settings)
        with pytest.raises(Fenced):
            await tail.after(0, life)
        assert [fact.key for fact in await tail.after(0, life)] == ["ann"]


async def test_after_a_restore_the_head_is_that_of_the_shorter_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or every follower would be late, by its metric, until the log has grown to its former length."""
    monkeypatch.setattr(log_tail, "HEAD_INTERVAL", 0.05)
    async with writer(settings) as log, tail_of(settings) as tail:
        life = await present(settings)
        await log.record_many(3)
        await tail.after(2, life)
        assert tail.head == 3
        with psycopg.connect(settings.postgres_owner_url) as owner:
            owner.execute(f"SET search_path TO {settings.schema_name}".encode())
            owner.execute("UPDATE log_head SET position = 1")

        async def is_shorter() -> bool:
            return tail.head == 1

        await until(is_shorter)
