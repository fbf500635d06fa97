"""Where an enrollment stands, and what the rules of enrollment refuse; domain/enrollment.py has the rules."""

from enum import StrEnum

from domain.errors import Conflict, NotFound, Rejected


class Status(StrEnum):
    """Where an enrollment stands."""

    NONE = "none"
    REQUESTED = "requested"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    COMPLETED = "completed"
    SUSPENDED = "suspended"


OPEN = (Status.REQUESTED, Status.WAITLISTED, Status.OFFERED, Status.ACTIVE)
"""Where an enrollment goes on; it is shown as *ended* when its run is over, which follows from the clock."""

ENDED = "ended"


class WaitsFor(StrEnum):
    """Why a learner waits: every seat is taken, the run is closed, or it has ended."""

    SEAT = "full"
    OPENING = "run_closed"
    NOTHING = "run_ended"


class NotEnrolled(NotFound):
    """The learner has never asked for a place on this run."""

    code = "not_enrolled"
    template = "learner {learner_id} is not enrolled on run {run_id}"
    lifted_by = "enrollment-{learner_id}:{run_id}"


class RunClosed(Conflict):
    """The run admits no learner."""

    code = "run_closed"
    template = "course run {run_id} is not open for enrollment"
    lifted_by = "run-{run_id}"


class RegistrationNotOpen(Conflict):
    """The run is open, and its registration has not begun."""

    code = "registration_not_open"
    template = "registration for run {run_id} opens at {opens_at}: ask for a place then"


class RegistrationOver(Conflict):
    """The run is open, and its registration is over."""

    code = "registration_over"
    template = "registration for run {run_id} closed at {closed_at}: ask for a place on a later run of the course"


class BadExtension(Rejected):
    """A new deadline that is no later than the one that all learners have."""

    code = "bad_extension"
    template = "the deadline of unit {unit_id} is {due} for all: an extension until {new_due} would be none"


class CohortNotFound(NotFound):
    """The run has no such cohort."""

    code = "cohort_not_found"
    template = "course run {run_id} has no cohort {cohort_id}"
    lifted_by = "cohort-{run_id}:{cohort_id}"


class BadCohort(Rejected):
    """A run that has no cohorts, or a cohort that would not begin while its run goes on."""

    code = "bad_cohort"


class RunEnded(Conflict):
    """The run is over: there is no place to have."""

    code = "run_ended"
    template = "course run {run_id} ended at {ended_at}: ask for a place on a later run of the course"


class RunFull(Conflict):
    """Every seat is taken, and no more learners may wait for one."""

    code = "run_full"
    template = (
        "course run {run_id} is full: each of its {capacity} seats is taken or due to a learner who waits, and no more"
        " than {waitlist_limit} may wait for one"
    )
    lifted_by = "seats-{run_id}"


class RunIsOver(Conflict):
    """The run has ended: what a learner does on it is not recorded any more."""

    code = "run_is_over"
    template = (
        "course run {run_id} ended at {ended_at}: learners do nothing on it any more, staff still grade attempts,"
        " complete units and decide outcomes"
    )


class AlreadyCompleted(Conflict):
    """The learner has completed the course; the enrollment does not change any more."""

    code = "already_completed"
    template = "learner {learner_id} has completed run {run_id}"


class HasWithdrawn(Conflict):
    """The learner has given up the place and would have to come back first."""

    code = "has_withdrawn"
    template = "learner {learner_id} has left run {run_id}"
    lifted_by = "enrollment-{learner_id}:{run_id}"


class NotActive(Conflict):
    """The learner has asked for a place, and has none yet."""

    code = "not_active"
    template = "learner {learner_id} has no place on run {run_id} yet"
    lifted_by = "enrollment-{learner_id}:{run_id}"


class NoSeatOffered(Conflict):
    """The learner accepts a seat that was not offered."""

    code = "no_seat_offered"
    template = "no seat on run {run_id} is offered to learner {learner_id}: the enrollment is {status}"


class OfferExpired(Conflict):
    """The learner accepts a seat after the time in which it was held."""

    code = "offer_expired"
    template = (
        "the seat on run {run_id} was offered to learner {learner_id} until {until}, and the offer has expired:"
        " ask for a place again to join the end of the waitlist"
    )


class NoAccess(Conflict):
    """The learner has no place on the run at this time."""

    code = "no_access"
    template = "learner {learner_id} has no access to run {run_id}: the enrollment is {status}"
    lifted_by = "enrollment-{learner_id}:{run_id}"


class BadMode(Rejected):
    """Staff give a mode that only an entitlement gives."""

    code = "bad_mode"
    template = "the mode {mode!r} comes with what a learner has bought: give another one, such as free"


class OtherCourse(Conflict):
    """A transfer leads to a run of another course, or to the same run."""

    code = "other_course"
    template = "a transfer leads to another run of the same course, which {to_run} is not for {run_id}"


class WasTransferred(Conflict):
    """A learner comes back to a run from which the staff have moved the learner to another one."""

    code = "was_transferred"
    template = "learner {learner_id} was transferred from run {run_id} to {to_run}: the staff transfer back"


class NoFreeSeat(Conflict):
    """A transfer leads to a run on which no seat is free, or learners wait."""

    code = "no_free_seat"
    template = (
        "run {run_id} has no free seat for a learner from another run: raise its capacity, or wait until one is free"
    )
    lifted_by = "seats-{run_id}"


class NotInvited(NotFound):
    """The learner was not invited to the run."""

    code = "not_invited"
    template = "learner {learner_id} is not invited to run {run_id}"
    lifted_by = "admission-{learner_id}:{run_id}"


class InvitationOver(Conflict):
    """An invitation is accepted once, until its time is over, and not after it was declined."""

    code = "invitation_over"
    template = "the invitation of learner {learner_id} to run {run_id} is {status}: ask the staff for another one"
    lifted_by = "admission-{learner_id}:{run_id}"


class PrerequisitesMissing(Conflict):
    """The learner has not passed what has to be passed before the course."""

    code = "prerequisites_missing"
    template = "learner {learner_id} does not enter run {run_id} before having passed {missing}, or staff waive it"
    lifted_by = "admission-{learner_id}:{run_id}"


class NothingToWaive(Conflict):
    """The course of the run asks for nothing that could be waived."""

    code = "nothing_to_waive"
    template = "nothing has to be passed before run {run_id}"


class AmbiguousInvitee(Rejected):
    """An invitation names a person and an address, or neither."""

    code = "ambiguous_invitee"
    template = "say whom to invite by `learner_id` or by `email`, not by both"


class InvitationInThePast(Rejected):
    """An invitation would be over before it begins."""

    code = "invitation_in_the_past"
    template = "an invitation until {until} would be over: name a later time, or none for {days} days"
