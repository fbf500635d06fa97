"""
What on a run needs a teacher: learners at risk and work without a grade. What is answered, examples, and the SQL over
the rows of projections/course_dashboard.py and projections/gradebook.py.
"""

from datetime import UTC, date, datetime

import msgspec

from adapters.postgres.queries.course_dashboard import DAYS_FROM
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader
from domain.grading.of_run import Weights
from domain.progress.at_risk import ReasonCode
from domain.words import Day

DAY = 86_400  # seconds
AGES = (0, 1, 3, 7, 14)  # days, the lower bound of each class


class RiskReason(msgspec.Struct, kw_only=True):
    """Why a learner is at risk: days without anything, units that were missed, or the grade so far in basis points."""

    code: ReasonCode
    figure: int
    words: str


class LearnerAtRisk(msgspec.Struct, kw_only=True):
    """A learner with a place on a run who is at risk; `last_active` is the last day on which anything can have been."""

    learner_id: str
    percent: int
    grade_so_far_bp: int | None
    last_active: Day | None
    reasons: list[RiskReason]


class AtRiskPage(msgspec.Struct, kw_only=True):
    """
    Learners at risk, those with most reasons first.

    Attributes:
        rule: the rule, in words.
        total: learners at risk on all pages, of *learners* with a place; none before the run begins or once it is over.
    """

    run_id: str
    rule: str
    learners: int
    total: int
    items: list[LearnerAtRisk]
    next: str | None


AT_RISK = LearnerAtRisk(
    learner_id="28400",
    percent=1_500,
    grade_so_far_bp=3_150,
    last_active="2026-02-15",
    reasons=[
        RiskReason(code="inactive", figure=17, words="Nothing done or handed in since 2026-02-15: 17 days."),
        RiskReason(code="low_grade", figure=3_150, words="Grade so far 31.5 %, below the 40 % to pass."),
    ],
)


class UngradedOfAge(msgspec.Struct, kw_only=True):
    """How many attempts wait for longer than *over_days*, and not longer than the next class begins."""

    over_days: int
    attempts: int


class UngradedQuiz(msgspec.Struct, kw_only=True):
    """How many attempts at an assessment have no grade, and since when the oldest waits."""

    quiz_id: str
    unit_id: str
    title: str | None
    attempts: int
    oldest_at: datetime


class UngradedWork(msgspec.Struct, kw_only=True):
    """What was handed in on a run and has no grade, by how long it waits, and by assessment, the oldest first."""

    run_id: str
    attempts: int
    ages: list[UngradedOfAge]
    quizzes: list[UngradedQuiz]


UNGRADED = UngradedWork(
    run_id="algebra-2026",
    attempts=3,
    ages=[
        UngradedOfAge(over_days=days, attempts=attempts) for days, attempts in zip(AGES, (2, 0, 1, 0, 0), strict=True)
    ],
    quizzes=[
        UngradedQuiz(
            quiz_id="algebra-2026-essay",
            unit_id="essay",
            title="Groups",
            attempts=3,
            oldest_at=datetime(2026, 2, 14, 18, tzinfo=UTC),
        )
    ],
)

_AT = f"least({CHECKPOINT.format('course_dashboard')}, {CHECKPOINT.format('gradebook')})"
_ENROLLED = with_columns(
    f"""SELECT learner_id, percent, grade_so_far_bp, completed, excused, scores, extensions,
              {DAYS_FROM} AS days_from, version,
              (SELECT max(w::integer) FROM jsonb_array_elements_text(weeks) AS w) AS last_week
         FROM course_enrollments WHERE run_id = %(run)s AND status = 'active'""",
    "enrolled",
    grade_so_far_bp="NULL::bigint",
    excused="'[]'::jsonb",
    extensions="'{}'::jsonb",
    placed_at="NULL::timestamptz",
    cohort_begins_at="NULL::timestamptz",
    version="0",
)
_WEIGHTS = with_columns(
    "SELECT scheme, own_due, later FROM course_weights WHERE run_id = %(run)s",
    "weights",
    own_due="NULL::jsonb",
    later="'{}'::jsonb",
)
_GRADES = with_columns(
    """SELECT learner_id, quiz_id, unit_id, attempts, graded, submitted_at, tries
         FROM gradebook WHERE run_id = %(run)s""",
    "grade",
    tries="'[]'::jsonb",
)


class Row(msgspec.Struct, kw_only=True):
    """
    What the read models have of a learner with a place; `last_week` is the ordinal of a Monday.

    Attributes:
        days_from: from when days of deadlines count, on runs where that is not the start: from cohort or place.
        version: of the course, where the learner follows another one than the run did at first.
    """

    learner_id: str
    percent: int
    grade_so_far_bp: int | None
    completed: list[str]
    excused: list[str]
    scores: dict[str, int]
    extensions: dict[str, datetime]
    days_from: datetime | None
    version: int
    last_week: int | None
    last_handed_in: date | None
    handed_in: list[str]


class Enrolled(msgspec.Struct, frozen=True):
    """The learners with a place on a run, what its units count by each version, when it goes on, and the position."""

    position: int
    starts_at: datetime | None
    ends_at: datetime | None
    weights: Weights
    later: dict[str, Weights]
    rows: list[Row]

    def weights_for(self, row: Row) -> Weights:
        """What units count by the version that a learner follows."""
        return self.later.get(str(row.version), self.weights)

    def goes_on(self, now: datetime) -> bool:
        """Whether the run has begun and is not over."""
        return (self.starts_at is not None and self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


ENROLLED = f"""
WITH handed_in AS (
    SELECT learner_id, json_agg(unit_id) AS units,
           max(coalesce(CASE WHEN attempts > 1 THEN (SELECT max((try ->> 'at')::timestamptz)
                                                       FROM jsonb_array_elements(tries) AS try) END,
                        submitted_at))::date AS last_at
      FROM {_GRADES} WHERE attempts > 0 GROUP BY learner_id)
SELECT {_AT}, run.starts_at, run.ends_at, (SELECT scheme::text FROM {_WEIGHTS}), (SELECT own_due::text FROM {_WEIGHTS}),
       (SELECT later::text FROM {_WEIGHTS}),
       (SELECT json_agg({json_object(Row, last_handed_in="last_at", handed_in="coalesce(units, '[]')")})::text
          FROM {_ENROLLED} LEFT JOIN handed_in USING (learner_id))
  FROM (SELECT) AS once LEFT JOIN catalog_runs AS run ON run.run_id = %(run)s
"""


async def enrolled(reader: Reader, run_id: str) -> Enrolled:
    """Where all learners with a place on a run stand."""
    position, starts_at, ends_at, scheme, own_due, later, rows = (await reader.rows(ENROLLED, {"run": run_id}))[0]
    return Enrolled(
        position or 0,
        starts_at,
        ends_at,
        Weights()
        if scheme is None
        else msgspec.json.decode(f'{{"scheme":{scheme},"own_due":{own_due or "null"}}}', type=Weights),
        {} if later is None else msgspec.json.decode(later, type=dict[str, Weights]),
        [] if rows is None else msgspec.json.decode(rows, type=list[Row]),
    )


def _ages() -> str:
    """SQL for the array of all classes: how many attempts wait so long."""
    waits, classes = "extract(epoch FROM %(now)s - at)", []
    for days, longer in zip(AGES, (*AGES[1:], None), strict=True):
        over = f"{waits} > {days * DAY}" if days else "true"
        within = "true" if longer is None else f"{waits} <= {longer * DAY}"
        count = f"count(*) FILTER (WHERE {over} AND {within})"
        classes.append(json_object(UngradedOfAge, over_days=str(days), attempts=count))
    return f"json_build_array({', '.join(classes)})"


WORK = f"""
WITH waiting AS (
    SELECT quiz_id, unit_id, coalesce((try ->> 'at')::timestamptz, submitted_at) AS at
      FROM {_GRADES} CROSS JOIN LATERAL jsonb_array_elements(tries) AS try
     WHERE graded < attempts AND try ->> 'at' IS NOT NULL AND try ->> 'points' IS NULL),
quizzes AS (
    SELECT quiz_id, unit_id, count(*) AS attempts, min(at) AS oldest_at FROM waiting GROUP BY quiz_id, unit_id)
SELECT {CHECKPOINT.format("gradebook")}, (SELECT {
    json_object(
        UngradedWork,
        run_id="%(run)s::text",
        attempts="count(*)",
        ages=_ages(),
        quizzes=f"(SELECT {json_array(json_object(UngradedQuiz), 'oldest_at, quiz_id')} FROM quizzes"
        " LEFT JOIN gradebook_quizzes AS quiz USING (quiz_id, unit_id))",
    )
}::text FROM waiting)
"""


async def ungraded_work(reader: Reader, run_id: str, now: datetime) -> Answer:
    """What was handed in on a run and has no grade at the time *now*."""
    return await reader.answer(WORK, {"run": run_id, "now": now})
