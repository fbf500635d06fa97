"""Do jobs get done? For `campus doctor`."""

from adapters.health.servers import Check, Unhealthy
from adapters.postgres.connection import connect
from adapters.procrastinate.derived import FailedJob, counts, failed_jobs
from adapters.settings import Settings

NAMED = 3  # of those that have failed
LONGEST_DUE = 60.0  # seconds that a job may be due before it begins


async def done(settings: Settings) -> str:
    """Has no job failed for good, and does none wait although it is due?"""
    async with await connect(settings, application="doctor") as connection:
        failed, found = await failed_jobs(connection), await counts(connection)
    if failed:
        named = "; ".join(map(_named, failed[:NAMED]))
        more = f"; and {len(failed) - NAMED:,} more" if len(failed) > NAMED else ""
        raise Unhealthy(
            f"{_counted(len(failed))} failed for good: {named}{more}",
            f"mend the cause, then `campus jobs retry {failed[0].id}`; `campus jobs failed` lists all",
        )
    if found.oldest_due_seconds > LONGEST_DUE:
        raise Unhealthy(
            f"{_counted(found.due)} due, the oldest for {found.oldest_due_seconds:,.0f} s",
            "is a dispatcher running? see DATA/log/dispatcher.log, or start one with `campus worker dispatcher`",
        )
    return f"{_counted(found.waiting)} waiting for their time, {found.due:,} due"


def _named(job: FailedJob) -> str:
    return f"job {job.id}, {job.name} of {job.stream_id} ({job.cause})"


def _counted(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


CHECKS: dict[str, Check] = {"jobs": done}
