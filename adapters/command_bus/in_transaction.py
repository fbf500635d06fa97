"""
The log for a command that is part of a transaction: its facts are there if, and only if, what they are about is.

For what has become of read models, whose rows stand beside the log. Its head is locked from `save` to the end of the
transaction, so it comes last in it.
"""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any

from adapters.command_bus.unit_of_work import new_event
from adapters.postgres.connection import Connection
from adapters.postgres.log.append import Append, Appended, answer_of, call_about_read_models
from commands.clock import Clock
from commands.log import AggregateT, Context, Position
from commands.table import HANDLERS
from domain.aggregate import Aggregate
from domain.codec import decode_event
from domain.fact import Fact
from domain.personal import PersonalKey, free_words
from domain.tags import Query

FACTS = """
SELECT type, schema_version, data, stream_version, occurred_at, position FROM events WHERE stream_id = %s
 ORDER BY stream_version
"""


async def carry_out(connection: Connection, command: Any, context: Context, clock: Clock) -> Position:
    """
    Carry out *command* in the open transaction of *connection*, by the *clock* of the campus.

    Raises:
        VersionConflict: another writer was faster; the transaction has to end.
    """
    return await HANDLERS[type(command)](command, TransactionLog(connection, context, clock))


class TransactionLog:
    """The log as of the transaction; see `commands.log.Log`. It has no queries and takes no turns."""

    def __init__(self, connection: Connection, context: Context, clock: Clock) -> None:
        self.context = context
        self._clock = clock
        self._connection = connection
        self._last: Position = 0

    def now(self) -> datetime:
        """The present time by the clock of the campus."""
        return self._clock.now()

    async def load(self, cls: type[AggregateT], stream: str) -> AggregateT:
        """The aggregate with all facts of *stream*."""
        aggregate = cls.blank(stream)
        found = await self._connection.execute(FACTS, [stream])
        for name, schema_version, data, version, occurred_at, position in await found.fetchall():
            decode_event(
                name, schema_version, bytes(data), stream=stream, version=version, occurred_at=occurred_at
            ).mutate(aggregate)
            self._last = position
        return aggregate

    async def read(self, cls: type[AggregateT], stream: str, max_age: float = 0.0) -> AggregateT:  # noqa: ARG002
        """The same: nothing is remembered."""
        return await self.load(cls, stream)

    async def facts(self, query: Query) -> list[Fact]:
        """Not for commands like these."""
        raise NotImplementedError(f"a command in a transaction has no queries: {query}")

    async def streams(self, query: Query) -> list[str]:
        """Not for commands like these."""
        raise NotImplementedError(f"a command in a transaction has no queries: {query}")

    async def personal_key(self, stream: str) -> PersonalKey:
        """Not for commands like these."""
        raise NotImplementedError(f"a command in a transaction seals nothing: {stream}")

    async def words_key(self, stream: str) -> PersonalKey | None:
        """Not for commands like these."""
        raise NotImplementedError(f"a command in a transaction seals nothing: {stream}")

    def serialize(self, stream: str) -> AbstractAsyncContextManager[object]:  # noqa: ARG002
        """No turns: the transaction waits for the head of the log."""
        return nullcontext()

    async def save(self, *aggregates: Aggregate) -> Position:
        """Append the new facts; see `commands.log.Log.save`."""
        pending = [event for each in aggregates for event in each.collect_events()]
        if self.context.reason is not None or any(free_words(event) for event in pending):
            raise NotImplementedError("a command in a transaction seals nothing")
        events = [new_event(event, self.context) for event in pending]
        if not events:
            return self._last
        unit = Append(events)
        cursor = await self._connection.execute(*call_about_read_models(unit), binary=True)
        (row,) = await cursor.fetchall()
        answer = answer_of(unit, row)
        if not isinstance(answer, Appended):
            raise answer
        return answer.last
