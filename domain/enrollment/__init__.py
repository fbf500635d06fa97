"""
Enrollment: who has a place on which course run, who waits for one, and how they left.

Four aggregates share the rules. `Enrollment` is one learner on one run, `Admission` what staff have said about the way
into it, `Cohort` learners who begin together. `Seats` exists only where a run has a capacity, and keeps who sits and
who waits, in the order in which they asked; it is appended as one with the enrollment.
"""

from domain.enrollment.admission import BY_INVITATION, INVITATION_STATUSES, Admission, admission_stream
from domain.enrollment.cohort import Cohort, cohort_stream
from domain.enrollment.enrollment import BY_ENTITLEMENT, BY_STAFF, Enrollment, enrollment_stream
from domain.enrollment.seats import Seats, seats_stream
from domain.enrollment_errors import (
    AlreadyCompleted,
    BadCohort,
    BadExtension,
    BadMode,
    CohortNotFound,
    HasWithdrawn,
    InvitationOver,
    NoAccess,
    NoFreeSeat,
    NoSeatOffered,
    NotActive,
    NotEnrolled,
    NothingToWaive,
    NotInvited,
    OfferExpired,
    OtherCourse,
    PrerequisitesMissing,
    RegistrationNotOpen,
    RegistrationOver,
    RunClosed,
    RunEnded,
    RunFull,
    RunIsOver,
    Status,
    WaitsFor,
    WasTransferred,
)

__all__ = [
    "BY_ENTITLEMENT",
    "BY_INVITATION",
    "BY_STAFF",
    "INVITATION_STATUSES",
    "Admission",
    "AlreadyCompleted",
    "BadCohort",
    "BadExtension",
    "BadMode",
    "Cohort",
    "CohortNotFound",
    "Enrollment",
    "HasWithdrawn",
    "InvitationOver",
    "NoAccess",
    "NoFreeSeat",
    "NoSeatOffered",
    "NotActive",
    "NotEnrolled",
    "NotInvited",
    "NothingToWaive",
    "OfferExpired",
    "OtherCourse",
    "PrerequisitesMissing",
    "RegistrationNotOpen",
    "RegistrationOver",
    "RunClosed",
    "RunEnded",
    "RunFull",
    "RunIsOver",
    "Seats",
    "Status",
    "WaitsFor",
    "WasTransferred",
    "admission_stream",
    "cohort_stream",
    "enrollment_stream",
    "seats_stream",
]
