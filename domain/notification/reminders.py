"""What a learner was reminded of on a run: a deadline that is near, once for each time at which it is."""

from datetime import datetime, timedelta

from domain.aggregate import Aggregate, event, stream_id

DEADLINE_LEAD = timedelta(days=1)
"""For how long before a deadline a learner is reminded of it."""


def reminders_stream(learner_id: str, run_id: str) -> str:
    """The stream of what a learner was reminded of on a run."""
    return stream_id("reminders", learner_id, run_id)


def near_deadline(run_id: str, unit_id: str, due_at: datetime) -> str:
    """What a learner is notified of once: a deadline at this time."""
    return f"due.{run_id}.{unit_id}.{due_at:%Y%m%dT%H%M%SZ}"


def is_near(due_at: datetime, now: datetime) -> bool:
    """Whether it is time to be reminded of a deadline, and not too late."""
    return due_at - DEADLINE_LEAD <= now < due_at


class Reminders(Aggregate):
    """The deadlines of one learner on one run that were near."""

    category = "reminders"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"

    class DeadlineNeared(Aggregate.Event):
        """A unit that is not done is due soon, for this learner."""

        TOPIC = "deadline.neared"
        unit_id: str
        due_at: datetime

    def initial_state(self) -> None:
        self.neared: set[tuple[str, datetime]] = set()

    def note_near(self, unit_id: str, due_at: datetime) -> None:
        """A deadline is near; a second time nothing, unless it has moved."""
        if (unit_id, due_at) not in self.neared:
            self._neared(unit_id=unit_id, due_at=due_at)

    @event(DeadlineNeared)
    def _neared(self, unit_id: str, due_at: datetime) -> None:
        self.neared.add((unit_id, due_at))
