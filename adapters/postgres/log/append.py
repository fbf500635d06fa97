"""
Appending to the log: group commit, an answer for each append, and no doubt after a broken connection.

Appends that arrive while a batch is under way travel together in the next call of `append_events()`
(adapters/migrations/0240_cheaper_appends.sql); 0190_conditional_appends.sql says what the answers mean.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import psycopg

from adapters.batcher import Batcher
from adapters.postgres.connection import GAVE_UP, Link, Overloaded, Unavailable, life_of
from adapters.postgres.log.arrays import (
    Bigints,
    Byteas,
    Integers,
    NullableTexts,
    PackedArray,
    Smallints,
    Texts,
    Timestamps,
)
from adapters.postgres.log.condition import NO_CONDITIONS, Condition, condition_arguments
from adapters.settings import Settings
from domain.fact import Meta

LARGEST_BATCH = 512  # appends in one round trip
PATIENCE = 20.0  # seconds to wait for a server that has gone before the appends are given up
LATELY = 10.0  # seconds for which a refused append counts
LOCK_ATTEMPTS = 5  # times to wait for the head of the log, LOCK_TIMEOUT each

# What an append that cannot be stored raises: from the server, or here, where a value has no form in the protocol.
UNFIT = (psycopg.Error, ValueError, TypeError)

APPEND = """
SELECT * FROM append_events(
    %b::integer[], %b::text[], %b::text[], %b::bigint[],
    %b::text[], %b::integer[], %b::text[], %b::smallint[], %b::smallint[], %b::bytea[], %b::bytea[], %b::timestamptz[],
    %b::integer[], %b::text[], %b::integer[])
"""

# The same with conditions and tags.
APPEND_IF = (
    APPEND.rstrip().removesuffix(")")
    + """,
    %b::text, %b::bigint, %b::bigint, %b::text[], %b::text[], %b::text[], %b::boolean,
    %b::integer[], %b::text[])
"""
)

STANDING = "SELECT position, meta FROM events WHERE stream_id = %s AND stream_version = %s"


class NewEvent(msgspec.Struct, frozen=True):
    """
    One fact on its way into the log.

    Attributes:
        tags: those that its stream and data do not say; only the `eventsourcing` library's events have some.
    """

    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    partition: int
    data: bytes
    meta: bytes
    occurred_at: datetime
    tags: tuple[str, ...] = ()


class Append(msgspec.Struct, frozen=True):
    """
    The events of one command: all of them or none.

    Attributes:
        events: events of one stream stand together, in ascending version.
        key: idempotency key, None for none.
        fingerprint: digest of the request that the key stands for.
        empty_answer: where there are no events, the position to answer with.
        guards: streams that the decision looked at, and the version of each: if one has moved on, it is a conflict.
        conditions: queries that the decision looked at: if a newer fact matches one, the append is overtaken.
        life: the life of the log in which it was decided (`life_of`); empty where nothing of the log was read.
    """

    events: Sequence[NewEvent]
    key: str | None = None
    fingerprint: str = ""
    empty_answer: int = 0
    guards: Sequence[tuple[str, int]] = ()
    conditions: Sequence[Condition] = ()
    life: str = ""


class Appended(msgspec.Struct, frozen=True):
    """The events stand in the log, from *first* to *last*; *repeated* if they did so before."""

    first: int
    last: int
    repeated: bool = False


class VersionConflict(Exception):
    """Another writer has appended to the stream since it was loaded."""

    def __init__(self, stream_id: str, actual_version: int) -> None:
        super().__init__(f"stream {stream_id} is at version {actual_version} by now")
        self.stream_id, self.actual_version = stream_id, actual_version


class Overtaken(VersionConflict):
    """A fact has been appended that a condition excludes; *position* is its place, *stream_id* its stream."""

    def __init__(self, stream_id: str, actual_version: int, position: int) -> None:
        super().__init__(stream_id, actual_version)
        self.args = (f"the fact at position {position}, of stream {stream_id}, matches a condition of the append",)
        self.position = position


class LifeEnded(VersionConflict):
    """What was decided on was read in an earlier life of the log, and may be its past no longer."""

    def __init__(self) -> None:
        Exception.__init__(self, "the log was opened again since this was decided: it may have lost facts")
        self.stream_id, self.actual_version = "", 0


class KeyReused(Exception):
    """The idempotency key belongs to another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} was used for another request")
        self.key = key


class Appender:
    """
    The writing end of the log of one campus.

    Args:
        on_commit: called with the last position after every commit.
        on_batch: called with the number of appends, of events, and the seconds of the round trip.
    """

    def __init__(self, settings: Settings) -> None:
        self._link = Link(settings, "append", patience=PATIENCE)
        self._batcher: Batcher[Append, Appended] = Batcher(self._send_batch, LARGEST_BATCH)
        self.on_commit: Callable[[int], None] = lambda _: None
        self.on_batch: Callable[[int, int, float], None] = lambda *_: None
        self._refusal, self._refused_at = "", 0.0

    @property
    def refused_lately(self) -> str:
        """Why the server has not taken the last append, if that was a moment ago; empty otherwise."""
        return self._refusal if time.monotonic() - self._refused_at < LATELY else ""

    async def append(self, unit: Append) -> Appended:
        """
        Append one unit, together with whatever else is waiting.

        Raises:
            VersionConflict: a stream is not at the version before the first of its events.
            Overtaken: a newer fact matches a condition.
            LifeEnded: the log is in another life than the unit; nothing was appended.
            KeyReused: the key was used with another fingerprint.
            Unavailable: the server is gone, or the head of the log is held; whether the unit was appended is not known.
            Overloaded: the server gave up; nothing was appended.
        """
        return await self._batcher.submit(unit)

    async def _send_batch(self, batch: Sequence[Append]) -> list[Appended | Exception]:
        return await self._send(batch, sent_before=False)

    async def _send(self, batch: Sequence[Append], *, sent_before: bool) -> list[Appended | Exception]:
        started = time.perf_counter()
        try:
            answers = await self._send_with_patience(batch, sent_before=sent_before)
            self._refusal = ""
        except Unavailable as error:
            self._refusal, self._refused_at = str(error), time.monotonic()
            raise
        except UNFIT as error:
            if len(batch) == 1:
                return [Overloaded(error) if isinstance(error, GAVE_UP) else error]
            # PostgreSQL refuses some append of the batch: halves are tried, so that the others are appended.
            # Its error may also have come after a sending whose answer was lost.
            half = len(batch) // 2
            answers = await self._send(batch[:half], sent_before=True)
            return answers + await self._send(batch[half:], sent_before=True)
        self.on_batch(len(batch), sum(len(unit.events) for unit in batch), time.perf_counter() - started)
        committed = [answer.last for answer in answers if isinstance(answer, Appended) and not answer.repeated]
        if committed:
            self.on_commit(max(committed))
        return answers

    async def _send_with_patience(self, batch: Sequence[Append], *, sent_before: bool) -> list[Appended | Exception]:
        attempts = 0

        async def once(connection: psycopg.AsyncConnection) -> list[Appended | Exception]:
            nonlocal sent_before
            again, sent_before = sent_before, True
            life = await life_of(connection)
            present = [unit for unit in batch if unit.life in ("", life)]
            if len(present) < len(batch):  # or it is this connection that has ended, and leads nowhere
                await connection.execute("SELECT")
            answered = iter(await _call(connection, present) if present else ())
            answers = [next(answered) if unit.life in ("", life) else LifeEnded() for unit in batch]
            return (
                [await _own(connection, unit, answer) for unit, answer in zip(batch, answers, strict=True)]
                if again
                else answers
            )

        while True:
            try:
                return await self._link.run(once)
            except psycopg.errors.LockNotAvailable as error:
                attempts += 1
                if attempts == LOCK_ATTEMPTS:
                    raise Unavailable("another session holds the head of the log") from error
                await asyncio.sleep(0)

    async def reconnect(self) -> None:
        """Close the connection; the next append opens another."""
        await self._link.close()

    async def close(self) -> None:
        """Wait for what is under way, then close the connection."""
        await self._batcher.drain()
        await self._link.close()


def call(batch: Sequence[Append]) -> tuple[str, tuple[object, ...]]:
    """The statement that appends a batch, and its parameters, to be sent in binary form."""
    events = [event for unit in batch for event in unit.events]
    tags = [(number, tag) for number, event in enumerate(events, 1) if event.tags for tag in dict.fromkeys(event.tags)]
    conditional = any(unit.conditions for unit in batch)
    if not tags and not conditional:
        return APPEND, arguments(batch)
    conditions = condition_arguments(batch) if conditional else NO_CONDITIONS
    return APPEND_IF, (*arguments(batch), *conditions, [number for number, _ in tags], [tag for _, tag in tags])


def call_about_read_models(unit: Append) -> tuple[str, tuple[object, ...]]:
    """The same for facts about read models, by the function that projectors may call (migration 0287)."""
    return APPEND.replace("append_events", "append_about_read_models"), arguments([unit])


def arguments(batch: Sequence[Append]) -> tuple[PackedArray, ...]:
    """The parameters of `APPEND`."""
    events = [event for unit in batch for event in unit.events]
    guards = [(number, *guard) for number, unit in enumerate(batch, 1) for guard in unit.guards]
    return (
        Integers([len(unit.events) for unit in batch]),
        NullableTexts([unit.key for unit in batch]),
        Texts([unit.fingerprint for unit in batch]),
        Bigints([unit.empty_answer for unit in batch]),
        Texts([event.stream_id for event in events]),
        Integers([event.stream_version for event in events]),
        Texts([event.type for event in events]),
        Smallints([event.schema_version for event in events]),
        Smallints([event.partition for event in events]),
        Byteas([event.data for event in events]),
        Byteas([event.meta for event in events]),
        Timestamps([event.occurred_at for event in events]),
        Integers([number for number, _, _ in guards]),
        Texts([stream for _, stream, _ in guards]),
        Integers([version for _, _, version in guards]),
    )


async def _call(connection: psycopg.AsyncConnection, batch: Sequence[Append]) -> list[Appended | Exception]:
    cursor = await connection.execute(*call(batch), prepare=True, binary=True)
    return [answer_of(unit, row) for unit, row in zip(batch, await cursor.fetchall(), strict=True)]


def answer_of(unit: Append, row: Sequence[object]) -> Appended | Exception:
    """What a row of `append_events()` says about its append."""
    match row:
        case ["appended", int() as first, int() as last, *_]:
            return Appended(first, last)
        case ["repeated", int() as first, int() as last, *_]:
            return Appended(first, last, repeated=True)
        case ["reused", *_]:
            return KeyReused(unit.key or "")
        case ["conflict", _, _, str() as stream, int() as version]:
            return VersionConflict(stream, version)
        case ["overtaken", int() as position, _, stream, version]:
            return Overtaken(str(stream), int(str(version or 0)), position)
    raise AssertionError(f"append_events() answered {row!r}")


async def _own(connection: psycopg.AsyncConnection, unit: Append, answer: Appended | Exception) -> Appended | Exception:
    """
    The true answer for a unit that was sent twice: a conflict with our own events is a success.

    The first sending may have been committed though its answer was lost. The second one waited for the lock on
    the head, so by now it is decided: our first event's id stands in the log, or it never will.
    """
    if not isinstance(answer, VersionConflict) or not unit.events:
        return answer
    first = unit.events[0]
    cursor = await connection.execute(STANDING, (first.stream_id, first.stream_version))
    row = await cursor.fetchone()
    return answer if row is None else own_answer(unit, *row) or answer


def own_answer(unit: Append, position: int, meta: bytes) -> Appended | None:
    """The answer that *unit* never got, if the event that stands in the place of its first is that one."""
    first = unit.events[0]
    if msgspec.json.decode(meta, type=Meta).event_id != msgspec.json.decode(first.meta, type=Meta).event_id:
        return None
    return Appended(position, position + len(unit.events) - 1)
