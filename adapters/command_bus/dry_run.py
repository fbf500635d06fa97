"""What a command would record, or why it would be refused, by the log as it is now: decided, and not appended."""

from typing import Any

from adapters.command_bus.unit_of_work import AggregateCache, UnitOfWork
from adapters.postgres.log.postgres_log import PostgresLog
from commands.log import Context, Position
from commands.table import HANDLERS
from domain.aggregate import Aggregate


class DryRun(UnitOfWork):
    """A unit of work with a memory of its own, in which saving keeps the types of the new facts, and nothing else."""

    def __init__(self, log: PostgresLog, context: Context) -> None:
        super().__init__(log, AggregateCache(), context)
        self.types: list[str] = []

    async def save(self, *aggregates: Aggregate) -> Position:
        """Note what would be appended."""
        pending: list[Any] = [event for aggregate in aggregates for event in aggregate.pending_events]
        self.types = [event.TOPIC for event in pending]
        return 0


async def foreseen(log: PostgresLog, command: Any, context: Context) -> list[str]:
    """
    The types of the facts that a command would record now; none if it changes nothing.

    Raises:
        DomainError: a rule refuses it.
    """
    unit = DryRun(log, context)
    await HANDLERS[type(command)](command, unit)
    return unit.types
