"""
Commands that a rule has refused, with the reason, kept for 90 days beside the log (decisions/0195).

A command does not wait for it: what is refused is noted in memory, and written a moment later, many at once. While
PostgreSQL is away the latest stay in memory; a process that is killed loses those of its last moment.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog
import uuid_utils

from adapters.postgres.connection import Connection, Link, Unavailable
from adapters.tasks import cancel_and_wait
from commands.log import Context
from domain.errors import DomainError

PACE = 0.5  # seconds between two writes
LAST_WRITE = 2.0  # seconds for the last one, when the process ends
MOST_WAITING = 10_000  # in memory; older ones are lost
AT_ONCE = 500  # in one statement, written or forgotten

KEEP = """
INSERT INTO refused_commands (
    id, refused_at, command, learner_id, actor, source, correlation_id, code, sentence, role, ticket)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT DO NOTHING
"""
OF_LEARNER = """
SELECT refused_at, command, actor, source, correlation_id, code, sentence FROM refused_commands
 WHERE learner_id = %s AND refused_at <= %s ORDER BY refused_at DESC LIMIT %s
"""
OF_REQUESTS = """
SELECT refused_at, command, actor, source, correlation_id, code, sentence FROM refused_commands
 WHERE correlation_id = ANY(%s) ORDER BY refused_at, id LIMIT %s
"""
OF_IMPORTS = """
SELECT refused_at, command, actor, source, correlation_id, code, sentence FROM refused_commands
 WHERE command = 'ImportFile' ORDER BY refused_at DESC LIMIT %s
"""
FORGET = "SELECT forget_refused_commands(%s)"
IMPORT = "ImportFile"  # the name under which a file stands that an import has refused


class Refused(NamedTuple):
    """A command that was refused: by which rule, in which words, and who had sent it."""

    refused_at: datetime
    command: str
    actor: str
    source: str
    correlation_id: str | None
    code: str
    sentence: str


class RefusalKeeper:
    """Writes down what one process refuses."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: deque[tuple[Any, ...]] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None

    def note(self, command: Any, context: Context, error: DomainError) -> None:
        """Note that a command was refused; it is written later."""
        learner_id = getattr(command, "learner_id", None)
        self._waiting.append(_row(type(command).__name__, learner_id, context, error.code, error.sentence))

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.create_task(self._write_on())

    async def stop(self) -> None:
        """Write what is left, once, and end; without a server it is lost."""
        if self._writing is not None:
            await cancel_and_wait([self._writing])
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITE):
                await self.write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(PACE)
            await self.write()

    async def write(self) -> None:
        """Write what waits; what cannot be written goes on waiting."""
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            columns = [list(column) for column in zip(*some, strict=True)]

            async def keep(connection: Connection, columns: list[list[Any]] = columns) -> None:
                await connection.execute(KEEP, columns)

            try:
                await self._link.run(keep)
            except Unavailable:
                self._waiting.extendleft(reversed(some[: MOST_WAITING - len(self._waiting)]))
                return
            except psycopg.Error as error:  # it says why not: the next may be taken
                structlog.get_logger().warning("refusals.not_kept", error=str(error), lost=len(some))


def _row(command: str, learner_id: str | None, context: Context, code: str, sentence: str) -> tuple[Any, ...]:
    return (
        str(uuid_utils.uuid7()),
        context.at,
        command,
        learner_id,
        context.actor,
        context.source,
        context.correlation_id,
        code,
        sentence.encode("utf-8", "replace").decode().replace("\x00", "?"),  # what text can hold
        context.role,
        context.ticket,
    )


async def keep_one(connection: Connection, command: str, context: Context, code: str, sentence: str) -> None:
    """Write down one that is about no learner, at once."""
    await connection.execute(KEEP, [[value] for value in _row(command, None, context, code, sentence)])


async def refused_imports(connection: Connection, limit: int) -> list[Refused]:
    """The latest *limit* files that were not imported, the newest first."""
    return [Refused(*row) for row in await (await connection.execute(OF_IMPORTS, [limit])).fetchall()]


async def refused_of(connection: Connection, learner_id: str, until: datetime, limit: int) -> list[Refused]:
    """The latest *limit* commands about a learner that were refused up to a time, in their order."""
    rows = await (await connection.execute(OF_LEARNER, (learner_id, until, limit))).fetchall()
    return [Refused(*row) for row in reversed(rows)]


async def refused_in(connection: Connection, requests: Sequence[str], limit: int) -> list[Refused]:
    """The first *limit* commands of some requests that were refused, in their order."""
    rows = await (await connection.execute(OF_REQUESTS, (list(requests), limit))).fetchall()
    return [Refused(*row) for row in rows]


async def forget_old(connection: Connection) -> int:
    """Forget some refusals that are older than 90 days, AT_ONCE at most; returns how many."""
    row = await (await connection.execute(FORGET, [AT_ONCE])).fetchone()
    return int(row[0]) if row else 0
