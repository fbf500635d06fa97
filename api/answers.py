"""The shapes of answers that are not documents of a read model, for the OpenAPI description and its checks."""

from datetime import datetime
from typing import Any

import msgspec

from projections.catalog import CatalogCourse, CatalogRun


class LoggedIn(msgspec.Struct):
    """A development token; it ends at `expires_at`."""

    token: str
    user: str
    roles: list[str]
    expires_at: datetime


class CoursePage(msgspec.Struct):
    """Courses, in the order of their ids."""

    items: list[CatalogCourse]
    next: str | None


class PublishedVersion(msgspec.Struct):
    """One version of a course; `units` counts its units."""

    version: int
    units: int
    structure_hash: str
    published_at: datetime


class CourseDetail(msgspec.Struct):
    """A course, its versions, and the ids of its runs."""

    course_id: str
    title: str
    summary: str
    language: str
    created_at: datetime | None
    versions: list[PublishedVersion]
    runs: list[str]


class RunPage(msgspec.Struct):
    """Runs, in the order of their ids."""

    items: list[CatalogRun]
    next: str | None


class QuizHead(msgspec.Struct):
    """A quiz without its items."""

    quiz_id: str
    version: int
    run_id: str
    unit_id: str
    kind: str
    title: str
    time_limit: int | None
    attempts_allowed: int
    due_at: datetime | None
    pass_bp: int


class QuizPage(msgspec.Struct):
    """Quizzes, in the order of their ids."""

    items: list[QuizHead]
    next: str | None


class OverviewCounts(msgspec.Struct):
    """What is counted of one run, or of the campus or one source (`run_id` is then `*`)."""

    run_id: str
    source: str
    people: int
    registrations: int
    withdrawals: int
    without_registration_date: int
    outcomes: dict[str, int]
    submissions: int
    banked: int
    without_score: int
    activity_rows: int
    activity_amount: int
    active_people: int
    irregular: dict[str, int]


class CampusOverview(msgspec.Struct):
    """The campus, null as long as nothing has happened, each source of runs, and each run."""

    campus: OverviewCounts | None
    sources: list[OverviewCounts]
    runs: list[OverviewCounts]


class Statuses(msgspec.Struct):
    """How many enrollments stand where."""

    requested: int
    waitlisted: int
    offered: int
    active: int
    withdrawn: int
    expired: int
    completed: int


class StatusesOfDay(msgspec.Struct):
    """How many enrollments stood where when a day (UTC) ended; offered counts as waitlisted, expired as withdrawn."""

    requested: int
    waitlisted: int
    active: int
    withdrawn: int
    completed: int
    day: str


class Funnel(msgspec.Struct):
    """How many learners came how far; `half_way` is half of the course's weight."""

    requested: int
    activated: int
    any_activity: int
    first_submission: int
    half_way: int
    completed: int


class RunCounts(msgspec.Struct):
    """Where the enrollments of a run stand."""

    enrollments: int
    statuses: Statuses
    funnel: Funnel
    outcomes: dict[str, int]


class ActivityOfWeek(msgspec.Struct):
    """What was done in the week that began on this Monday, and by how many learners."""

    week: str
    rows: int
    amount: int
    learners: int


class RunDashboard(msgspec.Struct):
    """How a run goes; `grades` counts learners in ten classes of a tenth of the whole grade each."""

    run_id: str
    counts: RunCounts
    grades: list[int]
    days: list[StatusesOfDay]
    weeks: list[ActivityOfWeek]


class GradebookRow(msgspec.Struct):
    """One learner in one assessment; scores in basis points, lateness in seconds."""

    run_id: str
    learner_id: str
    quiz_id: str
    unit_id: str
    kind: str | None
    title: str | None
    due_at: datetime | None
    best_bp: int | None
    last_bp: int | None
    attempts: int
    graded: int
    passed: bool
    banked: bool
    submitted_at: datetime | None
    late_by: int


class GradebookPage(msgspec.Struct):
    """Rows of the gradebook, in the order that was asked for."""

    items: list[GradebookRow]
    next: str | None


class HistoryFact(msgspec.Struct):
    """One fact as it stands in the log."""

    position: int
    stream_id: str
    stream_version: int
    type: str
    data: dict[str, Any]
    meta: dict[str, Any]
    occurred_at: datetime
    recorded_at: datetime


class HistoryPage(msgspec.Struct):
    """Facts about one learner, in the order of the log."""

    items: list[HistoryFact]
    next: str | None


class Alive(msgspec.Struct):
    """The process answers."""

    status: str


class Lag(msgspec.Struct):
    """How far a read model is; `parked` counts keys that wait because a fact of theirs could not be folded."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    generation: int
    parked: int


class Readiness(msgspec.Struct):
    """Whether the servers answer, and how far the readers are."""

    status: str
    head: int | None
    projections: list[Lag]
    servers: dict[str, bool]
