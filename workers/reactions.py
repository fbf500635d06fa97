"""
Every reaction on one screen: the fact that one context records, and the command that another gets for it.

This is the only way in which one context affects another. A fact that was imported is history, which has told its
own consequences: nothing reacts to it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from commands.enrollment import CompleteEnrollment, OfferSeat
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt
from domain.fact import Fact

PASSED = ("pass", "distinction")


class Reaction(NamedTuple):
    """A name that never changes, since it is part of the command's id, and the command for a fact, None for none."""

    name: str
    command: Callable[[Fact], Any | None]


def offer_freed_seat(fact: Fact) -> OfferSeat:
    """A seat came free: the next in line gets it."""
    return OfferSeat(fact.ids[0])


def grade_by_key(fact: Fact) -> GradeAttempt | None:
    """An attempt with answers was handed in: it is graded by the key; one without waits for a person."""
    learner_id, quiz_id, attempt_no = fact.ids
    return GradeAttempt(learner_id, quiz_id, int(attempt_no)) if fact.data["responses"] else None


def complete_passed_unit(fact: Fact) -> CompleteUnit | None:
    """An attempt has passed: its unit is completed."""
    data = fact.data
    if not data["passed"]:
        return None
    return CompleteUnit(fact.ids[0], data["run_id"], data["unit_id"], "quiz_passed", data["score_bp"])


def decide_when_done(fact: Fact) -> DecideOutcome:
    """A unit is completed: perhaps it was the last one."""
    return DecideOutcome(fact.ids[0], fact.ids[1], fact.position)


def complete_passed_course(fact: Fact) -> CompleteEnrollment | None:
    """A course was passed: the enrollment is completed."""
    return CompleteEnrollment(fact.ids[0], fact.ids[1]) if fact.data["outcome"] in PASSED else None


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "seats.released": (Reaction("offer_freed_seat", offer_freed_seat),),
    "attempt.submitted": (Reaction("grade_by_key", grade_by_key),),
    "attempt.graded": (Reaction("complete_passed_unit", complete_passed_unit),),
    "progress.unit_completed": (Reaction("decide_when_done", decide_when_done),),
    "progress.course_outcome_decided": (Reaction("complete_passed_course", complete_passed_course),),
}


def is_history(fact: Fact) -> bool:
    """Whether the fact was imported, so that its consequences, if any, were imported too."""
    return fact.meta.source.startswith("import:")


def context_of(fact: Fact, reaction: Reaction) -> Context:
    """The context of a reaction; its id comes from the fact, so that carrying it out twice changes nothing."""
    return Context(
        actor="reactor",
        at=fact.occurred_at,
        source=f"reactor:{reaction.name}",
        on_behalf_of=fact.meta.on_behalf_of or fact.meta.actor,
        causation_id=fact.meta.event_id,
        correlation_id=fact.meta.correlation_id,
        idempotency_key=f"reaction:{uuid5(UUID(fact.meta.event_id), reaction.name)}",
        fingerprint=reaction.name,
    )
