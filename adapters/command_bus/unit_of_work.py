"""
Aggregates out of the log and back: what a use case calls `log`.

Aggregates are kept in memory between commands. A session that trusts decides on what it remembers, and the append
says whether that is still the present state: it carries the version of every stream that was looked at. When it is
not, or when the decision was to change nothing or to refuse, which no append can confirm, the command is decided again
on what the log says. One round trip is enough for most commands, and a rule is always decided on the present state.

What is remembered belongs to the life of the log in which it was read (adapters/postgres/connection.py: `life_of`). A
command is decided and appended in one life; in another one, all is forgotten, since the log may have lost facts.

An aggregate that is going to be changed is taken out of the memory while a command has it; those that are only looked
at are shared, and hold nothing but committed facts.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from weakref import WeakValueDictionary

import msgspec
import psycopg
import structlog
import uuid_utils

from adapters.postgres.connection import Unavailable
from adapters.postgres.log.append import Append, LifeEnded, NewEvent
from adapters.postgres.log.condition import Condition
from adapters.postgres.log.decoding import must_be_readable
from adapters.postgres.log.postgres_log import PostgresLog, StoredSnapshot
from commands.log import AggregateT, Context, Position
from domain.aggregate import Aggregate
from domain.codec import decode_event, encode_data, version_of
from domain.fact import Fact, Meta
from domain.personal import PersonalKey, free_words, seal_reason, seal_words
from domain.streams import partition_of
from domain.tags import Query

CACHED_AGGREGATES = 20_000

logger = structlog.get_logger()
_encode_meta = msgspec.json.Encoder().encode


class CachedAggregate:
    """An aggregate, the position of its last fact, when it was last known to be up to date, and in which life."""

    __slots__ = ("aggregate", "checked_at", "life", "position")

    def __init__(self, aggregate: Aggregate, life: str, position: Position = 0) -> None:
        self.aggregate = aggregate
        self.life = life
        self.position = position
        self.checked_at = 0.0


class LruCache:
    """The aggregates that were used last, by stream."""

    def __init__(self, size: int = CACHED_AGGREGATES) -> None:
        self._size = size
        self._loaded: OrderedDict[str, CachedAggregate] = OrderedDict()

    def get(self, stream: str) -> CachedAggregate | None:
        """Look at an entry."""
        return self._loaded.get(stream)

    def pop(self, stream: str) -> CachedAggregate | None:
        """Take an entry out."""
        return self._loaded.pop(stream, None)

    def put(self, loaded: CachedAggregate) -> None:
        """Keep an entry, and forget the oldest if there are too many."""
        self._loaded[loaded.aggregate.id] = loaded
        self._loaded.move_to_end(loaded.aggregate.id)
        if len(self._loaded) > self._size:
            self._loaded.popitem(last=False)


class AggregateCache:
    """What one process remembers between commands, and whose turn it is on contended streams."""

    def __init__(self) -> None:
        self.exclusive = LruCache()
        self.shared = LruCache()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def serialize(self, stream: str) -> asyncio.Lock:
        """The lock of a stream; it exists as long as a command holds it or waits for it."""
        lock = self._turns.get(stream)
        if lock is None:
            lock = self._turns[stream] = asyncio.Lock()
        return lock


class NeedsConfirmation(Exception):
    """Nothing is to be appended that could confirm what was remembered."""


class UnitOfWork:
    """
    The log for the length of one command; see `commands.log.Log`.

    Attributes:
        used_cache: whether something was used as it was remembered, without asking the log.
    """

    def __init__(self, log: PostgresLog, memory: AggregateCache, context: Context, *, optimistic: bool = False) -> None:
        self.context = context
        self.used_cache = False
        self._log = log
        self._memory = memory
        self._optimistic = optimistic
        self._life = context.life
        self._taken: dict[str, CachedAggregate] = {}
        self._guards: dict[str, int] = {}
        self._conditions: list[Condition] = []

    def now(self) -> datetime:
        """The present time by the clock of this process."""
        return self._log.clock.now()

    def _in_one_life(self, life: str) -> None:
        """Go on in this life of the log; raises LifeEnded if something was read in another one."""
        if self._life not in ("", life):
            raise LifeEnded
        self._life = life

    async def is_present(self) -> bool:
        """Whether what was read is of the present life of the log."""
        return self._life in ("", await self._log.life())

    async def load(self, cls: type[AggregateT], stream: str) -> AggregateT:
        """The aggregate of *stream*, to be changed and saved; blank where there are no facts."""
        if stream in self._taken:
            return cast("AggregateT", self._taken[stream].aggregate)
        loaded = self._memory.exclusive.pop(stream)
        if loaded is not None and self._optimistic:
            self.used_cache = True
        else:
            loaded = await self._fresh(cls, stream, loaded)
        self._in_one_life(loaded.life)
        loaded.aggregate.importing = self.context.importing
        self._taken[stream] = loaded
        return cast("AggregateT", loaded.aggregate)

    async def read(self, cls: type[AggregateT], stream: str, max_age: float = 0.0) -> AggregateT:
        """The aggregate of *stream*, to look at only; *max_age* is how many seconds old the knowledge may be."""
        known = self._memory.shared.get(stream)
        too_old = known is not None and max_age and time.monotonic() - known.checked_at > max_age
        if known is not None and self._optimistic and not too_old:
            self.used_cache = True  # so is knowledge of some age, but no command is refused for it
        else:
            known = await self._fresh(cls, stream, known)
            if known.aggregate.exists or max_age:  # with an age, that there is nothing is known for a while, too
                self._memory.shared.put(known)
        self._in_one_life(known.life)
        if not max_age:
            self._guards[stream] = known.aggregate.version
        return cast("AggregateT", known.aggregate)

    async def facts(self, query: Query) -> list[Fact]:
        """
        All facts that match, in the order of the log; the append is under the condition that there is no other.

        Raises:
            UnreadableFact: this code cannot decode one of them, and decides nothing without it.
        """
        self._in_one_life(await self._log.life())
        found, head = await self._log.matching(query)
        self._conditions.append(Condition(query, head))
        return [must_be_readable(fact) for fact in found]

    async def streams(self, query: Query) -> list[str]:
        """The streams of the facts that match, under the same condition."""
        self._in_one_life(await self._log.life())
        found, head = await self._log.streams_matching(query)
        self._conditions.append(Condition(query, head))
        return found

    async def personal_key(self, stream: str) -> PersonalKey:
        """The key that seals personal data in facts of *stream*; see `commands.log.Log.personal_key`."""
        return await self._log.keys.writing(stream)

    async def words_key(self, stream: str) -> PersonalKey | None:
        """The key that seals words in facts of *stream*; see `commands.log.Log.words_key`."""
        return await self._log.keys.of_words(stream)

    def serialize(self, stream: str) -> asyncio.Lock:
        """Take turns on a contended stream; see `commands.log.Log.serialize`."""
        return self._memory.serialize(stream)

    async def save(self, *aggregates: Aggregate) -> Position:
        """Append the new facts of *aggregates* as one unit; see `commands.log.Log.save`."""
        if self.used_cache and not any(aggregate.pending_events for aggregate in aggregates):
            raise NeedsConfirmation
        if not any(aggregate.pending_events for aggregate in aggregates) and not await self.is_present():
            raise LifeEnded
        for loaded in self._taken.values():
            if not loaded.aggregate.pending_events:  # that nothing changes here was decided on its state, too
                self._guards[loaded.aggregate.id] = loaded.aggregate.version
        await self._seal_words(aggregates)
        reasons = await self._sealed_reasons(aggregates)
        # From here on they are either stored and put back, or forgotten: the append of their facts may fail.
        saved = [self._taken.pop(aggregate.id) for aggregate in aggregates]
        pending = [event for aggregate in aggregates for event in aggregate.collect_events()]
        position = saved[-1].position
        if pending or self.context.idempotency_key:
            unit = Append(
                [new_event(event, self.context, reason) for event, reason in zip(pending, reasons, strict=True)],
                self.context.idempotency_key,
                self.context.fingerprint,
                position,
                list(self._guards.items()),
                self._conditions,
                life=self._life,
            )
            appended = await self._log.append(unit)
            position = appended.last
            if appended.repeated:
                return position  # what is in memory was not stored: it is dropped
        stored = position - len(pending)
        for loaded in saved:
            new = sum(event.originator_id == loaded.aggregate.id for event in pending)
            stored += new
            await self._put_back(loaded, new, stored)
        return position

    async def _seal_words(self, aggregates: Sequence[Aggregate]) -> None:
        """Seal what persons have said in the new facts; most have no words but the program's, and need no key."""
        for aggregate in aggregates:
            for event in aggregate.pending_events:
                fields = free_words(event)
                key = await self.words_key(event.originator_id) if fields else None
                if key is not None:
                    seal_words(event, fields, key)

    async def _sealed_reasons(self, aggregates: Sequence[Aggregate]) -> list[str | None]:
        """The reason of the command for each new fact, sealed for that; mostly there is none."""
        events = [event for aggregate in aggregates for event in aggregate.pending_events]
        reason = self.context.reason
        if reason is None:
            return [None] * len(events)
        keys = {stream: await self.words_key(stream) for stream in {event.originator_id for event in events}}
        return [seal_reason(reason, event.originator_version, keys[event.originator_id]) for event in events]

    def release(self) -> None:
        """Put back what the command has loaded and left unchanged; what it changed and did not save is forgotten."""
        for loaded in self._taken.values():
            if not loaded.aggregate.pending_events:
                self._memory.exclusive.put(loaded)
        self._taken = {}

    async def _put_back(self, loaded: CachedAggregate, new: int, position: Position) -> None:
        aggregate = loaded.aggregate
        every = aggregate.snapshot_every
        if new:
            loaded.position = position
            self._memory.shared.pop(aggregate.id)  # who looks next sees this, whatever age would do
        self._memory.exclusive.put(loaded)
        if every and aggregate.version // every > (aggregate.version - new) // every:
            snapshot = StoredSnapshot(aggregate.version, loaded.position, encode_state(aggregate))
            try:
                await self._log.keep_snapshot(aggregate.id, snapshot, aggregate.state_version, loaded.life)
            except (psycopg.Error, Unavailable) as error:  # the facts are stored: the command has not failed
                logger.warning("snapshot_not_kept", stream=aggregate.id, error=str(error))

    async def _fresh(self, cls: type[Aggregate], stream: str, known: CachedAggregate | None) -> CachedAggregate:
        life = await self._log.life()
        loaded = known if known and known.life == life else await self._from_snapshot(cls, stream, life)
        checked_at = time.monotonic()
        for recent in await self._log.since(stream, loaded.aggregate.version):
            if recent.stream_version <= loaded.aggregate.version:
                continue  # a shared aggregate was brought up to date by another command meanwhile
            event = decode_event(
                recent.type,
                recent.schema_version,
                recent.data,
                stream=stream,
                version=recent.stream_version,
                occurred_at=recent.occurred_at,
            )
            event.mutate(loaded.aggregate)
            loaded.position = recent.position
        loaded.checked_at = checked_at
        return loaded

    async def _from_snapshot(self, cls: type[Aggregate], stream: str, life: str) -> CachedAggregate:
        loaded = CachedAggregate(cls.blank(stream), life)
        if cls.snapshot_every:
            snapshot = await self._log.snapshot(stream, cls.state_version)
            if snapshot is not None:
                restore_state(loaded.aggregate, snapshot.state)
                loaded.aggregate.version = snapshot.stream_version
                loaded.position = snapshot.position
        return loaded


def new_event(event: Any, context: Context, reason: str | None = None) -> NewEvent:
    """The stored form of a new event, with where it comes from; *reason* is that of the context, sealed for it."""
    meta = Meta(
        event_id=str(uuid_utils.uuid7()),
        actor=context.actor,
        source=context.source,
        causation_id=context.causation_id,
        correlation_id=context.correlation_id,
        on_behalf_of=context.on_behalf_of,
        row=context.row,
        role=context.role,
        reason=reason,
        ticket=context.ticket,
    )
    return NewEvent(
        event.originator_id,
        event.originator_version,
        event.TOPIC,
        version_of(type(event)),
        partition_of(event.originator_id),
        encode_data(event),
        _encode_meta(meta),
        context.at,
    )


def encode_state(aggregate: Aggregate) -> bytes:
    """What a snapshot keeps: the attributes named by `snapshot_fields`."""
    return msgspec.json.encode({name: getattr(aggregate, name) for name in aggregate.snapshot_fields})


def restore_state(aggregate: Aggregate, state: bytes) -> None:
    """Set the attributes that a snapshot has kept."""
    for name, value in msgspec.json.decode(state).items():
        setattr(aggregate, name, msgspec.convert(value, aggregate.snapshot_fields[name]))
