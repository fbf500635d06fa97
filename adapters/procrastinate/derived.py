"""
Which jobs were derived from which facts, and how they stand: the table `derived_jobs` beside procrastinate's own.

A job's key is the primary key, so that it is derived once however often its fact is seen. The view `queued_jobs` has
those whose job is in the queue.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.rows import class_row

from adapters.postgres.connection import Connection
from adapters.procrastinate.queue import JobQueue

CLAIM = """
INSERT INTO derived_jobs (key, name, position, stream_id, due_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING key
"""
RECLAIM = """
INSERT INTO derived_jobs (key, name, position, stream_id, due_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[]) AS owed (key)
 WHERE NOT EXISTS (SELECT FROM queued_jobs WHERE queued_jobs.key = owed.key)
ON CONFLICT (key) DO UPDATE SET job_id = NULL, cause = NULL, tried_at = NULL, settled_at = NULL, failures = 0
RETURNING key
"""
NUMBER = """
UPDATE derived_jobs SET job_id = deferred.id
  FROM unnest(%s::text[], %s::bigint[]) AS deferred (key, id) WHERE derived_jobs.key = deferred.key
"""
OPEN = """
SELECT d.key, d.name, d.position, d.stream_id, d.job_id FROM derived_jobs AS d
 WHERE d.stream_id = ANY(%s) AND d.settled_at IS NULL
"""
SETTLE = "UPDATE derived_jobs SET settled_at = now() WHERE key = ANY(%s)"
CANCEL = "SELECT procrastinate_cancel_job_v1(id, false, %s) FROM unnest(%s::bigint[]) AS ended (id)"
UNTRIED = """
SELECT id, args ->> 'key' AS key, (args ->> 'position')::bigint AS position FROM procrastinate_jobs
 WHERE status = 'todo' AND queue_name = %s AND task_name = %s AND attempts = 0 AND scheduled_at <= now()
 ORDER BY priority DESC, id LIMIT %s
"""
NOTE = """
UPDATE derived_jobs SET cause = %s, tried_at = now(), failures = failures + 1 WHERE key = %s RETURNING failures
"""
RESCHEDULE = """
UPDATE procrastinate_jobs SET scheduled_at = moved.at
  FROM (SELECT job_id, due_at - %s AS at FROM queued_jobs WHERE status = 'todo' AND attempts = 0) AS moved
 WHERE procrastinate_jobs.id = moved.job_id AND procrastinate_jobs.scheduled_at IS DISTINCT FROM moved.at
"""
FAILED = """
SELECT job_id AS id, key, name, stream_id, position, attempts, due_at, tried_at,
       coalesce(cause, 'the worker died each time, or its code knows no job of this name') AS cause
  FROM queued_jobs WHERE status = 'failed' AND settled_at IS NULL AND job_id > %s ORDER BY job_id LIMIT %s
"""
RETRY = "SELECT retry_failed_job(%s)"
DISMISS = "SELECT dismiss_failed_job(%s)"
COUNTS = """
SELECT count(*) FILTER (WHERE status = 'todo' AND scheduled_at <= now()) AS due,
       coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (
           WHERE status = 'todo' AND scheduled_at <= now())), 0)::float8 AS oldest_due_seconds,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS waiting
  FROM queued_jobs WHERE settled_at IS NULL
"""
UNFINISHED = """
SELECT count(*) FROM queued_jobs
 WHERE settled_at IS NULL AND (status = 'doing' OR (status = 'todo' AND scheduled_at <= now()
       + CASE WHEN attempts > 0 THEN interval '5 minutes' ELSE interval '0' END))  -- the longest pause between tries
"""


class DerivedJob(NamedTuple):
    """
    A job that follows from a fact.

    Attributes:
        key: the fact's event id, and the name.
        due_at: by the clock of the campus.
    """

    key: str
    name: str
    position: int
    stream_id: str
    due_at: datetime


class OpenJob(NamedTuple):
    """A derived job that nothing has ended yet."""

    key: str
    name: str
    position: int
    stream_id: str
    job_id: int | None


class UntriedJob(NamedTuple):
    """A job in the queue that is due and was never begun; *id* is that of the queue."""

    id: int
    key: str
    position: int


class FailedJob(NamedTuple):
    """A job that has failed for good; *id* is that of the queue, *key* the fact's event id and the name."""

    id: int
    key: str
    name: str
    stream_id: str
    position: int
    attempts: int
    due_at: datetime
    tried_at: datetime | None
    cause: str


class JobCounts(NamedTuple):
    """How many jobs are due, since how many seconds the oldest, how many have failed for good, how many wait."""

    due: int
    oldest_due_seconds: float
    failed: int
    waiting: int


async def derive(
    connection: Connection, queue: JobQueue, jobs: Sequence[DerivedJob], *, shift: timedelta, again: bool = False
) -> int:
    """
    Put *jobs* into the queue, each that was not there before; call it in a transaction.

    Args:
        shift: by how much the clock of the campus is ahead of the server's.
        again: whether one that was derived before and is missing in the queue is put there again.

    Returns:
        How many are new.
    """
    if not jobs:
        return 0
    by_key = {job.key: job for job in sorted(jobs)}  # in one order, so that two at once cannot deadlock
    columns = [list(column) for column in zip(*by_key.values(), strict=True)]
    claimed = await (await connection.execute(RECLAIM if again else CLAIM, columns)).fetchall()
    new = [by_key[key] for (key,) in claimed]
    if new:
        ids = await queue.defer(connection, [(job.name, job.key, job.position, job.due_at - shift) for job in new])
        await connection.execute(NUMBER, ([job.key for job in new], ids))
    return len(new)


async def open_jobs(connection: Connection, streams: Sequence[str]) -> list[OpenJob]:
    """The jobs derived from facts of these streams that nothing has ended."""
    async with connection.cursor(row_factory=class_row(OpenJob)) as cursor:
        await cursor.execute(OPEN, [list(streams)])
        return await cursor.fetchall()


async def settle(connection: Connection, jobs: Sequence[OpenJob]) -> None:
    """Note that facts have ended *jobs*, and take those out of the queue that have not begun."""
    await cancel(connection, [job.job_id for job in jobs if job.job_id is not None])
    await connection.execute(SETTLE, [[job.key for job in jobs]])


async def cancel(connection: Connection, ids: Sequence[int], *, done: bool = False) -> None:
    """Take jobs out of the queue that have not begun, without a trace if they are *done*."""
    if ids:
        await connection.execute(CANCEL, (done, list(ids)))


async def untried(connection: Connection, queue: str, name: str, most: int) -> list[UntriedJob]:
    """The first jobs of a name that are due and were never begun."""
    async with connection.cursor(row_factory=class_row(UntriedJob)) as cursor:
        await cursor.execute(UNTRIED, (queue, name, most))
        return await cursor.fetchall()


async def note_failure(connection: Connection, key: str, cause: str) -> int:
    """
    Keep why the latest try of a job failed; the queue does not.

    Returns:
        How often the job has failed by its own fault; 0 if it is no longer known.
    """
    row = await (await connection.execute(NOTE, (cause, key))).fetchone()
    return int(row[0]) if row else 0


async def reschedule(connection: Connection, shift: timedelta) -> int:
    """Convert all due times once more: the clock of the campus is ahead by *shift* now."""
    return (await connection.execute(RESCHEDULE, [shift])).rowcount


async def failed_jobs(connection: Connection, after: int = 0, limit: int | None = None) -> list[FailedJob]:
    """The jobs that have failed for good, and whose fact still asks for them, with ids above *after*."""
    async with connection.cursor(row_factory=class_row(FailedJob)) as cursor:
        await cursor.execute(FAILED, (after, limit))
        return await cursor.fetchall()


async def retry(connection: Connection, job_id: int) -> bool:
    """Have the dispatcher try a job again that has failed for good; whether it had."""
    row = await (await connection.execute(RETRY, [job_id])).fetchone()
    return row is not None and bool(row[0])


async def dismiss(connection: Connection, job_id: int) -> bool:
    """Take a job off the list of those that have failed; whether it was there."""
    row = await (await connection.execute(DISMISS, [job_id])).fetchone()
    return row is not None and bool(row[0])


async def counts(connection: Connection) -> JobCounts:
    """How the jobs stand."""
    async with connection.cursor(row_factory=class_row(JobCounts)) as cursor:
        await cursor.execute(COUNTS)
        (found,) = await cursor.fetchall()
        return found


async def unfinished(connection: Connection) -> int:
    """How many jobs are due, under way, or will be tried again; not those that wait for their time."""
    (found,) = await (await connection.execute(UNFINISHED)).fetchall()
    return int(found[0])
