"""
Money: integers in minor units of a currency, rounded once, and parts that add up to their whole.

How many digits the minor unit has (JPY 0, EUR 2, KWD 3) comes from the list of ISO 4217. What is paid or given back is
a multiple of `step_of` its currency: prices, coupons, discounts, orders and refunds keep to it (decisions/0176).
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise

from domain.payment.errors import UnknownCurrency

FULL = 10_000  # basis points
MOST = 10**12  # minor units of one price or amount
STEP_OF_THREE_DIGITS = 10  # minor units, see step_of
OTHER_STEPS = {"MGA": 100}


@cache
def exponent(currency: str) -> int:
    """
    The digits of the minor unit.

    Raises:
        UnknownCurrency: *currency* is no code of ISO 4217, or one without minor units, such as gold.
    """
    from iso4217 import Currency  # reads its table when it is imported

    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise UnknownCurrency(currency=currency)
    return int(digits)


def check_currency(currency: str) -> None:
    """Refuse what is no currency, see `exponent`."""
    exponent(currency)


def step_of(currency: str) -> int:
    """
    The smallest amount that can be paid, in minor units, of which all others are multiples.

    Cards know no third digit: of a currency with three the last one is 0. The ariary is paid in whole units.

    Source: docs.stripe.com/currencies (three-decimal currencies, special cases).
    """
    return OTHER_STEPS.get(currency, STEP_OF_THREE_DIGITS if exponent(currency) == 3 else 1)


def unpayable(amount: int, currency: str) -> str:
    """Why an amount cannot be paid, as the end of a sentence; empty if it can."""
    step = step_of(currency)
    return f"{shown(amount, currency)} is no multiple of {shown(step, currency)}" if amount % step else ""


def shown(amount: int, currency: str) -> str:
    """An amount for people, with the digits of its currency, such as `12.50 EUR`."""
    digits = exponent(currency)
    sign, units = "-" if amount < 0 else "", abs(amount)
    if not digits:
        return f"{sign}{units} {currency}"
    return f"{sign}{units // 10**digits}.{units % 10**digits:0{digits}} {currency}"


def rounded(part: int, whole: int) -> int:
    """*part* of *whole* as an integer, rounded half to even; neither is negative, and *whole* is not 0."""
    quotient, rest = divmod(part, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2))


def percent_of(amount: int, percent_bp: int, step: int = 1) -> int:
    """So many basis points of an amount, rounded half to even, to a multiple of *step*."""
    return rounded(amount * percent_bp, FULL * step) * step


def tax_within(amount: int, tax_bp: int) -> int:
    """The tax of so many basis points that an amount includes, rounded half to even."""
    return rounded(amount * tax_bp, FULL + tax_bp)


def spread(amount: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """
    Divide an amount by weights, so that the parts add up to it.

    What is left by rounding down goes to later parts, and the last one closes the sum. If *amount* is not above the sum
    of the weights, no part is above its weight. Where amount and weights are multiples of *step*, so are the parts.
    """
    if step > 1 and not any(each % step for each in (amount, *weights)):
        return [part * step for part in spread(amount // step, [weight // step for weight in weights])]
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    sums = [amount * up_to // total for up_to in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(sums)]
