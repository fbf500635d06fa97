"""
What is owed, from the log alone: for a campus whose job tables were lost.

It may run beside a dispatcher: it puts those jobs into the queue that facts which the dispatcher has seen ask for, that
no fact has ended, and that are not there. Later facts are the dispatcher's.
"""

from typing import NamedTuple

from adapters.postgres.connection import connect
from adapters.postgres.log.decoding import must_be_of_this_release
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import lease, reactors
from adapters.procrastinate import derived
from adapters.settings import Settings
from workers.dispatching.ledger import Jobs, Ledger, queue_for
from workers.reactions import JOBS

PAGE = 20_000  # positions
BATCH = 1_000  # jobs


class Resynced(NamedTuple):
    """How many jobs the log asks for, and how many of them were missing in the queue."""

    owed: int
    derived: int


async def resync(settings: Settings, name: str, jobs: Jobs = JOBS) -> Resynced:
    """Put back every job that the log asks for and the queue lacks; *name* is that of the dispatcher's position."""
    log = await PostgresLog.open(settings)
    try:
        async with await connect(settings, application="dispatcher resync") as connection:
            await lease.acquire(connection, settings, "dispatcher resync")
            ledger = Ledger(jobs, log.clock.now())
            seen, head = await reactors.position(connection, name), await log.head()
            for after in range(0, head, PAGE):
                facts = await log.read(after, min(PAGE, head - after), ledger.types)
                for fact in must_be_of_this_release(facts):
                    (ledger.add if fact.position <= seen else ledger.end)(fact)
            queue = queue_for(settings, jobs)
            owed, new = ledger.owed, 0
            for start in range(0, len(owed), BATCH):
                async with connection.transaction():
                    batch = owed[start : start + BATCH]
                    new += await derived.derive(connection, queue, batch, shift=log.clock.shift, again=True)
            return Resynced(len(owed), new)
    finally:
        await log.close()
