"""What people are notified of from the facts of all contexts, but not of what they do alone."""

from datetime import datetime
from typing import Any

from commands.notification import PlanNotifications
from commands.notification.digests import CloseDigest
from commands.notification.forum import Cause, TellWatchers
from domain.fact import Fact
from domain.notification import Channel, near_deadline
from workers.reactions.job import Outside
from workers.reactions.reaction import Reaction

BY_PEOPLE = "item_marks"
"""Who decides a grade that a person waits for; that of a key is shown when the answers are handed in."""


def _tell(fact: Fact, template: str, once_for: str = "") -> PlanNotifications:
    return PlanNotifications(fact.id("learner_id"), template, fact.meta.event_id, fact.position, once_for)


def tell_of_sign_in(fact: Fact) -> PlanNotifications:
    """A person has signed in: said once for each way in, since a way that is used for the first time can be theft."""
    return _tell(fact, "signed_in", f"method.{fact.data['method']}")


def tell_of_export(fact: Fact) -> PlanNotifications:
    """All that is held about a person was taken: by that person, or by who has got into the account."""
    return _tell(fact, "data_exported")


def tell_of_role(fact: Fact) -> PlanNotifications | None:
    """A role was granted by another person."""
    return None if fact.meta.actor == fact.id("learner_id") else _tell(fact, "role_granted")


def tell_of_payment(fact: Fact) -> PlanNotifications | None:
    """An order is paid; what costs nothing is no payment."""
    return _tell(fact, "order_paid") if fact.data["amount"] else None


def tell_of_failed_payment(fact: Fact) -> PlanNotifications:
    """A payment has failed."""
    return _tell(fact, "payment_failed")


def tell_of_refund(fact: Fact) -> PlanNotifications:
    """Money went back."""
    return _tell(fact, "order_refunded")


def tell_of_deadline(fact: Fact) -> PlanNotifications:
    """The learner has more time for a unit, or no longer."""
    return _tell(fact, "deadline_changed")


def tell_of_near_deadline(fact: Fact) -> PlanNotifications:
    """A unit that is not done is due soon: said once for the time at which it is due."""
    due_at = datetime.fromisoformat(fact.data["due_at"])
    return _tell(fact, "deadline_near", near_deadline(fact.id("run_id"), fact.data["unit_id"], due_at))


def tell_of_grade(fact: Fact) -> PlanNotifications | None:
    """A person has graded an attempt."""
    return _tell(fact, "attempt_graded") if fact.data["policy"] == BY_PEOPLE else None


def tell_of_other_grade(fact: Fact) -> PlanNotifications:
    """A grade is another one than before, by staff or by a regrade."""
    return _tell(fact, "grade_changed")


def tell_of_outcome(fact: Fact) -> PlanNotifications:
    """A course has an outcome."""
    return _tell(fact, "outcome_decided")


def tell_of_revision(fact: Fact) -> PlanNotifications:
    """The outcome is another one."""
    return _tell(fact, "outcome_revised")


def tell_of_certificate(fact: Fact) -> PlanNotifications:
    """There is a certificate."""
    return _tell(fact, "certificate_issued")


def tell_of_place(fact: Fact) -> PlanNotifications | None:
    """The learner has a place on a run, which another one or a payment has given."""
    return None if fact.meta.actor == fact.id("learner_id") else _tell(fact, "enrolled")


def tell_of_offer(fact: Fact) -> PlanNotifications | None:
    """A seat is held for the learner until a time; one that is given at once is a place."""
    return _tell(fact, "seat_offered") if fact.data["until"] is not None else None


def tell_more_watchers(fact: Fact) -> TellWatchers | None:
    """The next page of them, if there is one."""
    if fact.data["finished"]:
        return None
    thread_id, _, post_no = fact.id("round_id").rpartition(".")
    cause = Cause(fact.data["cause_event_id"], fact.data["cause_position"])
    return TellWatchers(thread_id, int(post_no), cause, fact.data["last"])


def sent_at(fact: Fact) -> datetime | None:
    """When a mail is to leave; None for what goes another way."""
    if fact.data["channel"] != Channel.EMAIL:
        return None
    not_before = fact.data["not_before"]
    return fact.occurred_at if not_before is None else datetime.fromisoformat(not_before)


async def send(fact: Fact, outside: Outside) -> Any:
    """Send a mail, unless it is not to be sent any more, or goes into a digest."""
    return await outside.send_notification(fact, outside.key)


def note_outcome(_fact: Fact, outcome: Any) -> Any:
    """The command that says what has become of it."""
    return outcome


SETTLED = ("notification.sent", "notification.bounced", "notification.suppressed", "notification.gathered")


def digest_closes_at(fact: Fact) -> datetime:
    """When a digest that was opened takes in nothing more."""
    return datetime.fromisoformat(fact.data["closes_at"])


def close_digest(fact: Fact) -> CloseDigest:
    """The time of a digest has come."""
    return CloseDigest(fact.id("learner_id"), fact.id("day"))


def at_once(fact: Fact) -> datetime:
    """A digest that is closed is sent."""
    return fact.occurred_at


async def send_digest(fact: Fact, outside: Outside) -> Any:
    """Send a digest, unless nothing of it is to be sent any more."""
    return await outside.send_digest(fact, outside.key)


DIGEST_SETTLED = ("digest.sent", "digest.bounced", "digest.suppressed")

NOTICES: dict[str, Reaction] = {
    "session.opened": Reaction("tell_of_sign_in", tell_of_sign_in),
    "user.data_exported": Reaction("tell_of_export", tell_of_export),
    "role.granted": Reaction("tell_of_role", tell_of_role),
    "order.paid": Reaction("tell_of_payment", tell_of_payment),
    "payment.failed": Reaction("tell_of_failed_payment", tell_of_failed_payment),
    "order.refunded": Reaction("tell_of_refund", tell_of_refund),
    "enrollment.extension_granted": Reaction("tell_of_deadline", tell_of_deadline),
    "enrollment.extension_withdrawn": Reaction("tell_of_withdrawn_deadline", tell_of_deadline),
    "deadline.neared": Reaction("tell_of_near_deadline", tell_of_near_deadline),
    "attempt.graded": Reaction("tell_of_grade", tell_of_grade),
    "attempt.regraded": Reaction("tell_of_regrade", tell_of_other_grade),
    "attempt.grade_overridden": Reaction("tell_of_override", tell_of_other_grade),
    "progress.course_outcome_decided": Reaction("tell_of_outcome", tell_of_outcome),
    "progress.course_outcome_revised": Reaction("tell_of_revision", tell_of_revision),
    "progress.credential_issued": Reaction("tell_of_certificate", tell_of_certificate),
    "enrollment.activated": Reaction("tell_of_place", tell_of_place),
    "enrollment.seat_offered": Reaction("tell_of_offer", tell_of_offer),
}
"""By the fact that it is about. They follow after all other reactions to it, which may refuse."""
