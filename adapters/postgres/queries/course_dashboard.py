"""
The dashboard of a course run: what is answered, an example, and the SQL that sums up the rows of
projections/course_dashboard.py.
"""

from datetime import datetime

import msgspec

from adapters.postgres.queries.ended import RUN_IS_OVER, shown_status
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader
from domain.grading import OUTCOMES, PASSING_OUTCOMES
from domain.weeks import WEEKDAYS
from domain.words import Day


class Statuses(msgspec.Struct, kw_only=True):
    """How many enrollments stand where; those that go on when the run is over are `ended`."""

    requested: int
    waitlisted: int
    offered: int
    active: int
    withdrawn: int
    expired: int
    completed: int
    suspended: int
    ended: int


class StatusesOfDay(msgspec.Struct, kw_only=True):
    """
    How many enrollments stood where when a day (UTC) ended; offered counts as waitlisted, expired and
    suspended as withdrawn.

    Days say what facts have made: no day has `ended`, which follows from the clock.
    """

    day: Day
    requested: int
    waitlisted: int
    active: int
    withdrawn: int
    completed: int


class Funnel(msgspec.Struct, kw_only=True):
    """How many learners came how far, each step with those who came further.

    `half_way` is half of what counts; `completed` has those who were completed without an outcome, `passed` has not.
    """

    requested: int
    activated: int
    any_activity: int
    first_submission: int
    half_way: int
    completed: int
    passed: int


class RunCounts(msgspec.Struct, kw_only=True):
    """Where the enrollments of a run stand."""

    enrollments: int
    statuses: Statuses
    funnel: Funnel
    outcomes: dict[str, int]


class ActivityOfWeek(msgspec.Struct, kw_only=True):
    """
    What was done in the week that began on this Monday, and by how many learners.

    `monday` and the other days (UTC) say how many of the rows are of that day; null until the read model is rebuilt.
    """

    week: Day
    rows: int
    amount: int
    learners: int
    monday: int | None
    tuesday: int | None
    wednesday: int | None
    thursday: int | None
    friday: int | None
    saturday: int | None
    sunday: int | None


class RunDashboard(msgspec.Struct, kw_only=True):
    """How a run goes; `grades` counts learners in ten classes of a tenth of the whole grade each."""

    run_id: str
    counts: RunCounts
    grades: list[int]
    days: list[StatusesOfDay]
    weeks: list[ActivityOfWeek]


EXAMPLE = RunDashboard(
    run_id="algebra-2026",
    counts=RunCounts(
        enrollments=1,
        statuses=Statuses(
            requested=0, waitlisted=0, offered=0, active=1, withdrawn=0, expired=0, completed=0, suspended=0, ended=0
        ),
        funnel=Funnel(requested=1, activated=1, any_activity=0, first_submission=0, half_way=0, completed=0, passed=0),
        outcomes={"pass": 0},
    ),
    grades=[0] * 10,
    days=[StatusesOfDay(day="2026-02-01", requested=0, waitlisted=0, active=1, withdrawn=0, completed=0)],
    weeks=[
        ActivityOfWeek(
            week="2026-01-26", rows=1, amount=3, learners=1, **dict.fromkeys(WEEKDAYS[:-1], 0), **{WEEKDAYS[-1]: 1}
        )
    ],
)


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


# Each step includes those who came further, so that a funnel never grows.
_COMPLETED = f"(status = 'completed' OR outcome IN {PASSING_OUTCOMES})"
_HALF_WAY = f"(coalesce(half_way, percent >= 5000) OR {_COMPLETED})"
_SUBMITTED = f"(submitted OR {_HALF_WAY})"
_ACTIVE = f"(weeks <> '[]' OR {_SUBMITTED})"
_FUNNEL = {
    "requested": "status <> 'none'",
    "activated": f"activated OR {_ACTIVE}",
    "any_activity": _ACTIVE,
    "first_submission": _SUBMITTED,
    "half_way": _HALF_WAY,
    "completed": _COMPLETED,
    "passed": f"coalesce(outcome IN {PASSING_OUTCOMES}, false)",
}
CLASSES = 10  # of grades
_CLASS = f"least(grade_bp / 1000, {CLASSES - 1})"
CONDITIONS = {
    "counts/enrollments": "status <> 'none'",
    **{f"counts/statuses/{name}": f"shown = '{name}'" for name in Statuses.__struct_fields__},
    **{f"counts/funnel/{name}": condition for name, condition in _FUNNEL.items()},
    **{f"counts/outcomes/{name}": f"outcome = '{name}'" for name in OUTCOMES},
    **{f"grades/{number}": f"{_CLASS} = {number}" for number in range(CLASSES)},
}
"""Of each count of learners in the answer: which rows it counts."""


def _counts(of: str) -> dict[str, str]:
    """The counts of one object of the answer, by name."""
    return {path.rpartition("/")[2]: _count(sql) for path, sql in CONDITIONS.items() if path.startswith(of)}


_OUTCOMES = ", ".join(f"'{name}', {count}" for name, count in _counts("counts/outcomes/").items())
_COUNTS = json_object(
    RunCounts,
    enrollments=_count(CONDITIONS["counts/enrollments"]),
    statuses=json_object(Statuses, **_counts("counts/statuses/")),
    funnel=json_object(Funnel, **_counts("counts/funnel/")),
    outcomes=f"json_build_object({_OUTCOMES})",
)
_DASHBOARD = json_object(
    RunDashboard, counts="totals.counts", grades="grades.buckets", days="days.entries", weeks="weeks.entries"
)
_SHOWN_STATUS = shown_status(RUN_IS_OVER)
_RUNNING = ", ".join(f"sum({name}) OVER past AS {name}" for name in StatusesOfDay.__struct_fields__ if name != "day")

_MINE = with_columns(
    f"""SELECT learner_id, status, {_SHOWN_STATUS} AS shown, activated, weeks, submitted, half_way, percent, grade_bp,
               outcome
          FROM course_enrollments WHERE run_id = %(run)s""",
    "enrollment",
    half_way="NULL::boolean",
)

_WEEKS = with_columns(
    f"SELECT {', '.join(ActivityOfWeek.__struct_fields__)} FROM course_weeks WHERE run_id = %(run)s",
    "week_of_run",
    **dict.fromkeys(WEEKDAYS, "NULL::bigint"),
)

# Everything about one run; NULL where the run has never been scheduled. Days are running totals, by status.
RUN = f"""
WITH mine AS (SELECT * FROM {_MINE}),
totals AS (SELECT {_COUNTS} AS counts FROM mine),
grades AS (SELECT {json_array("learners", "bucket")} AS buckets FROM (
    SELECT bucket, count(grade_bp) AS learners
      FROM generate_series(0, {CLASSES - 1}) AS bucket LEFT JOIN mine ON {_CLASS} = bucket GROUP BY bucket) AS b),
days AS (SELECT {json_array(json_object(StatusesOfDay), "day")} AS entries FROM (
    SELECT day, {_RUNNING} FROM course_days WHERE run_id = %(run)s WINDOW past AS (ORDER BY day)) AS running),
weeks AS (SELECT {json_array(json_object(ActivityOfWeek), "week")} AS entries FROM {_WEEKS})
SELECT {CHECKPOINT.format("course_dashboard")}, (
    SELECT {_DASHBOARD}::text FROM course_weights, totals, grades, days, weeks WHERE run_id = %(run)s){{more}}
"""
MEMBERS = ", (SELECT coalesce(json_agg(learner_id ORDER BY learner_id), '[]')::text FROM mine WHERE {})"


async def run_dashboard(reader: Reader, run_id: str, now: datetime) -> Answer:
    """How one run goes; *now* says whether it is over."""
    return await reader.answer(RUN.format(more=""), {"run": run_id, "now": now})


async def counted(reader: Reader, run_id: str, now: datetime, path: str) -> tuple[Answer, list[str]]:
    """The dashboard, and the learners whom one of its counts (of `CONDITIONS`) counts, from the same rows."""
    query = RUN.format(more=MEMBERS.format(CONDITIONS[path]))
    position, body, learners = (await reader.rows(query, {"run": run_id, "now": now}))[0]
    return Answer(None if body is None else body.encode(), position or 0), msgspec.json.decode(learners, type=list[str])


OLD = {
    "grade_so_far_bp": "NULL::bigint",
    "excused": "'[]'::jsonb",
    "exact": "'{}'::jsonb",
    "version": "0",
    "extensions": "'{}'::jsonb",
    "placed_at": "NULL::timestamptz",
    "cohort_begins_at": "NULL::timestamptz",
}
DAYS_FROM = "coalesce(cohort_begins_at, placed_at)"
"""From when the days of a learner's deadlines count, on runs where that is not the start: from cohort or place."""


def learners(which: str) -> str:
    """
    SQL for the learners of a run *which* fit a condition: status, grades as they are shown, scores, own deadlines.
    """
    columns = f"percent, grade_bp, outcome, completed, weeks, scores, {DAYS_FROM} AS days_from, " + ", ".join(OLD)
    select = f"SELECT learner_id, {_SHOWN_STATUS} AS status, {columns} FROM course_enrollments"
    return with_columns(f"{select} WHERE run_id = %(run)s AND {which}", "learner", **OLD)
