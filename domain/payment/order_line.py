"""What one line of an order says, so that nothing which is decided later asks the product again."""

from collections.abc import Sequence

import msgspec

from domain.payment.errors import BadOrder
from domain.payment.money import percent_of, spread, step_of, tax_within, unpayable


class Grant(msgspec.Struct, frozen=True):
    """What a line gives access to: one run, or (without one) the run of the course that is current when it is paid."""

    course_id: str
    run_id: str | None


class Plan(msgspec.Struct, frozen=True):
    """
    How a subscription goes on.

    Attributes:
        amount: minor units for each interval, after the trial.
    """

    interval: str
    interval_count: int
    trial_days: int
    grace_days: int
    amount: int


class Line(msgspec.Struct, frozen=True):
    """
    One line of an order, amounts in minor units of its currency.

    Attributes:
        line: its number, from 1.
        price: of the list, when the order was placed.
        discount: by a coupon.
        tax: what *total* includes at *tax_bp* basis points.
        total: price without discount, with tax.
        access_days: how long access lasts; None: to the end of the run.
        on_dispute: whether access is suspended or kept while a payment is disputed.
        price_version: the place of the price in the stream of the product.
        plan: of a subscription.
    """

    line: int
    product_id: str
    title: str
    grants: list[Grant]
    price: int
    discount: int
    tax: int
    tax_bp: int
    total: int
    access_days: int | None
    on_dispute: str
    price_version: int
    plan: Plan | None


class LineAmount(msgspec.Struct, frozen=True):
    """A part of an amount that belongs to a line."""

    line: int
    amount: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered, before discount and tax."""

    product_id: str
    title: str
    grants: list[Grant]
    price: int
    price_version: int
    access_days: int | None
    on_dispute: str
    plan: Plan | None = None


class Discount(msgspec.Struct, frozen=True):
    """What a coupon takes off: a percentage or an amount, from the lines of some products, or (None) of all."""

    percent_bp: int | None
    amount: int | None
    products: Sequence[str] | None


def lines_of(items: Sequence[Item], tax_bp: int, currency: str, discount: Discount | None = None) -> list[Line]:
    """
    The lines of an order.

    The discount is computed once for all, rounded once, so that what is left can be paid, and spread over its lines;
    tax is rounded for each line, to the minor unit, since it is not paid by itself.

    Raises:
        BadOrder: nothing is ordered, something twice, a plan with something else or with a discount, or for a price
            that cannot be paid in this currency, which prices of before that rule may be.
    """
    products = [item.product_id for item in items]
    if not items or len(set(products)) < len(products):
        raise BadOrder("an order is for one product at least, each once")
    if any(item.plan for item in items) and (len(items) > 1 or discount is not None):
        raise BadOrder("a plan is ordered by itself, without a coupon")
    for item in items:
        if why := unpayable(item.price, currency) or unpayable(item.plan.amount if item.plan else 0, currency):
            raise BadOrder(f"product {item.product_id} has a price that cannot be paid: {why}")
    discounts = _discounts(items, discount, step_of(currency))
    return [
        _line(number, item, off, tax_bp) for number, (item, off) in enumerate(zip(items, discounts, strict=True), 1)
    ]


def _discounts(items: Sequence[Item], discount: Discount | None, step: int) -> list[int]:
    if discount is None:
        return [0] * len(items)
    counts = [item.price if discount.products is None or item.product_id in discount.products else 0 for item in items]
    whole = sum(counts)
    amount = (discount.amount or 0) // step * step
    off = percent_of(whole, discount.percent_bp, step) if discount.percent_bp else min(amount, whole)
    return spread(off, counts, step)


def _line(number: int, item: Item, discount: int, tax_bp: int) -> Line:
    total = item.price - discount
    return Line(
        line=number,
        product_id=item.product_id,
        title=item.title,
        grants=item.grants,
        price=item.price,
        discount=discount,
        tax=tax_within(total, tax_bp),
        tax_bp=tax_bp,
        total=total,
        access_days=item.access_days,
        on_dispute=item.on_dispute,
        price_version=item.price_version,
        plan=item.plan,
    )
