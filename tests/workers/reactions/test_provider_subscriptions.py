"""What messages of the provider about subscriptions come to: paysim in memory, over the port of Stripe's SDK."""

from typing import Any

import pytest

from adapters.payments import stripe_standings as standings
from commands.payment.orders import PlaceOrder
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.subscriptions import CancelSubscription, ResumeSubscription
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


def test_a_renewal_that_is_not_paid_is_understood_at_once(desk: Desk) -> None:
    """Its failed attempts have no payment here, and never will have one: their messages wait for nothing."""
    desk.paysim.api.subscriptions.update(at_provider(desk).id, {"default_payment_method": "pm_card_chargeCustomerFail"})
    desk.paysim.advance(days=DAYS)
    failed = [each for each in desk.events() if each["type"] in ("payment_intent.payment_failed", "charge.failed")]
    assert failed
    assert all(desk.hear(each) for each in failed)
    desk.hear_all()
    assert (subscription(desk).status, captured(desk)) == ("past_due", {"o1": MONTHLY})


def test_an_invoice_by_hand_is_a_fact(desk: Desk) -> None:
    """It is no period; its money has an order of its own, once, which is booked like others."""
    made = desk.paysim.control("invoices", {"subscription": at_provider(desk).id, "amount": 250})
    desk.hear_all()
    desk.hear_all()
    assert captured(desk) == {"o1": MONTHLY, "o1.c1": 250}
    (beside,) = desk.till.facts("subscription.prorated")
    assert (beside.data["invoice_id"], beside.data["amount"]) == (made["id"], 250)
    assert len(subscription(desk).periods) == 1


def test_the_last_invoice_of_the_provider_is_one_of_ours(desk: Desk) -> None:
    """By id and amount, as a reconciliation compares it; the first one was paid by the order itself."""
    assert standings.subscription(_expanded(desk), "demo").invoices == {}
    desk.paysim.advance(days=DAYS)
    desk.hear_all()
    (renewed,) = desk.till.facts("subscription.renewed")
    assert standings.subscription(_expanded(desk), "demo").invoices == {renewed.data["invoice_id"]: MONTHLY}


def _expanded(desk: Desk) -> Any:
    expand: Any = {"expand": list(standings.EXPAND)}
    return desk.paysim.api.subscriptions.retrieve(at_provider(desk).id, expand)


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


S = ("ann", "o1")


def plan_end(desk: Desk, *, planned: bool) -> None:
    """Staff plan the end in the provider's dashboard, or take it back."""
    desk.paysim.api.subscriptions.update(at_provider(desk).id, {"cancel_at_period_end": planned})


def ends_there(desk: Desk) -> bool:
    return bool(at_provider(desk).cancel_at_period_end)


def test_an_end_that_is_planned_and_taken_back_at_the_provider_is_followed(desk: Desk) -> None:
    """By whomever it was planned, and as often as it is; nothing of it goes back to the provider."""
    plan_end(desk, planned=True)
    desk.hear_all()
    assert subscription(desk).cancel_at == subscription(desk).paid_until
    desk.work()
    plan_end(desk, planned=False)
    desk.hear_all()
    assert subscription(desk).cancel_at is None
    desk.work()
    assert not ends_there(desk)

    desk.do(CancelSubscription(*S))
    desk.work()
    assert ends_there(desk)
    plan_end(desk, planned=False)
    desk.hear_all()
    assert subscription(desk).cancel_at is None
    desk.work()
    assert not ends_there(desk)

    plan_end(desk, planned=True)
    desk.hear_all()
    assert subscription(desk).cancel_at is not None
    desk.do(ResumeSubscription(*S))
    desk.work()
    assert not ends_there(desk)


def test_what_was_asked_here_and_is_not_there_yet_is_no_news(desk: Desk) -> None:
    """A message between the learner's click and the job that tells the provider says what the provider still has."""
    desk.do(CancelSubscription(*S))
    desk.hear_all()
    assert subscription(desk).cancel_at is not None
    desk.work()
    desk.do(ResumeSubscription(*S))
    desk.hear_all()
    assert subscription(desk).cancel_at is None
    desk.work()
    assert not ends_there(desk)
    plan_end(desk, planned=True)
    desk.hear_all()
    desk.do(ResumeSubscription(*S))
    desk.hear_all()
    assert subscription(desk).cancel_at is None
    desk.work()
    desk.hear_all()
    assert (subscription(desk).cancel_at, ends_there(desk)) == (None, False)


def test_staff_who_think_better_of_it_at_once(desk: Desk) -> None:
    """What was recorded late is looked at once more."""
    plan_end(desk, planned=True)
    desk.hear_all()
    plan_end(desk, planned=False)
    desk.work()
    assert (subscription(desk).cancel_at, ends_there(desk)) == (None, False)


def second_subscription(desk: Desk) -> Any:
    """The provider has begun ours twice, say since an answer was lost."""
    first, api = at_provider(desk), desk.paysim.api
    price = first["items"].data[0].price
    asked: Any = {
        "customer": first.customer,
        "items": [{"price": price.id}],
        "metadata": first.metadata.to_dict(),
        "default_payment_method": "pm_card_visa",
    }
    return api.subscriptions.create(asked)


@pytest.mark.parametrize("late", [False, True])
def test_a_second_subscription_for_one_of_ours_brings_money_only(desk: Desk, *, late: bool) -> None:
    """Each of its invoices is excess of the first order, once; its periods, late payments and end say nothing."""
    first, second = at_provider(desk).id, second_subscription(desk).id
    desk.paysim.advance(seconds=5)
    if not late:
        desk.hear_all()
    desk.paysim.advance(days=DAYS)
    desk.hear_all()
    desk.hear_all()
    assert captured(desk) == {"o1": 3 * MONTHLY, "o1.p2": MONTHLY}
    assert (subscription(desk).provider_id, len(subscription(desk).periods)) == (first, 2)
    found = desk.till.facts("payment.found")
    assert [(each.data["order_id"], each.data["amount"]) for each in found] == [("o1", MONTHLY)] * 2
    fees = desk.till.facts("payment.fee_charged")
    assert len({each.stream_id for each in fees}) == 4

    desk.paysim.api.subscriptions.cancel(second)
    desk.hear_all()
    assert subscription(desk).status == "active"
    (excess,) = desk.paysim.api.charges.list({"payment_intent": found[0].id("payment_id")}).data
    desk.paysim.control("disputes", {"charge": excess.id})
    desk.hear_all()
    (opened,) = desk.till.facts("dispute.opened")
    assert opened.data["payment_id"] == found[0].id("payment_id")
    assert desk.till.is_entitled("ann", "algebra-1")
    desk.till.check()


def test_a_second_subscription_beside_a_trial_brings_money_only() -> None:
    """The order of the trial has cost nothing, so its one payment is the excess."""
    desk = Desk()
    desk.do(
        CreateProduct("try", "Try", "plan", products=["one"], interval="month", interval_count=1, trial_days=14),
        ChangePrice("try", "EUR", MONTHLY),
        PlaceOrder("ann", "o1", ["try"], "EUR"),
    )
    desk.pay("o1")
    desk.hear_all()
    assert (captured(desk), subscription(desk).status) == ({"o1": 0}, "trial")
    second_subscription(desk)
    desk.paysim.advance(seconds=5)
    desk.hear_all()
    desk.hear_all()
    assert (captured(desk), subscription(desk).status) == ({"o1": MONTHLY}, "trial")
    assert [each.data["reason"] for each in desk.till.facts("order.overpaid")] == ["already_paid"]
