"""
Appends facts to the log in the order of the plan, in batches, each fact once.

A batch is one append: all of it or nothing. The importer makes the next batch while the server works on one.
`append_events()` takes its fast path if no stream is twice in a batch, so a batch ends before a stream would return.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import uuid_utils

from adapters.oulad.stored import Stored, stored_in
from adapters.postgres.connection import Connection
from adapters.postgres.log.append import Append, LifeEnded, NewEvent, VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from domain.codec import encode_data, version_of
from domain.streams import partition_of
from workers.importing.oulad.history import Row

BATCH = 4_000  # facts
BREATH = 100  # facts made before the event loop gets a turn for the batch in flight
MOST_CONFLICTS = 20  # in a row

NOTHING = Stored(0, 0)


class Writer:
    """
    Takes facts one after the other and appends those that the log does not have.

    Args:
        connection: to look up stored facts after a conflict with another writer.
        stored: the facts that the log has of the streams to come, if any.
        advance: called with the number of facts stored since the last call.
        number: of the import, which its facts name with their rows.
        life: of the log, in which *stored* was looked up; appends in another one raise LifeEnded.

    Attributes:
        appended: facts that were appended, by type; *found* are those that the log had before.
        irregular: facts of both kinds, by the rule that they break.
        position: of the last fact that was appended, 0 if none was.
    """

    def __init__(
        self,
        log: PostgresLog,
        connection: Connection,
        source: str,
        stored: Mapping[str, Stored],
        advance: Callable[[int], None] = lambda _: None,
        *,
        number: int = 1,
        life: str = "",
    ) -> None:
        self.appended: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.irregular: Counter[str] = Counter()
        self.position = 0
        self._log = log
        self._connection = connection
        self._source = source
        self._stored = dict(stored)
        self._advance = advance
        self._life = life
        self._encoder = Encoder(source, number)
        self._batch: list[NewEvent] = []
        self._streams: set[str] = set()
        self._full: list[list[NewEvent]] = []
        self._under_way: asyncio.Task[None] | None = None
        self._taken = self._passed_over = 0

    def take(self, event: Any, row: Row, at: datetime) -> bool:
        """Take *event* of a *row*, which happened *at* that time; returns whether the caller has to `pause`."""
        fact = self._encoder.new_event(event, row, at)
        reason = vars(event).get("irregular")
        if reason is not None:
            self.irregular[reason] += 1
        self._taken += 1
        if self._stored and self._has(fact):
            self.found[fact.type] += 1
            self._passed_over += 1
        else:
            if not self._batch or fact.stream_id != self._batch[-1].stream_id:
                if fact.stream_id in self._streams or len(self._batch) >= BATCH:
                    self._close_batch()
                self._streams.add(fact.stream_id)
            self._batch.append(fact)
        return self._taken % BREATH == 0 or bool(self._full)

    def _has(self, fact: NewEvent) -> bool:
        return fact.stream_version <= self._stored.get(fact.stream_id, NOTHING).own

    def _close_batch(self) -> None:
        self._full.append(self._batch)
        self._batch, self._streams = [], set()

    async def pause(self) -> None:
        """Send full batches, and give the event loop a turn for the batch in flight."""
        for batch in self._full:
            await self.landed()
            self._under_way = asyncio.create_task(self._append(batch))
        self._full = []
        self._advance(self._passed_over)
        self._passed_over = 0
        await asyncio.sleep(0)

    async def flush(self) -> None:
        """Wait until the log has every fact that was taken."""
        if self._batch:
            self._close_batch()
        await self.pause()
        await self.landed()

    async def landed(self) -> None:
        """Wait for the batch in flight."""
        if self._under_way is not None:
            await self._under_way
            self._under_way = None

    async def _append(self, batch: Sequence[NewEvent]) -> None:
        whole = len(batch)
        for _attempt in range(MOST_CONFLICTS):
            events = [self._placed(fact) for fact in batch]
            try:
                if events:
                    self.position = (await self._log.append(Append(events, life=self._life))).last
                    self.appended.update(fact.type for fact in events)
                self._advance(whole)
                return
            except LifeEnded:
                raise
            except VersionConflict as error:
                conflict = error
                batch = await self._without_known(batch)
        raise conflict

    def _placed(self, fact: NewEvent) -> NewEvent:
        """The fact with its version moved past the facts that other writers have added to its stream."""
        others = self._stored.get(fact.stream_id, NOTHING).others if self._stored else 0
        return msgspec.structs.replace(fact, stream_version=fact.stream_version + others) if others else fact

    async def _without_known(self, batch: Sequence[NewEvent]) -> list[NewEvent]:
        """After a conflict: look up the stored facts again, and keep those that the log does not have."""
        self._stored |= await stored_in(self._connection, self._source, {fact.stream_id for fact in batch})
        self.found.update(fact.type for fact in batch if self._has(fact))
        return [fact for fact in batch if not self._has(fact)]


class Encoder:
    """Stored form of facts, as `command_bus.unit_of_work.new_event` makes it, with the constant parts encoded once."""

    def __init__(self, source: str, number: int, actor: str = "import") -> None:
        self._meta_tail = f'","actor":"{actor}","source":"{source}","row":"{number}'.encode()
        self._stream, self._partition = "", 0  # facts of one stream often follow each other

    def new_event(self, event: Any, row: Row, at: datetime) -> NewEvent:
        """The stored form of one fact of a *row*, which happened *at* that time."""
        stream, cls = event.originator_id, type(event)
        if stream != self._stream:
            self._stream, self._partition = stream, partition_of(stream)
        return NewEvent(
            stream,
            event.originator_version,
            cls.TOPIC,
            version_of(cls),
            self._partition,
            encode_data(event),
            b'{"event_id":"%b%b:%d:%d"}' % (str(uuid_utils.uuid7()).encode(), self._meta_tail, *row),
            at,
        )
