"""What is ahead of a learner on one run: when units are due, with extensions, and where to go on."""

from datetime import UTC, datetime

import msgspec

from domain.deadlines import with_more_time
from domain.grading import Scheme
from projections.learner_dashboard.rows import Course, Deadline, NextUnit, RunRef

NEVER = datetime.max.replace(tzinfo=UTC)


def due_for(course: Course, run: RunRef) -> dict[str, datetime]:
    """When the units of a run are due for the learner of an entry: for all, since the place, and with extensions."""
    due = dict(run.due)
    if run.own_due is not None and course.placed_at is not msgspec.UNSET:
        due = {**run.own_due.due(course.placed_at), **due}  # a quiz may have a deadline for all
    extensions = {} if course.extensions is msgspec.UNSET else course.extensions
    return with_more_time(due, {each: at for each, at in extensions.items() if each in run.titles})


def set_deadlines(course: Course, run: RunRef) -> None:
    """Let the deadlines of an entry be those of now, the earliest first; what was done stays so."""
    done = {each.unit_id for each in course.deadlines if each.done}.union(course.completed, course.scores)
    found = [
        Deadline(unit_id, run.titles[unit_id], at, unit_id in done) for unit_id, at in due_for(course, run).items()
    ]
    course.deadlines = sorted(found, key=lambda deadline: deadline.due_at)


def scheme_for(course: Course, run: RunRef) -> Scheme:
    """What units count, with the deadlines of the learner: a unit with more time was not due so far."""
    if course.extensions is msgspec.UNSET and run.own_due is None:
        return run.scheme
    due = {unit_id: at for unit_id, at in due_for(course, run).items() if unit_id in run.scheme.weights}
    return msgspec.structs.replace(run.scheme, due=due)


def next_unit(course: Course, run: RunRef) -> NextUnit | None:
    """
    Where to go on; nowhere once there is an outcome.

    Of the units that count and are not completed, first those for which nothing was handed in, then what is due first,
    then the order of the course. If that unit comes after others that are not completed, the first of these that is
    open. If all that counts is completed, the first unit that was never opened.
    """
    if course.outcome is not None:
        return None
    due = {each.unit_id: each for each in course.deadlines}
    candidates = [unit_id for unit_id in run.scheme.weights if unit_id not in course.completed]
    candidates.sort(key=lambda unit_id: (due[unit_id].done, due[unit_id].due_at) if unit_id in due else (False, NEVER))
    if not candidates or not run.scheme.graded:
        seen = {*course.opened, *course.completed, *run.unrecorded}
        candidates = [unit_id for unit_id in run.titles if unit_id not in seen] or candidates
    if not candidates:
        return None
    unit_id = _open_one(candidates[0], course, run)
    return NextUnit(unit_id, run.titles[unit_id])


def _open_one(unit_id: str, course: Course, run: RunRef) -> str:
    """The unit itself if it is open, else what has to be completed before it."""
    while before := [each for each in run.after.get(unit_id, ()) if each not in course.completed]:
        unit_id = before[0]
    return unit_id
