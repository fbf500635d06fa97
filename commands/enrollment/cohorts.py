"""Cohorts of a run: made and changed by staff, who put learners into them; and how learners follow one that moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from domain.deadlines import FROM_ENROLLMENT
from domain.enrollment import BadCohort, Cohort, CohortNotFound, Enrollment, cohort_stream, enrollment_stream
from domain.tags import QueryItem, tag

PAGE = 50  # learners in one append


@dataclass(frozen=True)
class PlanCohort:
    """Make a cohort of a run, or let it have another name or begin at another time."""

    run_id: str
    cohort_id: str
    name: str
    begins_at: datetime


async def plan_cohort(command: PlanCohort, log: Log) -> Position:
    run = await outline(log, command.run_id)
    _check(run, command.begins_at)
    cohort = await log.load(Cohort, cohort_stream(command.run_id, command.cohort_id))
    cohort.plan(command.name, command.begins_at)
    return await log.save(cohort)


def _check(run: Outline, begins_at: datetime) -> None:
    if run.due_from != FROM_ENROLLMENT:
        raise BadCohort(
            f"days of course run {run.run_id} count from its start for all, so it has no cohorts: plan a run whose"
            f" due_from is {FROM_ENROLLMENT}",
            run_id=run.run_id,
        )
    if not run.starts_at <= begins_at < run.ends_at:
        dates = f"{run.starts_at:%Y-%m-%d %H:%M} UTC and ends at {run.ends_at:%Y-%m-%d %H:%M} UTC"
        raise BadCohort(
            f"course run {run.run_id} starts at {dates}: a cohort begins in between, and not at"
            f" {begins_at:%Y-%m-%d %H:%M} UTC",
            run_id=run.run_id,
        )


@dataclass(frozen=True)
class AssignCohort:
    """Put learners of a run into a cohort, all or none; None: into no cohort any more."""

    run_id: str
    cohort_id: str | None
    learner_ids: Sequence[str]


async def assign_cohort(command: AssignCohort, log: Log) -> Position:
    await outline(log, command.run_id)
    cohort = None
    if command.cohort_id is not None:
        cohort = await log.read(Cohort, cohort_stream(command.run_id, command.cohort_id))
        if not cohort.exists:
            raise CohortNotFound(run_id=command.run_id, cohort_id=command.cohort_id)
    assigned = []
    for learner_id in dict.fromkeys(command.learner_ids):
        enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
        enrollment.join(cohort)
        assigned.append(enrollment)
    return await log.save(*assigned)


@dataclass(frozen=True)
class FollowCohort:
    """
    Let the next page of a cohort's learners count from when it begins since its change of this number.

    A later change takes the place of this one.
    """

    run_id: str
    cohort_id: str
    change_no: int


async def follow_cohort(command: FollowCohort, log: Log) -> Position:
    cohort = await log.load(Cohort, cohort_stream(command.run_id, command.cohort_id))
    after = cohort.place(command.change_no)
    if after is None:
        return await log.save(cohort)
    ever = QueryItem(("enrollment.cohort_changed",), (tag("run", command.run_id),))
    streams = sorted(each for each in await log.streams((ever,)) if each > after)
    page, moved = streams[:PAGE], []
    for stream in page:
        enrollment = await log.load(Enrollment, stream)
        if enrollment.cohort_id == command.cohort_id:
            enrollment.join(cohort)
            moved.append(enrollment)
    number = sum(bool(each.pending_events) for each in moved)
    last, finished = page[-1] if page else after, len(streams) <= PAGE
    cohort.note_page(command.change_no, last=last, done=len(page), moved=number, finished=finished)
    return await log.save(*moved, cohort)
