"""
Amounts at Stripe: minor units as ISO 4217 counts them, except for three currencies.

Sources: docs.stripe.com/currencies (zero-decimal currencies, special cases).
"""

from commands.payment.provider import ProviderRefused
from domain.payment.money import exponent

OTHER_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""How many digits Stripe counts where ISO 4217 has another number."""


def to_stripe(amount: int, currency: str) -> int:
    """
    An amount of ours as Stripe counts it.

    Raises:
        ProviderRefused: Stripe has no such amount.
    """
    shift = _shift(currency)
    if shift >= 0:
        return int(amount * 10**shift)
    whole, rest = divmod(amount, 10**-shift)
    if rest:
        raise ProviderRefused(f"Stripe takes no amount of {amount} minor units of {currency}: it counts whole units")
    return int(whole)


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe as we count it; *currency* is its code in any case."""
    shift = _shift(currency.upper())
    return int(amount * 10**-shift) if shift <= 0 else int(amount // 10**shift)


def _shift(currency: str) -> int:
    return OTHER_DIGITS.get(currency, exponent(currency)) - exponent(currency)
