"""From a command to an answer: find the use case, give it the log, try again when another command was faster."""

import asyncio
from collections.abc import Callable
from typing import Any

from adapters.command_bus.unit_of_work import AggregateCache, NeedsConfirmation, UnitOfWork
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.append import KeyReused, LifeEnded, VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from commands.clock import Clock
from commands.log import Context, Position
from commands.table import HANDLERS
from domain.errors import DomainError

MOST_ATTEMPTS = 50
MOST_LIVES = 5  # times to find that reads and appends lead to different lives of the log, each with new connections
LIFE_PAUSE = 0.1  # seconds before the next one


class Bus:
    """
    Handles the commands of one process.

    Attributes:
        on_refused: called with a command that a rule has refused, its context, and the error.
    """

    def __init__(self, log: PostgresLog) -> None:
        self.on_refused: Callable[[Any, Context, DomainError], None] = lambda *_: None
        self._log = log
        self._memory = AggregateCache()

    @property
    def clock(self) -> Clock:
        """The clock of this process."""
        return self._log.clock

    async def handle(self, command: Any, context: Context) -> Position:
        """
        Carry out *command*; the position is what to wait for when reading back.

        Raises:
            DomainError: a rule refuses it.
            KeyReused: its idempotency key belongs to another request.
            VersionConflict: others were faster, `MOST_ATTEMPTS` times in a row.
            LifeEnded: the cause of the command was read in an earlier life of the log.
            Unavailable: PostgreSQL cannot be reached, or some connections lead to another server than others.
        """
        try:
            return await self._decide(command, context)  # its append says whether the key has been used
        except DomainError as error:
            # The same request may have been carried out before, and this is refused for what it did.
            answered = await self.first_answer(context)
            if answered is None:
                self.on_refused(command, context, error)
                raise
            return answered

    async def _decide(self, command: Any, context: Context) -> Position:
        handler = HANDLERS[type(command)]
        lives = 0
        for attempt in range(1, MOST_ATTEMPTS + 1):
            session = UnitOfWork(self._log, self._memory, context, optimistic=attempt == 1)
            reconnected = self._log.reconnected
            try:
                return await handler(command, session)
            except LifeEnded:
                if session.used_cache:
                    continue  # what was remembered is of another life
                await self._log.reconnect(reconnected)
                if context.life:
                    raise
                lives += 1
                if lives == MOST_LIVES:
                    raise Unavailable("some connections to PostgreSQL lead to another server than others") from None
                await asyncio.sleep(LIFE_PAUSE)
            except VersionConflict:
                if attempt == MOST_ATTEMPTS:
                    raise
            except (DomainError, NeedsConfirmation):
                if not session.used_cache and await session.is_present():
                    raise
            finally:
                session.release()
        raise AssertionError("unreachable")

    async def first_answer(self, context: Context) -> Position | None:
        """
        The position with which a request with this idempotency key was answered before; None if none was.

        Raises:
            KeyReused: it was another request.
        """
        if context.idempotency_key is None:
            return None
        first = await self._log.first_answer(context.idempotency_key)
        if first is None:
            return None
        fingerprint, position = first
        if fingerprint != context.fingerprint:
            raise KeyReused(context.idempotency_key)
        return position
