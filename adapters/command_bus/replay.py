"""Aggregates to look at, outside of a command: as the log has them now."""

from adapters.postgres.log.postgres_log import PostgresLog
from commands.log import AggregateT
from domain.codec import decode_event


async def replayed(log: PostgresLog, cls: type[AggregateT], stream: str) -> AggregateT:
    """The aggregate that the facts of *stream* make; blank if there are none."""
    aggregate = cls.blank(stream)
    for stored in await log.since(stream, 0):
        decode_event(
            stored.type,
            stored.schema_version,
            stored.data,
            stream=stream,
            version=stored.stream_version,
            occurred_at=stored.occurred_at,
        ).mutate(aggregate)
        if stored.stream_version == 1:
            aggregate._created_on = stored.occurred_at  # noqa: SLF001 - a blank one is of no time
    return aggregate
