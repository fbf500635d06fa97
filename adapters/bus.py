"""
From a command to an answer: find the use case, give it the log, try again when somebody else was faster.

Commands for the same contended stream (the seats of one run) take turns within a process, so that a thousand
people who ask for a hundred seats at once do not make each other repeat the work.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from weakref import WeakValueDictionary

from adapters.postgres.append import KeyReused, VersionConflict
from adapters.postgres.log import PostgresLog
from adapters.session import Memory, Session
from commands.bus import HANDLERS
from commands.enrollment import OfferSeat, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.log import Context, Position

MOST_ATTEMPTS = 50

TAKE_TURNS: dict[type, Callable[[Any], str]] = {
    RequestEnrollment: lambda command: command.run_id,
    WithdrawEnrollment: lambda command: command.run_id,
    ReactivateEnrollment: lambda command: command.run_id,
    OfferSeat: lambda command: command.run_id,
}


class Bus:
    """Handles the commands of one process."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._memory = Memory()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def handle(self, command: Any, context: Context) -> Position:
        """
        Carry out *command*; the position is what to wait for when reading back.

        Raises:
            DomainError: a rule refuses it.
            KeyReused: its idempotency key belongs to another request.
            VersionConflict: others were faster, `MOST_ATTEMPTS` times in a row.
            Unavailable: PostgreSQL cannot be reached.
        """
        if context.idempotency_key is not None:
            first = await self._log.first_answer(context.idempotency_key)
            if first is not None:
                return _repeat(context, *first)
        turn = TAKE_TURNS.get(type(command))
        async with self._turn(turn(command)) if turn else nullcontext():
            return await self._attempts(command, context)

    async def _attempts(self, command: Any, context: Context) -> Position:
        handler = HANDLERS[type(command)]
        for attempt in range(1, MOST_ATTEMPTS + 1):
            session = Session(self._log, self._memory, context)
            try:
                return await handler(command, session)
            except VersionConflict:
                if attempt == MOST_ATTEMPTS:
                    raise
            finally:
                session.release()
        raise AssertionError("unreachable")

    def _turn(self, key: str) -> asyncio.Lock:
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        return lock


def _repeat(context: Context, fingerprint: str, position: Position) -> Position:
    if fingerprint != context.fingerprint:
        raise KeyReused(context.idempotency_key or "")
    return position
