"""The rows of the learner dashboard, and what has changed since a document was made: deadlines, titles of courses."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from domain.catalog import Unit
from domain.deadlines import FromEnrollment
from domain.enrollment import Status
from domain.grading import CategoryGrade, Group, Letter, Scheme
from domain.late_policy import LatePolicy
from domain.score import Score
from projections.engine.projection import Table


class NextUnit(msgspec.Struct, frozen=True):
    """Where to go on."""

    unit_id: str
    title: str


class Later(msgspec.Struct, frozen=True):
    """Where to go on after a moment, if nothing happens until then: what came before is not accepted any more."""

    after: datetime
    unit: NextUnit | None


class Deadline(msgspec.Struct):
    """When a unit is due; done as soon as something was handed in or the unit was completed."""

    unit_id: str
    title: str
    due_at: datetime
    done: bool = False


class Activity(msgspec.Struct):
    """How much the learner did: records, and their amounts (clicks, seconds, pages) added up."""

    rows: int = 0
    amount: int = 0


class Course(msgspec.Struct):
    """
    One run that the learner has to do with; percent, grades and scores in basis points.

    Attributes:
        grade_bp: the final grade: what was not handed in counts as 0.
        grade_so_far_bp: the grade over what is scored, or was due before the latest fact.
        excused: completed units without a score, which have no part in the grade.
        exact: scores that basis points do not say exactly, as points and possible points.
        offered_until: when the offer of a seat ends.
        waits_for: why the learner waits: `full`, `run_closed` or `run_ended`.
        extensions: the deadlines that the learner was granted, by unit.
        placed_at: when the learner first got a place, in runs whose days count from then.
        cohort_begins_at: when the cohort of the learner begins: days count from then, and not from the place.
        letter: that of the final grade, and `letter_so_far` that of the grade so far.
        categories: what the grade is made of.
        next_later: where to go on in place of `next_unit` as time passes, the earliest first.
        version: of the course that the learner follows; only there if the run has followed several.
    """

    run_id: str
    course_id: str = ""
    title: str = ""
    status: str = Status.NONE.value
    enrolled_at: datetime | None = None
    ends_at: datetime | None = None
    percent: int = 0
    grade_bp: int | None = None
    grade_so_far_bp: int | None = None
    outcome: str | None = None
    next_unit: NextUnit | None = None
    deadlines: list[Deadline] = []
    activity: Activity = msgspec.field(default_factory=Activity)
    opened: list[str] = []
    completed: list[str] = []
    excused: list[str] = []
    scores: dict[str, int] = {}
    exact: dict[str, Score] = {}
    offered_until: datetime | msgspec.UnsetType = msgspec.UNSET  # only there while a seat is offered
    waits_for: str | msgspec.UnsetType = msgspec.UNSET  # only there while the learner waits
    letter: str | msgspec.UnsetType | None = msgspec.UNSET  # only there where the course has letters
    letter_so_far: str | msgspec.UnsetType | None = msgspec.UNSET
    categories: list[CategoryGrade] | msgspec.UnsetType = msgspec.UNSET  # only there where grades are by categories
    extensions: dict[str, datetime] | msgspec.UnsetType = msgspec.UNSET  # only there where there is one
    placed_at: datetime | msgspec.UnsetType = msgspec.UNSET
    cohort_begins_at: datetime | msgspec.UnsetType = msgspec.UNSET  # only there where the learner is in one
    next_later: list[Later] | msgspec.UnsetType = msgspec.UNSET  # only there where late work is not taken for ever
    version: int | msgspec.UnsetType = msgspec.UNSET  # only there where the run has followed several


class Recent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One thing that happened; `title` is the unit's, or the course's where no unit is concerned."""

    position: int
    type: str
    at: datetime
    run_id: str
    title: str
    unit_id: str | None = None
    amount: int | None = None
    score_bp: int | None = None


class Dashboard(msgspec.Struct):
    """Everything about one learner; `position` is that of the last fact in it."""

    learner_id: str
    position: int = 0
    courses: list[Course] = []
    recent: list[Recent] = []


class RunVersion(msgspec.Struct):
    """What a run is by another version of the course than it had at first; the fields are those of `RunRef`."""

    titles: dict[str, str] = {}
    unrecorded: list[str] = []
    scheme: Scheme = Scheme()
    due: dict[str, datetime] = {}
    own_due: FromEnrollment | None = None
    after: dict[str, list[str]] = {}
    late: dict[str, LatePolicy] = {}


class RunRef(msgspec.Struct):
    """
    What dashboards say about a run.

    Attributes:
        titles: of all its units, in their order.
        unrecorded: units of which the run's records have nothing.
        due: deadlines of the others, the same for all.
        own_due: those that count from when a learner got a place; None for other runs.
        after: the units that must be completed before a unit.
        late: what becomes of late work in units that are handed in, where it is said.
        quiz_late: the same of quizzes that say it themselves, by their units; `run_late` that of the run.
        moved: whether a quiz is due at another time than its unit was.
        first: the version of the course that it had at first, by which all this is; *now* is that of now.
        later: what it is by the others that it has followed.
        plan: what deadlines are computed from, of the fact that scheduled it.
    """

    run_id: str
    course_id: str = ""
    title: str = ""
    titles: dict[str, str] = {}
    unrecorded: list[str] = []
    scheme: Scheme = Scheme()
    due: dict[str, datetime] = {}
    moved: bool = False
    own_due: FromEnrollment | None = None
    after: dict[str, list[str]] = {}
    late: dict[str, LatePolicy] = {}
    quiz_late: dict[str, LatePolicy] = {}
    run_late: LatePolicy | None = None
    ends_at: datetime | None = None
    first: int = 0
    now: int = 0
    later: dict[int, RunVersion] = {}
    plan: dict[str, str] = {}

    def by(self, version: int | msgspec.UnsetType) -> "RunRef":
        """The run for a learner who follows a version."""
        later = None if version is msgspec.UNSET else self.later.get(version)
        return self if later is None else msgspec.structs.replace(self, **msgspec.structs.asdict(later))


class CourseRef(msgspec.Struct):
    """
    What a run takes over from its course: the title, and the units of each version.

    Attributes:
        policies: the grading policy of each version whose grades are not by weight alone.
        letters: the letter scale of each version that has one.
    """

    course_id: str
    title: str = ""
    versions: dict[int, list[Unit]] = {}
    groups: dict[int, list[Group]] = {}
    policies: dict[int, str] = {}
    letters: dict[int, list[Letter]] = {}


class Moved(msgspec.Struct):
    """A quiz by which a unit is due at another time than before, for documents that are older than it."""

    run_id: str
    quiz_id: str
    unit_id: str = ""
    title: str = ""
    due_at: datetime = datetime.max.replace(tzinfo=UTC)


class Renamed(msgspec.Struct):
    """What a course that was renamed is called by now, for documents that are older than that."""

    course_id: str
    title: str = ""


LEARNERS = Table("learner_dashboard", Dashboard, ("learner_id",))
RUNS = Table("dashboard_runs", RunRef, ("run_id",), distribution="replicated")
MOVES = Table("dashboard_moves", Moved, ("run_id", "quiz_id"), distribution="replicated")
RENAMES = Table("dashboard_renames", Renamed, ("course_id",), distribution="replicated")
COURSES = Table("dashboard_courses", CourseRef, ("course_id",), distribution="replicated")


def late_deadlines(
    deadlines: Iterable[Deadline],
    moves: Iterable[Moved],
    extensions: Mapping[str, datetime] | msgspec.UnsetType = msgspec.UNSET,
) -> list[Moved]:
    """When units are due by now that are due at another time here, or not at all; of several quizzes the latest."""
    latest: dict[str, Moved] = {}
    for moved in moves:
        if moved.unit_id not in latest or latest[moved.unit_id].due_at < moved.due_at:
            latest[moved.unit_id] = moved
    due = {deadline.unit_id: deadline.due_at for deadline in deadlines}
    for unit_id, more in ({} if extensions is msgspec.UNSET else extensions).items():
        if unit_id in latest and latest[unit_id].due_at < more:
            latest[unit_id] = msgspec.structs.replace(latest[unit_id], due_at=more)
    return [moved for unit_id, moved in latest.items() if due.get(unit_id) != moved.due_at]


def move_deadlines(course: Course, moves: Iterable[Moved]) -> None:
    """Let the units of a course be due when their quizzes are by now."""
    due = {deadline.unit_id: deadline for deadline in course.deadlines}
    course.next_later = msgspec.UNSET  # by other deadlines than these
    for moved in late_deadlines(course.deadlines, moves, course.extensions):
        unit_id = moved.unit_id
        done = due[unit_id].done if unit_id in due else unit_id in course.completed or unit_id in course.scores
        due[unit_id] = Deadline(unit_id, moved.title, moved.due_at, done)
    course.deadlines = sorted(due.values(), key=lambda deadline: deadline.due_at)


class OfCourse(Protocol):
    """What says the title of a course."""

    course_id: str
    title: str


def title_now(said: OfCourse, renames: Mapping[str, Sequence[Renamed]]) -> str:
    """The title of a course by the rows of those that were renamed; the one that is *said* if it was not."""
    found = renames.get(said.course_id)
    return found[0].title if found else said.title
