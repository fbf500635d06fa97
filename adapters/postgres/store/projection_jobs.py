"""
The table projection_jobs: rebuilds, promotions and rollbacks that were asked for, who carries one out, how far it is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import class_row

from adapters.postgres.connection import Connection
from adapters.postgres.store.projection_job_shapes import JobProgress, NewJob, Step, TakenJob

SILENT_AFTER = 10  # seconds without a sign of life after which another process goes on
BEFORE_ALL = (datetime(9999, 1, 1, tzinfo=UTC), "~")
"""The place of a listing that begins with the latest."""

KEEP = """
INSERT INTO projection_jobs (id, projection, what, position, requested_by) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (id) DO NOTHING
"""
TAKE = """
UPDATE projection_jobs
   SET deaths = deaths + (taken_by IS DISTINCT FROM %(by)s AND taken_by IS NOT NULL)::integer, taken_by = %(by)s,
       taken_at = clock_timestamp(), started_at = coalesce(started_at, clock_timestamp())
 WHERE id = (SELECT id FROM projection_jobs
              WHERE ended_at IS NULL
                AND (taken_at IS NULL OR taken_by = %(by)s
                     OR taken_at < clock_timestamp() - make_interval(secs => %(silent)s))
              ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, projection, what, position, deaths
"""
LIVE = """
UPDATE projection_jobs SET taken_at = clock_timestamp(), step = %s, done = %s, total = %s, cause = %s
 WHERE id = %s AND taken_by = %s AND ended_at IS NULL
"""
DIED = "UPDATE projection_jobs SET deaths = deaths + 1 WHERE id = %s AND taken_by = %s RETURNING deaths"
GIVE_BACK = "UPDATE projection_jobs SET taken_by = NULL, taken_at = NULL WHERE taken_by = %s AND ended_at IS NULL"
END = """
UPDATE projection_jobs SET ended_at = clock_timestamp(), outcome = %s, generation = %s, cause = %s
 WHERE id = %s AND ended_at IS NULL
"""
COLUMNS = """
SELECT id, projection, what, requested_by, requested_at, started_at, ended_at, outcome, step, done, total, generation,
       cause FROM projection_jobs
"""
ONE = f"{COLUMNS} WHERE id = %s"
PAGE = f"""{COLUMNS}
 WHERE (requested_at, id) < (%s, %s) AND (%s::text IS NULL OR projection = %s)
 ORDER BY requested_at DESC, id DESC LIMIT %s
"""


async def keep(connection: Connection, job: NewJob) -> None:
    """Have a projector take the job; nothing if it is there."""
    await connection.execute(KEEP, job)


async def take(connection: Connection, by: str) -> TakenJob | None:
    """The next job that is carried out by no process that lives; None if there is none."""
    async with connection.cursor(row_factory=class_row(TakenJob)) as cursor:
        await cursor.execute(TAKE, {"by": by, "silent": SILENT_AFTER})
        return await cursor.fetchone()


async def live(connection: Connection, job_id: str, by: str, step: Step) -> bool:
    """Give a sign of life, and say how far it is; whether the job is still the own one, and has not ended."""
    return (await connection.execute(LIVE, [*step, job_id, by])).rowcount == 1


async def died(connection: Connection, job_id: str, by: str) -> int:
    """Note that a process has died with the job; how many have."""
    row = await (await connection.execute(DIED, [job_id, by])).fetchone()
    return 0 if row is None else int(row[0])


async def give_back(connection: Connection, by: str) -> None:
    """Let another process take what this one has."""
    await connection.execute(GIVE_BACK, [by])


async def end(
    connection: Connection, job_id: str, outcome: str, *, generation: int | None = None, cause: str | None = None
) -> None:
    """The job has ended; nothing if it had before."""
    await connection.execute(END, [outcome, generation, cause, job_id])


async def progress(connection: Connection, job_id: str) -> JobProgress | None:
    """How a job stands; None if there is none."""
    async with connection.cursor(row_factory=class_row(JobProgress)) as cursor:
        await cursor.execute(ONE, [job_id])
        return await cursor.fetchone()


async def listed(
    connection: Connection, before: Sequence[Any], limit: int, projection: str | None = None
) -> list[JobProgress]:
    """The latest jobs that were asked for before a time, of one read model or of all."""
    async with connection.cursor(row_factory=class_row(JobProgress)) as cursor:
        await cursor.execute(PAGE, [*before, projection, projection, limit])
        return await cursor.fetchall()
