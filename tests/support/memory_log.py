"""A log in memory, for use cases without a server: every aggregate is replayed from its stored facts."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from commands.log import AggregateT, Context, Position
from commands.table import HANDLERS
from domain.aggregate import Aggregate
from tests.support.given import Said, replay, said_by


class MemoryLog:
    """
    The port `commands.log.Log` over lists.

    Attributes:
        facts: every fact, with its stream, in the order in which it was appended.
        live: the aggregates as they were when they were saved.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.facts: list[tuple[str, Said]] = []
        self.live: dict[str, Aggregate] = {}

    async def handle(self, command: Any) -> Position:
        """Carry out a command."""
        return await HANDLERS[type(command)](command, self)

    def of(self, stream: str) -> list[Said]:
        """The facts of one stream."""
        return [said for of_stream, said in self.facts if of_stream == stream]

    async def load(self, cls: type[AggregateT], stream: str) -> AggregateT:
        """See `commands.log.Log`."""
        return replay(cls, stream, self.of(stream))

    async def read(self, cls: type[AggregateT], stream: str, max_age: float = 0.0) -> AggregateT:  # noqa: ARG002 - always fresh
        """See `commands.log.Log`."""
        return await self.load(cls, stream)

    def serialize(self, stream: str) -> AbstractAsyncContextManager[object]:  # noqa: ARG002 - nobody else is here
        """See `commands.log.Log`."""
        return nullcontext()

    async def save(self, *aggregates: Aggregate) -> Position:
        """See `commands.log.Log`."""
        for aggregate in aggregates:
            self.live[aggregate.id] = aggregate
            self.facts += [(aggregate.id, said_by(event)) for event in aggregate.collect_events()]
        return max((n for n, (stream, _) in enumerate(self.facts, 1) if stream == aggregates[-1].id), default=0)
