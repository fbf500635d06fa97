"""A shop to try payment on: what is sold on the campus of tests, and what the provider would say."""

from datetime import timedelta
from typing import Any

from commands.enrollment import FollowEntitlements
from commands.payment.books import IssueReceipt
from commands.payment.coupons import CreateCoupon
from commands.payment.disputes import CloseDispute, OpenDispute
from commands.payment.entitlements import FollowOrder, RevokeEntitlement
from commands.payment.invoices import RenewSubscription
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.payment.payments import RecordCapture, RecordFee, RecordPaymentFailed
from commands.payment.products import ChangePrice, CreateProduct, RetireProduct
from commands.payment.refunds import RecordRefund, RecordRefundFailed, RequestRefund
from commands.payment.subscriptions import (
    CancelSubscription,
    ChangePlan,
    RecordPastDue,
    RequestPlanChange,
    StartSubscription,
)
from tests.support.usecases import AT, COURSE, RUN, RUNS, SMALL, Campus

MONTH = timedelta(days=30)
PRICE = 4_900
SHOP = (
    CreateProduct("one", "Algebra, first run", "run", run_id=RUN),
    ChangePrice("one", "EUR", PRICE),
    CreateProduct("small", "Algebra, few seats", "run", run_id=SMALL, on_dispute="keep"),
    ChangePrice("small", "EUR", 2_000),
    CreateProduct("both", "Algebra, twice", "bundle", products=["one", "small"]),
    ChangePrice("both", "EUR", 6_000),
    CreateProduct("monthly", "Algebra, every month", "plan", products=["one"], interval="month", interval_count=1),
    ChangePrice("monthly", "EUR", 900),
    CreateCoupon("HALF", "percent", percent_bp=5_000, limit=1),
)


def order(order_id: str = "o1", *products: str, learner_id: str = "ann", **more: Any) -> PlaceOrder:
    """An order in euros."""
    return PlaceOrder(learner_id, order_id, products or ("one",), "EUR", **more)


def paid(payment_id: str = "o1.1", amount: int = PRICE, learner_id: str = "ann") -> RecordCapture:
    """The provider says that the money has come."""
    return RecordCapture(learner_id, payment_id, amount, "EUR", f"pi_{payment_id}", f"ch_{payment_id}", "evt_1")


async def follow(campus: Campus, order_id: str = "o1", learner_id: str = "ann") -> None:
    """What the reactor does after a fact of an order."""
    facts = await campus.facts(FollowOrder(learner_id, order_id))
    for fact in facts:
        admit = fact.type == "entitlement.granted"
        await campus.give(
            FollowEntitlements(
                learner_id, fact.id("entitlement_id"), fact.type.removeprefix("entitlement."), admit=admit
            )
        )


async def buy(
    campus: Campus, order_id: str = "o1", *products: str, amount: int = PRICE, learner_id: str = "ann"
) -> None:
    """Order, pay and get access."""
    await campus.give(order(order_id, *products, learner_id=learner_id), paid(f"{order_id}.1", amount, learner_id))
    await follow(campus, order_id, learner_id)


async def status_of(campus: Campus, run_id: str = RUN, learner_id: str = "ann") -> str:
    """Where an enrollment stands, by its last fact."""
    facts = await campus.log.stream(f"enrollment-{learner_id}:{run_id}")
    return facts[-1].type.partition(".")[2] if facts else ""


async def keep_busy(campus: Campus) -> None:
    """Everything that can become of an order, a payment, a right and a plan."""
    await campus.give(*COURSE, *RUNS, *SHOP)
    await campus.give(order(), RecordPaymentFailed("ann", "o1.1", "card_declined"), paid(), paid())
    await campus.give(RecordFee("ann", "o1.1", "t1", 98, PRICE - 98, "EUR"), RequestRefund("ann", "o1", "half", 1_000))
    await campus.give(RequestRefund("ann", "o1", "more", 500), RecordRefund("ann", "o1.r1", "re_1"))
    await campus.give(RecordRefundFailed("ann", "o1.r2", "the account is closed"), IssueReceipt("ann", "o1"))
    await buy(campus, "o2", "both", amount=6_000, learner_id="bob")
    await campus.give(OpenDispute("bob", "d1", "o2.1", "dp_1", 6_000, "EUR", "fraudulent"))
    await buy(campus, "o3", learner_id="cid")
    await campus.give(OpenDispute("cid", "d2", "o3.1", "dp_2", PRICE, "EUR", "fraudulent"))
    await campus.give(CloseDispute("cid", "d2", "won"), RequestRefund("cid", "o3", "all"))
    await campus.give(RecordRefund("cid", "o3.r1", "re_2"), RevokeEntitlement("cid", "o3.1", "a refund"))
    await campus.give(order("o4", "one", learner_id="dan"), CancelOrder("dan", "o4", "too dear"))
    await campus.give(paid("o4.1", learner_id="dan"), ChangePrice("small", "EUR", 3_000), RetireProduct("both", "over"))
    await campus.give(order("o5", "monthly"), paid("o5.1", 900))
    await campus.give(StartSubscription("ann", "o5.s", "o5", "sub_1", AT, AT + MONTH))
    await campus.give(RenewSubscription("ann", "o5.s", AT + MONTH, AT + 2 * MONTH, 900, "EUR"))
    await campus.give(RecordPastDue("ann", "o5.s", AT + 2 * MONTH), CancelSubscription("ann", "o5.s", "late"))
    terms: dict[str, Any] = {"interval": "month", "interval_count": 1}
    await campus.give(CreateProduct("more", "More", "plan", products=["one"], **terms), ChangePrice("more", "EUR", 950))
    await campus.give(RequestPlanChange("ann", "o5.s", "more"), ChangePlan("ann", "o5.s", "more", 50))
    await campus.give(RequestPlanChange("ann", "o5.s", "monthly"))
