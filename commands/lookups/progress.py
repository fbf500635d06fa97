"""What other contexts may know of a learner's progress: the version that is followed, what is open, how it ended."""

from copy import deepcopy

from commands.log import Log
from commands.lookups.catalog import Outline, outline, versions_with_media
from domain.progress import Asked, CourseProgress, UnknownUnit, Viewing, WatchedShare, progress_stream, viewing_stream


async def outline_of_learner(log: Log, learner_id: str, run_id: str) -> Outline:
    """
    The structure of a run by the version that a learner follows, for commands that do not change the progress.

    Raises:
        RunNotFound: there is no such run.
    """
    run = await outline(log, run_id)
    if len(run.versions) == 1:  # almost all runs, of which no progress has to be read
        return run
    return await by_version(log, run, await log.read(CourseProgress, progress_stream(learner_id, run_id)))


async def by_version(log: Log, run: Outline, progress: CourseProgress) -> Outline:
    """The structure of a run by the version that the learner of *progress* follows."""
    version = progress.follows(run.versions)
    return run if version == run.course_version else await outline(log, run.run_id, version)


async def outcome_of(log: Log, learner_id: str, run_id: str) -> str:
    """The outcome of a run for a learner, empty as long as none is decided."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).outcome


async def grade_of(log: Log, learner_id: str, run_id: str) -> int | None:
    """The grade of a run for a learner as its outcome has it, in basis points; None where there is none."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).grade_bp


async def has_completed(log: Log, learner_id: str, run_id: str, unit_id: str) -> bool:
    """Whether a learner has completed a unit."""
    return unit_id in (await log.read(CourseProgress, progress_stream(learner_id, run_id))).completed


async def watched_of(log: Log, learner_id: str, run: Outline, unit_id: str) -> WatchedShare | None:
    """How much a learner has watched of a unit; None for a unit without a length."""
    seconds = run.units[unit_id].seconds
    if seconds is None:
        return None
    viewing = await log.read(Viewing, viewing_stream(learner_id, run.run_id, unit_id))
    return viewing.share(await versions_with_media(log, run, unit_id), seconds)


async def copy_of_progress(log: Log, learner_id: str, run_id: str) -> CourseProgress:
    """A learner's progress to try something on: what becomes of it is not known to others, and not saved."""
    return deepcopy(await log.read(CourseProgress, progress_stream(learner_id, run_id)))


def asked_of(run: Outline, unit_id: str) -> Asked:
    """What a version of the course asks for a unit."""
    unit = run.units[unit_id]
    rule = unit.completion
    return Asked(None, None, unit.after) if rule is None else Asked(rule.rule, rule.at_least_bp, unit.after)


async def must_be_open(log: Log, learner_id: str, run: Outline, unit_id: str) -> None:
    """
    Refuse a unit as long as units before it are not completed; *run* as its learner follows it.

    Raises:
        UnknownUnit: the learner's version does not have the unit.
        UnitLocked: with the units that are missing.
    """
    if unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=run.run_id)
    after = run.units[unit_id].after
    if after:
        (await log.read(CourseProgress, progress_stream(learner_id, run.run_id))).must_be_open(unit_id, after)
