"""
A shop, its learners and a provider whose messages come late, doubled and in any order: for random histories of payment.

All is in memory and nothing waits, so a command is carried out by one step of its coroutine.
"""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import FollowEntitlements
from commands.log import Context
from commands.payment.coupons import CreateCoupon
from commands.payment.entitlements import ExpireEntitlement, FollowOrder
from commands.payment.orders import ExpireOrder
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.subscriptions import AddCurrentRuns, ExpireSubscription, FollowSubscription
from domain.enrollment import Enrollment
from domain.errors import DomainError
from domain.fact import Fact
from domain.payment.coupon import Coupon
from domain.payment.entitlement import Entitlement
from domain.payment.order import Order, order_stream
from domain.payment.order_state import refunded, unspent
from domain.payment.subscription import Subscription
from tests.support.memory_log import MemoryBus, MemoryLog
from tests.support.usecases import AT, COURSE, RUN, START

OTHER = "algebra-2"
NEVER = START + timedelta(days=36_500)  # when the runs end
LEARNERS = ("ann", "ben")
FOLLOWED = ("paid", "refunded", "refund_failed", "disputed", "dispute_closed")
PRODUCTS = {"one": 4_900, "other": 2_000, "both": 6_000, "odd": 1}
LIMIT = 2
STOCK = (
    *COURSE,
    *(ScheduleRun(run_id, "algebra", 1, START, NEVER) for run_id in (RUN, OTHER)),
    *(OpenRun(run_id) for run_id in (RUN, OTHER)),
    CreateProduct("one", "One", "run", run_id=RUN),
    CreateProduct("other", "Other", "run", run_id=OTHER, on_dispute="keep"),
    CreateProduct("both", "Both", "bundle", products=["one", "other"]),
    CreateProduct("odd", "Odd", "run", run_id=OTHER, access_days=20),
    CreateProduct("monthly", "Monthly", "plan", products=["one"], interval="month", interval_count=1, grace_days=3),
    *(ChangePrice(product, "EUR", price) for product, price in {**PRODUCTS, "monthly": 900}.items()),
    CreateCoupon("HALF", "percent", percent_bp=5_000, limit=LIMIT),
)


def done(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


@cache
def _stock() -> MemoryLog:
    log = MemoryLog()
    bus = MemoryBus(log)
    for command in STOCK:
        done(bus.handle(command, Context("test", AT)))
    return log


class Till:
    """
    A campus that sells.

    Attributes:
        at: the time by which commands are carried out.
        owed: reactions to facts that are not carried out yet, in the order in which their facts came.
    """

    def __init__(self) -> None:
        self.log = _stock().copy()
        self.bus = MemoryBus(self.log)
        self.at: datetime = AT
        self.owed: list[Any] = []

    def copy(self) -> "Till":
        """A till with the same past, which goes on by itself."""
        till = Till.__new__(Till)
        till.log, till.at, till.owed = self.log.copy(), self.at, [*self.owed]
        till.bus = MemoryBus(till.log)
        return till

    def do(self, command: Any) -> DomainError | None:
        """Carry out a command; the refusal, if it is refused."""
        before = done(self.log.head())
        try:
            done(self.bus.handle(command, Context("test", self.at)))
        except DomainError as error:
            return error
        for fact in done(self.log.read(before, 1_000)):
            self.owed += _reactions(fact)
        return None

    def settle(self) -> None:
        """Carry out all that is owed, and what follows from it."""
        while self.owed:
            self.do(self.owed.pop(0))

    def pass_time(self, days: int) -> None:
        """So many days later all timers have gone off."""
        self.at += timedelta(days=days)
        for fact in done(self.log.read(0, 100_000)):
            if fact.type == "order.placed":
                self.do(ExpireOrder(fact.id("learner_id"), fact.id("order_id")))
            elif fact.type == "entitlement.granted":
                self.do(ExpireEntitlement(fact.id("learner_id"), fact.id("entitlement_id")))
            elif fact.type == "subscription.started":
                self.do(ExpireSubscription(fact.id("learner_id"), fact.id("subscription_id")))

    def all(self, cls: Any) -> list[Any]:
        """All aggregates of a class."""
        streams = dict.fromkeys(fact.stream_id for fact in done(self.log.read(0, 100_000)))
        return [self.log.replay(cls, stream) for stream in streams if stream.partition("-")[0] == cls.category]

    def facts(self, *types: str) -> list[Fact]:
        """All facts of some types."""
        return [fact for fact in done(self.log.read(0, 100_000)) if fact.type in types]

    def check(self) -> None:
        """What holds at every moment, whatever has come and not come yet."""
        captures = [fact.stream_id for fact in self.facts("payment.captured")]
        assert len(captures) == len(set(captures))
        taken = [(fact.stream_id, fact.data["payment_id"]) for fact in self.facts("order.paid", "order.overpaid")]
        assert len(taken) == len(set(taken))
        for order in self.all(Order):
            _check_order(order)
        for coupon in self.all(Coupon):
            assert len(coupon.reserved) + len(coupon.redeemed) <= LIMIT

    def check_access(self) -> None:
        """When nothing is owed: access, if and only if there is a live entitlement; a plan that is paid has one."""
        assert not self.owed
        for learner_id in LEARNERS:
            for run_id in (RUN, OTHER):
                assert self.has_access(learner_id, run_id) is self.is_entitled(learner_id, run_id), (learner_id, run_id)
        for subscription in self.all(Subscription):
            if not subscription.is_over and self.at < subscription.paid_until and self._is_ours(subscription):
                assert self.is_entitled(subscription.learner_id, RUN), subscription.id

    def _is_ours(self, subscription: Subscription) -> bool:
        """Whether the money of the last period was neither given back nor is it disputed."""
        order = self.log.replay(Order, order_stream(subscription.learner_id, subscription.last_order))
        return not (order.ended_lines or order.is_lost or order.is_disputed)

    def has_access(self, learner_id: str, run_id: str) -> bool:
        """Whether the learner may take part in the run."""
        return self.log.replay(Enrollment, f"enrollment-{learner_id}:{run_id}").has_place

    def is_entitled(self, learner_id: str, run_id: str) -> bool:
        """Whether one of the learner's entitlements to the run is live."""
        return any(
            each.is_live(self.at) and run_id in each.runs and each.id_of("learner_id") == learner_id
            for each in self.all(Entitlement)
        )

    def digest(self) -> dict[str, Any]:
        """What it all comes to, whichever message came first."""
        found: dict[str, Any] = {
            f"{learner_id} on {run_id}": self.has_access(learner_id, run_id)
            for learner_id in LEARNERS
            for run_id in (RUN, OTHER)
        }
        for order in self.all(Order):
            left = unspent(order.captured, order.refunds.values(), order.disputes.values())
            found[order.id] = (order.status, sorted(order.captured.values()), sum(left.values()), order.ended_lines)
        for subscription in self.all(Subscription):
            periods = sorted(period.start for period in subscription.periods)
            found[subscription.id] = (subscription.status, periods, subscription.is_over or subscription.grace_until)
        return found


def _check_order(order: Order) -> None:
    lines = order.lines
    assert order.total == sum(line.total for line in lines)
    assert all(0 <= line.tax <= line.total <= line.price for line in lines)
    going_back = [part for part in order.refunds.values() if part.status != "failed"]
    for payment_id, amount in order.captured.items():
        assert sum(part.amount for part in going_back if part.payment_id == payment_id) <= amount
    for line in lines:
        parts = (part for refund in going_back for part in refund.lines if part.line == line.line)
        assert sum(part.amount for part in parts) <= line.total
    assert refunded(order.refunds.values(), "requested", "issued") <= sum(order.captured.values())
    for part in order.refunds.values():
        assert not part.lines or sum(each.amount for each in part.lines) == part.amount


def _reactions(fact: Fact) -> list[Any]:
    """What the reactor sends after a fact."""
    context, _, name = fact.type.partition(".")
    if context == "order" and name in FOLLOWED:
        return [FollowOrder(fact.id("learner_id"), fact.id("order_id"))]
    if context == "subscription":
        ids = fact.id("learner_id"), fact.id("subscription_id")
        added = [AddCurrentRuns(*ids, fact.data["order_id"])] if name == "renewed" else []
        return [FollowSubscription(*ids), *added]
    if context == "entitlement":
        ids = fact.id("learner_id"), fact.id("entitlement_id")
        return [FollowEntitlements(*ids, fact.type, admit=name == "granted")]
    return []
