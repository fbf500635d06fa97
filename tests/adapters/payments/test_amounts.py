"""Amounts at Stripe and here."""

import pytest

from adapters.payments.amounts import from_stripe, to_stripe
from commands.payment.provider import ProviderRefused


@pytest.mark.parametrize(
    ("amount", "currency", "stripe"),
    [(4_900, "EUR", 4_900), (780, "JPY", 780), (5_120, "KWD", 5_120), (500, "ISK", 50_000), (7_00, "MGA", 7)],
)
def test_the_same_money_both_ways(amount: int, currency: str, stripe: int) -> None:
    """Minor units of ISO 4217, but for the currencies that Stripe counts otherwise."""
    assert to_stripe(amount, currency) == stripe
    assert from_stripe(stripe, currency.lower()) == amount


def test_what_stripe_cannot_take_is_refused() -> None:
    """Nothing is rounded."""
    with pytest.raises(ProviderRefused, match="whole units"):
        to_stripe(750, "MGA")
