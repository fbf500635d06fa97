"""A campus for the tests of the workers: facts to append, two small read models, and workers that run meanwhile."""

import asyncio
import itertools
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
from nats.aio.client import Client

from adapters.nats.connection import Nats
from adapters.nats.hint import Hints
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.lag import projection_lags
from adapters.settings import Settings
from domain.fact import Fact
from domain.streams import partition_of
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers import projector, relay
from workers.consistency.verify import verify


class Tally(msgspec.Struct):
    """What a learner has done, so that an effect that is lost or doubled shows."""

    learner_id: str
    facts: int = 0
    amount: int = 0
    last_position: int = 0
    kinds: dict[str, int] = {}
    last_at: datetime | None = None


class Total(msgspec.Struct):
    """What all learners have done."""

    name: str
    amount: int = 0


def is_broken(fact: Fact) -> bool:
    """Whether the projections fail at a fact: while `BROKEN` is set, at those of kind `poison`."""
    return BROKEN.is_set() and fact.data["kind"] == "poison"


BROKEN = asyncio.Event()


class _Counting(Projection):
    version: ClassVar[int] = 1
    segments = SEGMENTS
    tally: ClassVar[Table]
    total: ClassVar[Table]

    @classmethod
    def needs(cls, fact: Fact) -> Iterable[RowKey]:
        return RowKey(cls.tally, (fact.key,)), RowKey(cls.total, ("all",))

    @classmethod
    def apply(cls, fact: Fact, rows: Rows) -> None:
        rows.edit(cls.total, Total, "all").amount += fact.data["amount"]
        if is_broken(fact):
            raise ZeroDivisionError("what a projection may well do")
        tally = rows.edit(cls.tally, Tally, fact.key)
        tally.facts += 1
        tally.amount += fact.data["amount"]
        tally.last_position = fact.position
        tally.kinds[fact.data["kind"]] = tally.kinds.get(fact.data["kind"], 0) + 1
        tally.last_at = fact.occurred_at


class InPostgres(_Counting):
    """Tallies in PostgreSQL."""

    name = "tallies"
    store = "postgres"
    tally = Table("tally", Tally, ("learner_id",), indexes=(("amount", "learner_id"),))
    total = Table("total", Total, ("name",), distribution="partial")
    tables = (tally, total)


class NextVersion(InPostgres):
    """The same read model, by newer code."""

    version = 2


class InValkey(_Counting):
    """Tallies in Valkey."""

    name = "tally_documents"
    store = "valkey"
    tally = Table("tally", Tally, ("learner_id",))
    total = Table("total", Total, ("name",), distribution="partial")
    tables = (tally, total)


for _projection in (InPostgres, InValkey):
    _projection.handlers = {
        "progress.activity_recorded": Handler(
            _projection.needs, _projection.apply, writes=(_projection.tally, _projection.total)
        )
    }

BOTH: tuple[Projection, ...] = (InPostgres(), InValkey())


class Writer:
    """Appends activities of learners, each a fact."""

    def __init__(self, settings: Settings, log: PostgresLog, messages: Nats) -> None:
        self.log = log
        self._versions: Counter[str] = Counter()
        log.appender.on_commit = Hints(settings, messages).send
        self.head = 0

    async def record(self, *activities: tuple[str, str, int]) -> int:
        """Append one activity for each (learner, kind, amount), all in one unit; returns the last position."""
        by_stream = sorted(activities, key=lambda activity: activity[0])
        appended = await self.log.append(Append([self._event(*activity) for activity in by_stream]))
        self.head = max(self.head, appended.last)
        return appended.last

    async def record_nonsense(self, learner: str) -> int:
        """Append an activity without its fields, at which every read model that reads activities fails."""
        event = msgspec.structs.replace(self._event(learner, "", 0), data=b"{}")
        self.head = (await self.log.append(Append([event]))).last
        return self.head

    async def record_from_the_future(self, learner: str) -> int:
        """Append an activity in a version that this code does not know."""
        event = msgspec.structs.replace(self._event(learner, "click", 1), schema_version=99)
        self.head = (await self.log.append(Append([event]))).last
        return self.head

    async def record_many(self, facts: int, *, learners: int = 50, pause: float = 0.0) -> None:
        """Append *facts* activities, 20 at a time."""
        for start in range(0, facts, 20):
            numbers = range(start, min(start + 20, facts))
            await self.record(*((f"learner-{number % learners}", "click", number) for number in numbers))
            await asyncio.sleep(pause)  # a pace, which nothing waits for

    @asynccontextmanager
    async def flowing(self, *, learners: int = 300, pause: float = 0.03) -> AsyncIterator[None]:
        """Append activities, 20 at a time, until the block ends; ever slower, so that they can be followed anywhere."""
        stop = asyncio.Event()

        async def flow() -> None:
            for start in itertools.count(step=20):
                if stop.is_set():
                    return
                numbers = range(start, start + 20)
                await self.record(*((f"learner-{number % learners}", "click", number) for number in numbers))
                await asyncio.sleep(pause * (1 + start / 2_000))  # a pace, which nothing waits for

        task = asyncio.create_task(flow())
        try:
            yield
        finally:
            stop.set()
            await task

    async def appended(self, facts: int) -> None:
        """Wait until that many *facts* more than now are in the log."""
        wanted = self.head + facts
        await until(lambda: self.head >= wanted)

    def _event(self, learner: str, kind: str, amount: int) -> NewEvent:
        stream = f"progress-{learner}:run"
        self._versions[stream] += 1
        return NewEvent(
            stream_id=stream,
            stream_version=self._versions[stream],
            type="progress.activity_recorded",
            schema_version=1,
            partition=partition_of(stream),
            data=msgspec.json.encode({"unit_id": "forum", "kind": kind, "amount": amount}),
            meta=msgspec.json.encode({"event_id": str(uuid.uuid4()), "actor": "test", "source": "test"}),
            occurred_at=datetime.now(UTC),
        )


@asynccontextmanager
async def nats_client(settings: Settings) -> AsyncIterator[Client]:
    """A connection to NATS."""
    messages = Nats(settings, "test")
    try:
        yield await messages.connected()
    finally:
        await messages.close()


@asynccontextmanager
async def writer(settings: Settings) -> AsyncIterator[Writer]:
    """A writer that gives hints after its commits."""
    log, messages = await PostgresLog.open(settings), Nats(settings, "test")
    try:
        yield Writer(settings, log, messages)
    finally:
        await log.close()
        await messages.close()


@asynccontextmanager
async def relaying(settings: Settings) -> AsyncIterator[None]:
    """A relay in this process."""
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(as_process(settings, "relay"), stop))
    try:
        yield
    finally:
        stop.set()
        async with guard():
            await task


@asynccontextmanager
async def projecting(settings: Settings, projections: Sequence[Projection] = BOTH) -> AsyncIterator[None]:
    """A projector in this process."""
    stop = asyncio.Event()
    task = asyncio.create_task(projector.run(as_process(settings, "projector"), stop, projections))
    try:
        yield
    finally:
        stop.set()
        async with guard():
            await task


async def steps_taken(settings: Settings, projections: Sequence[Projection] = BOTH) -> int:
    """How many facts the live generations of *projections* have taken, all together."""
    names = {projection.name for projection in projections}
    async with await connect(settings, application="test") as connection:
        lags = await projection_lags(connection)
    return sum(each.position for each in lags if each.status == "live" and each.name in names)


async def taken(settings: Settings, facts: int, projections: Sequence[Projection] = BOTH) -> None:
    """Wait until the live generations of *projections* have taken that many *facts* more than now."""
    wanted = await steps_taken(settings, projections) + facts

    async def is_taken() -> bool:
        return await steps_taken(settings, projections) >= wanted

    await until(is_taken)


async def caught_up(settings: Settings, head: int, projections: Sequence[Projection] = BOTH) -> None:
    """Wait until the live generation of every projection is at *head* or beyond."""
    names = {projection.name for projection in projections}
    async with await connect(settings, application="test") as connection:

        async def reached() -> bool:
            states = [
                each for each in await projection_lags(connection) if each.status == "live" and each.name in names
            ]
            return len(states) == len(names) and all(each.position >= head for each in states)

        await until(reached)


async def assert_true_to_the_log(settings: Settings, head: int, projections: Sequence[Projection] = BOTH) -> None:
    """Every read model reaches *head*, and holds what a fresh fold of the log gives."""
    await caught_up(settings, head, projections)
    for verdict in await verify(settings, projections):
        assert verdict.ok, verdict
        assert verdict.digest_live == verdict.digest_log
        assert verdict.position >= head
