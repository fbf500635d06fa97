"""
The log as a persistence module of the library's dynamic consistency boundaries.

    PERSISTENCE_MODULE=adapters.recorder.dcb

Its events have tags and no streams, so each append is a stream of its own, and the tags stand in `meta` and in the
table `event_tags`. Reads and conditions also see the facts of the campus, with the tags of domain/tags.py.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import msgspec
import uuid_utils
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.dcb.persistence import DCBInfrastructureFactory
from eventsourcing.persistence import IntegrityError, ProgrammingError, TrackingRecorder
from psycopg_pool import ConnectionPool

from adapters.postgres.log.append import Append, Appended, NewEvent, VersionConflict
from adapters.postgres.log.condition import NEAR, Condition
from adapters.postgres.log.query import statement
from adapters.recorder.errors import LogWentBack
from adapters.recorder.factory import Factory
from adapters.recorder.recorder import NAME, LogRecorder, Origin
from adapters.recorder.subscription import PAGE, POLL_INTERVAL
from domain.registry import FACTS
from domain.streams import partition_of
from domain.tags import Query, QueryItem, tags_of

CATEGORY = "dcb"  # of the streams; no aggregate of the campus has it
COLUMNS = "position, stream_id, type, data, meta"


class LogResponse(DCBReadResponse):
    """Events that were read, with the head of the log, or the last position where a limit was given."""

    def __init__(self, events: Sequence[DCBSequencedEvent], head: int | None) -> None:
        self._events, self._head = iter(events), head

    @property
    def head(self) -> int | None:
        """The position after which the reader has seen nothing."""
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        """The next event."""
        return next(self._events)


class LogDcbRecorder(DCBRecorder):
    """Records events with tags in the log, under conditions."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._log = LogRecorder(pool, uuids=False)
        self._seen = 0  # a position that the log has reached

    def read(self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None) -> LogResponse:
        """The first *limit* events above *after* that match *query*, in order."""
        events, head = self.page(_query(query), after or 0, limit)
        if limit is not None:
            return LogResponse(events, events[-1].position if events else None)
        return LogResponse(events, head or None)

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """
        Append all of *events*, or none; returns the position of the last.

        Raises:
            IntegrityError: an event after the condition's position matches its query.
            ProgrammingError: there are no events, or one has the name of a fact of the campus.
        """
        if not events:
            raise ProgrammingError("an append has an event at least")
        for event in events:
            if event.type in FACTS:
                raise ProgrammingError(f"{event.type} belongs to the campus, and only its commands record such facts")
        conditions = [] if condition is None else [self._near(condition)]
        answer = self._log.append(Append(_new_events(events), conditions=conditions))
        if isinstance(answer, VersionConflict):
            raise IntegrityError(str(answer)) from answer
        if not isinstance(answer, Appended):
            raise answer
        self._seen = max(self._seen, answer.last)
        return answer.last

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> "LogDcbSubscription":
        """Every event above *after* that matches *query*, then new ones as they are recorded."""
        return LogDcbSubscription(self, query, after)

    def page(
        self, query: Query, after: int, limit: int | None, *, decides: bool = True
    ) -> tuple[list[DCBSequencedEvent], int]:
        """The first *limit* events above *after* that match, and the head of the log as of then."""
        rows = self._log.rows(*statement(query, COLUMNS, after, limit), decides=decides)
        head: int = rows[0][0]
        self._seen = max(self._seen, head)
        return [_event(*row[1:]) for row in rows if row[1] is not None], head

    def _near(self, condition: DCBAppendCondition) -> Condition:
        """The condition, with what the log had long since checked here, as in `PostgresLog`."""
        query, after = _query(condition.fail_if_events_match), condition.after or 0
        if self._seen and after > self._seen - NEAR:
            return Condition(query, after)
        events, head = self.page(query, after, 1, decides=False)
        if events:
            raise IntegrityError(f"the event at position {events[0].position} matches the condition of the append")
        return Condition(query, max(after, head))


class LogDcbSubscription(DCBSubscription[LogDcbRecorder]):
    """An iterator over events that waits at the end of the log, until it is stopped."""

    def __init__(self, recorder: LogDcbRecorder, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder, query, after)
        self._items = _query(query)
        self._first = self._last_position
        self._page: deque[DCBSequencedEvent] = deque()
        self._stopped = Event()

    def stop(self) -> None:
        """End the iteration, also one that waits in another thread."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> DCBSequencedEvent:
        """The next event; waits until there is one."""
        while not self._stopped.is_set():
            if self._page:
                return self._page.popleft()
            events, head = self._recorder.page(self._items, self._last_position, PAGE)
            if head < self._last_position and self._last_position > self._first:
                raise LogWentBack(head, self._last_position)
            self._page.extend(events)
            self._last_position = events[-1].position if len(events) == PAGE else max(head, self._last_position)
            if not events:
                self._stopped.wait(POLL_INTERVAL)
        raise StopIteration


class DcbFactory(Factory, DCBInfrastructureFactory[TrackingRecorder]):
    """Makes recorders of events with tags over the log of one campus."""

    def dcb_recorder(self) -> LogDcbRecorder:
        """The recorder of an application's events."""
        return LogDcbRecorder(self.pool)


def _query(query: DCBQuery | None) -> Query:
    return tuple(QueryItem(tuple(item.types), tuple(item.tags)) for item in query.items) if query else ()


def _event(position: int, stream: str, name: str, data: bytes, meta: bytes) -> DCBSequencedEvent:
    if name in FACTS:
        decoded: dict[str, Any] = msgspec.json.decode(data)
        return DCBSequencedEvent(DCBEvent(name, data, list(tags_of(stream, decoded))), position)
    return DCBSequencedEvent(DCBEvent(name, data, list(msgspec.json.decode(meta, type=Origin).tags)), position)


def _new_events(events: Sequence[DCBEvent]) -> list[NewEvent]:
    stream, now = f"{CATEGORY}-{uuid_utils.uuid7()}", datetime.now(UTC)
    return [
        NewEvent(stream, version, event.type, 1, partition_of(stream), event.data, _meta(event), now, tuple(event.tags))
        for version, event in enumerate(events, 1)
    ]


def _meta(event: DCBEvent) -> bytes:
    return msgspec.json.encode(Origin(str(uuid_utils.uuid7()), actor=NAME, source=NAME, tags=tuple(event.tags)))
