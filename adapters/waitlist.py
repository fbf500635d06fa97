"""Who waits for a seat of a run, since when and in which place, folded from the facts of its seats."""

from datetime import UTC, datetime

import msgspec

from adapters.postgres.log.postgres_log import PostgresLog
from domain.codec import decode_event
from domain.enrollment import Seats, seats_stream


class Waiting(msgspec.Struct, kw_only=True):
    """A learner who waits: the place in the queue, from 1, and since when."""

    place: int
    learner_id: str
    since: datetime


class Waitlist(msgspec.Struct, kw_only=True):
    """
    The queue of a run, in its order.

    Attributes:
        capacity: null where no learner has asked for one of its seats yet, or where there is no limit.
        seated: how many have a seat, or an offer of one; more than there are since a capacity was lowered.
    """

    capacity: int | None
    seated: int
    items: list[Waiting]


EXAMPLE = Waitlist(
    capacity=100,
    seated=100,
    items=[Waiting(place=1, learner_id="28400", since=datetime(2026, 1, 26, 9, tzinfo=UTC))],
)


async def waitlist_of(log: PostgresLog, run_id: str) -> tuple[Waitlist, int]:
    """The queue of a run, and a position for which that is true."""
    position, stream = await log.head(), seats_stream(run_id)
    seats, since = Seats.blank(stream), dict[str, datetime]()
    for stored in await log.since(stream, 0):
        fact = decode_event(
            stored.type,
            stored.schema_version,
            stored.data,
            stream=stream,
            version=stored.stream_version,
            occurred_at=stored.occurred_at,
        )
        fact.mutate(seats)
        if isinstance(fact, Seats.Queued | Seats.MovedBack):
            since[fact.learner_id] = stored.occurred_at
    items = [Waiting(place=place, learner_id=each, since=since[each]) for place, each in enumerate(seats.waiting, 1)]
    capacity = seats.capacity if seats.exists else None
    return Waitlist(capacity=capacity, seated=len(seats.seated), items=items), position
