"""What is remembered of one learner's place on one course run; domain.enrollment.enrollment has the rules."""

from datetime import datetime

from domain.aggregate import Aggregate
from domain.enrollment_errors import NotEnrolled, OfferExpired, Status


class Place(Aggregate):
    """
    The state of an enrollment.

    Attributes:
        extensions: the deadlines of the learner by unit, where they are others than those for all.
        cohort_id, cohort_begins_at: the cohort of the learner, None for none; the days of deadlines count from then.
    """

    def initial_state(self) -> None:
        self.status = Status.NONE
        self.mode = ""
        self.offered_until: datetime | None = None
        self.waits_for = ""
        self.by_entitlement = False
        self.suspended_from = Status.NONE
        self.suspended_by: set[str] = set()
        self.transferred_to = ""
        self.extensions: dict[str, datetime] = {}
        self.cohort_id: str | None = None
        self.cohort_begins_at: datetime | None = None

    @property
    def learner_id(self) -> str:
        """The learner, from the stream's id."""
        return self.id_of("learner_id")

    @property
    def run_id(self) -> str:
        """The course run, from the stream's id."""
        return self.id_of("run_id")

    @property
    def has_place(self) -> bool:
        """Whether the learner has access, or completed the course with it."""
        return self.status in (Status.ACTIVE, Status.COMPLETED)

    @property
    def waits(self) -> bool:
        """Whether the learner has asked for a place, and has none yet."""
        return self.status in (Status.REQUESTED, Status.WAITLISTED, Status.OFFERED)

    def _is_overdue(self, at: datetime) -> bool:
        return self.status is Status.OFFERED and self.offered_until is not None and at >= self.offered_until

    def _offer_expired(self) -> OfferExpired:
        until = f"{self.offered_until:%Y-%m-%d %H:%M:%S} UTC"
        return OfferExpired(learner_id=self.learner_id, run_id=self.run_id, until=until)

    def must_have_asked(self) -> None:
        """Refuse a learner who has never asked for a place; raises NotEnrolled."""
        if not self.exists:
            raise NotEnrolled(learner_id=self.learner_id, run_id=self.run_id)
