"""What dashboards say about a run by the versions of the course that it has followed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.deadlines import due_times, from_enrollment
from domain.grading import WEIGHTED_MEAN, scheme_of, with_quiz
from domain.kinds import has_score
from projections.learner_dashboard.rows import CourseRef, RunRef, RunVersion


def fill(version: RunRef | RunVersion, run: RunRef, course: CourseRef, number: int) -> None:
    """Note what the units of a version are on a run."""
    plan = run.plan
    units = course.versions.get(number, [])
    version.titles = {unit.unit_id: unit.title for unit in units}
    version.unrecorded = [unit.unit_id for unit in units if not unit.recorded]
    recorded = [unit for unit in units if unit.recorded]
    version.due, version.own_due = due_times(recorded, plan), from_enrollment(recorded, plan)
    handed_in = [(unit.unit_id, unit.late or run.run_late) for unit in recorded if has_score(unit.kind)]
    version.late = {unit_id: late for unit_id, late in handed_in if late is not None}
    version.after = {unit.unit_id: unit.after for unit in units if unit.after}
    version.scheme = scheme_of(
        units,
        course.groups.get(number, []),
        version.due,
        policy=course.policies.get(number, WEIGHTED_MEAN),
        letters=course.letters.get(number, []),
    )


def due_with_quiz(version: RunRef | RunVersion, quiz: Mapping[str, Any]) -> datetime | None:
    """A unit is due when its quiz is: the deadline, if it is another one than before."""
    unit_id = quiz["unit_id"]
    if unit_id not in version.titles or unit_id in version.unrecorded:
        return None
    version.scheme = with_quiz(version.scheme, quiz)
    due_at = version.scheme.quiz_due.get(unit_id)
    if due_at is None or due_at == version.due.get(unit_id):
        return None
    version.due[unit_id] = due_at
    return due_at


def versions_of(run: RunRef) -> list[RunRef | RunVersion]:
    """A run by each version of the course that it has followed."""
    return [run, *run.later.values()]


def title_of(run: RunRef, unit_id: str) -> str:
    """What a unit is called, by the newest version that has it."""
    for version in reversed(run.later.values()):
        if unit_id in version.titles:
            return version.titles[unit_id]
    return run.titles.get(unit_id, unit_id)
