"""What messages of the provider about subscriptions come to: paysim in memory, over the port of Stripe's SDK."""

from typing import Any

import pytest

from commands.payment.orders import PlaceOrder
from domain.payment.order import Order
from domain.payment.subscription import Subscription
from tests.support.desk import Desk

MONTHLY, DAYS = 900, 32


@pytest.fixture
def desk() -> Desk:
    """A campus whose learner has paid for the first month of a plan."""
    desk = Desk()
    desk.do(PlaceOrder("ann", "o1", ["monthly"], "EUR"))
    desk.pay("o1")
    desk.paysim.advance(seconds=5)
    desk.hear_all()
    return desk


def at_provider(desk: Desk) -> Any:
    """The one subscription that there is at the provider."""
    (found,) = desk.paysim.api.subscriptions.list({"status": "all"}).data
    return found


def subscription(desk: Desk) -> Subscription:
    (found,) = desk.till.all(Subscription)
    assert isinstance(found, Subscription)
    return found


def captured(desk: Desk) -> dict[str, int]:
    """What has come for each order."""
    return {order.order_id: sum(order.captured.values()) for order in desk.till.all(Order)}


def change_price(desk: Desk, amount: int, **how: Any) -> None:
    """Staff change the price in the provider's dashboard."""
    item = at_provider(desk)["items"].data[0]
    product = item.price.product
    price = {"currency": "eur", "unit_amount": amount, "product": product, "recurring": {"interval": "month"}}
    asked: Any = {"items": [{"id": item.id, "price_data": price}], **how}
    desk.paysim.api.subscriptions.update(at_provider(desk).id, asked)


def test_an_invoice_by_hand_is_a_fact(desk: Desk) -> None:
    """It is no period; its money has an order of its own, once, which is booked like others."""
    made = desk.paysim.control("invoices", {"subscription": at_provider(desk).id, "amount": 250})
    desk.hear_all()
    desk.hear_all()
    assert captured(desk) == {"o1": MONTHLY, "o1.c1": 250}
    (beside,) = desk.till.facts("subscription.prorated")
    assert (beside.data["invoice_id"], beside.data["amount"]) == (made["id"], 250)
    assert len(subscription(desk).periods) == 1


def test_a_second_invoice_for_a_period_is_a_fact(desk: Desk) -> None:
    """Whatever it is for, the money has come, and both are known again."""
    desk.paysim.advance(days=DAYS)
    desk.hear_all()
    store = desk.paysim.sim.store
    (cycle,) = [each for each in store.find("invoice") if each["billing_reason"] == "subscription_cycle"]
    made = desk.paysim.control("invoices", {"subscription": at_provider(desk).id, "amount": MONTHLY})
    (by_hand,) = [each for each in store.find("invoice") if each["id"] == made["id"]]
    store.put({**by_hand, "billing_reason": "subscription_cycle", "lines": cycle["lines"]})
    desk.hear_all()
    desk.hear_all()
    assert captured(desk) == {"o1": MONTHLY, "o1.p2": MONTHLY, "o1.c1": MONTHLY}
    assert len(subscription(desk).periods) == 2


def test_a_plan_costs_what_recurs_also_after_a_credit(desk: Desk) -> None:
    """The invoice of a period has a credit in it, since the price went down within the period before."""
    desk.paysim.advance(days=10)
    change_price(desk, 500, proration_behavior="create_prorations")
    desk.paysim.advance(days=DAYS - 10)
    desk.hear_all()
    found = captured(desk)
    assert 0 < found["o1.p2"] < 500
    assert subscription(desk).amount == 500
    (placed,) = [each for each in desk.till.facts("order.placed") if each.id("order_id") == "o1.p2"]
    (line,) = placed.data["lines"]
    assert (line["total"], line["plan"]["amount"]) == (found["o1.p2"], 500)
