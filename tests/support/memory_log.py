"""
A log and a bus in memory, for use cases without a server.

Every fact goes through its stored form, and every aggregate is replayed from what is stored, as in PostgreSQL.
"""

import secrets
from collections import defaultdict
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from adapters.command_bus.unit_of_work import new_event
from adapters.personal.sealing import KEY_SIZE, PersonKey
from adapters.postgres.log.append import NewEvent
from commands.clock import Clock
from commands.log import AggregateT, Context, Position
from commands.table import HANDLERS
from domain.aggregate import Aggregate
from domain.codec import decode_data, decode_event
from domain.fact import Fact, Meta
from domain.personal import free_words, seal_words
from domain.streams import key_of
from domain.tags import Query, matches


class MemoryLog:
    """
    The facts of one campus, in lists.

    Attributes:
        saved: the aggregates that were saved, as they were then; a test may clear it.
        clock: the clock of the commands that go through this log.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.saved: dict[str, Aggregate] = {}
        self.keys: dict[str, bytes | None] = {}  # of persons; None: destroyed
        self._facts: list[Fact] = []
        self._streams: defaultdict[str, list[tuple[NewEvent, Fact]]] = defaultdict(list)

    def copy(self) -> "MemoryLog":
        """A log with the same facts, which goes on by itself."""
        log = MemoryLog()
        log._facts = [*self._facts]
        log._streams = defaultdict(list, {stream: [*facts] for stream, facts in self._streams.items()})
        return log

    async def head(self) -> Position:
        """The position of the last fact, 0 for an empty log."""
        return len(self._facts)

    async def read(self, after: Position, limit: int) -> list[Fact]:
        """The facts at the positions *after* + 1 to *after* + *limit*."""
        return self._facts[after : after + limit]

    async def stream(self, stream: str) -> list[Fact]:
        """The facts of one stream."""
        return self.of(stream)

    def of(self, stream: str) -> list[Fact]:
        """The facts of one stream, without a coroutine."""
        return [fact for _, fact in self._streams[stream]]

    def replay(self, cls: type[AggregateT], stream: str) -> AggregateT:
        """The aggregate that the stored facts of a stream make."""
        aggregate = cls.blank(stream)
        for stored, fact in self._streams[stream]:
            decode_event(
                stored.type,
                stored.schema_version,
                stored.data,
                stream=stream,
                version=fact.stream_version,
                occurred_at=fact.occurred_at,
            ).mutate(aggregate)
        return aggregate

    def append(self, event: NewEvent) -> None:
        """Store one fact."""
        assert event.stream_version == len(self._streams[event.stream_id]) + 1
        fact = Fact(
            position=len(self._facts) + 1,
            stream_id=event.stream_id,
            stream_version=event.stream_version,
            type=event.type,
            schema_version=event.schema_version,
            partition=event.partition,
            data=decode_data(event.type, event.schema_version, event.data),
            meta=msgspec.json.decode(event.meta, type=Meta),
            occurred_at=event.occurred_at,
            recorded_at=datetime.now(UTC),
        )
        self._facts.append(fact)
        self._streams[event.stream_id].append((event, fact))

    def last(self, stream: str) -> Position:
        """The position of the last fact of a stream, 0 if there is none."""
        return self._streams[stream][-1][1].position if self._streams[stream] else 0


class MemoryUnit:
    """The port `commands.log.Log` over a log in memory, for one command."""

    def __init__(self, log: MemoryLog, context: Context) -> None:
        self.context = context
        self._log = log
        self._taken: dict[str, Aggregate] = {}

    def now(self) -> datetime:
        return self._log.clock.now()

    async def load(self, cls: type[AggregateT], stream: str) -> AggregateT:
        if stream not in self._taken:
            self._taken[stream] = self._log.replay(cls, stream)
            self._taken[stream].importing = self.context.importing
        return cast("AggregateT", self._taken[stream])

    async def read(self, cls: type[AggregateT], stream: str, max_age: float = 0.0) -> AggregateT:  # noqa: ARG002 - always fresh
        return self._log.replay(cls, stream)

    async def facts(self, query: Query) -> list[Fact]:
        return [fact for fact in await self._log.read(0, await self._log.head()) if matches(query, fact)]

    async def streams(self, query: Query) -> list[str]:
        return list(dict.fromkeys(fact.stream_id for fact in await self.facts(query)))

    async def personal_key(self, stream: str) -> PersonKey:
        return PersonKey(self._log.keys.setdefault(key_of(stream), secrets.token_bytes(KEY_SIZE)), stream)

    async def words_key(self, stream: str) -> PersonKey:
        return await self.personal_key(stream)

    def serialize(self, stream: str) -> AbstractAsyncContextManager[object]:  # noqa: ARG002 - no command waits here
        return nullcontext()

    async def save(self, *aggregates: Aggregate) -> Position:
        head = await self._log.head()
        for aggregate in aggregates:
            self._log.saved[aggregate.id] = aggregate
            for event in aggregate.collect_events():
                if fields := free_words(event):
                    seal_words(event, fields, await self.words_key(event.originator_id))
                self._log.append(new_event(event, self.context))
        now = await self._log.head()
        return now if now > head else self._log.last(aggregates[-1].id)


class MemoryBus:
    """Handles commands over a log in memory, one after the other."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def handle(self, command: Any, context: Context) -> Position:
        """Carry out *command*; the position of its last fact."""
        return await HANDLERS[type(command)](command, MemoryUnit(self._log, context))
