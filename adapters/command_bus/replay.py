"""Aggregates to look at, outside of a command: as the log has them now."""

from adapters.postgres.log.postgres_log import PostgresLog
from commands.log import AggregateT
from domain.aggregate import Aggregate
from domain.codec import decode_event


async def replayed(log: PostgresLog, cls: type[AggregateT], stream: str) -> AggregateT:
    """The aggregate that the facts of *stream* make; blank if there are none."""
    aggregate = cls.blank(stream)
    await follow(log, aggregate)
    return aggregate


async def follow(log: PostgresLog, aggregate: Aggregate) -> None:
    """Add to an aggregate what has happened to it since it was read."""
    stream = aggregate.id
    for stored in await log.since(stream, aggregate.version):
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
