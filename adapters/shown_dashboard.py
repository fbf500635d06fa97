"""
The learner dashboard as it is shown: bounded, and with the courses whose run is over as *ended*.

Both are done where a document is served; most documents are sent as they are, after a look at the ends of their runs.
Deadlines that have moved, and titles of courses that were changed, since a document was made are put in there, too.
That a run is over, or a unit missed, follows from the clock, not from a fact. A stored document grows with the units of
its courses; what is left out of an answer is counted in `left_out`, and stands in further pages (api/dashboards.py).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from domain.deadlines import is_over
from domain.enrollment_errors import ENDED, OPEN, Status
from domain.words import FactType, Outcome, Waits, closed
from projections.learner_dashboard.rows import (
    MOVES,
    RENAMES,
    Course,
    Deadline,
    NextUnit,
    Recent,
    late_deadlines,
    move_deadlines,
    title_now,
)

LARGEST = 65_536  # bytes of a dashboard
LISTED = (50, 10, 3)  # entries of each list of a course: as many as fit
ENDS_AT = b'"ends_at":"'  # before the end of a run; a text cannot hold this, nor a unit's id: its score is no text
NEXT_LATER = b'"next_later":['  # where another unit is next as time passes; nor can a text hold this
SOON = 2  # days: more than the clocks of two time zones differ by
State = Literal["current", "ended", "all"]
Beside = Mapping[str, Sequence[Any]]
"""Rows of one table that are joined with documents, by the first field of their key."""

ShownStatus = Annotated[str, closed((*Status, ENDED))]


class ShownCourse(Course):
    """
    One run that the learner has to do with; percent, grades and scores in basis points.

    Attributes:
        status: `ended` where the run is over and the learner has neither completed it nor left, nor has more time.
        left_out: how many entries of which lists are not shown; only there if there are any.
        ended_at: when the run ended; only there if it has.
        overdue: how many units were due and are not done; only where courses of a state are asked for.
    """

    status: ShownStatus = Status.NONE.value
    outcome: Outcome | None = None
    waits_for: Waits | msgspec.UnsetType = msgspec.UNSET
    left_out: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    ended_at: datetime | msgspec.UnsetType = msgspec.UNSET
    overdue: int | msgspec.UnsetType = msgspec.UNSET


class ShownRecent(Recent, frozen=True, omit_defaults=True):
    """One thing that happened; `title` is the unit's, or the course's where no unit is concerned."""

    type: FactType


class ShownDashboard(msgspec.Struct, kw_only=True):
    """Everything about one learner; `position` is that of the last fact in it; at most 64 KiB."""

    learner_id: str
    position: int
    courses: list[ShownCourse]
    recent: list[ShownRecent]
    left_out: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


class _Later(msgspec.Struct, gc=False):
    after: datetime


class _Place(msgspec.Struct, gc=False):
    ends_at: datetime | None = None
    next_later: list[_Later] = []

    def is_old(self, now: datetime) -> bool:
        """Whether the run is over by now, or another unit is next than at first."""
        return is_over(self.ends_at, now) or any(each.after < now for each in self.next_later)


class _Glance(msgspec.Struct, gc=False):
    courses: list[_Place] = []


class _Said(msgspec.Struct, gc=False):
    run_id: str
    course_id: str = ""
    title: str = ""
    deadlines: list[Deadline] = []
    extensions: dict[str, datetime] | msgspec.UnsetType = msgspec.UNSET


class _AllSaid(msgspec.Struct, gc=False):
    courses: list[_Said] = []


_glance = msgspec.json.Decoder(_Glance).decode
_said = msgspec.json.Decoder(_AllSaid).decode
_decode = msgspec.json.Decoder(ShownDashboard).decode
_encode = msgspec.json.Encoder().encode


def shown(body: bytes, now: datetime) -> bytes:
    """The document *body* as it is shown at a time."""
    if len(body) <= LARGEST:
        changes = NEXT_LATER in body or _ends_soon(body, now)
        if not changes or not any(place.is_old(now) for place in _glance(body).courses):
            return body
    document = _decode(body)
    for course in document.courses:
        note_time(course, now)
    return _bounded(document)


def with_changes(body: bytes, beside: Mapping[str, Beside]) -> bytes:
    """
    The document *body* with what has changed since it was made: deadlines, and the titles of courses.

    Args:
        beside: rows of MOVES of each run, and of RENAMES of each course, that has any, by the names of the tables.
    """
    moves, renames = beside.get(MOVES.name, {}), beside.get(RENAMES.name, {})
    if not any(_is_changed(each, moves, renames) for each in _said(body).courses):
        return body
    document = _decode(body)
    titles = {}
    for course in document.courses:
        of_run = moves.get(course.run_id, ())
        if late_deadlines(course.deadlines, of_run, course.extensions):
            move_deadlines(course, of_run)
        course.title = titles[course.run_id] = title_now(course, renames)
    document.recent = [
        each if each.unit_id is not None else msgspec.structs.replace(each, title=titles.get(each.run_id, each.title))
        for each in document.recent
    ]
    return _encode(document)


def _is_changed(course: _Said, moves: Beside, renames: Beside) -> bool:
    if title_now(course, renames) != course.title:
        return True
    return bool(late_deadlines(course.deadlines, moves.get(course.run_id, ()), course.extensions))


def _ends_soon(body: bytes, now: datetime) -> bool:
    """Whether a run may be over, by the days in the text: to decode it takes six times as long."""
    last, at = _last_day(now.toordinal()), body.find(ENDS_AT)
    while at >= 0:
        at += len(ENDS_AT)
        if body[at : at + len(last)] <= last:
            return True
        at = body.find(ENDS_AT, at)
    return False


@lru_cache(maxsize=2)
def _last_day(today: int) -> bytes:
    return date.fromordinal(today + SOON).isoformat().encode()


def note_time(course: ShownCourse, now: datetime) -> None:
    """
    Where to go on by now; if its run is over, nothing is due on it, and there is nowhere to go on.

    It is not over for a learner who has more time: units with an extension that goes on are left.
    """
    if course.next_later is not msgspec.UNSET:
        for each in course.next_later:
            course.next_unit = each.unit if each.after < now else course.next_unit
        course.next_later = [each for each in course.next_later if each.after >= now] or msgspec.UNSET
    if course.ends_at is None or not is_over(course.ends_at, now):
        return
    if left := _with_more_time(course, now):
        course.deadlines, course.next_later = left, msgspec.UNSET
        if course.next_unit is None or course.next_unit.unit_id not in {each.unit_id for each in left}:
            course.next_unit = NextUnit(left[0].unit_id, left[0].title)
        return
    course.ended_at = course.ends_at
    if course.status in OPEN:
        course.status = ENDED
    course.next_unit, course.deadlines = None, []
    course.offered_until = course.waits_for = course.next_later = msgspec.UNSET


def _with_more_time(course: ShownCourse, now: datetime) -> list[Deadline]:
    """What a learner has not done and has an extension for that has not ended; *course* is over for others."""
    if course.status != Status.ACTIVE or course.extensions is msgspec.UNSET:
        return []
    extended = course.extensions
    return [each for each in course.deadlines if not each.done and now <= each.due_at == extended.get(each.unit_id)]


def in_state(courses: Sequence[ShownCourse], now: datetime, state: State) -> list[ShownCourse]:
    """Those whose run goes on (`current`), is over (`ended`), or all, as they are at a time, with what is overdue."""
    for course in courses:
        note_time(course, now)
        is_due = course.status == Status.ACTIVE
        course.overdue = sum(is_due and not each.done and each.due_at < now for each in course.deadlines)
    return [
        course for course in courses if state == "all" or (course.ended_at is msgspec.UNSET) == (state == "current")
    ]


def shown_in_state(body: bytes, now: datetime, state: State) -> bytes:
    """As `shown`, with the courses of a state only."""
    document = _decode(body)
    document.courses = in_state(document.courses, now, state)
    return _bounded(document)


def whole(body: bytes) -> ShownDashboard:
    """The document, with all that it has."""
    return _decode(body)


def shortened(course: ShownCourse, most: int) -> ShownCourse:
    """The course with at most so many entries in each list: the next deadlines, else the latest entries."""
    left_out = {} if course.left_out is msgspec.UNSET else course.left_out
    for name in ("deadlines", "opened", "completed", "excused", "scores"):
        if (more := len(getattr(course, name)) - most) > 0:
            left_out[name] = left_out.get(name, 0) + more
    kept = sorted(course.deadlines, key=lambda deadline: (deadline.done, deadline.due_at))[:most]
    course.deadlines = sorted(kept, key=lambda deadline: deadline.due_at)
    course.opened, course.completed, course.excused = (
        entries[-most:] for entries in (course.opened, course.completed, course.excused)
    )
    course.scores = dict(list(course.scores.items())[-most:])
    course.exact = {unit_id: score for unit_id, score in course.exact.items() if unit_id in course.scores}
    course.left_out = left_out or msgspec.UNSET
    return course


def _bounded(document: ShownDashboard) -> bytes:
    """The text of the document, with as much in it as fits."""
    body = _encode(document)
    for most in LISTED:
        if len(body) <= LARGEST:
            return body
        document.courses = [shortened(course, most) for course in document.courses]
        body = _encode(document)
    if len(body) <= LARGEST:
        return body
    courses, document.courses = document.courses, []
    document.left_out = {"courses": len(courses)}
    document.courses = _that_fit(courses, LARGEST - len(_encode(document)))
    document.left_out = {"courses": len(courses) - len(document.courses)}
    return _encode(document)


def _that_fit(courses: Sequence[ShownCourse], room: int) -> list[ShownCourse]:
    """Those for which there is room, in their order; first those that go on, and of these the latest."""
    kept = set()
    for number in sorted(range(len(courses)), key=lambda number: (courses[number].status not in OPEN, -number)):
        room -= len(_encode(courses[number])) + 1
        if room < 0:
            break
        kept.add(number)
    return [course for number, course in enumerate(courses) if number in kept]
