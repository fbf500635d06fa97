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
    """How many learners came how far, each step with those who came further; `half_way` is half of what counts."""

    requested: int
    activated: int
    any_activity: int
    first_submission: int
    half_way: int
    completed: int


class RunCounts(msgspec.Struct, kw_only=True):
    """Where the enrollments of a run stand."""

    enrollments: int
    statuses: Statuses
    funnel: Funnel
    outcomes: dict[str, int]


class ActivityOfWeek(msgspec.Struct, kw_only=True):
    """What was done in the week that began on this Monday, and by how many learners."""

    week: Day
    rows: int
    amount: int
    learners: int


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
        funnel=Funnel(requested=1, activated=1, any_activity=0, first_submission=0, half_way=0, completed=0),
        outcomes={"pass": 0},
    ),
    grades=[0] * 10,
    days=[StatusesOfDay(day="2026-02-01", requested=0, waitlisted=0, active=1, withdrawn=0, completed=0)],
    weeks=[ActivityOfWeek(week="2026-01-26", rows=1, amount=3, learners=1)],
)


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


_OUTCOMES = ", ".join(f"'{name}', " + _count(f"outcome = '{name}'") for name in OUTCOMES)
# Each step includes those who came further, so that a funnel never grows.
_COMPLETED = f"(status = 'completed' OR outcome IN {PASSING_OUTCOMES})"
_HALF_WAY = f"(coalesce(half_way, percent >= 5000) OR {_COMPLETED})"
_SUBMITTED = f"(submitted OR {_HALF_WAY})"
_ACTIVE = f"(weeks <> '[]' OR {_SUBMITTED})"
_COUNTS = json_object(
    RunCounts,
    enrollments=_count("status <> 'none'"),
    statuses=json_object(Statuses, **{name: _count(f"shown = '{name}'") for name in Statuses.__struct_fields__}),
    funnel=json_object(
        Funnel,
        requested=_count("status <> 'none'"),
        activated=_count(f"activated OR {_ACTIVE}"),
        any_activity=_count(_ACTIVE),
        first_submission=_count(_SUBMITTED),
        half_way=_count(_HALF_WAY),
        completed=_count(_COMPLETED),
    ),
    outcomes=f"json_build_object({_OUTCOMES})",
)
_DASHBOARD = json_object(
    RunDashboard, counts="totals.counts", grades="grades.buckets", days="days.entries", weeks="weeks.entries"
)
_SHOWN_STATUS = shown_status(RUN_IS_OVER)
_RUNNING = ", ".join(f"sum({name}) OVER past AS {name}" for name in StatusesOfDay.__struct_fields__ if name != "day")

_MINE = with_columns(
    f"""SELECT status, {_SHOWN_STATUS} AS shown, activated, weeks, submitted, half_way, percent, grade_bp, outcome
          FROM course_enrollments WHERE run_id = %(run)s""",
    "enrollment",
    half_way="NULL::boolean",
)

# Everything about one run; NULL where the run has never been scheduled. Days are running totals, by status.
RUN = f"""
WITH mine AS (SELECT * FROM {_MINE}),
totals AS (SELECT {_COUNTS} AS counts FROM mine),
grades AS (SELECT {json_array("learners", "bucket")} AS buckets FROM (
    SELECT bucket, count(grade_bp) AS learners
      FROM generate_series(0, 9) AS bucket LEFT JOIN mine ON least(grade_bp / 1000, 9) = bucket GROUP BY bucket) AS b),
days AS (SELECT {json_array(json_object(StatusesOfDay), "day")} AS entries FROM (
    SELECT day, {_RUNNING} FROM course_days WHERE run_id = %(run)s WINDOW past AS (ORDER BY day)) AS running),
weeks AS (SELECT {json_array(json_object(ActivityOfWeek), "week")} AS entries FROM course_weeks WHERE run_id = %(run)s)
SELECT {CHECKPOINT.format("course_dashboard")}, (
    SELECT {_DASHBOARD}::text FROM course_weights, totals, grades, days, weeks WHERE run_id = %(run)s)
"""


async def run_dashboard(reader: Reader, run_id: str, now: datetime) -> Answer:
    """How one run goes; *now* says whether it is over."""
    return await reader.answer(RUN, {"run": run_id, "now": now})


def learners(which: str) -> str:
    """SQL for the learners of a run *which* fit a condition, with status and grades as they are shown."""
    columns = "percent, grade_bp, grade_so_far_bp, outcome, completed, weeks"
    select = f"SELECT learner_id, {_SHOWN_STATUS} AS status, {columns} FROM course_enrollments"
    return with_columns(f"{select} WHERE run_id = %(run)s AND {which}", "learner", grade_so_far_bp="NULL::bigint")
