"""Shares as decimals, as files of other systems have them; rounded where they have no end."""

from decimal import Decimal, localcontext
from fractions import Fraction

from domain.questions import exact

PLACES = 10


def decimal(value: Fraction) -> str:
    """A fraction as a decimal number with PLACES places at most."""
    with localcontext() as context:
        context.prec = 400
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-PLACES))
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def percent(share: str) -> str:
    """A share in percent."""
    return decimal(exact(share) * 100)
