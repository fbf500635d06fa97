"""
The statuses of Stripe's objects that are read here, each with what it means.

A test compares them with those that the SDK knows: a version of it that knows another one is not taken before it is
decided here what that means. A status that is not here, of an API that is newer than the SDK, is never guessed at.
"""

from typing import NamedTuple

from commands.payment.provider import ProviderRefused


class DisputeStatus(NamedTuple):
    """
    What a dispute's status means.

    Attributes:
        is_inquiry: the bank has only asked, unless money has moved.
        outcome: empty as long as it is not decided.
    """

    is_inquiry: bool
    outcome: str


DISPUTE = {
    "warning_needs_response": DisputeStatus(is_inquiry=True, outcome=""),
    "warning_under_review": DisputeStatus(is_inquiry=True, outcome=""),
    "warning_closed": DisputeStatus(is_inquiry=True, outcome="warning_closed"),
    "prevented": DisputeStatus(is_inquiry=True, outcome="prevented"),
    "needs_response": DisputeStatus(is_inquiry=False, outcome=""),
    "under_review": DisputeStatus(is_inquiry=False, outcome=""),
    "won": DisputeStatus(is_inquiry=False, outcome="won"),
    "lost": DisputeStatus(is_inquiry=False, outcome="lost"),
    "appeal_needs_response": DisputeStatus(is_inquiry=False, outcome="lost"),  # decided, and that may be changed
    "appeal_under_review": DisputeStatus(is_inquiry=False, outcome="lost"),
}
INTENT = frozenset(
    {
        "canceled", "processing", "requires_action", "requires_capture", "requires_confirmation",
        "requires_payment_method", "succeeded",
    }
)  # fmt: skip
REFUND = frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"})
PAYOUT = frozenset({"paid", "pending", "in_transit", "canceled", "failed"})
CHECKOUT = frozenset({"complete", "expired", "open"})
SUBSCRIPTION = {
    "trialing": "trial",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",  # it is not tried any more
    "paused": "paused",  # a trial has ended and there is no card: no invoice is made, so access ends as it is paid
    "canceled": "over",
    "incomplete_expired": "over",
    "incomplete": "over",  # it has not begun, and may never
}
"""How a subscription stands, in words of ours; facts know no `paused`."""
LATE = frozenset({"past_due", "unpaid"})
INVOICE = {"draft": False, "open": True, "uncollectible": True, "void": False, "paid": False}
"""Whether the money of an invoice is missing, once it was tried to take it."""
INVOICE_PAYMENT = frozenset({"open", "paid", "canceled"})


def known(kind: str, status: str, statuses: frozenset[str] | dict[str, str]) -> str:
    """
    A status of which it is known what it means.

    Raises:
        ProviderRefused: it is not.
    """
    if status not in statuses:
        raise ProviderRefused(f"Stripe has a {kind} with the status {status}, which this version does not know")
    return status
