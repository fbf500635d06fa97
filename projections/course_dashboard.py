"""
Course dashboard: how a course run goes, for those who teach it.

Reads     facts of domain.catalog, domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    course_enrollments, one row per run and learner; course_days and course_weeks, one per run and day or
          week; course_weights and course_versions, what a run's units count.
Serves    api.dashboards; adapters.postgres.queries.course_dashboard sums the rows up.
Rebuild   campus projections rebuild course_dashboard (safe: rows are its only effect).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.catalog import Unit
from domain.deadlines import FromEnrollment
from domain.enrollment import Status
from domain.fact import Fact
from domain.grading import (
    CATEGORIES,
    WEIGHTED_MEAN,
    Group,
    Letter,
    Scheme,
    counted,
    note_completed,
    percent_and_half,
    shown_grades,
    with_quiz,
)
from domain.grading.of_run import PLAN, Weights, weights_of
from domain.score import Score, score_in
from domain.streams import named_id, named_ids
from domain.unit_scores import note_changed, note_graded
from domain.weeks import WEEKDAYS, iso_day, monday_of
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class CourseEnrollment(msgspec.Struct):
    """
    Where one learner stands on one run; percent, grades and scores in basis points.

    Attributes:
        activated: has had a place at any time.
        half_way: at least half of the course is completed; nothing is rounded.
        grade_bp: the final grade: what was not handed in counts as 0.
        grade_so_far_bp: the grade over what is scored, or was due before the latest fact.
        weeks: ordinals of the Mondays of the weeks with any activity, the latest known first.
        completed: units that are completed, whatever they weigh; `excused` those without a score.
        extensions: the deadlines that the learner was granted, by unit.
        placed_at: when the learner first got a place, in runs whose days count from then.
        cohort_begins_at: when the learner's cohort begins: days count from then, and not from the place.
        version: of the course that the learner follows, 0 for the one that the run had at first.
        scores: best score of each unit, and `exact` those that basis points do not say exactly, as points and possible.
    """

    run_id: str
    learner_id: str
    status: str = Status.NONE.value
    activated: bool = False
    submitted: bool = False
    percent: int = 0
    half_way: bool = False
    grade_bp: int | None = None
    grade_so_far_bp: int | None = None
    outcome: str | None = None
    weeks: list[int] = []
    completed: list[str] = []
    excused: list[str] = []
    scores: dict[str, int] = {}
    exact: dict[str, Score] = {}
    extensions: dict[str, datetime] = {}
    placed_at: datetime | None = None
    version: int = 0
    cohort_begins_at: datetime | None = None


class CourseDay(msgspec.Struct):
    """
    By how many the enrollments of each status grew on a day (UTC); negative where they shrank.

    An offered seat is still `waitlisted`; those whose offer has expired or whose access is suspended are `withdrawn`.
    """

    run_id: str
    day: str
    requested: int = 0
    waitlisted: int = 0
    active: int = 0
    withdrawn: int = 0
    completed: int = 0


class CourseWeek(msgspec.Struct):
    """What was done in the week that began on a Monday; `learners` counts each once, and each day (UTC) its rows."""

    run_id: str
    week: str
    rows: int = 0
    amount: int = 0
    learners: int = 0
    monday: int = 0
    tuesday: int = 0
    wednesday: int = 0
    thursday: int = 0
    friday: int = 0
    saturday: int = 0
    sunday: int = 0


class CourseWeights(msgspec.Struct):
    """What the units of a run count: at first, and *later* by other versions that it follows; `PLAN` is its *plan*."""

    run_id: str
    scheme: Scheme = Scheme()
    own_due: FromEnrollment | None = None
    later: dict[str, Weights] = {}
    plan: dict[str, str] = {}


class CourseVersions(msgspec.Struct):
    """
    The units that count in every version of a course, and their groups.

    Attributes:
        policies: the grading policy of each version whose grades are not by weight alone.
        letters: the letter scale of each version that has one.
    """

    course_id: str
    versions: dict[str, list[Unit]] = {}
    groups: dict[str, list[Group]] = {}
    policies: dict[str, str] = {}
    letters: dict[str, list[Letter]] = {}


ENROLLMENTS = Table("course_enrollments", CourseEnrollment, ("run_id", "learner_id"))
DAYS = Table("course_days", CourseDay, ("run_id", "day"), distribution="partial")
WEEKS = Table("course_weeks", CourseWeek, ("run_id", "week"), distribution="partial")
WEIGHTS = Table("course_weights", CourseWeights, ("run_id",), distribution="replicated")
VERSIONS = Table("course_versions", CourseVersions, ("course_id",), distribution="replicated")

_place, _learner = named_ids("learner_id", "run_id"), named_id("learner_id")
_course, _run = named_id("course_id"), named_id("run_id")


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    return RowKey(WEIGHTS, (_run(fact.stream_id),)), RowKey(VERSIONS, (fact.data["course_id"],))


def _needs_status(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(DAYS, (run_id, iso_day(fact.day)))


def _needs_activity(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(WEEKS, (run_id, iso_day(monday_of(fact.day))))


def _needs_progress(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(ENROLLMENTS, (run_id, learner_id)), RowKey(WEIGHTS, (run_id,))


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    run_id = fact.data["run_id"]
    return RowKey(ENROLLMENTS, (run_id, _learner(fact.stream_id))), RowKey(WEIGHTS, (run_id,))


def _version_published(fact: Fact, rows: Rows) -> None:
    units, version = msgspec.convert(fact.data["units"], list[Unit]), str(fact.data["version"])
    counts = counted(units)
    course = rows.edit(VERSIONS, CourseVersions, _course(fact.stream_id))
    course.versions[version] = [unit for unit in units if unit.unit_id in counts]
    course.groups[version] = msgspec.convert(fact.data.get("groups", []), list[Group])
    if fact.data["grading_policy"] == CATEGORIES:
        course.policies[version] = fact.data["grading_policy"]
    if fact.data.get("letters"):
        course.letters[version] = msgspec.convert(fact.data["letters"], list[Letter])


def _run_scheduled(fact: Fact, rows: Rows) -> None:
    data = fact.data
    course = rows.read(VERSIONS, CourseVersions, data["course_id"]) or CourseVersions(data["course_id"])
    run = rows.edit(WEIGHTS, CourseWeights, _run(fact.stream_id))
    run.plan = {name: data[name] for name in PLAN if name in data}
    found = _weights(run.plan, course, str(data["course_version"]))
    run.scheme, run.own_due = found.scheme, found.own_due


def _weights(plan: Mapping[str, str], course: CourseVersions, version: str) -> Weights:
    units, groups = course.versions.get(version, []), course.groups.get(version, [])
    policy, letters = course.policies.get(version, WEIGHTED_MEAN), course.letters.get(version, [])
    return weights_of(units, plan, groups, policy=policy, letters=letters)


def _version_changed(fact: Fact, rows: Rows) -> None:
    """Learners follow another version from their own facts on."""
    course_id, version = fact.data["course_id"], str(fact.data["new"])
    run = rows.edit(WEIGHTS, CourseWeights, _run(fact.stream_id))
    weights = _weights(run.plan, rows.read(VERSIONS, CourseVersions, course_id) or CourseVersions(course_id), version)
    for unit_id, at in run.scheme.quiz_due.items():
        weights.scheme = with_quiz(weights.scheme, {"unit_id": unit_id, "due_at": at.isoformat()})
    run.later[version] = weights


def _rebased(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    enrollment.version = fact.data["to_version"]
    _compute(enrollment, rows, fact)


def _quiz_published(fact: Fact, rows: Rows) -> None:
    """A unit is due when its quiz is."""
    if rows.read(WEIGHTS, CourseWeights, fact.data["run_id"]) is not None:
        run = rows.edit(WEIGHTS, CourseWeights, fact.data["run_id"])
        run.scheme = with_quiz(run.scheme, fact.data)
        for each in run.later.values():
            each.scheme = with_quiz(each.scheme, fact.data)


_DAYS_COLUMN = {"offered": "waitlisted", "expired": "withdrawn", "suspended": "withdrawn"}


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
        day = rows.edit(DAYS, CourseDay, run_id, iso_day(fact.day))
        if enrollment.status != Status.NONE.value:
            _count(day, enrollment.status, -1)
        _count(day, status.value, 1)
        enrollment.status = status.value
        enrollment.activated = enrollment.activated or status is Status.ACTIVE

    return Handler(_needs_status, apply, writes=(ENROLLMENTS, DAYS))


def _needs_place(fact: Fact) -> Iterable[RowKey]:
    return *_needs_status(fact), RowKey(WEIGHTS, (fact.id("run_id"),))


def _activated(fact: Fact, rows: Rows) -> None:
    """The learner has a place; in some runs the days of deadlines count from the first one."""
    learner_id, run_id = _place(fact.stream_id)
    _status(Status.ACTIVE).apply(fact, rows)
    run = rows.read(WEIGHTS, CourseWeights, run_id)
    if run is not None and run.own_due is not None:
        enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
        enrollment.placed_at = enrollment.placed_at or fact.occurred_at


def _due_changed(fact: Fact, rows: Rows) -> None:
    """The learner has more time for a unit or no more, or days count from another time: other units were due so far."""
    learner_id, run_id = _place(fact.stream_id)
    enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    if fact.type == "enrollment.cohort_changed":
        begins_at = fact.data["new_begins_at"]
        enrollment.cohort_begins_at = begins_at and datetime.fromisoformat(begins_at)
    else:
        enrollment.extensions.pop(fact.data["unit_id"], None)
    if fact.type == "enrollment.extension_granted":
        enrollment.extensions[fact.data["unit_id"]] = datetime.fromisoformat(fact.data["new_due"])
    _compute_grades(enrollment, _scheme(enrollment, rows), fact)


def _resumed(fact: Fact, rows: Rows) -> None:
    _status(Status(fact.data["status"])).apply(fact, rows)


def _activity_recorded(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    monday = monday_of(fact.day)
    week = rows.edit(WEEKS, CourseWeek, run_id, iso_day(monday))
    week.rows += 1
    week.amount += fact.data["amount"]
    setattr(week, day := WEEKDAYS[fact.day - monday], getattr(week, day) + 1)
    enrollment = rows.read(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    if enrollment is None or monday not in enrollment.weeks:
        rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id).weeks.insert(0, monday)
        week.learners += 1


def _unit_completed(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
    note_completed(enrollment, fact.data["unit_id"], score_in(fact.data))
    _compute(enrollment, rows, fact)


def _attempt_submitted(fact: Fact, rows: Rows) -> None:
    rows.edit(ENROLLMENTS, CourseEnrollment, fact.data["run_id"], _learner(fact.stream_id)).submitted = True


def _score_of_attempt(note: Callable[[CourseEnrollment, Mapping[str, Any]], None]) -> Handler:
    """An attempt has a score, or another one."""

    def apply(fact: Fact, rows: Rows) -> None:
        enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, fact.data["run_id"], _learner(fact.stream_id))
        note(enrollment, fact.data)
        _compute_grades(enrollment, _scheme(enrollment, rows), fact)

    return Handler(_needs_attempt, apply, writes=(ENROLLMENTS,))


def _outcome(field: str) -> Handler:
    """Take over the outcome that a field of the fact says."""

    def apply(fact: Fact, rows: Rows) -> None:
        learner_id, run_id = _place(fact.stream_id)
        enrollment = rows.edit(ENROLLMENTS, CourseEnrollment, run_id, learner_id)
        enrollment.outcome = fact.data[field]
        _compute(enrollment, rows, fact)

    return Handler(_needs_progress, apply, writes=(ENROLLMENTS,))


def _scheme(enrollment: CourseEnrollment, rows: Rows) -> Scheme:
    """What units count, with the deadlines of the learner."""
    run = rows.read(WEIGHTS, CourseWeights, enrollment.run_id) or CourseWeights(enrollment.run_id)
    if not run.later and run.own_due is None and not enrollment.extensions:  # as most runs are
        return run.scheme
    weights = run.later.get(str(enrollment.version)) or Weights(run.scheme, run.own_due)
    return weights.of_learner(enrollment.cohort_begins_at or enrollment.placed_at, enrollment.extensions)


def _compute(enrollment: CourseEnrollment, rows: Rows, fact: Fact) -> None:
    """Percent and grades, by domain/grading; what is completed stays so."""
    scheme = _scheme(enrollment, rows)
    enrollment.percent, half_way = percent_and_half(scheme, enrollment.completed, enrollment.outcome)
    enrollment.half_way = enrollment.half_way or half_way
    _compute_grades(enrollment, scheme, fact)


def _compute_grades(enrollment: CourseEnrollment, scheme: Scheme, fact: Fact) -> None:
    enrollment.grade_bp, enrollment.grade_so_far_bp = shown_grades(enrollment, scheme, fact.occurred_at)


class CourseDashboard(Projection):
    """Enrollments over time, funnel, grades and activity per run."""

    name = "course_dashboard"
    version = 9
    store = "postgres"
    segments = SEGMENTS
    tables = (ENROLLMENTS, DAYS, WEEKS, WEIGHTS, VERSIONS)
    audience = "run"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "course.version_published": Handler(
            lambda fact: (RowKey(VERSIONS, (_course(fact.stream_id),)),), _version_published, writes=(VERSIONS,)
        ),
        "run.scheduled": Handler(_needs_run, _run_scheduled, writes=(WEIGHTS,)),
        "run.version_changed": Handler(_needs_run, _version_changed, writes=(WEIGHTS,)),
        "progress.rebased": Handler(_needs_progress, _rebased, writes=(ENROLLMENTS,)),
        "quiz.published": Handler(
            lambda fact: (RowKey(WEIGHTS, (fact.data["run_id"],)),), _quiz_published, writes=(WEIGHTS,)
        ),
        "enrollment.requested": _status(Status.REQUESTED),
        "enrollment.activated": Handler(_needs_place, _activated, writes=(ENROLLMENTS, DAYS)),
        "enrollment.extension_granted": Handler(_needs_progress, _due_changed, writes=(ENROLLMENTS,)),
        "enrollment.extension_withdrawn": Handler(_needs_progress, _due_changed, writes=(ENROLLMENTS,)),
        "enrollment.cohort_changed": Handler(_needs_progress, _due_changed, writes=(ENROLLMENTS,)),
        "enrollment.waitlisted": _status(Status.WAITLISTED),
        "enrollment.seat_offered": Handler(_needs_status, _seat_offered, writes=(ENROLLMENTS, DAYS)),
        "enrollment.seat_offer_expired": _status(Status.EXPIRED),
        "enrollment.withdrawn": _status(Status.WITHDRAWN),
        "enrollment.reactivated": _status(Status.REQUESTED),
        "enrollment.completed": _status(Status.COMPLETED),
        "enrollment.reopened": _status(Status.ACTIVE),
        "enrollment.suspended": _status(Status.SUSPENDED),
        "enrollment.resumed": Handler(_needs_status, _resumed, writes=(ENROLLMENTS, DAYS)),
        "progress.activity_recorded": Handler(_needs_activity, _activity_recorded, writes=(ENROLLMENTS, WEEKS)),
        "progress.unit_completed": Handler(_needs_progress, _unit_completed, writes=(ENROLLMENTS,)),
        "progress.course_outcome_decided": _outcome("outcome"),
        "progress.course_outcome_revised": _outcome("new"),
        "attempt.submitted": Handler(_needs_attempt, _attempt_submitted, writes=(ENROLLMENTS,)),
        "attempt.graded": _score_of_attempt(note_graded),
        "attempt.grade_overridden": _score_of_attempt(note_changed),
        "attempt.regraded": _score_of_attempt(note_changed),
    }
