"""
Random histories of a provider, whose messages come in any order, late and doubled: what is understood is the same.

paysim is in memory, and each message is understood as the dispatcher does. From one past two desks hear all messages,
each in an order of its own: in the end both know the same, and it is what the provider has.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from adapters.payments.paysim.disputes import APPEAL
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.payment.refunds import RequestRefund
from commands.payment.subscriptions import CancelSubscription, ResumeSubscription
from domain.payment.dispute import Dispute
from domain.payment.order import Order
from domain.payment.subscription import Subscription
from tests.support.booked import balances, booked_of
from tests.support.desk import Desk
from tests.support.paysim import Refused

NUMBERS = st.integers(0, 50)  # which of those that there are
SMALL = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
LARGE = settings(max_examples=1_500, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck])


class Messages(RuleBasedStateMachine):
    """Learners, staff and banks act; the campus hears of it at any time, or not before the end."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.orders: list[str] = []
        self.paid: list[str] = []
        self.heard = 0

    @property
    def api(self) -> Any:
        return self.desk.paysim.api

    def of(self, kind: str, number: int, test: Callable[[Any], bool] = bool) -> Any:
        """One of the objects at the provider, None if there is none."""
        found = [each for each in self.desk.paysim.sim.store.find(kind) if test(each)]
        return found[number % len(found)] if found else None

    @initialize(product=st.sampled_from(["one", "other", "both"]), react=st.booleans())
    def buy(self, product: str, *, react: bool) -> None:
        """Each history begins with a product and a plan that are paid, of which the campus may have heard."""
        for each in (product, "monthly"):
            self.place(each)
            self.pay(0, "pm_card_visa")
        if react:
            self.desk.paysim.advance(seconds=5)
            self.desk.hear_all()

    @rule(product=st.sampled_from(["one", "other", "both", "monthly"]))
    def place(self, product: str) -> None:
        order_id = f"o{len(self.orders) + 1}"
        self.desk.now()
        if self.desk.till.do(PlaceOrder("ann", order_id, [product], "EUR")) is None:
            if self.desk.till.log.of(f"order-ann:{order_id}"):
                self.orders.append(order_id)
            self.desk.work()

    @precondition(lambda self: len(self.orders) > len(self.paid))
    @rule(number=NUMBERS, card=st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_refundFail"]))
    def pay(self, number: int, card: str) -> None:
        open_ = [each for each in self.orders if each not in self.paid]
        order_id = open_[number % len(open_)]
        if self.desk.pay(order_id, card=card)["status"] == "complete":
            self.paid.append(order_id)

    @precondition(lambda self: self.orders)
    @rule(number=NUMBERS)
    def cancel_order(self, number: int) -> None:
        order_id = self.orders[number % len(self.orders)]
        self.desk.till.do(CancelOrder("ann", order_id, "learner"))
        self.desk.work()

    @precondition(lambda self: self.paid)
    @rule(number=NUMBERS, amount=st.sampled_from([None, 100, 450]))
    def refund_here(self, number: int, amount: int | None) -> None:
        self.desk.till.do(RequestRefund("ann", self.paid[number % len(self.paid)], "asked", amount))
        self.desk.work()

    @precondition(lambda self: self.paid)
    @rule(number=NUMBERS, amount=st.sampled_from([100, 700]))
    def refund_there(self, number: int, amount: int) -> None:
        charge = self.of("charge", number, lambda each: not each["disputed"] and each["status"] == "succeeded")
        if charge is not None and charge["amount_captured"] - charge["amount_refunded"] >= amount:
            self.api.refunds.create({"charge": charge["id"], "amount": amount})

    @precondition(lambda self: self.paid)
    @rule(number=NUMBERS, inquiry=st.booleans())
    def dispute(self, number: int, *, inquiry: bool) -> None:
        charge = self.of("charge", number, lambda each: not each["disputed"] and each["status"] == "succeeded")
        if charge is not None and charge["amount_captured"] > charge["amount_refunded"]:
            self.desk.paysim.control("disputes", {"charge": charge["id"], "inquiry": inquiry})

    @precondition(lambda self: self.desk.paysim.sim.store.find("dispute"))
    @rule(number=NUMBERS, what=st.sampled_from(["escalate", "won", "lost", "warning_closed", "appeal", "turn", "turn"]))
    def decide(self, number: int, what: str) -> None:
        dispute = self.of("dispute", number)["id"]
        try:
            if what in ("escalate", "appeal", "turn"):
                self.desk.paysim.control(f"disputes/{what}", {"dispute": dispute})
            else:
                self.desk.paysim.control("disputes/close", {"dispute": dispute, "outcome": what})
        except Refused:  # it is over, or not decided, or no inquiry
            return

    @precondition(lambda self: self.desk.paysim.sim.store.find("subscription"))
    @rule(number=NUMBERS, what=st.sampled_from(["end", "go on", "end at once", "by hand", "cheaper"]))
    def at_provider(self, number: int, what: str) -> None:
        """Staff do something in the dashboard."""
        found = self.of("subscription", number, lambda each: each["status"] in ("active", "trialing", "past_due"))
        if found is None:
            return
        if what == "end at once":
            self.api.subscriptions.cancel(found["id"])
        elif what == "by hand":
            self.desk.paysim.control("invoices", {"subscription": found["id"], "amount": 250})
        elif what == "cheaper":
            item = found["items"]["data"][0]
            price = {"currency": "eur", "unit_amount": 800, "product": item["price"]["product"]}
            items = [{"id": item["id"], "price_data": {**price, "recurring": {"interval": "month"}}}]
            self.api.subscriptions.update(found["id"], {"items": items})
        else:
            self.api.subscriptions.update(found["id"], {"cancel_at_period_end": what == "end"})

    @precondition(lambda self: self.paid)
    @rule(number=NUMBERS, ends=st.booleans())
    def ask_here(self, number: int, *, ends: bool) -> None:
        """The learner plans the end of a subscription, or takes it back."""
        order_id = self.paid[number % len(self.paid)]
        self.desk.till.do((CancelSubscription if ends else ResumeSubscription)("ann", order_id))
        self.desk.work()

    @rule(days=st.sampled_from([0.001, 0.1, 1, 20, 33]))
    def wait(self, days: float) -> None:
        self.desk.paysim.advance(days=days)
        self.desk.now()

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=6))
    def hear(self, numbers: list[int]) -> None:
        """Some messages come, each of which may come again."""
        events = self.desk.events()
        for number in numbers if events else ():
            self.desk.hear(events[-1 - number % len(events)])
        self.desk.till.settle()
        self.desk.work()

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), react=st.booleans())
    def compare(self, data: st.DataObject, *, react: bool) -> None:
        """All come, in two orders, from the same past."""
        events = self.desk.events()
        digests = []
        for _ in range(2):
            desk = self.desk.copy()
            chance = data.draw(st.randoms(use_true_random=False))
            heard = [*events, *chance.sample(events, len(events) // 3)]
            chance.shuffle(heard)
            desk.hear_all(heard, react=react)
            desk.till.check()
            digests.append(digest(desk))
        assert digests[0] == digests[1]

    def teardown(self) -> None:
        """In the end all messages have come, what is owed is done, and the campus knows what the provider has."""
        for _ in range(2):  # what follows from messages has messages of its own
            self.desk.paysim.advance(seconds=10)
            self.desk.hear_all()
            self.desk.work()
        self.desk.hear_all()
        self.desk.till.check()
        self.desk.till.check_access()
        check_money(self.desk)
        check_books(self.desk)
        check_subscriptions(self.desk)


def digest(desk: Desk) -> dict[str, Any]:
    """What it all comes to."""
    found = desk.till.digest()
    for subscription in desk.till.all(Subscription):
        money = sorted(sum(order.captured.values()) for order in desk.till.all(Order) if order.subscription_id)
        found[f"{subscription.id} more"] = (subscription.amount, subscription.cancel_at, money)
    for dispute in desk.till.all(Dispute):
        found[dispute.id] = (dispute.is_opened, dispute.outcome, dispute.is_opened or dispute.answered, dispute.funds)
    return found


def check_money(desk: Desk) -> None:
    """Every charge, refund and movement of a dispute at the provider is a fact, once."""
    store = desk.paysim.sim.store
    charged = sorted(each["amount"] for each in store.find("charge") if each["status"] == "succeeded")
    assert sorted(each.data["amount"] for each in desk.till.facts("payment.captured")) == charged
    given = sum(each["amount"] for each in store.find("refund") if each["status"] == "succeeded")
    orders = desk.till.all(Order)
    parts = [part for order in orders for part in order.refunds.values() if part.status == "issued"]
    assert sum(part.amount for part in parts) == given
    moved = {each["id"] for dispute in store.find("dispute") for each in dispute["balance_transactions"]}
    assert {name for dispute in desk.till.all(Dispute) for name in dispute.funds} == moved
    outcomes = {each["id"]: each["status"] for each in store.find("dispute")}
    for dispute in desk.till.all(Dispute):
        status = outcomes[dispute.id_of("dispute_id")].replace(APPEAL, "lost")
        assert (dispute.outcome or dispute.answered) == (status if status in ("won", "lost", "warning_closed") else "")


def check_books(desk: Desk) -> None:
    """Each entry adds up to 0, nothing waits for an order, and what the provider owes us is what it has."""
    held = balances(booked_of(desk.till))
    theirs = desk.paysim.control("summary", method="GET")["currencies"]
    assert held.get("EUR clearing", 0) == theirs.get("eur", {"balance": 0})["balance"]
    assert "EUR receivable" not in held


def check_subscriptions(desk: Desk) -> None:
    """Each goes on, ends and costs as the provider has it."""
    theirs = {each["id"]: each for each in desk.paysim.sim.store.find("subscription")}
    for ours in desk.till.all(Subscription):
        found = theirs[ours.provider_id]
        assert ours.is_over == (found["status"] == "canceled")
        if not ours.is_over:
            assert (ours.cancel_at is not None) == found["cancel_at_period_end"]


@pytest.mark.thorough
def test_the_order_of_messages_does_not_matter() -> None:
    """Some histories."""
    run_state_machine_as_test(Messages, settings=SMALL)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_no_order_of_messages_matters_in_thousands_of_histories() -> None:
    """The same, for as long as it takes."""
    run_state_machine_as_test(Messages, settings=LARGE)
