"""
`campus bench traced`: what the index of traces costs an append whose facts name a request, by 32 writers at once.

Ours: the facts of `campus bench append`, each with the id of a request, as the API's are. Yardstick: the same facts
into another campus of the same server without that index. The details have the first campus without request ids as
well: facts that name neither a request nor a cause are not in the index.
"""

import asyncio
import dataclasses
from itertools import count

import psycopg

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.migrate import migrate
from benchmarks.append import WRITERS, ours
from benchmarks.campus import running_postgres
from benchmarks.rounds import Comparison, Subject, compare

SUBJECT = Subject(
    name="traced",
    unit="facts/s",
    what=f"{WRITERS} writers, each one new fact that names a request at a time, fsync on",
    yardstick_is="the same without the index of traces",
    at_least=0.95,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away server; *seconds* for each measurement."""
    async with running_postgres() as settings:
        other = settings.model_copy(update={"name": "untraced"})
        await asyncio.to_thread(migrate, other)
        with psycopg.connect(settings.postgres_owner_url) as owner:
            owner.execute(f"DROP INDEX {other.schema_name}.events_trace".encode())
        log, without, numbers = await PostgresLog.open(settings), await PostgresLog.open(other), count()
        try:
            found = await compare(
                SUBJECT,
                lambda: ours(log, numbers, seconds, traced=True),
                lambda: ours(without, numbers, seconds, traced=True),
                rounds,
            )
            bare = [await ours(log, numbers, seconds) for _ in range(rounds)]
            return dataclasses.replace(found, details={**found.details, "without_request_ids": round(max(bare))})
        finally:
            await log.close()
            await without.close()
