"""
A learner's course as a player shows it: sections and units, what each is for the learner now, and where to go on.

Made of what the run consists of by the version that the learner follows, the entry of the run in the learner's
dashboard, the deadlines of the learner, and where the learner has stopped in a video. It changes with the dashboard,
so the events that announce that one announce this, too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from adapters.postgres.queries.run_outline import QuizOfUnit, RunOutline
from adapters.shown_dashboard import ShownCourse, ShownRecent, ShownStatus, note_time
from domain.catalog import Unit
from domain.catalog.unit_rules import WATCHED_KINDS
from domain.deadlines import Deadline, is_over, over_for
from domain.enrollment_errors import Status
from domain.kinds import Kind
from domain.progress.completion import units_before
from domain.words import Outcome
from projections.learner_dashboard.rows import NextUnit

UnitState = Literal["completed", "begun", "open", "locked"]
LockReason = Literal["no_place", "run_over", "units_before"]
WITH_PLACE = (Status.ACTIVE, Status.COMPLETED)
ALL_UNITS = ""
"""The id of the only section of a course that has none."""


class Lock(msgspec.Struct, kw_only=True):
    """
    Why nothing can be done on a unit.

    Attributes:
        reason: `no_place`: the learner has no access to the run now; `run_over`; `units_before`: some others have to be
            completed before it. On a unit for which the learner has more time than the run, it is not over.
        units: those.
    """

    reason: LockReason
    units: list[str]


class PlayerUnit(msgspec.Struct, kw_only=True):
    """
    One unit; `weight` and `score_bp` in basis points.

    Attributes:
        state: `begun` is one that was opened and is not completed.
        locks: why nothing can be done on it; empty if something can.
        due_at: the learner's own deadline, with extensions; null for none.
        accepted_until: the last moment at which late work is accepted; null for as long as the run lasts, and where the
            past is asked for.
        overdue: it was due, and nothing was handed in.
        page: the path of the unit with its text; `content` that of its file; `captions` by language; `viewing` what was
            played of it. Null, or nothing, where there is none, and where the learner may not have it now.
    """

    unit_id: str
    title: str
    kind: Kind
    state: UnitState
    locks: list[Lock]
    weight: int
    due_at: datetime | None
    accepted_until: datetime | None
    overdue: bool
    score_bp: int | None
    excused: bool
    seconds: int | None
    page: str | None
    content: str | None
    captions: dict[str, str]
    viewing: str | None
    url: str | None
    quizzes: list[QuizOfUnit]


class PlayerSection(msgspec.Struct, kw_only=True):
    """A section with its units, of which *completed* are; a course without sections has one with an empty id."""

    section_id: str
    title: str
    completed: int
    units: list[PlayerUnit]


class Resume(msgspec.Struct, kw_only=True):
    """The unit that the learner did something with last; `position_ms` is the place in its video, null elsewhere."""

    unit_id: str
    title: str
    position_ms: int | None


class CoursePlayer(msgspec.Struct, kw_only=True):
    """
    A course as a learner goes through it; percent and grades in basis points.

    Attributes:
        next: the unit to go on with; null where there is none.
        resume: where the learner has stopped; null before the first unit.
    """

    run_id: str
    course_id: str
    course_version: int
    title: str
    status: ShownStatus
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    percent: int
    grade_bp: int | None
    grade_so_far_bp: int | None
    outcome: Outcome | None
    next: NextUnit | None
    resume: Resume | None
    sections: list[PlayerSection]


class _Learner(msgspec.Struct):
    """What is asked of a learner for each unit."""

    course: ShownCourse
    now: datetime
    has_place: bool
    ends_at: datetime
    due: Mapping[str, datetime]
    extended: Mapping[str, datetime]
    accepted_until: Mapping[str, datetime]
    overdue: set[str]
    opened: set[str]
    completed: set[str]

    def is_over(self, unit_id: str) -> bool:
        """Whether nothing is accepted in a unit any more, since the run is over and no extension goes on."""
        due, extended = self.due.get(unit_id), self.extended.get(unit_id)
        has_more = extended is not None and (due is None or extended >= due)  # what is due has the extension in it
        over_at = over_for(self.ends_at, extended if has_more else None)
        return not Deadline(due, None, over_at, extended=has_more).accepts(self.now)


def player_of(
    outline: RunOutline,
    course: ShownCourse,
    now: datetime,
    *,
    last: Unit | None,
    position_ms: int | None,
    accepted_until: Mapping[str, datetime] = {},
) -> CoursePlayer:
    """
    The player of a course.

    Args:
        outline: by the version that the learner follows.
        course: the entry of the run in the learner's dashboard, as it is stored.
        last: the unit that the learner did something with last.
        position_ms: where the learner is in its video.
        accepted_until: until when late work of the learner is accepted, by unit.
    """
    learner = _learner(outline, course, now, accepted_until)
    units = {unit.unit_id: unit for unit in outline.units}
    quizzes: dict[str, list[QuizOfUnit]] = {}
    for quiz in outline.quizzes:
        quizzes.setdefault(quiz.unit_id, []).append(quiz)
    shown = {unit_id: _unit(outline.run_id, unit, learner, quizzes.get(unit_id, [])) for unit_id, unit in units.items()}
    listed = [(each.section_id, each.title, each.units) for each in outline.sections] or [(ALL_UNITS, "", list(units))]
    note_time(course, now)
    return CoursePlayer(
        run_id=outline.run_id,
        course_id=outline.course_id,
        course_version=outline.course_version,
        title=course.title,
        status=course.status,
        starts_at=outline.starts_at,
        ends_at=outline.ends_at,
        time_zone=outline.time_zone,
        percent=course.percent,
        grade_bp=course.grade_bp,
        grade_so_far_bp=course.grade_so_far_bp,
        outcome=course.outcome,
        next=course.next_unit if learner.has_place else None,
        resume=None if last is None else Resume(unit_id=last.unit_id, title=last.title, position_ms=position_ms),
        sections=[_section(*each, shown) for each in listed],
    )


def last_unit(outline: RunOutline, course: ShownCourse, recent: list[ShownRecent]) -> Unit | None:
    """The unit of a run that the learner did something with last: by the dashboard, else the last that was opened."""
    units = {unit.unit_id: unit for unit in outline.units}
    touched = [each.unit_id for each in recent if each.run_id == outline.run_id]
    return next((units[each] for each in [*touched, *reversed(course.opened)] if each in units), None)


def _learner(
    outline: RunOutline, course: ShownCourse, now: datetime, accepted_until: Mapping[str, datetime]
) -> _Learner:
    is_due = course.status == Status.ACTIVE and not is_over(outline.ends_at, now)
    return _Learner(
        course=course,
        now=now,
        has_place=course.status in WITH_PLACE,
        ends_at=outline.ends_at,
        due={each.unit_id: each.due_at for each in course.deadlines},
        extended={} if course.extensions is msgspec.UNSET else course.extensions,
        accepted_until=accepted_until,
        overdue={each.unit_id for each in course.deadlines if is_due and not each.done and each.due_at < now},
        opened=set(course.opened),
        completed=set(course.completed),
    )


def _unit(run_id: str, unit: Unit, learner: _Learner, quizzes: list[QuizOfUnit]) -> PlayerUnit:
    course, locks = learner.course, _locks(unit, learner)
    shut = any(each.reason in ("no_place", "units_before") for each in locks)
    path = f"/v1/runs/{run_id}/units/{unit.unit_id}"
    played = unit.kind in WATCHED_KINDS
    return PlayerUnit(
        unit_id=unit.unit_id,
        title=unit.title,
        kind=unit.kind,
        state=_state(unit.unit_id, learner, locks),
        locks=locks,
        weight=unit.weight,
        due_at=learner.due.get(unit.unit_id),
        accepted_until=learner.accepted_until.get(unit.unit_id),
        overdue=unit.unit_id in learner.overdue,
        score_bp=course.scores.get(unit.unit_id),
        excused=unit.unit_id in course.excused,
        seconds=unit.seconds,
        page=None if shut else f"{path}/page",
        content=None if shut or unit.content is None else f"{path}/content",
        captions={} if shut else {each.language: f"{path}/captions/{each.language}" for each in unit.captions},
        viewing=f"/v1/me/runs/{run_id}/units/{unit.unit_id}/viewing" if played and not shut else None,
        url=None if shut else unit.url or None,
        quizzes=quizzes,
    )


def _locks(unit: Unit, learner: _Learner) -> list[Lock]:
    """Why nothing can be done on a unit; one that is completed stays readable."""
    if not learner.has_place:
        return [Lock(reason="no_place", units=[])]
    if unit.unit_id in learner.completed:
        return []
    locks = [Lock(reason="run_over", units=[])] if learner.is_over(unit.unit_id) else []
    if before := units_before(unit.unit_id, unit.after, learner.completed):
        locks.append(Lock(reason="units_before", units=before))
    return locks


def _state(unit_id: str, learner: _Learner, locks: list[Lock]) -> UnitState:
    if unit_id in learner.completed:
        return "completed"
    if locks:
        return "locked"
    return "begun" if unit_id in learner.opened else "open"


def _section(section_id: str, title: str, units: list[str], shown: Mapping[str, PlayerUnit]) -> PlayerSection:
    listed = [shown[unit_id] for unit_id in units]
    completed = sum(each.state == "completed" for each in listed)
    return PlayerSection(section_id=section_id, title=title, completed=completed, units=listed)
