"""
Enrollment: who has a place on which course run, who waits for one, and how they left.

Two aggregates share the rules. `Enrollment` is one learner on one run. `Seats` exists only where a run has a
capacity, and keeps who sits and who waits, in the order in which they asked; both are appended as one.
"""

from domain.enrollment.enrollment import BY_ENTITLEMENT, Enrollment, enrollment_stream
from domain.enrollment.seats import Seats, seats_stream
from domain.enrollment_errors import (
    AlreadyCompleted,
    HasWithdrawn,
    NoAccess,
    NoSeatOffered,
    NotActive,
    NotEnrolled,
    OfferExpired,
    RunClosed,
    RunEnded,
    RunFull,
    RunIsOver,
    Status,
    WaitsFor,
)

__all__ = [
    "BY_ENTITLEMENT",
    "AlreadyCompleted",
    "Enrollment",
    "HasWithdrawn",
    "NoAccess",
    "NoSeatOffered",
    "NotActive",
    "NotEnrolled",
    "OfferExpired",
    "RunClosed",
    "RunEnded",
    "RunFull",
    "RunIsOver",
    "Seats",
    "Status",
    "WaitsFor",
    "enrollment_stream",
    "seats_stream",
]
