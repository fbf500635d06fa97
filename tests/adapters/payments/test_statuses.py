"""Every status of an object of Stripe that its SDK knows has a meaning here."""

import inspect
import re
from collections.abc import Collection, Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
import stripe
from stripe.checkout import Session

from adapters.payments import stripe_objects as objects
from adapters.payments import stripe_statuses as statuses
from commands.payment.provider import ProviderRefused
from domain.payment.dispute import INQUIRY_OUTCOMES, OUTCOMES
from workers.reactions.provider_events import NOT_BEGUN


def literals(hint: Any) -> Iterator[str]:
    """The values of all `Literal` within a type."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        for part in get_args(hint):
            yield from literals(part)


def documented(cls: type) -> set[str]:
    """The statuses that the SDK only names in the text beside a field that is any text."""
    text = re.search(r'\n    status: .*\n    """\n(?P<said>(?:.*\n)*?)    """', inspect.getsource(cls))
    assert text is not None
    return set(re.findall(r"`(\w+)`", text["said"]))


KNOWN: dict[str, tuple[type, Collection[str]]] = {
    "dispute": (stripe.Dispute, statuses.DISPUTE),
    "payment_intent": (stripe.PaymentIntent, statuses.INTENT),
    "subscription": (stripe.Subscription, statuses.SUBSCRIPTION),
    "invoice": (stripe.Invoice, statuses.INVOICE),
    "checkout.session": (Session, statuses.CHECKOUT),
}
WRITTEN: dict[str, tuple[type, Collection[str]]] = {
    "refund": (stripe.Refund, statuses.REFUND),
    "payout": (stripe.Payout, statuses.PAYOUT),
    "invoice_payment": (stripe.InvoicePayment, statuses.INVOICE_PAYMENT),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_every_status_of_the_sdk_has_a_meaning(kind: str) -> None:
    """A version of the SDK that knows another one is refused here, before it is taken."""
    cls, meant = KNOWN[kind]
    assert set(literals(cls.__annotations__["status"])) == set(meant)


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_status_that_the_sdk_only_writes_about_has_a_meaning(kind: str) -> None:
    """Of some objects it has no list, and names their statuses in words."""
    cls, meant = WRITTEN[kind]
    assert not set(literals(cls.__annotations__["status"]))
    assert documented(cls) == set(meant)


def test_the_reasons_of_invoices_are_those_of_the_sdk() -> None:
    """An invoice of another reason is known by its lines."""
    reasons = set(literals(stripe.Invoice.__annotations__["billing_reason"]))
    assert reasons >= {"subscription_create", "subscription_cycle", "subscription_update", "manual"}
    assert set(NOT_BEGUN) < set(statuses.SUBSCRIPTION)


@pytest.mark.parametrize("status", statuses.DISPUTE)
@pytest.mark.parametrize("moved", [False, True])
def test_every_status_of_a_dispute_can_be_recorded(status: str, *, moved: bool) -> None:
    """As an inquiry or a dispute, with an outcome that its facts know; once money has moved it is a dispute."""
    said = objects.dispute(_dispute(status, moved=moved))
    assert said.is_inquiry is (status.startswith(("warning_", "prevented")) and not moved)
    assert said.outcome in ("", *(INQUIRY_OUTCOMES if said.is_inquiry else OUTCOMES))


def test_an_appeal_is_against_what_is_lost() -> None:
    """As long as it is open the first decision counts."""
    assert {
        objects.dispute(_dispute(f"appeal_{what}", moved=True)).outcome for what in ("needs_response", "under_review")
    } == {"lost"}


def test_a_status_that_is_not_known_is_not_guessed_at() -> None:
    """It says so, by name, and the message about it is listed; that of a dispute is no outcome that can be recorded."""
    with pytest.raises(ProviderRefused, match="a refund with the status lost_at_sea, which this version does not know"):
        statuses.known("refund", "lost_at_sea", statuses.REFUND)
    assert objects.dispute(_dispute("lost_at_sea", moved=True)).outcome not in OUTCOMES


def _dispute(status: str, *, moved: bool) -> stripe.Dispute:
    taken = {"id": "txn_1", "amount": -500, "fee": 1_500, "net": -2_000, "currency": "eur", "available_on": 0}
    found = {
        "id": "du_1", "object": "dispute", "status": status, "payment_intent": "pi_1", "charge": "ch_1", "amount": 500,
        "currency": "eur", "reason": "fraudulent", "evidence_details": {"due_by": 1_800_000_000},
        "balance_transactions": [taken] if moved else [],
    }  # fmt: skip
    return stripe.Dispute.construct_from(found, "sk_test_1")
