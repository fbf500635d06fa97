"""
Lines of invoices: a period of an item, and the difference when a plan changes within a period.
"""

from fractions import Fraction

from adapters.payments.paysim import money
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object


def line(sim: Sim, item: Object, amount: int, *, start: int, end: int, what: str, proration: bool = False) -> Object:
    """A line of an invoice for an item."""
    price = item["price"]
    id_ = new_id("il")
    details = {
        "invoice_item": new_id("ii") if proration else None, "proration": proration,
        "proration_details": {"credited_items": None}, "subscription": item["subscription"],
        "subscription_item": item["id"],
    }  # fmt: skip
    return {
        "id": id_, "object": "line_item", "amount": amount, "currency": price["currency"], "description": what,
        "discount_amounts": [], "discountable": not proration, "discounts": [], "invoice": None, "livemode": False,
        "metadata": {}, "parent": {
            "invoice_item_details": None, "subscription_item_details": details, "type": "subscription_item_details"
        },
        "period": {"end": end, "start": start}, "pretax_credit_amounts": [], "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]}, "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"], "subtotal": amount, "taxes": [], "_created": sim.clock.now(),
    }  # fmt: skip


def period_line(sim: Sim, item: Object, *, free: bool = False) -> Object:
    """The line for the item's current period; *free* in a trial."""
    start, end = item["current_period_start"], item["current_period_end"]
    name = sim.get("product", item["price"]["product"])["name"]
    amount = 0 if free else item["price"]["unit_amount"] * item["quantity"]
    what = f"Trial period for {name}" if free else f"{item['quantity']} of {name}"
    return line(sim, item, amount, start=start, end=end, what=what)


def lines(sim: Sim, subscription: Object, old: Object, new: Object, *, whole: bool) -> list[Object]:
    """
    What changes for the rest of the period: a credit for the old plan, a charge for the new one.

    Args:
        whole: the interval changes, so that a period of the new plan begins: there is only the credit.
    """
    start, end, now = old["current_period_start"], old["current_period_end"], sim.clock.now()
    left = Fraction(end - now, end - start)
    currency = subscription["currency"]
    names = [sim.get("product", item["price"]["product"])["name"] for item in (old, new)]
    shares = [(old, -_share(old, left, currency), f"Unused time on {names[0]}")]
    if not whole:
        shares.append((new, _share(new, left, currency), f"Remaining time on {names[1]}"))
    return [
        line(sim, item, amount, start=now, end=end, what=what, proration=True) for item, amount, what in shares
    ]  # fmt: skip


def _share(item: Object, left: Fraction, currency: str) -> int:
    """The part of an item's amount for the rest of its period, in steps that the currency allows."""
    step = 10 if currency in money.THREE_DECIMAL else 1
    amount: int = item["price"]["unit_amount"] * item["quantity"]
    return round(amount * left / step) * step
