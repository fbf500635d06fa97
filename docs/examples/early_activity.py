"""
How much each learner did in the first four weeks of a run, and on how many days.

Reads    run.scheduled, progress.activity_recorded.
Writes   early_activity, one row per run and learner with any activity in that time; activity_runs, one per run.
Run      campus.rebuild(load_projection("docs/examples/early_activity.py")), see docs/howto/sdk.md
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from campuslog import Fact, Handler, Projection, RowKey, Rows, Table

EARLY = 28  # days from the start of the run


class ActivityRun(msgspec.Struct):
    """When a run starts."""

    run_id: str
    starts_at: datetime = datetime.max.replace(tzinfo=UTC)


class EarlyActivity(msgspec.Struct):
    """What a learner did in that time; `last_day` counts from the start of the run."""

    run_id: str
    learner_id: str
    amount: int = 0
    days: int = 0
    last_day: int | None = None


RUNS = Table("activity_runs", ActivityRun, key=("run_id",))
EARLY_ACTIVITY = Table("early_activity", EarlyActivity, key=("run_id", "learner_id"))


def needs_run(fact: Fact) -> Iterable[RowKey]:
    """The row of the run."""
    return [RowKey(RUNS, (fact.id("run_id"),))]


def scheduled(fact: Fact, rows: Rows) -> None:
    """Note when the run starts."""
    rows.edit(RUNS, ActivityRun, fact.id("run_id")).starts_at = datetime.fromisoformat(fact.data["starts_at"])


def needs_learner(fact: Fact) -> Iterable[RowKey]:
    """The rows of the learner and of the run."""
    learner_id, run_id = fact.id("learner_id"), fact.id("run_id")
    return [RowKey(EARLY_ACTIVITY, (run_id, learner_id)), RowKey(RUNS, (run_id,))]


def recorded(fact: Fact, rows: Rows) -> None:
    """Add up what was done in the first weeks."""
    learner_id, run_id = fact.id("learner_id"), fact.id("run_id")
    run = rows.read(RUNS, ActivityRun, run_id)
    if run is None or not 0 <= (day := (fact.occurred_at - run.starts_at).days) < EARLY:
        return
    row = rows.edit(EARLY_ACTIVITY, EarlyActivity, run_id, learner_id)
    row.amount += fact.data["amount"]
    row.days += day != row.last_day
    row.last_day = day


class EarlyActivities(Projection):
    """How much each learner did in the first four weeks."""

    name = "early_activity"
    tables = (RUNS, EARLY_ACTIVITY)
    handlers = {  # noqa: RUF012 - a constant
        "run.scheduled": Handler(needs_run, scheduled),
        "progress.activity_recorded": Handler(needs_learner, recorded),
    }
