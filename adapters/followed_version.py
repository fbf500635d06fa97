"""The version of its course that a learner follows on a run, by the learner's dashboard."""

import msgspec

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.shown_dashboard import ShownCourse
from domain.catalog import Run, run_stream


async def followed_version(log: PostgresLog, course: ShownCourse) -> int | None:
    """The version that a learner follows: that of the entry, else the one that the run had at first; None: no run."""
    if course.version is not msgspec.UNSET:
        return course.version
    versions = (await replayed(log, Run, run_stream(course.run_id))).versions
    return versions[0] if versions else None
