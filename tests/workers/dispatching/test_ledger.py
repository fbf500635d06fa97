"""What facts ask the dispatcher for."""

from datetime import UTC, datetime, timedelta

from domain.fact import Fact
from tests.support.facts import History
from workers.dispatching.ledger import Ledger
from workers.reactions.job import Job

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)


def due(fact: Fact) -> datetime | None:
    """When it happens."""
    return fact.occurred_at


def test_a_job_that_no_fact_ends_is_owed_for_some_time() -> None:
    """After that it is not put back when all jobs are derived from the log once more."""
    job = Job("close", due=due, command=due, settled_by=(), lasts=timedelta(days=2))
    history = History().add("order-ann:o", "order.cancelled", AT, reason="moved")
    for days, owed in ((0, 1), (2, 1), (3, 0)):
        ledger = Ledger({"order.cancelled": (job,)}, AT + timedelta(days=days))
        for fact in history.facts:
            ledger.add(fact)
        assert len(ledger.owed) == owed
