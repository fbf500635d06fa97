"""Money is rounded once, by the digits of its currency, and parts add up to their whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.payment.errors import UnknownCurrency
from domain.payment.money import exponent, percent_of, rounded, shown, spread, step_of, tax_within, unpayable


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("KRW", 0), ("EUR", 2), ("KWD", 3)])
def test_a_currency_has_its_own_digits(currency: str, digits: int) -> None:
    """They come from ISO 4217, not from a guess of two."""
    assert exponent(currency) == digits


@pytest.mark.parametrize(("currency", "step"), [("JPY", 1), ("EUR", 1), ("MGA", 100), ("KWD", 10), ("TND", 10)])
def test_what_can_be_paid_is_a_multiple_of_a_step(currency: str, step: int) -> None:
    """Of three digits the last one is 0."""
    assert step_of(currency) == step
    assert [bool(unpayable(amount, currency)) for amount in (step, 7 * step, 7 * step + 1)] == [False, False, step > 1]


@pytest.mark.parametrize("currency", ["XAU", "eur", "EURO", ""])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    """Gold has no minor unit, and codes are written in capitals."""
    with pytest.raises(UnknownCurrency):
        exponent(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1250, "EUR", "12.50 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (1250, "JPY", "1250 JPY"),
        (1250, "KWD", "1.250 KWD"),
        (-7, "JPY", "-7 JPY"),
    ],
)
def test_people_read_major_units(amount: int, currency: str, text: str) -> None:
    """With as many digits as the currency has."""
    assert shown(amount, currency) == text


def test_a_half_is_rounded_to_even() -> None:
    """Half of one yen is nothing, half of three yen are two."""
    assert [percent_of(amount, 5_000) for amount in (1, 2, 3, 5)] == [0, 1, 2, 2]
    assert [rounded(part, 4) for part in (1, 2, 3, 6)] == [0, 0, 1, 2]


def test_tax_is_within_the_price() -> None:
    """19 % of the net amount is 19/119 of what is paid."""
    assert tax_within(11_900, 1_900) == 1_900
    assert tax_within(1, 1_900) == 0
    assert tax_within(4_900, 0) == 0


def test_a_step_is_kept() -> None:
    """By what is rounded and what is divided, as long as there are no odd amounts of before."""
    assert [percent_of(amount, 5_000, 10) for amount in (10, 30, 50, 70)] == [0, 20, 20, 40]
    assert spread(70, [60, 60, 30], 10) == [20, 30, 20]
    assert spread(10, [5, 5], 10) == [5, 5]


@settings(max_examples=200, deadline=None)
@given(weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=12), data=st.data())
def test_parts_add_up(weights: list[int], data: st.DataObject) -> None:
    """No part is negative, and none is above what it is a part of."""
    amount = data.draw(st.integers(0, sum(weights)))
    parts = spread(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
