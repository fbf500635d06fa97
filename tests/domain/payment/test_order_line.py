"""Prices, discounts and taxes of the lines of an order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.payment.errors import BadOrder
from domain.payment.order_line import Discount, Grant, Item, Plan, lines_of

HALF = Discount(percent_bp=5_000, amount=None, products=None)
MONTHLY = Plan("month", 1, 0, 0, 900)


def item(price: int, product_id: str = "p", plan: Plan | None = None) -> Item:
    """Something that costs *price*."""
    return Item(
        product_id=product_id,
        title="Algebra",
        grants=[Grant("algebra", None)],
        price=price,
        price_version=2,
        access_days=None,
        on_dispute="suspend",
        plan=plan,
    )


def items(*prices: int) -> list[Item]:
    """Several things."""
    return [item(price, f"p{number}") for number, price in enumerate(prices)]


def totals(discount: Discount | None, *prices: int, currency: str = "EUR") -> list[int]:
    """What each line costs in the end."""
    return [line.total for line in lines_of(items(*prices), 0, currency, discount)]


def test_a_percentage_is_rounded_once() -> None:
    """Three yen at 50 % cost two (half to even), though each line for itself would cost nothing, or all."""
    assert totals(HALF, 1) == [1]
    assert totals(HALF, 3) == [1]
    assert sum(totals(HALF, 1, 1, 1)) == 1
    assert totals(Discount(1_000, None, None), 999, 1) == [900, 0]


def test_of_three_digits_the_last_is_0() -> None:
    """What is left after a discount can be paid, of each line; what cannot is refused before it is ordered."""
    third = Discount(3_333, None, None)
    assert totals(third, 1_250, 1_010, currency="KWD") == [840, 670]
    assert totals(Discount(None, 255, None), 1_250, 1_010, currency="KWD") == [1_120, 890]
    assert totals(third, 700, currency="MGA") == [500]
    for wrong in (item(1_255), item(0, plan=Plan("month", 1, 14, 0, 1_255))):
        with pytest.raises(
            BadOrder, match=r"product p has a price that cannot be paid: 1\.255 KWD is no multiple of 0\.010"
        ):
            lines_of([wrong], 0, "KWD")


def test_an_amount_takes_off_no_more_than_there_is() -> None:
    """And only from what the coupon is for."""
    assert totals(Discount(None, 500, None), 300) == [0]
    assert totals(Discount(None, 500, ["p1"]), 300, 400) == [300, 0]
    assert totals(Discount(2_500, None, ["p1"]), 300, 400) == [300, 300]


def test_tax_is_included() -> None:
    """The total is what is paid; tax is what of it goes to the state."""
    (line,) = lines_of([item(11_900)], 1_900, "EUR")
    assert (line.total, line.tax, line.tax_bp) == (11_900, 1_900, 1_900)


@pytest.mark.parametrize(
    ("ordered", "discount"),
    [
        ([], None),
        ([item(1), item(1)], None),
        ([item(1), item(1, "q", MONTHLY)], None),
        ([item(1, "q", MONTHLY)], HALF),
    ],
)
def test_what_is_no_order(ordered: list[Item], discount: Discount | None) -> None:
    """Nothing, the same twice, or a plan together with something else or with a coupon."""
    with pytest.raises(BadOrder):
        lines_of(ordered, 0, "EUR", discount)


@settings(max_examples=200, deadline=None)
@given(
    prices=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    percent_bp=st.integers(1, 10_000),
    tax_bp=st.integers(0, 10_000),
)
def test_lines_add_up(prices: list[int], percent_bp: int, tax_bp: int) -> None:
    """Whatever the discount: no line is below zero, and the sum is the sum of the prices without the discount."""
    lines = lines_of(items(*prices), tax_bp, "EUR", Discount(percent_bp, None, None))
    off = sum(line.discount for line in lines)
    assert 2 * abs(10_000 * off - percent_bp * sum(prices)) <= 10_000
    assert all(0 <= line.discount <= line.price and 0 <= line.tax <= line.total for line in lines)
    assert sum(line.total for line in lines) == sum(prices) - off
