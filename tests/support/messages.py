"""A message of the provider, as it is recorded."""

from datetime import UTC, datetime

from domain.payment.provider_event import Message


def message() -> Message:
    """One about a payment of a learner that nothing is known of."""
    return Message(
        provider="stripe",
        event_type="payment_intent.succeeded",
        created=datetime(2026, 2, 1, tzinfo=UTC),
        livemode=False,
        object_type="payment_intent",
        object_id="pi_1",
        payment_id="o1.1",
        order_id="o1",
        subscription_id=None,
        learner_id="ann",
        status="succeeded",
        amount=500,
        currency="EUR",
        charge_id="ch_1",
        intent_id="pi_1",
    )
