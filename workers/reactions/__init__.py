"""
Every reaction on one screen: the fact that one context records, and the command that another gets for it.

This is the only way in which one context affects another. The functions stand in one module for each context that
records the fact. To add a reaction, write its function there and its line here. The reactor carries out REACTIONS at
once. The dispatcher carries out JOBS, with retries: what is due later, or touches the outside world.
"""

from datetime import timedelta

from commands.payment.selling import ENDS
from workers.reactions import (
    admin,
    auth,
    catalog,
    enrollment,
    forum,
    lti,
    messages,
    notification,
    payment,
    progress,
    provider_events,
    quiz,
    user,
)
from workers.reactions.job import Job, timer
from workers.reactions.notice import notice
from workers.reactions.reaction import Reaction

__all__ = ["JOBS", "REACTIONS", "Job", "Reaction"]


def _after_score(decide: str, complete: str) -> tuple[Reaction, ...]:  # what follows from the score of an attempt
    return Reaction(decide, quiz.decide_when_graded), Reaction(complete, quiz.complete_passed_unit)


AFTER_ATTEMPT = (
    Reaction("grade_by_key", quiz.grade_by_key, accepts=quiz.GRADED_BY_A_PERSON),
    Reaction("complete_handed_in_unit", quiz.complete_handed_in_unit),
)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "run.scheduled": (Reaction("clone_quizzes", catalog.clone_quizzes),),
    "run.opened": (Reaction("offer_free_seats", catalog.offer_free_seats),),
    "run.closed": (Reaction("tell_waiting", catalog.tell_waiting),),
    "run.capacity_changed": (Reaction("follow_capacity", catalog.follow_capacity),),
    "run.version_changed": (Reaction("follow_version", catalog.follow_version),),
    "rebase.progressed": (Reaction("follow_version_further", progress.follow_further),),
    "progress.rebased": (Reaction("decide_when_rebased", progress.decide_when_rebased),),
    "seats.capacity_changed": (Reaction("offer_new_seats", enrollment.offer_freed_seat),),
    "seats.released": (Reaction("offer_freed_seat", enrollment.offer_freed_seat),),
    "enrollment.transferred": (Reaction("recognise_progress", enrollment.recognise_progress),),
    "enrollment.extension_granted": (Reaction("follow_extension", enrollment.follow_deadline),),
    "enrollment.extension_withdrawn": (Reaction("follow_withdrawn_extension", enrollment.follow_deadline),),
    "enrollment.cohort_changed": (Reaction("follow_begin_of_cohort", enrollment.follow_deadlines),),
    "cohort.changed": (Reaction("follow_cohort", enrollment.follow_cohort),),
    "cohort.followed": (Reaction("follow_cohort_further", enrollment.follow_cohort_further),),
    "attempt.submitted": AFTER_ATTEMPT,
    "attempt.graded": _after_score("decide_when_graded", "complete_passed_unit"),
    "attempt.grade_overridden": _after_score("decide_when_overridden", "complete_when_overridden"),
    "attempt.regraded": _after_score("decide_when_regraded", "complete_when_regraded"),
    "allowance.granted": (Reaction("decide_when_taken_back", quiz.decide_when_taken_back),),
    "regrade.committed": (Reaction("carry_out_regrade", quiz.continue_regrade),),
    "regrade.progressed": (Reaction("continue_regrade", quiz.continue_regrade),),
    "lti_result.scored": (Reaction("complete_by_tool", lti.complete_by_tool),),
    "progress.unit_completed": (Reaction("decide_when_done", progress.decide_when_done),),
    "progress.course_outcome_decided": (
        Reaction("complete_passed_course", progress.complete_passed_course),
        Reaction("certify_outcome", progress.certify),
    ),
    "progress.course_outcome_revised": (
        Reaction("follow_revision", progress.follow_revision),
        Reaction("certify_revision", progress.certify),
    ),
    "notice_round.progressed": (Reaction("tell_more_watchers", notification.tell_more_watchers, unnamed=True),),
    "order.paid": (Reaction("grant_for_order", payment.follow_order), Reaction("issue_receipt", payment.issue_receipt)),
    "order.refunded": (Reaction("follow_refund", payment.follow_order),),
    "order.refund_failed": (Reaction("follow_failed_refund", payment.follow_order),),
    "order.disputed": (Reaction("follow_dispute", payment.follow_order),),
    "order.dispute_closed": (Reaction("follow_dispute_closed", payment.follow_order),),
    "entitlement.granted": (
        Reaction("follow_grant", payment.follow_grant),
        Reaction("follow_rest", payment.follow_rest),
    ),
    "entitlement.runs_added": (
        Reaction("follow_added_runs", payment.follow_grant),
        Reaction("add_other_runs", payment.add_current_runs),
    ),
    "entitlement.suspended": (Reaction("follow_suspension", payment.follow_entitlement),),
    "entitlement.resumed": (Reaction("follow_resumption", payment.follow_entitlement),),
    "entitlement.revoked": (Reaction("follow_revocation", payment.follow_entitlement),),
    "entitlement.expired": (Reaction("follow_expiry", payment.follow_entitlement),),
    "subscription.started": (Reaction("grant_for_subscription", payment.follow_subscription),),
    "subscription.renewed": (
        Reaction("extend_for_renewal", payment.follow_subscription),
        Reaction("add_current_runs", payment.add_current_runs),
    ),
    "subscription.past_due": (Reaction("follow_past_due", payment.follow_subscription),),
    # A plan that cannot be granted yet is refused to both, or to the second where the first had something else to do.
    # The second is the one that is listed, and tried again.
    "subscription.plan_changed": (
        Reaction("follow_plan", payment.follow_subscription, accepts=payment.NO_RUN_YET),
        Reaction("follow_plan_rest", payment.follow_subscription),
    ),
    "subscription.cancelled": (Reaction("follow_cancellation", payment.follow_subscription),),
    "subscription.ended": (Reaction("follow_end", payment.follow_subscription),),
    "user.erasure_requested": (Reaction("end_roles", user.end_roles),),
    "user.registration_lapsed": (Reaction("end_roles_of_lapsed", user.end_roles),),
}
REACTIONS |= {type_: (*REACTIONS.get(type_, ()), notice) for type_, notice in notification.NOTICES.items()}
REACTIONS |= forum.NOTICES


def _close_checkouts(name: str) -> Job:
    """No page of the provider takes money any more for an order that is over."""
    return Job(
        name,
        due=payment.at_once,
        effect=payment.close_checkouts,
        command=payment.record_closed,
        settled_by=(),
        lasts=payment.PAGE_LASTS,
    )


def _mail(name: str, lasts: timedelta, *, awaited: bool = False) -> Job:
    """A mail to a person, which is owed for so long."""
    return Job(
        name,
        due=user.at_once,
        effect=user.write_about,
        command=user.nothing_to_record,
        settled_by=(),
        lasts=lasts,
        awaited=awaited,
    )


OFFER_ENDS = ("enrollment.activated", "enrollment.withdrawn", "enrollment.seat_offer_expired")
ACCESS_ENDS = ("entitlement.extended", "entitlement.revoked", "entitlement.expired")
ATTEMPT_ENDS = ("attempt.deadline_moved", "attempt.submitted")
JOBS: dict[str, tuple[Job, ...]] = {
    "attempt.started": (timer("end_attempt", quiz.time_is_up_at, quiz.end_attempt, *ATTEMPT_ENDS),),
    "attempt.deadline_moved": (timer("end_moved_attempt", quiz.time_is_up_at, quiz.end_attempt, *ATTEMPT_ENDS),),
    "enrollment.seat_offered": (
        Job("expire_seat_offer", enrollment.offer_ends_at, enrollment.expire_seat_offer, OFFER_ENDS),
        Job("remind_of_offer", enrollment.offer_nears_end_at, enrollment.remind_of_offer, OFFER_ENDS),
    ),
    "enrollment.extension_granted": (
        Job(
            "note_near_extension",
            due=enrollment.extension_nears_end_at,
            command=enrollment.note_near_extension,
            settled_by=(),
            lasts=enrollment.EXTENSIONS_LAST,
        ),
    ),
    "admission.invited": (notice("write_about_run_invitation"),),
    "payment.requested": (
        Job(
            "make_checkout",
            due=payment.at_once,
            effect=payment.make_checkout,
            command=payment.record_checkout,
            gave_up=payment.give_up_payment,
            settled_by=("payment.intent_created", *payment.OVER),
            awaited=True,
        ),
    ),
    "order.placed": (
        Job(
            "expire_order",
            due=payment.order_ends_at,
            effect=provider_events.close_overdue,
            command=payment.expire_order,
            gave_up=payment.expire_unasked,
            settled_by=ENDS,
        ),
    ),
    "order.cancelled": (_close_checkouts("close_cancelled"),),
    "order.expired": (_close_checkouts("close_expired"),),
    "refund.requested": (
        Job(
            "give_back",
            due=payment.at_once,
            effect=payment.give_back,
            command=payment.record_refund,
            gave_up=payment.give_up_refund,
            settled_by=("refund.issued", "refund.failed"),
        ),
    ),
    "entitlement.granted": (
        Job("expire_entitlement", payment.access_ends_at, payment.expire_entitlement, ACCESS_ENDS),
        Job("remind_of_access", payment.access_nears_end_at, payment.remind_of_access, ACCESS_ENDS),
    ),
    "entitlement.extended": (
        Job("expire_extended", payment.access_ends_at, payment.expire_entitlement, ACCESS_ENDS),
        Job("remind_of_extended", payment.access_nears_end_at, payment.remind_of_access, ACCESS_ENDS),
    ),
    "subscription.past_due": (
        Job(
            "end_unpaid",
            due=payment.subscription_ends_at,
            command=payment.expire_subscription,
            settled_by=("subscription.renewed", "subscription.cancelled", "subscription.ended"),
        ),
    ),
    "subscription.plan_change_requested": (
        Job(
            "change_plan",
            due=payment.at_once,
            effect=payment.change_plan,
            command=payment.record_plan,
            gave_up=payment.give_up_plan,
            settled_by=(
                "subscription.plan_changed",
                "subscription.plan_change_refused",
                "subscription.cancelled",
                "subscription.ended",
            ),
        ),
    ),
    "subscription.cancel_planned": (
        Job(
            "plan_end",
            due=payment.at_once,
            effect=payment.steer_subscription,
            command=payment.record_end,
            settled_by=("subscription.cancel_withdrawn", "subscription.cancelled", "subscription.ended"),
        ),
        Job(
            "end_as_planned",
            due=payment.subscription_ends_at,
            command=payment.expire_subscription,
            settled_by=("subscription.cancel_withdrawn", "subscription.cancelled", "subscription.ended"),
        ),
    ),
    "subscription.cancel_withdrawn": (
        Job(
            "go_on",
            due=payment.at_once,
            effect=payment.steer_subscription,
            command=payment.record_end,
            settled_by=("subscription.cancel_planned", "subscription.cancelled", "subscription.ended"),
        ),
    ),
    "subscription.cancelled": (
        Job(
            "end_at_provider",
            due=payment.at_once,
            effect=payment.steer_subscription,
            command=payment.record_end,
            settled_by=(),
            lasts=payment.END_LASTS,
        ),
    ),
    "subscription.ended": (
        Job(
            "end_unpaid_at_provider",
            due=payment.at_once,
            effect=payment.steer_subscription,
            command=payment.record_end,
            settled_by=(),
            lasts=payment.END_LASTS,
        ),
    ),
    "user.registered": (
        _mail("write_about_registration", user.MAIL_LASTS, awaited=True),
        Job(
            "lapse_registration",
            due=user.lapses_at,
            command=user.lapse_registration,
            settled_by=("user.email_verified", "user.registration_lapsed", "user.erasure_requested"),
        ),
    ),
    "user.invited": (_mail("write_about_invitation", user.MAIL_LASTS),),
    "user.registration_repeated": (
        _mail("write_about_repetition", user.MAIL_LASTS, awaited=True),
        Job(
            "lapse_repeated_registration",
            due=user.lapses_at,
            command=user.lapse_registration,
            settled_by=(),
            lasts=user.LAPSE_LASTS,
        ),
    ),
    "user.registration_lapsed": (
        Job(
            "destroy_key_of_lapsed",
            due=user.at_once,
            effect=user.destroy_key,
            command=user.note_key_destroyed,
            settled_by=("user.key_destroyed",),
        ),
    ),
    "user.email_change_requested": (_mail("write_to_new_address", user.MAIL_LASTS, awaited=True),),
    "user.notification_address_requested": (_mail("write_to_notification_address", user.MAIL_LASTS, awaited=True),),
    "user.email_changed": (_mail("write_to_old_address", user.RELEASE_LASTS, awaited=True),),
    "user.email_restored": (_mail("give_address_up", user.RELEASE_LASTS),),
    "credentials.reset_requested": (_mail("write_about_reset", auth.MAIL_LASTS, awaited=True),),
    "credentials.password_set": (
        Job(
            "write_about_password",
            due=auth.when_replaced,
            effect=auth.write_about,
            command=auth.nothing_to_record,
            settled_by=(),
            lasts=auth.NOTICE_LASTS,
            awaited=True,
        ),
    ),
    "credentials.factor_added": (notice("write_about_factor"),),
    "credentials.factor_removed": (notice("write_about_lost_factor"),),
    "credentials.identity_linked": (notice("write_about_connected"),),
    "credentials.identity_unlinked": (notice("write_about_disconnected"),),
    "webhook.disabled": (notice("write_about_webhook", due=admin.when_it_failed),),
    "session.impersonated": (
        notice("write_about_impersonation", awaited=True),
        Job(
            "end_impersonation",
            due=auth.impersonation_ends_at,
            command=auth.end_impersonation,
            settled_by=("session.revoked",),
        ),
    ),
    "role.revoked": (
        Job(
            "end_impersonations",
            due=auth.when_admin_lost,
            effect=auth.end_impersonations,
            command=auth.nothing_to_record,
            settled_by=(),
            lasts=auth.MAIL_LASTS,
            awaited=True,
        ),
    ),
    "user.erasure_requested": (
        Job(
            "destroy_key",
            due=user.at_once,
            effect=user.destroy_key,
            command=user.note_key_destroyed,
            settled_by=("user.key_destroyed",),
        ),
    ),
    **messages.JOBS,
    "notification.planned": (
        Job(
            "send_notification",
            due=notification.sent_at,
            effect=notification.send,
            command=notification.note_outcome,
            settled_by=notification.SETTLED,
        ),
    ),
    "mailbox.confirmation_requested": (_mail("write_to_mailbox", user.MAIL_LASTS, awaited=True),),
    "digest.opened": (
        Job(
            "close_digest",
            due=notification.digest_closes_at,
            command=notification.close_digest,
            settled_by=("digest.closed",),
        ),
    ),
    "digest.closed": (
        Job(
            "send_digest",
            due=notification.at_once,
            effect=notification.send_digest,
            command=notification.note_outcome,
            settled_by=notification.DIGEST_SETTLED,
        ),
    ),
    "provider.event_received": (
        Job(
            "understand_message",
            due=payment.at_once,
            effect=provider_events.understand,
            command=provider_events.record,
            gave_up=provider_events.give_up,
            settled_by=("provider.event_matched", "provider.event_unmatched"),
            about=provider_events.about,
        ),
    ),
}
