"""What other contexts may know of a learner's progress: how the course ended, and what was watched."""

from copy import deepcopy

from commands.log import Log
from commands.lookups.catalog import Outline, versions_with_media
from domain.progress import Asked, CourseProgress, Viewing, WatchedShare, progress_stream, viewing_stream


async def outcome_of(log: Log, learner_id: str, run_id: str) -> str:
    """The outcome of a run for a learner, empty as long as none is decided."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).outcome


async def grade_of(log: Log, learner_id: str, run_id: str) -> int | None:
    """The grade of a run for a learner as its outcome has it, in basis points; None where there is none."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).grade_bp


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
    """What the version of the course that a run follows asks for a unit."""
    unit = run.units[unit_id]
    rule = unit.completion
    return Asked(None, None, unit.after) if rule is None else Asked(rule.rule, rule.at_least_bp, unit.after)


async def must_be_open(log: Log, learner_id: str, run: Outline, unit_id: str) -> None:
    """
    Refuse a unit as long as units before it are not completed.

    Raises:
        UnitLocked: with the units that are missing.
    """
    after = run.units[unit_id].after
    if after:
        (await log.read(CourseProgress, progress_stream(learner_id, run.run_id))).must_be_open(unit_id, after)
