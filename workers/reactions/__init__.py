"""
Every reaction on one screen: the fact that one context records, and the command that another gets for it.

This is the only way in which one context affects another. The functions stand in one module for each context that
records the fact. To add a reaction, write its function there and its line here.

The reactor carries out REACTIONS at once. The dispatcher carries out JOBS, with retries: what is due later, or touches
the outside world.
"""

from workers.reactions import catalog, enrollment, progress, quiz
from workers.reactions.job import Job
from workers.reactions.reaction import Reaction

__all__ = ["JOBS", "REACTIONS", "Job", "Reaction"]

REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "run.opened": (Reaction("offer_free_seats", catalog.offer_free_seats),),
    "run.closed": (Reaction("tell_waiting", catalog.tell_waiting),),
    "seats.released": (Reaction("offer_freed_seat", enrollment.offer_freed_seat),),
    "attempt.submitted": (Reaction("grade_by_key", quiz.grade_by_key),),
    "attempt.graded": (
        Reaction("decide_when_graded", quiz.decide_when_graded),
        Reaction("complete_passed_unit", quiz.complete_passed_unit),
    ),
    "attempt.grade_overridden": (
        Reaction("decide_when_overridden", quiz.decide_when_graded),
        Reaction("complete_when_overridden", quiz.complete_passed_unit),
    ),
    "progress.unit_completed": (Reaction("decide_when_done", progress.decide_when_done),),
    "progress.course_outcome_decided": (Reaction("complete_passed_course", progress.complete_passed_course),),
    "progress.course_outcome_revised": (Reaction("follow_revision", progress.follow_revision),),
}

JOBS: dict[str, tuple[Job, ...]] = {
    "enrollment.seat_offered": (
        Job(
            "expire_seat_offer",
            due=enrollment.offer_ends_at,
            command=enrollment.expire_seat_offer,
            settled_by=("enrollment.activated", "enrollment.withdrawn", "enrollment.seat_offer_expired"),
        ),
    ),
}
