"""Which version of its course a learner follows on a run, and how the learners of a run get to another one."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from commands.lookups.progress import by_version
from domain.grading import PASSING_OUTCOMES, percent_bp
from domain.progress import CourseProgress, RunRebase, progress_stream, rebase_stream
from domain.score import FULL
from domain.streams import id_of
from domain.tags import QueryItem, tag

PAGE = 50  # learners in one append


async def followed(log: Log, learner_id: str, run_id: str) -> Outline:
    """
    The structure of a run for a learner: by the version that the learner follows.

    Raises:
        RunNotFound: there is no such run.
    """
    run = await outline(log, run_id)
    progress = await log.load(CourseProgress, progress_stream(learner_id, run_id))
    if not progress.exists:  # no page of FollowRun may come for who enrols after the last one: the newest, as it is now
        return await outline(log, run_id, max_age=0.0)
    return await by_version(log, run, progress)


@dataclass(frozen=True)
class FollowRun:
    """
    Let the next page of a run's learners follow it to the version that it has since its change of this number.

    Who has completed the course keeps the version by which that was. A later change takes the place of this one.
    """

    run_id: str
    change_no: int


async def follow_run(command: FollowRun, log: Log) -> Position:
    run_id, change_no = command.run_id, command.change_no
    run = await outline(log, run_id, max_age=0.0)
    rebase = await log.load(RunRebase, rebase_stream(run_id))
    after = rebase.place(change_no)
    if after is None or change_no != len(run.versions) - 1:
        return await log.save(rebase)
    asked = QueryItem(("enrollment.requested",), (tag("run", run_id),))
    streams = sorted(each for each in await log.streams((asked,)) if each > after)
    page, moved, structures = streams[:PAGE], [], {run.course_version: run}
    for stream in page:
        learner_id = id_of(stream, "learner_id")
        progress = await log.load(CourseProgress, progress_stream(learner_id, run_id))
        version = progress.follows(run.versions[:-1])
        if version not in structures:
            structures[version] = await outline(log, run_id, version)
        if not _has_completed(progress, structures[version]):
            progress.rebase(version, run.course_version)
            moved.append(progress)
    number = sum(bool(progress.pending_events) for progress in moved)
    last, finished = page[-1] if page else after, len(streams) <= PAGE
    rebase.note_page(change_no, run.course_version, last=last, done=len(page), moved=number, finished=finished)
    return await log.save(*moved, rebase)


def _has_completed(progress: CourseProgress, run: Outline) -> bool:
    return progress.outcome in PASSING_OUTCOMES or percent_bp(run.scheme, progress.completed) == FULL
