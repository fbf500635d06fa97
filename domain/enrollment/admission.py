"""What staff have said about a learner's way into a run: an invitation, and what need not be passed before."""

from collections.abc import Collection
from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.enrollment_errors import InvitationOver, NotInvited
from domain.personal import Words

INVITED, ACCEPTED, DECLINED, REVOKED, EXPIRED = "invited", "accepted", "declined", "revoked", "expired"
INVITATION_STATUSES = (INVITED, ACCEPTED, DECLINED, REVOKED, EXPIRED)
BY_INVITATION = "invitation"
"""The mode of an enrollment that began with an invitation."""


def admission_stream(learner_id: str, run_id: str) -> str:
    """The stream of what was said about a learner's way into a run."""
    return stream_id("admission", learner_id, run_id)


class Admission(Aggregate):
    """One learner's way into one course run, as far as staff have a say in it."""

    category = "admission"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"

    class Invited(Aggregate.Event):
        TOPIC = "admission.invited"
        until: datetime

    class Accepted(Aggregate.Event):
        TOPIC = "admission.invitation_accepted"

    class Declined(Aggregate.Event):
        TOPIC = "admission.invitation_declined"

    class Revoked(Aggregate.Event):
        TOPIC = "admission.invitation_revoked"

    class PrerequisitesWaived(Aggregate.Event):
        TOPIC = "admission.prerequisites_waived"
        courses: list[str]
        reason: Words

    def initial_state(self) -> None:
        self.invitation = ""
        self.until: datetime | None = None
        self.waived: set[str] = set()

    def invite(self, until: datetime, at: datetime) -> None:
        """Invite the learner, who may accept *until* then; one whose invitation stands for longer has it already."""
        standing = self.invitation == INVITED and self.until is not None and at < self.until
        if not (standing and self.until is not None and until <= self.until):
            self._invited(until=until)

    @event(Invited)
    def _invited(self, until: datetime) -> None:
        self.invitation, self.until = INVITED, until

    def accept(self, at: datetime) -> None:
        """Take the invitation, once; refused from its end on."""
        if self._standing(at) != ACCEPTED:
            self._accepted()

    @event(Accepted)
    def _accepted(self) -> None:
        self.invitation = ACCEPTED

    def decline(self, at: datetime) -> None:
        """Turn the invitation down."""
        if self.invitation != DECLINED:
            self._must_not_be_accepted(at)
            self._declined()

    @event(Declined)
    def _declined(self) -> None:
        self.invitation = DECLINED

    def revoke(self, at: datetime) -> None:
        """Take the invitation back, as staff, before it is accepted."""
        if self.invitation != REVOKED:
            self._must_not_be_accepted(at)
            self._revoked()

    @event(Revoked)
    def _revoked(self) -> None:
        self.invitation = REVOKED

    def waive(self, courses: Collection[str], reason: str) -> None:
        """Let the learner in without having passed these courses; those that were waived before change nothing."""
        new = sorted({*courses} - self.waived)
        if new:
            self._prerequisites_waived(courses=new, reason=reason)

    @event(PrerequisitesWaived)
    def _prerequisites_waived(self, courses: list[str], reason: str) -> None:
        self.waived |= {*courses}

    def status(self, at: datetime) -> str:
        """How the invitation stands at *at*; empty without one. It expires by the clock, and no fact says so."""
        over = self.invitation == INVITED and self.until is not None and at >= self.until
        return EXPIRED if over else self.invitation

    def _must_not_be_accepted(self, at: datetime) -> None:
        if self._standing(at) == ACCEPTED:
            raise self._over(ACCEPTED)

    def _standing(self, at: datetime) -> str:
        """The status of an invitation that stands, or was accepted; raises NotInvited, InvitationOver."""
        found = self.status(at)
        if not found:
            raise NotInvited(learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"))
        if found not in (INVITED, ACCEPTED):
            raise self._over(found)
        return found

    def _over(self, status: str) -> InvitationOver:
        return InvitationOver(learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"), status=status)
