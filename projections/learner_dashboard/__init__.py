"""
Learner dashboard: what a learner sees on arrival, as one document.

Reads     facts of domain.catalog, domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    learner_dashboard, one document per learner; dashboard_runs and dashboard_courses, what it refers to;
          dashboard_moves and dashboard_renames, deadlines and titles of courses that documents may be older than.
Serves    api.dashboards (and api.http.fast_path, before the routing), with documents from adapters.documents.
Rebuild   campus projections rebuild learner_dashboard (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.enrollment import Status, WaitsFor
from domain.fact import Fact
from domain.grading import (
    CATEGORIES,
    categories_of,
    note_completed,
    percent_bp,
    scores_of,
    shown_grades,
    shown_letters,
)
from domain.grading.of_run import PLAN
from domain.late_policy import LatePolicy
from domain.score import score_in
from domain.streams import cached_by_stream, named_id, named_ids
from domain.unit_scores import note_changed, note_graded
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows
from projections.learner_dashboard.ahead import scheme_for, set_deadlines, set_next, set_next_without
from projections.learner_dashboard.of_courses import OF_COURSES
from projections.learner_dashboard.rows import (
    COURSES,
    LEARNERS,
    MOVES,
    RENAMES,
    RUNS,
    Course,
    CourseRef,
    Dashboard,
    Moved,
    Recent,
    RunRef,
    RunVersion,
)
from projections.learner_dashboard.versions import due_with_quiz, fill, title_of, versions_of

RECENT = 10  # entries of recent activity

_place, _learner = named_ids("learner_id", "run_id"), named_id("learner_id")
_run, _quiz = named_id("run_id"), named_id("quiz_id")


@cached_by_stream
def _of_learner(stream: str) -> Iterable[RowKey]:
    learner_id, run_id = _place(stream)
    return RowKey(LEARNERS, (learner_id,)), RowKey(RUNS, (run_id,))


def _needs_learner(fact: Fact) -> Iterable[RowKey]:
    return _of_learner(fact.stream_id)


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    return RowKey(LEARNERS, (_learner(fact.stream_id),)), RowKey(RUNS, (fact.data["run_id"],))


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    return RowKey(RUNS, (_run(fact.stream_id),)), RowKey(COURSES, (fact.data["course_id"],))


def _needs_quiz(fact: Fact) -> Iterable[RowKey]:
    run_id = fact.data["run_id"]
    return RowKey(RUNS, (run_id,)), RowKey(MOVES, (run_id, _quiz(fact.stream_id)))


def _run_scheduled(fact: Fact, rows: Rows) -> None:
    data = fact.data
    run = rows.edit(RUNS, RunRef, _run(fact.stream_id))
    run.course_id, run.ends_at = data["course_id"], datetime.fromisoformat(data["ends_at"])
    course = rows.read(COURSES, CourseRef, run.course_id)
    if course is None:
        return
    run.title, run.plan = course.title, {name: data[name] for name in PLAN if name in data}
    run.first = run.now = data["course_version"]
    run.run_late = msgspec.convert(data.get("late"), LatePolicy | None)
    fill(run, run, course, run.first)


def _version_changed(fact: Fact, rows: Rows) -> None:
    """Learners who come now follow another version; those who are there do by a fact of their own."""
    run = rows.edit(RUNS, RunRef, _run(fact.stream_id))
    course = rows.read(COURSES, CourseRef, fact.data["course_id"])
    run.now = number = fact.data["new"]
    if course is None or number in (run.first, *run.later):
        return
    quizzes = [each for known in versions_of(run) for each in known.scheme.quiz_due.items()]
    run.later[number] = version = RunVersion()
    fill(version, run, course, number)
    for unit_id, due_at in quizzes:
        due_with_quiz(version, {"unit_id": unit_id, "due_at": due_at.isoformat()})


def _quiz_published(fact: Fact, rows: Rows) -> None:
    """A unit is due when its quiz is."""
    unit_id, run_id = fact.data["unit_id"], fact.data["run_id"]
    run = rows.read(RUNS, RunRef, run_id)
    if run is None or not any(unit_id in each.titles for each in versions_of(run)):
        return
    run = rows.edit(RUNS, RunRef, run_id)
    if late := (fact.data.get("rules") or {}).get("late"):
        run.quiz_late[unit_id] = msgspec.convert(late, LatePolicy)
    for version in versions_of(run):
        due_at = due_with_quiz(version, fact.data)
        if due_at is not None:
            run.moved = True
            moved = rows.edit(MOVES, Moved, run_id, _quiz(fact.stream_id))
            moved.unit_id, moved.title, moved.due_at = unit_id, version.titles[unit_id], due_at


def _touch(
    fact: Fact, rows: Rows, place: tuple[str, ...], amount: int | None = None, score_bp: int | None = None
) -> tuple[Course, RunRef]:
    """
    The entry of the learner and the run of *place*, made if missing, with the fact as the latest; and the run, by the
    version that the learner follows.
    """
    learner_id, run_id = place
    run = rows.read(RUNS, RunRef, run_id) or RunRef(run_id)
    document = rows.edit(LEARNERS, Dashboard, learner_id)
    document.position = position = fact.position
    unit_id = fact.data.get("unit_id")
    title = run.title
    if unit_id is not None:
        title = title_of(run, unit_id) if run.later else run.titles.get(unit_id, unit_id)
    recent = document.recent
    if len(recent) >= RECENT:
        recent.pop()
    recent.insert(0, Recent(position, fact.type, fact.occurred_at, run_id, title, unit_id, amount, score_bp))
    for course in document.courses:
        if course.run_id == run_id:
            if course.version is not msgspec.UNSET:
                run = run.by(course.version)
            if run.moved:  # perhaps since the entry was made
                set_deadlines(course, run)
            return course, run
    course = Course(run.run_id, run.course_id, run.title, ends_at=run.ends_at)
    if run.later:
        course.version = run.now
    run = run.by(course.version)
    set_deadlines(course, run)
    set_next(course, run)
    document.courses.append(course)
    return course, run


def _rebased(fact: Fact, rows: Rows) -> None:
    """The learner follows another version: what was done there counts by it."""
    _touch(fact, rows, _place(fact.stream_id))
    course, _ = _entry(fact, rows)
    course.version = fact.data["to_version"]
    course.letter = course.letter_so_far = course.categories = msgspec.UNSET
    _, run = _entry(fact, rows)
    set_deadlines(course, run)
    _compute(course, run, fact)


def _set_status(fact: Fact, rows: Rows, status: Status | None, offered_until: datetime | None = None) -> None:
    course, _ = _touch(fact, rows, _place(fact.stream_id))
    course.status = status.value if status else fact.data["status"]
    course.offered_until = offered_until or msgspec.UNSET
    course.waits_for = WaitsFor.SEAT.value if status is Status.WAITLISTED else msgspec.UNSET
    if course.enrolled_at is None:
        course.enrolled_at = fact.occurred_at


def _activated(fact: Fact, rows: Rows) -> None:
    """The learner has a place; in some runs the days of deadlines count from the first one."""
    _set_status(fact, rows, Status.ACTIVE)
    course, run = _entry(fact, rows)
    if run.own_due is not None and course.placed_at is msgspec.UNSET:
        course.placed_at = fact.occurred_at
        set_deadlines(course, run)
        set_next(course, run)


def _cohort_changed(fact: Fact, rows: Rows) -> None:
    """The days of the learner count from another time: deadlines, and what was due so far, are others."""
    course, run = _touch(fact, rows, _place(fact.stream_id))
    begins_at = fact.data["new_begins_at"]
    course.cohort_begins_at = msgspec.UNSET if begins_at is None else datetime.fromisoformat(begins_at)
    set_deadlines(course, run)
    set_next(course, run)
    _compute_grades(course, run, fact)


def _entry(fact: Fact, rows: Rows) -> tuple[Course, RunRef]:
    """The entry of the learner and the run of the fact, which there is, and the run."""
    learner_id, run_id = _place(fact.stream_id)
    run = rows.read(RUNS, RunRef, run_id) or RunRef(run_id)
    courses = rows.edit(LEARNERS, Dashboard, learner_id).courses
    course = next(course for course in courses if course.run_id == run_id)
    return course, run.by(course.version)


def _extended(fact: Fact, rows: Rows) -> None:
    """The learner has more time for a unit, or has it no more: deadlines, and what was due so far, are others."""
    course, run = _touch(fact, rows, _place(fact.stream_id))
    extensions = {} if course.extensions is msgspec.UNSET else dict(course.extensions)
    extensions.pop(fact.data["unit_id"], None)
    if fact.type == "enrollment.extension_granted":
        extensions[fact.data["unit_id"]] = datetime.fromisoformat(fact.data["new_due"])
    course.extensions = extensions or msgspec.UNSET
    set_deadlines(course, run)
    set_next(course, run)
    _compute_grades(course, run, fact)


def _status(status: Status | None) -> Handler:
    return Handler(_needs_learner, lambda fact, rows: _set_status(fact, rows, status), writes=(LEARNERS,))


def _wait_changed(fact: Fact, rows: Rows) -> None:
    course, _ = _touch(fact, rows, _place(fact.stream_id))
    course.waits_for = fact.data["new"]


def _seat_offered(fact: Fact, rows: Rows) -> None:
    """A seat is held for the learner until some time, or given at once."""
    until = fact.data["until"]
    if until is None:
        _set_status(fact, rows, Status.REQUESTED)
    else:
        _set_status(fact, rows, Status.OFFERED, datetime.fromisoformat(until))


def _unit_opened(fact: Fact, rows: Rows) -> None:
    course, run = _touch(fact, rows, _place(fact.stream_id))
    course.opened.append(fact.data["unit_id"])
    set_next(course, run)


def _activity_recorded(fact: Fact, rows: Rows) -> None:
    amount = fact.data["amount"]
    course, _ = _touch(fact, rows, _place(fact.stream_id), amount)
    activity = course.activity
    activity.rows += 1
    activity.amount += amount


def _note(fact: Fact, rows: Rows) -> None:
    """It happened, and changes no number."""
    _touch(fact, rows, _place(fact.stream_id))


def _watched(fact: Fact, rows: Rows) -> None:
    """A player has sent what was watched: the seconds are activity, as seconds on a page are."""
    seconds = fact.data["seconds"]
    course, run = _touch(fact, rows, _place(fact.stream_id), seconds)
    course.activity.rows += 1
    course.activity.amount += seconds
    unit_id = fact.id("unit")
    document = rows.edit(LEARNERS, Dashboard, fact.id("learner_id"))
    document.recent[0] = msgspec.structs.replace(
        document.recent[0], unit_id=unit_id, title=run.titles.get(unit_id, unit_id)
    )


def _unit_completed(fact: Fact, rows: Rows) -> None:
    unit_id = fact.data["unit_id"]
    course, run = _touch(fact, rows, _place(fact.stream_id), None, fact.data["score_bp"])
    note_completed(course, unit_id, score_in(fact.data))
    _mark_done(course, unit_id)
    course.percent = percent_bp(run.scheme, course.completed, course.outcome)
    set_next_without(unit_id, course, run)
    _compute_grades(course, run, fact)


def _attempt_submitted(fact: Fact, rows: Rows) -> None:
    course, run = _touch(fact, rows, (_learner(fact.stream_id), fact.data["run_id"]))
    _mark_done(course, fact.data["unit_id"])
    set_next_without(fact.data["unit_id"], course, run)


def _attempt_graded(fact: Fact, rows: Rows) -> None:
    course, run = _touch(fact, rows, (_learner(fact.stream_id), fact.data["run_id"]), None, fact.data["score_bp"])
    note_graded(course, fact.data)
    _compute_grades(course, run, fact)


def _grade_overridden(fact: Fact, rows: Rows) -> None:
    data = fact.data
    course, run = _touch(fact, rows, (_learner(fact.stream_id), data["run_id"]), None, data["score_bp"])
    note_changed(course, data)
    _compute_grades(course, run, fact)


def _outcome(field: str) -> Handler:
    """Take over the outcome that a field of the fact says."""

    def apply(fact: Fact, rows: Rows) -> None:
        course, run = _touch(fact, rows, _place(fact.stream_id))
        course.outcome = fact.data[field]
        _compute(course, run, fact)

    return Handler(_needs_learner, apply, writes=(LEARNERS,))


def _compute(course: Course, run: RunRef, fact: Fact) -> None:
    """Percent and grades, by domain/grading, and where to go on."""
    course.percent = percent_bp(run.scheme, course.completed, course.outcome)
    set_next(course, run)
    _compute_grades(course, run, fact)


def _compute_grades(course: Course, run: RunRef, fact: Fact) -> None:
    scheme, at = scheme_for(course, run), fact.occurred_at
    course.grade_bp, course.grade_so_far_bp = shown_grades(course, scheme, at)
    if scheme.letters:
        course.letter, course.letter_so_far = shown_letters(course, scheme, at)
    if scheme.policy == CATEGORIES:
        course.categories = categories_of(scheme, scores_of(course), course.excused, at)


def _mark_done(course: Course, unit_id: str) -> None:
    for deadline in course.deadlines:
        if deadline.unit_id == unit_id:
            deadline.done = True


class LearnerDashboard(Projection):
    """One document per learner."""

    name = "learner_dashboard"
    version = 11
    store = "valkey"
    segments = SEGMENTS
    tables = (LEARNERS, RUNS, COURSES, MOVES, RENAMES)
    audience = "learner"
    beside = (MOVES, RENAMES)
    handlers: ClassVar[Mapping[str, Handler]] = {
        **OF_COURSES,
        "run.scheduled": Handler(_needs_run, _run_scheduled, writes=(RUNS,)),
        "run.version_changed": Handler(_needs_run, _version_changed, writes=(RUNS,)),
        "progress.rebased": Handler(_needs_learner, _rebased, writes=(LEARNERS,)),
        "quiz.published": Handler(_needs_quiz, _quiz_published, writes=(RUNS, MOVES)),
        "enrollment.requested": _status(Status.REQUESTED),
        "enrollment.activated": Handler(_needs_learner, _activated, writes=(LEARNERS,)),
        "enrollment.extension_granted": Handler(_needs_learner, _extended, writes=(LEARNERS,)),
        "enrollment.extension_withdrawn": Handler(_needs_learner, _extended, writes=(LEARNERS,)),
        "enrollment.cohort_changed": Handler(_needs_learner, _cohort_changed, writes=(LEARNERS,)),
        "enrollment.waitlisted": _status(Status.WAITLISTED),
        "enrollment.wait_changed": Handler(_needs_learner, _wait_changed, writes=(LEARNERS,)),
        "enrollment.seat_offered": Handler(_needs_learner, _seat_offered, writes=(LEARNERS,)),
        "enrollment.seat_offer_expired": _status(Status.EXPIRED),
        "enrollment.withdrawn": _status(Status.WITHDRAWN),
        "enrollment.reactivated": _status(Status.REQUESTED),
        "enrollment.completed": _status(Status.COMPLETED),
        "enrollment.reopened": _status(Status.ACTIVE),
        "enrollment.suspended": _status(Status.SUSPENDED),
        "enrollment.resumed": _status(None),  # as the fact says
        "progress.unit_opened": Handler(_needs_learner, _unit_opened, writes=(LEARNERS,)),
        "progress.activity_recorded": Handler(_needs_learner, _activity_recorded, writes=(LEARNERS,)),
        "appeal.made": Handler(_needs_learner, _note, writes=(LEARNERS,)),
        "appeal.withdrawn": Handler(_needs_learner, _note, writes=(LEARNERS,)),
        "appeal.answered": Handler(_needs_learner, _note, writes=(LEARNERS,)),
        "viewing.watched": Handler(_needs_learner, _watched, writes=(LEARNERS,)),
        "progress.unit_completed": Handler(_needs_learner, _unit_completed, writes=(LEARNERS,)),
        "progress.course_outcome_decided": _outcome("outcome"),
        "progress.course_outcome_revised": _outcome("new"),
        "attempt.submitted": Handler(_needs_attempt, _attempt_submitted, writes=(LEARNERS,)),
        "attempt.graded": Handler(_needs_attempt, _attempt_graded, writes=(LEARNERS,)),
        "attempt.grade_overridden": Handler(_needs_attempt, _grade_overridden, writes=(LEARNERS,)),
        "attempt.regraded": Handler(_needs_attempt, _grade_overridden, writes=(LEARNERS,)),
    }
