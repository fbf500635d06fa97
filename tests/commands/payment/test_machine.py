"""Random histories of payment: whatever is asked, and whenever the provider's messages come, money and access agree."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from commands.payment.disputes import CloseDispute, OpenDispute, RecordDisputeFunds
from commands.payment.entitlements import GrantEntitlement, RevokeEntitlement
from commands.payment.invoices import RenewSubscription
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.payment.payments import (
    RecordActionRequired,
    RecordAuthorised,
    RecordCapture,
    RecordPaymentCancelled,
    RecordPaymentFailed,
    StartPayment,
)
from commands.payment.refunds import RecordProviderRefund, RecordRefund, RecordRefundFailed, RequestRefund
from commands.payment.subscriptions import (
    CancelSubscription,
    EndSubscription,
    RecordPastDue,
    StartSubscription,
)
from domain.payment.order import Order
from tests.support.booked import booked_of
from tests.support.till import LEARNERS, PRODUCTS, Till
from tests.support.usecases import AT, RUN

MONTH = timedelta(days=30)
NUMBERS = st.integers(0, 50)  # which of those that there are
SMALL = settings(max_examples=100, stateful_step_count=25, deadline=None)
LARGE = settings(max_examples=2_000, stateful_step_count=50, deadline=None)


class Shop(RuleBasedStateMachine):
    """Learners and staff ask; the provider sends messages, which come in any order, late, and more than once."""

    def __init__(self) -> None:
        super().__init__()
        self.till = Till()
        self.messages: list[Any] = []
        self.orders = 0
        self.gifts = 0

    @property
    def placed(self) -> list[Order]:
        """The orders that there are."""
        return list(self.till.all(Order))

    @rule(
        learner_id=st.sampled_from(LEARNERS),
        products=st.lists(st.sampled_from([*PRODUCTS]), min_size=1, max_size=2, unique=True),
        coupon=st.sampled_from([None, None, "HALF"]),
    )
    def place(self, learner_id: str, products: list[str], coupon: str | None) -> None:
        self.orders += 1
        self.till.do(PlaceOrder(learner_id, f"o{self.orders}", products, "EUR", coupon, tax_bp=1_900))

    @rule(learner_id=st.sampled_from(LEARNERS))
    def subscribe(self, learner_id: str) -> None:
        self.orders += 1
        order_id = f"o{self.orders}"
        if self.till.do(PlaceOrder(learner_id, order_id, ["monthly"], "EUR")) is None:
            start = self.till.at
            ids = learner_id, order_id
            self.messages += [
                RecordCapture(learner_id, f"{order_id}.1", 900, "EUR"),
                StartSubscription(*ids, order_id, "sub_1", start, start + MONTH),
                RecordPastDue(*ids, start + MONTH),
                RenewSubscription(*ids, start + MONTH, start + 2 * MONTH, 900, "EUR"),
                RenewSubscription(*ids, start + 2 * MONTH, start + 3 * MONTH, 900, "EUR"),
                EndSubscription(*ids, "unpaid"),
                CancelSubscription(*ids),
            ]

    @precondition(lambda self: self.placed)
    @rule(number=NUMBERS)
    def try_again(self, number: int) -> None:
        order = self.placed[number % len(self.placed)]
        self.till.do(StartPayment(order.learner_id, order.order_id))

    @precondition(lambda self: self.placed)
    @rule(number=NUMBERS, attempt=NUMBERS, less=st.sampled_from([0, 0, 0, 1]), second=st.sampled_from([0, 1]))
    def pay(self, number: int, attempt: int, less: int, second: int) -> None:
        """The learner pays on a page; the provider will say so, and perhaps more."""
        order = self.placed[number % len(self.placed)]
        if order.payments:
            payment_id = [*order.payments][attempt % len(order.payments)]
            ids = order.learner_id, payment_id
            self.messages += [
                RecordActionRequired(*ids),
                RecordPaymentFailed(*ids, "card_declined"),
                RecordAuthorised(*ids, order.total),
                RecordCapture(*ids, order.total - less, "EUR", f"pi_{payment_id}"),
                RecordCapture(*ids, order.total - second, "EUR", f"pi_again_{payment_id}"),
                RecordPaymentCancelled(*ids, "expired"),
            ]

    @precondition(lambda self: self.placed)
    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        order = self.placed[number % len(self.placed)]
        self.till.do(CancelOrder(order.learner_id, order.order_id, "learner"))

    @precondition(lambda self: self.placed)
    @rule(
        number=NUMBERS,
        amount=st.one_of(st.none(), st.integers(1, 7_000)),
        lines=st.sampled_from([None, None, [1], [2], [1, 2]]),
        works=st.booleans(),
    )
    def refund(self, number: int, amount: int | None, lines: list[int] | None, *, works: bool) -> None:
        order = self.placed[number % len(self.placed)]
        self.till.do(RequestRefund(order.learner_id, order.order_id, "asked", amount, lines))
        for refund_id in self.till.log.replay(Order, order.id).refunds.keys() - order.refunds.keys():
            ids = order.learner_id, refund_id
            self.messages.append(RecordRefund(*ids, f"re_{refund_id}"))
            if not works:
                self.messages.append(RecordRefundFailed(*ids, "closed"))

    @precondition(lambda self: any(order.captured for order in self.placed))
    @rule(number=NUMBERS, outcome=st.sampled_from(["won", "lost", "warning_closed"]))
    def dispute(self, number: int, outcome: str) -> None:
        paid = [(order, payment) for order in self.placed for payment in order.captured]
        order, payment_id = paid[number % len(paid)]
        ids, amount = (order.learner_id, f"dp_{payment_id}"), order.captured[payment_id]
        self.messages += [
            OpenDispute(*ids, payment_id, "dp", amount, "EUR", "fraudulent"),
            RecordDisputeFunds(*ids, "txn_1", amount, 2_000),
            CloseDispute(*ids, outcome),
            *(CloseDispute(*ids, turned, known) for known, turned in enumerate(("lost", "won"), 1)),
        ]

    @rule(learner_id=st.sampled_from(LEARNERS))
    def give(self, learner_id: str) -> None:
        self.gifts += 1
        self.till.do(GrantEntitlement(learner_id, f"gift-{self.gifts}", [RUN], "a prize", "gift"))

    @precondition(lambda self: self.gifts)
    @rule(learner_id=st.sampled_from(LEARNERS), number=NUMBERS)
    def take_back(self, learner_id: str, number: int) -> None:
        self.till.do(RevokeEntitlement(learner_id, f"gift-{number % self.gifts + 1}", "a mistake"))

    @precondition(lambda self: self.messages)
    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=8))
    def deliver(self, numbers: list[int]) -> None:
        """Some messages come, which stay where they are: each may come again."""
        for number in numbers:
            self.till.do(self.messages[number % len(self.messages)])

    @precondition(lambda self: self.till.owed)
    @rule(number=NUMBERS)
    def react(self, number: int) -> None:
        """One of the reactions that are owed, not always the first."""
        self.till.do(self.till.owed.pop(number % len(self.till.owed)))

    @rule(days=st.integers(1, 25))
    def wait(self, days: int) -> None:
        self.till.pass_time(days)

    @rule()
    def settle(self) -> None:
        self.till.settle()
        self.till.check_access()

    @invariant()
    def holds(self) -> None:
        self.till.check()

    def teardown(self) -> None:
        """In the end all messages have come, and whatever was booked adds up to 0, entry by entry."""
        for message in self.messages:
            self.till.do(message)
        self.till.settle()
        self.till.check()
        self.till.check_access()
        booked_of(self.till)


@pytest.mark.thorough
def test_money_and_access_agree() -> None:
    """Access, if and only if there is a live entitlement; captured once; never more refunded than captured."""
    run_state_machine_as_test(Shop, settings=SMALL)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_money_and_access_agree_in_thousands_of_histories() -> None:
    """The same, for as long as it takes."""
    run_state_machine_as_test(Shop, settings=LARGE)


def _delivered(till: Till, messages: Sequence[Any], *, react: bool) -> None:
    """All messages come; what is refused, since another has to come first, comes again."""
    waiting = list(messages)
    while waiting:
        refused = []
        for message in waiting:
            if till.do(message) is not None:
                refused.append(message)
            if react:
                till.settle()
        assert len(refused) < len(waiting), refused
        waiting = refused
    till.settle()


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Any], list[list[Any]]]:
    """What learners and staff ask, and in turns the messages of the provider about it; a charge is a pair of ids."""
    products = draw(st.lists(st.sampled_from([*PRODUCTS]), min_size=1, max_size=3, unique=True))
    coupon = draw(st.sampled_from([None, "HALF"]))
    total = sum(PRODUCTS[product] for product in products)
    asked: list[Any] = [PlaceOrder("ann", "o1", products, "EUR", coupon)]
    messages: list[Any] = [RecordActionRequired("ann", "o1.1"), RecordAuthorised("ann", "o1.1", total)]
    if draw(st.booleans()):
        asked += [RecordPaymentFailed("ann", "o1.1", "card_declined"), StartPayment("ann", "o1")]
        messages.append(("o1.2", "pi_o1.2"))
    if draw(st.booleans()):
        asked.append(CancelOrder("ann", "o1", "learner"))
    messages += [("o1.1", "pi_o1.1"), RecordPaymentFailed("ann", "o1.1", "card_declined")]
    if draw(st.booleans()):  # the provider has charged twice for the first attempt
        messages.append(("o1.1", "pi_again"))
    after: list[Any] = []
    if draw(st.booleans()):
        after.append(RequestRefund("ann", "o1", "asked", draw(st.sampled_from([None, 1, 500])), None))
    later = draw(st.lists(st.sampled_from(["issued", "failed", "dispute", "found", "found_failed"]), unique=True))
    outcome = draw(st.sampled_from(["won", "lost"]))
    return asked, [messages, after, later, [outcome]]


def _played(history: tuple[list[Any], list[list[Any]]], data: st.DataObject) -> dict[str, Any]:
    asked, (messages, after, later, (outcome,)) = history
    till = Till()
    for command in asked:
        till.do(command)
    (order,) = till.all(Order)
    first = [
        RecordCapture("ann", message[0], order.total, "EUR", message[1]) if isinstance(message, tuple) else message
        for message in messages
    ]
    _delivered(till, data.draw(st.permutations([*first, *first])), react=data.draw(st.booleans()))
    for command in after:
        till.do(command)
    (order,) = till.all(Order)
    second: list[Any] = []
    for refund_id in order.refunds:
        second += [RecordRefund("ann", refund_id, "re")] if "issued" in later else []
        second += [RecordRefundFailed("ann", refund_id, "closed")] if "failed" in later else []
    payment_id = order.paid_by or "o1.1"
    amount = order.captured.get(payment_id, 0)
    if amount and not order.refunds:
        money = ("ann", payment_id, "re_1", max(1, amount // 2) if "issued" in later else amount, "EUR", "")
        second += [RecordProviderRefund(*money)] if "found" in later else []
        second += [RecordProviderRefund(*money, "closed")] if "found_failed" in later else []
    if "dispute" in later and amount:
        second += [
            OpenDispute("ann", "dp_1", payment_id, "dp", amount, "EUR", "fraudulent"),
            RecordDisputeFunds("ann", "dp_1", "txn_1", amount, 2_000),
            CloseDispute("ann", "dp_1", outcome),
        ]
    _delivered(till, data.draw(st.permutations([*second, *second])), react=data.draw(st.booleans()))
    till.check()
    till.check_access()
    return till.digest()


def _any_order(history: tuple[list[Any], list[list[Any]]], data: st.DataObject) -> None:
    assert _played(history, data) == _played(history, data)


def _any_order_of_periods(months: int, *, ends: bool, data: st.DataObject) -> None:
    """A subscription that was paid for some months, and perhaps has ended."""
    ids = "ann", "o1"
    messages: list[Any] = [
        RecordCapture("ann", "o1.1", 900, "EUR"),
        StartSubscription(*ids, "o1", "sub_1", AT, AT + MONTH),
    ]
    for number in range(1, months):
        start = AT + number * MONTH
        messages += [RenewSubscription(*ids, start, start + MONTH, 900, "EUR"), RecordPastDue(*ids, start)]
    if ends:
        messages.append(EndSubscription(*ids, "unpaid"))
    digests = []
    for _ in range(2):
        till = Till()
        till.do(PlaceOrder("ann", "o1", ["monthly"], "EUR"))
        _delivered(till, data.draw(st.permutations([*messages, *messages])), react=data.draw(st.booleans()))
        till.check_access()
        digests.append(till.digest())
    assert digests[0] == digests[1]


@pytest.mark.thorough
@settings(max_examples=120, deadline=None)
@given(history=histories(), data=st.data())
def test_the_order_of_messages_does_not_matter(history: tuple[list[Any], list[list[Any]]], data: st.DataObject) -> None:
    """Doubled, and in any order: the state in the end is the same, and so is access."""
    _any_order(history, data)


@pytest.mark.thorough
@settings(max_examples=80, deadline=None)
@given(months=st.integers(1, 4), ends=st.booleans(), data=st.data())
def test_the_order_of_periods_does_not_matter(*, months: int, ends: bool, data: st.DataObject) -> None:
    """Renewals, late payments and the end of a subscription, doubled and in any order."""
    _any_order_of_periods(months, ends=ends, data=data)


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(late=st.lists(st.integers(0, 45), min_size=1, max_size=4))
def test_a_period_gives_access_however_late_it_becomes_known(late: list[int]) -> None:
    """After timers have gone off, too: as long as the subscription is paid, there is access."""
    till = Till()
    till.do(PlaceOrder("ann", "o1", ["monthly"], "EUR"))
    till.do(RecordCapture("ann", "o1.1", 900, "EUR"))
    till.do(StartSubscription("ann", "o1", "o1", "sub_1", AT, AT + MONTH))
    for number, days in enumerate(late, 1):
        till.settle()
        till.pass_time(days)
        start = AT + number * MONTH
        till.do(RenewSubscription("ann", "o1", start, start + MONTH, 900, "EUR"))
        till.settle()
        till.check_access()


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None)
@given(history=histories(), data=st.data())
def test_no_order_of_messages_matters(history: tuple[list[Any], list[list[Any]]], data: st.DataObject) -> None:
    """The same, for as long as it takes."""
    _any_order(history, data)


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None)
@given(months=st.integers(1, 6), ends=st.booleans(), data=st.data())
def test_no_order_of_periods_matters(*, months: int, ends: bool, data: st.DataObject) -> None:
    """The same, for as long as it takes."""
    _any_order_of_periods(months, ends=ends, data=data)
