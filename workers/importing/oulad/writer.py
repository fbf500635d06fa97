"""
From facts to the log: in the order of the plan, in batches, and never twice.

A batch is one append: all of it or nothing. While the server works on one, the next is being made. `append_events()`
takes its fast path when no stream comes up twice in a batch, so a batch ends where a stream would come back.
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
from adapters.postgres.log.append import Append, NewEvent, VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from domain.codec import encode_data, version_of
from domain.streams import partition_of

BATCH = 4_000  # facts
BREATH = 100  # facts that are made before the event loop may look after the batch that is under way
MOST_CONFLICTS = 20  # in a row

NOTHING = Stored(0, 0)


class Writer:
    """
    Takes facts one after the other and appends those that the log does not have.

    Args:
        connection: to look up what the log has when somebody else was faster.
        stored: what the log has of the streams to come, if anything.
        advance: called with the number of facts that are in the log by now.

    Attributes:
        appended: facts that were appended, by type; *found* those that stood in the log before.
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
        self._encoder = Encoder(source)
        self._batch: list[NewEvent] = []
        self._streams: set[str] = set()
        self._full: list[list[NewEvent]] = []
        self._under_way: asyncio.Task[None] | None = None
        self._taken = self._passed_over = 0

    def take(self, event: Any, at: datetime) -> bool:
        """Take *event*, which happened *at* that time; true if it is time for a `pause`."""
        fact = self._encoder.new_event(event, at)
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
        """Send what has become full, and let the event loop look after what is under way."""
        for batch in self._full:
            await self._landed()
            self._under_way = asyncio.create_task(self._append(batch))
        self._full = []
        self._advance(self._passed_over)
        self._passed_over = 0
        await asyncio.sleep(0)

    async def flush(self) -> None:
        """Wait until everything that was taken stands in the log."""
        if self._batch:
            self._close_batch()
        await self.pause()
        await self._landed()

    async def _landed(self) -> None:
        if self._under_way is not None:
            await self._under_way
            self._under_way = None

    async def _append(self, batch: Sequence[NewEvent]) -> None:
        whole = len(batch)
        for _attempt in range(MOST_CONFLICTS):
            events = [self._placed(fact) for fact in batch]
            try:
                if events:
                    self.position = (await self._log.append(Append(events))).last
                    self.appended.update(fact.type for fact in events)
                self._advance(whole)
                return
            except VersionConflict as error:
                conflict = error
                batch = await self._without_known(batch)
        raise conflict

    def _placed(self, fact: NewEvent) -> NewEvent:
        """The fact behind those that others have added to its stream."""
        others = self._stored.get(fact.stream_id, NOTHING).others if self._stored else 0
        return msgspec.structs.replace(fact, stream_version=fact.stream_version + others) if others else fact

    async def _without_known(self, batch: Sequence[NewEvent]) -> list[NewEvent]:
        """Somebody was faster: look again at what the log has."""
        self._stored |= await stored_in(self._connection, self._source, {fact.stream_id for fact in batch})
        self.found.update(fact.type for fact in batch if self._has(fact))
        return [fact for fact in batch if not self._has(fact)]


class Encoder:
    """The stored form of facts, as `command_bus.unit_of_work.new_event` makes it, with the constant parts made once."""

    def __init__(self, source: str, actor: str = "import") -> None:
        self._meta_tail = f'","actor":"{actor}","source":"{source}"}}'.encode()
        self._stream, self._partition = "", 0  # facts of one stream often follow each other

    def new_event(self, event: Any, at: datetime) -> NewEvent:
        """One fact on its way into the log, as it happened *at* that time."""
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
            b'{"event_id":"%b%b' % (str(uuid_utils.uuid7()).encode(), self._meta_tail),
            at,
        )
