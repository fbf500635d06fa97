"""
Who hands in late: for each learner on each run how often, and by how much at the worst.

Reads    attempt.submitted.
Writes   late_learners, one row per run and learner who has handed anything in.
Run      campus.rebuild(load_projection("docs/examples/late_learners.py")), see docs/howto/sdk.md
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from campuslog import Fact, Handler, Projection, RowKey, Rows, Table

SECONDS_A_DAY = 86_400


class LateLearner(msgspec.Struct):
    """What a learner handed in on a run; `worst_days` counts begun days after the deadline."""

    run_id: str
    learner_id: str
    submitted: int = 0
    late: int = 0
    worst_days: int = 0
    last_late_at: datetime | None = None


LATE_LEARNERS = Table("late_learners", LateLearner, key=("run_id", "learner_id"))


def needs(fact: Fact) -> Iterable[RowKey]:
    """The one row that a submission changes."""
    return [RowKey(LATE_LEARNERS, (fact.data["run_id"], fact.key))]


def submitted(fact: Fact, rows: Rows) -> None:
    """Count a submission; work taken over from an earlier run cannot be late."""
    row = rows.edit(LATE_LEARNERS, LateLearner, fact.data["run_id"], fact.key)
    row.submitted += 1
    late_by = 0 if fact.data["banked"] else fact.data["late_by"]
    if late_by > 0:
        row.late += 1
        row.worst_days = max(row.worst_days, -(-late_by // SECONDS_A_DAY))
        row.last_late_at = fact.occurred_at


class LateLearners(Projection):
    """Who hands in late."""

    name = "late_learners"
    tables = (LATE_LEARNERS,)
    handlers = {"attempt.submitted": Handler(needs, submitted)}  # noqa: RUF012 - a constant
