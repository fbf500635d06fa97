"""
The port of taxes: which rate a price includes, by the country of who pays.

A rate is basis points of the net price. `inclusive` is the port over a table, such as that of settings.
"""

from collections.abc import Callable, Mapping

from domain.payment.errors import UnknownCountry
from domain.payment.money import FULL

RateOf = Callable[[str | None], int]
"""The rate for a country, by its code of ISO 3166; None: it is not known."""

NO_TAX: Mapping[str, int] = {}


def inclusive(rates: Mapping[str, int], otherwise: int = 0) -> RateOf:
    """
    Rates from a table; a country that is not in it, or not known, has the rate *otherwise*.

    Raises:
        UnknownCountry: a rate is asked for a word that is no code of two capitals.
    """
    if any(not 0 <= rate <= FULL for rate in (*rates.values(), otherwise)):
        raise ValueError(f"a rate of tax is 0 to {FULL} basis points")

    def rate_of(country: str | None) -> int:
        if country is not None and not (len(country) == 2 and country.isalpha() and country.isupper()):
            raise UnknownCountry(country=country)
        return otherwise if country is None else rates.get(country, otherwise)

    return rate_of
