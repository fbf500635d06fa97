"""The tables bulk_jobs and bulk_lines: what was prepared, who carries it out, and how far it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from adapters.postgres.connection import Connection

SILENT_AFTER = 10  # seconds without a sign of life after which another process goes on
KEPT_DAYS = 90  # lines of jobs that have ended
UNSTARTED_DAYS = 7  # dry runs that were not started
AT_ONCE = 500  # lines in one statement

KEEP_JOB = "INSERT INTO bulk_jobs (id, kind, prepared_by, undoes, lines) VALUES (%s, %s, %s, %s, %s)"
KEEP_LINES = "INSERT INTO bulk_lines (job_id, line, fields, foreseen, problem) VALUES (%s, %s, %s, %s, %s)"
START = "UPDATE bulk_jobs SET started_at = coalesce(started_at, clock_timestamp()) WHERE id = %s"
END = "UPDATE bulk_jobs SET ended_at = coalesce(ended_at, clock_timestamp()), failure = %s WHERE id = %s"
TAKE = """
UPDATE bulk_jobs SET taken_at = clock_timestamp(), taken_by = %s
 WHERE id = (SELECT id FROM bulk_jobs
              WHERE started_at IS NOT NULL AND ended_at IS NULL
                AND (taken_at IS NULL OR taken_at < clock_timestamp() - make_interval(secs => %s))
              ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
LIVE = "UPDATE bulk_jobs SET taken_at = clock_timestamp() WHERE id = %s AND taken_by = %s AND ended_at IS NULL"
LINES = "SELECT line, fields FROM bulk_lines WHERE job_id = %s ORDER BY line"
LEFT = "SELECT line, fields FROM bulk_lines WHERE job_id = %s AND outcome IS NULL ORDER BY line LIMIT %s"
SETTLE = """
UPDATE bulk_lines SET outcome = %s, sentence = %s, position = %s WHERE job_id = %s AND line = %s AND outcome IS NULL
"""
DONE = "SELECT line, fields FROM bulk_lines WHERE job_id = %s AND outcome = 'done' ORDER BY line DESC"
PROGRESS = """
SELECT id, kind, prepared_by, prepared_at, undoes, lines, started_at, ended_at, failure,
       counted.done, counted.unchanged, counted.refused, counted.would_be_refused
  FROM bulk_jobs CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'done') AS done, count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
           count(*) FILTER (WHERE outcome = 'refused') AS refused,
           count(*) FILTER (WHERE problem IS NOT NULL) AS would_be_refused
      FROM bulk_lines WHERE job_id = id) AS counted
"""
ONE = f"{PROGRESS} WHERE id = %s"
PAGE = f"{PROGRESS} WHERE (prepared_at, id) < (%s, %s) ORDER BY prepared_at DESC, id DESC LIMIT %s"
REPORT = """
SELECT line, fields, foreseen, problem, outcome, sentence, position FROM bulk_lines
 WHERE job_id = %s AND line > %s ORDER BY line LIMIT %s
"""
FORGET = """
DELETE FROM bulk_jobs WHERE ended_at < clock_timestamp() - make_interval(days => %s)
    OR (started_at IS NULL AND prepared_at < clock_timestamp() - make_interval(days => %s))
"""


class JobProgress(NamedTuple):
    """How a job stands; *would_be_refused* counts the lines that the dry run has found wrong."""

    id: str
    kind: str
    prepared_by: str
    prepared_at: datetime
    undoes: str | None
    lines: int
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None
    done: int
    unchanged: int
    refused: int
    would_be_refused: int


class ReportedLine(NamedTuple):
    """
    A line: what the dry run has said of it, and what became of it.

    Attributes:
        foreseen: types of the facts that it would have recorded.
        problem: why it would have been refused.
        outcome: `done`, `unchanged`, `refused`; None as long as it is not carried out.
        position: of its last fact.
    """

    line: int
    fields: dict[str, str]
    foreseen: list[str]
    problem: str | None
    outcome: str | None
    sentence: str | None
    position: int | None


class NewJob(NamedTuple):
    """A job of which a dry run was made; *undoes* is the job that it would undo."""

    id: str
    kind: str
    prepared_by: str
    undoes: str | None


class NewLine(NamedTuple):
    """A line of a dry run."""

    line: int
    fields: Mapping[str, str]
    foreseen: Sequence[str]
    problem: str | None


class Outcome(NamedTuple):
    """What became of a line."""

    line: int
    outcome: str
    sentence: str | None = None
    position: int | None = None


async def keep(connection: Connection, job: NewJob, lines: Sequence[NewLine]) -> None:
    """Keep a job and its lines."""
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(KEEP_JOB, (*job, len(lines)))
        for begin in range(0, len(lines), AT_ONCE):
            rows = [
                (job.id, each.line, Jsonb(dict(each.fields)), list(each.foreseen), each.problem)
                for each in lines[begin : begin + AT_ONCE]
            ]
            await cursor.executemany(KEEP_LINES, rows)


async def start(connection: Connection, job_id: str) -> None:
    """Have a dispatcher take the job."""
    await connection.execute(START, [job_id])


async def end(connection: Connection, job_id: str, failure: str | None = None) -> None:
    """No line is carried out any more."""
    await connection.execute(END, [failure, job_id])


async def take(connection: Connection, by: str) -> str | None:
    """The next job that was started and is carried out by no process that lives; None if there is none."""
    row = await (await connection.execute(TAKE, [by, SILENT_AFTER])).fetchone()
    return None if row is None else str(row[0])


async def live(connection: Connection, job_id: str, by: str) -> bool:
    """Give a sign of life; whether the job is still the own one, and has not ended."""
    return (await connection.execute(LIVE, [job_id, by])).rowcount == 1


async def lines_of(connection: Connection, job_id: str) -> list[tuple[int, dict[str, str]]]:
    """All lines, in their order."""
    return await (await connection.execute(LINES, [job_id])).fetchall()


async def left(connection: Connection, job_id: str, limit: int) -> list[tuple[int, dict[str, str]]]:
    """The first lines that have no outcome."""
    return await (await connection.execute(LEFT, [job_id, limit])).fetchall()


async def settle(connection: Connection, job_id: str, outcomes: Sequence[Outcome]) -> None:
    """Note what became of lines."""
    rows = [(each.outcome, each.sentence, each.position, job_id, each.line) for each in outcomes]
    async with connection.cursor() as cursor:
        await cursor.executemany(SETTLE, rows)


async def done_of(connection: Connection, job_id: str) -> list[tuple[int, dict[str, str]]]:
    """The lines that have changed something, the last first: in this order they are undone."""
    return await (await connection.execute(DONE, [job_id])).fetchall()


async def progress(connection: Connection, job_id: str) -> JobProgress | None:
    """How a job stands; None if there is none."""
    async with connection.cursor(row_factory=class_row(JobProgress)) as cursor:
        await cursor.execute(ONE, [job_id])
        return await cursor.fetchone()


async def listed(connection: Connection, before: tuple[datetime, str], limit: int) -> list[JobProgress]:
    """The latest jobs that were prepared before a time."""
    async with connection.cursor(row_factory=class_row(JobProgress)) as cursor:
        await cursor.execute(PAGE, [*before, limit])
        return await cursor.fetchall()


async def report(connection: Connection, job_id: str, after: int, limit: int) -> list[ReportedLine]:
    """Lines with numbers above *after*, and what became of them."""
    async with connection.cursor(row_factory=class_row(ReportedLine)) as cursor:
        await cursor.execute(REPORT, [job_id, after, limit])
        return await cursor.fetchall()


async def forget_old(connection: Connection) -> None:
    """Forget jobs that have ended long ago, and dry runs that were never started."""
    parameters: list[Any] = [KEPT_DAYS, UNSTARTED_DAYS]
    await connection.execute(FORGET, parameters)
