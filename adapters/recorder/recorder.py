"""
The recorder: the library's events in the campus's log, by the same `append_events()` as everything else.

It stores a topic as `type`, a state unchanged in `data`. A stream of the log begins at version 1; if the library
begins at 0, `meta` records that, and the library's versions are one less than the log's. The recorder also reads the
streams of the campus itself, but only the campus's commands write them.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
import uuid_utils
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    StoredEvent,
)
from psycopg_pool import ConnectionPool

from adapters.postgres.connection import is_broken, life_of_sync
from adapters.postgres.log.append import (
    LOCK_ATTEMPTS,
    STANDING,
    Append,
    Appended,
    LifeEnded,
    NewEvent,
    VersionConflict,
    answer_of,
    call,
    own_answer,
)
from adapters.postgres.log.postgres_log import END, HEAD
from adapters.recorder.errors import dropped_if_broken, in_the_librarys_words
from adapters.recorder.mapper import LogEvent, LogNotification
from adapters.recorder.subscription import LogSubscription
from domain.fact import Meta
from domain.registry import BY_CATEGORY, FACTS
from domain.streams import partition_of

T = TypeVar("T")

NAME = "eventsourcing"  # actor and source of these events
ATTEMPTS = LOCK_ATTEMPTS  # attempts while connections break, or another session locks the head of the log
LAST_VERSION = 2**31 - 2

_BEGINS_AT_0: LiteralString = "(position('\"first_version\":0'::bytea IN meta) > 0)"
_COLUMNS: LiteralString = (
    f"stream_id, stream_version - {_BEGINS_AT_0}::integer AS version, type, data, schema_version, occurred_at"
)

BEGINS_AT_0: LiteralString = f"SELECT {_BEGINS_AT_0} FROM events WHERE stream_id = %s AND stream_version = 1"

# The two conditions on stream_version are for the index.
STREAM: LiteralString = f"""
SELECT * FROM (
    SELECT {_COLUMNS} FROM events
     WHERE stream_id = %(stream)s AND stream_version > %(gt)s AND stream_version <= %(lte)s + 1) AS e
 WHERE version > %(gt)s AND version <= %(lte)s
 ORDER BY version LIMIT %(limit)s
"""
STREAM_BACKWARDS: LiteralString = STREAM.replace("ORDER BY version", "ORDER BY version DESC")

NOTIFICATIONS: LiteralString = f"""
SELECT {_COLUMNS}, position FROM events
 WHERE position >= %(start)s AND position <= %(stop)s AND (%(topics)s::text[] = '{{}}' OR type = ANY(%(topics)s))
 ORDER BY position LIMIT %(limit)s
"""


class Origin(Meta, frozen=True, omit_defaults=True):
    """`meta` of an event of the library, with the first version of its stream, and with its tags, in their order."""

    first_version: int = 1
    tags: tuple[str, ...] = ()


class LogRecorder(ApplicationRecorder):
    """
    Records the events of a stock application in the log.

    What a thread has read belongs to a life of the log (`life_of`). In another one its next append is refused, as if
    others had been faster, and it has to read again. What the library caches is not forgotten: leave its cache off.

    Args:
        uuids: read ids that look like UUIDs as UUIDs; False: read all as text.
    """

    def __init__(self, pool: ConnectionPool, *, uuids: bool) -> None:
        self._pool = pool
        self._uuids = uuids
        self._read_in = threading.local()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """
        Append all of *stored_events*, or none; returns their positions.

        Raises:
            IntegrityError: a stream is not at the version before the first of its events.
            ProgrammingError: an event has a stream of the campus, or the name of one of its facts.
        """
        if kwargs.get("tracking") is not None:
            raise NotSupportedError("the log keeps no tracking")
        if not stored_events:
            return []
        for event in stored_events:
            _refuse_facts(event)
        order = _streams_together(stored_events)
        first = self._insert([stored_events[index] for index in order]).first
        positions = dict(zip(order, range(first, first + len(order)), strict=True))
        return [positions[index] for index in range(len(order))]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one stream with versions above *gt*, up to *lte*."""
        rows = self.rows(
            STREAM_BACKWARDS if desc else STREAM,
            {
                "stream": str(originator_id),
                "gt": -1 if gt is None else gt,
                "lte": LAST_VERSION if lte is None else lte,
                "limit": limit,
            },
        )
        return [LogEvent(self._id(stream), *event) for stream, *event in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[LogNotification]:
        """The first *limit* events from position *start* up to *stop*, those of *topics* only if given."""
        rows = self.rows(
            NOTIFICATIONS,
            {
                "start": (start or 0) + (not inclusive_of_start),
                "stop": END if stop is None else stop,
                "topics": list(topics),
                "limit": limit,
            },
        )
        return [
            LogNotification(self._id(stream), version, topic, state, position, schema_version, occurred_at)
            for stream, version, topic, state, schema_version, occurred_at, position in rows
        ]

    def max_notification_id(self) -> int | None:
        """Position of the last event of the log, None for an empty one."""
        head: int = self.rows(HEAD, {})[0][0]
        return head or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """Every event above position *gt*, of *topics* if given, then new ones as they are recorded."""
        return LogSubscription(self, gt, topics)

    def _id(self, stream: str) -> UUID | str:
        if self._uuids:
            with suppress(ValueError):  # the streams of the campus have no UUIDs
                return UUID(stream)
        return stream

    def _insert(self, events: Sequence[StoredEvent]) -> Appended:
        """Append events, ordered by stream."""
        from_0 = {str(event.originator_id) for event in events if event.originator_version == 0}
        while True:
            answer = self.append(Append([_new_event(event, from_0) for event in events]))
            if isinstance(answer, Appended):
                return answer
            if not isinstance(answer, VersionConflict):
                raise answer
            if answer.stream_id in from_0 or self.rows(BEGINS_AT_0, [answer.stream_id], decides=False) != [(True,)]:
                raise IntegrityError(str(answer)) from answer
            from_0.add(answer.stream_id)

    def append(self, unit: Append) -> Appended | Exception:
        """Call `append_events()`; if its answer is lost, call it again to learn the result of the first call."""
        sent_before = False

        def once(connection: psycopg.Connection) -> Appended | Exception:
            nonlocal sent_before
            again, sent_before = sent_before, True
            if getattr(self._read_in, "life", present := life_of_sync(connection)) == present:
                row = connection.execute(*call([unit]), prepare=True, binary=True).fetchone()
                answer = answer_of(unit, row or ())
            else:
                connection.execute("SELECT")  # or it is this connection that has ended
                del self._read_in.life
                answer = LifeEnded()
            if not (again and isinstance(answer, VersionConflict)):
                return answer
            first = unit.events[0]
            standing = connection.execute(STANDING, (first.stream_id, first.stream_version)).fetchone()
            return answer if standing is None else own_answer(unit, *standing) or answer

        return self._run(once)

    def rows(
        self, query: str, parameters: dict[str, Any] | list[Any], *, decides: bool = True
    ) -> list[tuple[Any, ...]]:
        """The answer to a statement that only reads; *decides*: what this thread appends next may be decided on it."""

        def work(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
            found = connection.execute(query.encode(), parameters, prepare=True).fetchall()
            if decides:
                self._read_in.life = life_of_sync(connection)
            return found

        return self._run(work)

    def _run(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Do *work*, which must be idempotent; repeat it if the connection breaks."""
        with in_the_librarys_words():
            for _ in range(ATTEMPTS - 1):
                try:
                    with self._pool.connection() as connection, dropped_if_broken(connection):
                        return work(connection)
                except psycopg.errors.LockNotAvailable:
                    continue
                except psycopg.Error as error:
                    if not is_broken(error):
                        raise
                    self._pool.check()  # most likely the others are broken too
            with self._pool.connection() as connection, dropped_if_broken(connection):
                return work(connection)


def _refuse_facts(event: StoredEvent) -> None:
    if event.topic in FACTS or str(event.originator_id).partition("-")[0] in BY_CATEGORY:
        raise ProgrammingError(
            f"{event.topic} of {event.originator_id} belongs to the campus, and only its commands record such facts: "
            "choose another topic or id"
        )


def _streams_together(events: Sequence[StoredEvent]) -> list[int]:
    """The indexes of *events*, ordered by stream, as the log requires."""
    streams: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        streams.setdefault(str(event.originator_id), []).append(index)
    return [index for indexes in streams.values() for index in indexes]


def _new_event(event: StoredEvent, from_0: set[str]) -> NewEvent:
    stream = str(event.originator_id)
    first_version = 0 if stream in from_0 else 1
    origin = Origin(event_id=str(uuid_utils.uuid7()), actor=NAME, source=NAME, first_version=first_version)
    return NewEvent(
        stream,
        event.originator_version + 1 - first_version,
        event.topic,
        1,
        partition_of(stream),
        event.state,
        msgspec.json.encode(origin),
        datetime.now(UTC),
    )
