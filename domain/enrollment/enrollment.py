"""One learner's place on one course run: asked for, given, suspended while nothing pays for it, completed or left."""

from datetime import datetime
from typing import Any

from domain.aggregate import Aggregate, event, stream_id
from domain.enrollment import cohort, extensions
from domain.enrollment.cohort import InCohort
from domain.enrollment_errors import (
    AlreadyCompleted,
    BadMode,
    HasWithdrawn,
    NoAccess,
    NoSeatOffered,
    NotActive,
    Status,
    WaitsFor,
)
from domain.personal import MODE_CHANGED, TRANSFERRED, Words

BY_ENTITLEMENT = "entitlement"
"""The mode of an enrollment that an entitlement has asked for; also by what such access is suspended and resumed."""
BY_STAFF = "staff"
"""By whom access is suspended where it is not for want of an entitlement."""


def enrollment_stream(learner_id: str, run_id: str) -> str:
    """The stream of one learner on one run."""
    return stream_id("enrollment", learner_id, run_id)


class Enrollment(InCohort):
    """One learner's place on one course run."""

    category = "enrollment"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"

    class Requested(Aggregate.Event):
        TOPIC = "enrollment.requested"
        learner_id: str
        run_id: str
        mode: str
        source: str

    class Activated(Aggregate.Event):
        TOPIC = "enrollment.activated"
        access_from: datetime | None
        access_until: datetime | None
        entitlement_id: str | None

    class Waitlisted(Aggregate.Event):
        TOPIC = "enrollment.waitlisted"

    class WaitChanged(Aggregate.Event):
        TOPIC = "enrollment.wait_changed"
        old: str
        new: str

    class SeatOffered(Aggregate.Event):
        TOPIC = "enrollment.seat_offered"
        class_version = 2
        until: datetime | None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 every seat was given at once."""
            state["until"] = None

    class SeatOfferExpired(Aggregate.Event):
        TOPIC = "enrollment.seat_offer_expired"
        until: datetime

    class Withdrawn(Aggregate.Event):
        TOPIC = "enrollment.withdrawn"
        reason: Words

    class Reactivated(Aggregate.Event):
        TOPIC = "enrollment.reactivated"

    class Completed(Aggregate.Event):
        TOPIC = "enrollment.completed"

    class Reopened(Aggregate.Event):
        TOPIC = "enrollment.reopened"
        reason: Words

    class Suspended(Aggregate.Event):
        TOPIC = "enrollment.suspended"
        class_version = 2
        reason: Words
        by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 access was suspended for want of an entitlement only."""
            state["by"] = BY_ENTITLEMENT

    class Resumed(Aggregate.Event):
        TOPIC = "enrollment.resumed"
        class_version = 2
        status: str
        reason: Words
        by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 access was resumed by an entitlement only."""
            state["by"] = BY_ENTITLEMENT

    class ModeChanged(Aggregate.Event):
        TOPIC = "enrollment.mode_changed"
        old: str
        new: str

    class Transferred(Aggregate.Event):
        TOPIC = "enrollment.transferred"
        to_run: str
        reason: Words

    class TransferredFrom(Aggregate.Event):
        TOPIC = "enrollment.transferred_from"
        from_run: str

    ExtensionGranted = extensions.ExtensionGranted
    ExtensionWithdrawn = extensions.ExtensionWithdrawn
    CohortChanged = cohort.CohortChanged

    def admit(self, source: str) -> None:
        """Ask for a place for a learner who is entitled to one, also for one who has left."""
        if self.status is Status.WITHDRAWN:
            self.reactivate()
        else:
            self.request(BY_ENTITLEMENT, source)

    def request(self, mode: str, source: str) -> None:
        """Ask for a place, also after an offer has expired; asking twice changes nothing, who has left reactivates."""
        if self.status is Status.EXPIRED:
            self._reactivated()
            return
        if self.status is Status.WITHDRAWN:
            self.refuse(HasWithdrawn(learner_id=self.learner_id, run_id=self.run_id))
        elif self.status is not Status.NONE:
            return
        self._requested(learner_id=self.learner_id, run_id=self.run_id, mode=mode, source=source)

    @event(Requested)
    def _requested(self, learner_id: str, run_id: str, mode: str, source: str) -> None:
        self.status = Status.REQUESTED
        self.mode = mode
        self.by_entitlement = mode == BY_ENTITLEMENT

    def activate(
        self,
        access_from: datetime | None = None,
        access_until: datetime | None = None,
        entitlement_id: str | None = None,
    ) -> None:
        """Let the learner in, from *access_from* to *access_until* (None: the run's own dates)."""
        self.must_have_asked()
        if self.status in (Status.ACTIVE, Status.COMPLETED, Status.SUSPENDED):
            return
        if self.status is Status.WITHDRAWN:
            self.refuse(HasWithdrawn(learner_id=self.learner_id, run_id=self.run_id))
        elif self.status is Status.EXPIRED:
            self.refuse(self._offer_expired())
        self._activated(access_from=access_from, access_until=access_until, entitlement_id=entitlement_id)

    @event(Activated)
    def _activated(
        self, access_from: datetime | None, access_until: datetime | None, entitlement_id: str | None
    ) -> None:
        self.status = Status.ACTIVE
        self.by_entitlement = self.by_entitlement or entitlement_id is not None

    def wait(self) -> None:
        """Put the learner on the waitlist."""
        self.must_have_asked()
        if self.status is Status.REQUESTED:
            self._waitlisted()

    @event(Waitlisted)
    def _waitlisted(self) -> None:
        self.status = Status.WAITLISTED
        self.waits_for = WaitsFor.SEAT.value

    def wait_again(self) -> bool:
        """Lose the seat, or the offer of one, to a lower capacity; progress stays. Returns whether there was one."""
        if self.status not in (Status.ACTIVE, Status.OFFERED):
            return False
        self._waitlisted()
        return True

    def explain_wait(self, waits_for: WaitsFor) -> None:
        """Tell the learner, who waits, what for now."""
        if self.status is Status.WAITLISTED and self.waits_for != waits_for.value:
            self._wait_changed(old=self.waits_for, new=waits_for.value)

    @event(WaitChanged)
    def _wait_changed(self, old: str, new: str) -> None:
        self.waits_for = new

    def offer_seat(self, until: datetime | None = None, entitlement_id: str | None = None) -> None:
        """Hold the seat that came free for the learner, who waits, *until* then; None: give it at once."""
        if self.status is Status.WAITLISTED:
            self._seat_offered(until=until)
            if until is None:
                self.activate(entitlement_id=entitlement_id)

    @event(SeatOffered)
    def _seat_offered(self, until: datetime | None) -> None:
        self.status = Status.REQUESTED if until is None else Status.OFFERED
        self.offered_until = until

    def accept(self, at: datetime, entitlement_id: str | None = None) -> None:
        """Take the seat that is offered; refused from the end of the offer on, whether or not it is recorded yet."""
        self.must_have_asked()
        if self.status in (Status.ACTIVE, Status.COMPLETED):
            return
        if self.status is Status.EXPIRED or self._is_overdue(at):
            self.refuse(self._offer_expired())
        elif self.status is not Status.OFFERED:
            self.refuse(NoSeatOffered(learner_id=self.learner_id, run_id=self.run_id, status=self.status.value))
        self._activated(access_from=None, access_until=None, entitlement_id=entitlement_id)

    def expire_offer(self, at: datetime) -> bool:
        """Withdraw the offer if its time is over at *at*; returns whether it was."""
        if self.offered_until is None or not self._is_overdue(at):
            return False
        self._seat_offer_expired(until=self.offered_until)
        return True

    @event(SeatOfferExpired)
    def _seat_offer_expired(self, until: datetime) -> None:
        self.status = Status.EXPIRED

    def withdraw(self, reason: str) -> None:
        """Give up the place, or decline the seat that is offered."""
        self.must_have_asked()
        if self.status in (Status.WITHDRAWN, Status.EXPIRED):
            return
        if self.status is Status.COMPLETED:
            self.refuse(AlreadyCompleted(learner_id=self.learner_id, run_id=self.run_id))
        self._withdrawn(reason=reason)

    @event(Withdrawn)
    def _withdrawn(self, reason: str) -> None:
        self.status = Status.WITHDRAWN
        self.suspended_by.discard(BY_ENTITLEMENT)

    def reactivate(self) -> None:
        """Come back after a withdrawal or an expired offer; the seat is decided next, as for a new request."""
        self.must_have_asked()
        if self.status is Status.COMPLETED:
            raise AlreadyCompleted(learner_id=self.learner_id, run_id=self.run_id)
        if self.status in (Status.WITHDRAWN, Status.EXPIRED):
            if BY_STAFF in self.suspended_by:  # leaving is no way around a suspension
                self.refuse(NoAccess(learner_id=self.learner_id, run_id=self.run_id, status=Status.SUSPENDED))
            self._reactivated()

    @event(Reactivated)
    def _reactivated(self) -> None:
        self.status = Status.REQUESTED
        self.transferred_to = ""

    def complete(self) -> None:
        """The course has been passed."""
        self.must_have_asked()
        if self.status is Status.COMPLETED:
            return
        if self.status is Status.WITHDRAWN:
            self.refuse(HasWithdrawn(learner_id=self.learner_id, run_id=self.run_id))
        elif self.status is not Status.ACTIVE:
            self.refuse(NotActive(learner_id=self.learner_id, run_id=self.run_id))
        self._completed()

    @event(Completed)
    def _completed(self) -> None:
        self.status = Status.COMPLETED

    def reopen(self, reason: str) -> None:
        """The course is not passed after all: the enrollment is active again."""
        self.must_have_asked()
        if self.status is Status.SUSPENDED and self.suspended_from is Status.COMPLETED:
            raise NotActive(learner_id=self.learner_id, run_id=self.run_id)
        if self.status is Status.COMPLETED:
            self._reopened(reason=reason)

    @event(Reopened)
    def _reopened(self, reason: str) -> None:
        self.status = Status.ACTIVE

    def suspend(self, reason: str, by: str = BY_ENTITLEMENT) -> None:
        """Take access away until it is given back *by* the same: an entitlement, or staff. Progress and seat stay."""
        if by not in self.suspended_by and (self.has_place or self.status is Status.SUSPENDED):
            self._suspended(reason=reason, by=by)

    @event(Suspended)
    def _suspended(self, reason: str, by: str) -> None:
        if self.status is not Status.SUSPENDED:
            self.suspended_from = self.status
        self.suspended_by.add(by)
        self.status = Status.SUSPENDED

    def resume(self, reason: str, by: str = BY_ENTITLEMENT) -> None:
        """Give access back: the enrollment is as it was, once neither an entitlement nor staff keep it suspended."""
        if by not in self.suspended_by:
            return
        status = self.suspended_from if self.suspended_by == {by} else Status.SUSPENDED
        status = status if self.status is Status.SUSPENDED else self.status
        self._resumed(status=status.value, reason=reason, by=by)

    @event(Resumed)
    def _resumed(self, status: str, reason: str, by: str) -> None:
        self.status = Status(status)
        self.suspended_by.discard(by)

    def change_mode(self, mode: str) -> None:
        """
        Have the place in another mode, such as `free` or `audit`; access does not depend on an entitlement then.

        Raises:
            BadMode: it is the mode that only an entitlement gives.
        """
        self.must_have_asked()
        if mode == BY_ENTITLEMENT:
            raise BadMode(mode=mode)
        if mode != self.mode:
            self._mode_changed(old=self.mode, new=mode)
            self.resume(MODE_CHANGED)

    @event(ModeChanged)
    def _mode_changed(self, old: str, new: str) -> None:
        self.mode = new
        self.by_entitlement = False

    def leave_for(self, to_run: str, reason: str) -> None:
        """Leave for another run of the course; what is done here stays here, and counts there."""
        self.must_have_asked()
        if self.status is Status.COMPLETED:
            raise AlreadyCompleted(learner_id=self.learner_id, run_id=self.run_id)
        if self.status is not Status.ACTIVE:
            raise NoAccess(learner_id=self.learner_id, run_id=self.run_id, status=self.status)
        self._transferred(to_run=to_run, reason=reason)
        self._withdrawn(reason=TRANSFERRED)

    @event(Transferred)
    def _transferred(self, to_run: str, reason: str) -> None:
        self.transferred_to = to_run

    def arrive_from(self, from_run: str, mode: str, source: str) -> None:
        """Ask for a place, coming from another run of the course; the seat is decided next."""
        if self.status is Status.NONE:
            self._requested(learner_id=self.learner_id, run_id=self.run_id, mode=mode, source=source)
        else:
            self.reactivate()
        self._transferred_from(from_run=from_run)

    @event(TransferredFrom)
    def _transferred_from(self, from_run: str) -> None:
        pass  # evidence: what is recognised follows from the fact of the other run

    @event(extensions.ExtensionGranted)
    def _extension_granted(self, unit_id: str, old_due: datetime | None, new_due: datetime, reason: str) -> None:
        self.extensions[unit_id] = new_due

    @event(extensions.ExtensionWithdrawn)
    def _extension_withdrawn(self, unit_id: str, old_due: datetime, due: datetime | None, reason: str) -> None:
        self.extensions.pop(unit_id, None)

    @event(cohort.CohortChanged)
    def _cohort_changed(
        self,
        old_cohort: str | None,
        new_cohort: str | None,
        old_begins_at: datetime | None,
        new_begins_at: datetime | None,
    ) -> None:
        self.cohort_id, self.cohort_begins_at = new_cohort, new_begins_at
