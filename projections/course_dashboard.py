"""
Course dashboard: how a course run goes, for those who teach it.

Reads     facts of domain.catalog, domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    course_enrollments, one row per run and learner; course_days and course_weeks, one per run and day or
          week; course_weights and course_versions, what a run's units count.
Serves    api.dashboards; adapters.postgres.queries.course_dashboard sums the rows up.
Rebuild   campus projections rebuild course_dashboard (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import ClassVar

import msgspec

from domain.enrollment import Status
from domain.fact import Fact
from domain.progress import grade, percent
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class CourseEnrollment(msgspec.Struct):
    """
    Where one learner stands on one run; percent and grade in basis points.

    Attributes:
        activated: has had a place at any time.
        weeks: ordinals of the Mondays of the weeks with any activity, the latest known first.
        scores: best score of each unit.
    """

    run_id: str
    learner_id: str
    status: str = Status.NONE.value
    activated: bool = False
    submitted: bool = False
    percent: int = 0
    grade_bp: int | None = None
    outcome: str | None = None
    weeks: list[int] = []
    completed: list[str] = []
    scores: dict[str, int] = {}


class CourseDay(msgspec.Struct):
    """
    By how many the enrollments of each status grew on a day (UTC); negative where they shrank.

    Those to whom a seat is offered still wait (`waitlisted`), those whose offer has expired are gone (`withdrawn`).
    """

    run_id: str
    day: str
    requested: int = 0
    waitlisted: int = 0
    active: int = 0
    withdrawn: int = 0
    completed: int = 0


class CourseWeek(msgspec.Struct):
    """What was done in the week that began on a Monday; `learners` counts each learner once."""

    run_id: str
    week: str
    rows: int = 0
    amount: int = 0
    learners: int = 0


class CourseWeights(msgspec.Struct):
    """What each unit of a run counts."""

    run_id: str
    weights: dict[str, int] = {}


class CourseVersions(msgspec.Struct):
    """What each unit counts in every version of a course."""

    course_id: str
    versions: dict[str, dict[str, int]] = {}


ENROLLMENTS = Table("course_enrollments", CourseEnrollment, ("run_id", "learner_id"))
DAYS = Table("course_days", CourseDay, ("run_id", "day"), distribution="partial")
WEEKS = Table("course_weeks", CourseWeek, ("run_id", "week"), distribution="partial")
WEIGHTS = Table("course_weights", CourseWeights, ("run_id",), distribution="replicated")
VERSIONS = Table("course_versions", CourseVersions, ("course_id",), distribution="replicated")

_place, _learner = named_ids("learner_id", "run_id"), named_id("learner_id")
_course, _run = named_id("course_id"), named_id("run_id")


@lru_cache(maxsize=4_096)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _monday(fact: Fact) -> int:
    """The ordinal of the Monday of the fact's week; 0001-01-01, ordinal 1, was a Monday."""
    return (fact.day - 1) // 7 * 7 + 1


def _needs_status(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(DAYS, (run_id, _day(fact.day)))


def _needs_activity(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(WEEKS, (run_id, _day(_monday(fact))))


def _needs_progress(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(WEIGHTS, (run_id,))


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    run_id = fact.data["run_id"]
    return RowKey(ENROLLMENTS, (run_id, _learner(fact.stream_id))), RowKey(WEIGHTS, (run_id,))


def _version_published(fact: Fact, rows: Rows) -> None:
    weights = {unit["unit_id"]: unit["weight"] for unit in fact.data["units"] if unit.get("weight")}
    rows.edit(VERSIONS, CourseVersions, _course(fact.stream_id)).versions[str(fact.data["version"])] = weights


def _run_scheduled(fact: Fact, rows: Rows) -> None:
    course = rows.read(VERSIONS, CourseVersions, fact.data["course_id"])
    run = rows.edit(WEIGHTS, CourseWeights, _run(fact.stream_id))
    run.weights = course.versions.get(str(fact.data["course_version"]), {}) if course else {}


_DAYS_COLUMN = {Status.OFFERED.value: Status.WAITLISTED.value, Status.EXPIRED.value: Status.WITHDRAWN.value}


def _count(day: CourseDay, status: str, number: int) -> None:
    column = _DAYS_COLUMN.get(status, status)
    setattr(day, column, getattr(day, column) + number)


def _seat_offered(fact: Fact, rows: Rows) -> None:
    """A seat is held for the learner until some time, or given at once."""
    _status(Status.REQUESTED if fact.data["until"] is None else Status.OFFERED).apply(fact, rows)


def _status(status: Status) -> Handler:
    """Move the enrollment to *status*, and count the move on its day."""

    def apply(fact: Fact, rows: Rows) -> None:
        learner_id, run_id = _place(fact.stream_id)
        enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
        if enrollment.status == status.value:
            return
        day = rows.edit(DAYS, CourseDay, run_id, _day(fact.day))
        if enrollment.status != Status.NONE.value:
            _count(day, enrollment.status, -1)
        _count(day, status.value, 1)
        enrollment.status = status.value
        enrollment.activated = enrollment.activated or status is Status.ACTIVE

    return Handler(_needs_status, apply, writes=(ENROLLMENTS, DAYS))


def _activity_recorded(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    monday = _monday(fact)
    week = rows.edit(WEEKS, CourseWeek, run_id, _day(monday))
    week.rows += 1
    week.amount += fact.data["amount"]
    enrollment = rows.read(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    if enrollment is None or monday not in enrollment.weeks:
        rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id).weeks.insert(0, monday)
        week.learners += 1


def _unit_completed(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    unit_id, score_bp = fact.data["unit_id"], fact.data["score_bp"]
    enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    weights = _weights(rows, run_id)
    if unit_id in weights and unit_id not in enrollment.completed:
        enrollment.completed.append(unit_id)
        enrollment.percent = percent(weights, enrollment.completed)
    _score(enrollment, weights, unit_id, score_bp)


def _attempt_submitted(fact: Fact, rows: Rows) -> None:
    rows.edit(ENROLLMENTS, CourseEnrollment, fact.data["run_id"], _learner(fact.stream_id)).submitted = True


def _attempt_graded(fact: Fact, rows: Rows) -> None:
    data = fact.data
    enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, data["run_id"], _learner(fact.stream_id))
    _score(enrollment, _weights(rows, data["run_id"]), data["unit_id"], data["score_bp"])


def _outcome_decided(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id).outcome = fact.data["outcome"]


def _weights(rows: Rows, run_id: str) -> dict[str, int]:
    run = rows.read(WEIGHTS, CourseWeights, run_id)
    return run.weights if run else {}


def _score(enrollment: CourseEnrollment, weights: dict[str, int], unit_id: str, score_bp: int | None) -> None:
    if score_bp is not None:
        enrollment.scores[unit_id] = max(score_bp, enrollment.scores.get(unit_id, 0))
    enrollment.grade_bp = grade(weights, enrollment.scores, enrollment.completed)


class CourseDashboard(Projection):
    """Enrollments over time, funnel, grades and activity per run."""

    name = "course_dashboard"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (ENROLLMENTS, DAYS, WEEKS, WEIGHTS, VERSIONS)
    audience = "run"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "course.version_published": Handler(
            lambda fact: (RowKey(VERSIONS, (_course(fact.stream_id),)),), _version_published, writes=(VERSIONS,)
        ),
        "run.scheduled": Handler(
            lambda fact: (RowKey(WEIGHTS, (_run(fact.stream_id),)), RowKey(VERSIONS, (fact.data["course_id"],))),
            _run_scheduled,
            writes=(WEIGHTS,),
        ),
        "enrollment.requested": _status(Status.REQUESTED),
        "enrollment.activated": _status(Status.ACTIVE),
        "enrollment.waitlisted": _status(Status.WAITLISTED),
        "enrollment.seat_offered": Handler(_needs_status, _seat_offered, writes=(ENROLLMENTS, DAYS)),
        "enrollment.seat_offer_expired": _status(Status.EXPIRED),
        "enrollment.withdrawn": _status(Status.WITHDRAWN),
        "enrollment.reactivated": _status(Status.REQUESTED),
        "enrollment.completed": _status(Status.COMPLETED),
        "progress.activity_recorded": Handler(_needs_activity, _activity_recorded, writes=(ENROLLMENTS, WEEKS)),
        "progress.unit_completed": Handler(_needs_progress, _unit_completed, writes=(ENROLLMENTS,)),
        "progress.course_outcome_decided": Handler(_needs_progress, _outcome_decided, writes=(ENROLLMENTS,)),
        "attempt.submitted": Handler(_needs_attempt, _attempt_submitted, writes=(ENROLLMENTS,)),
        "attempt.graded": Handler(_needs_attempt, _attempt_graded, writes=(ENROLLMENTS,)),
    }
