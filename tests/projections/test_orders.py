"""Orders, payments, access and products as rows: what the aggregates would say."""

from datetime import timedelta
from typing import Any

from commands.catalog import OpenRun, ScheduleRun
from commands.payment.invoices import RenewSubscription
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.subscriptions import AddCurrentRuns, FollowSubscription, StartSubscription
from domain.payment.entitlement import Entitlement
from domain.payment.offers import Offers
from domain.payment.order import Order
from domain.payment.payment import Payment
from domain.payment.product import Product, granting
from domain.payment.subscription import Subscription
from domain.personal import is_sealed
from projections.orders import Orders
from projections.orders.rows import (
    ENTITLEMENTS,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    RECEIPTS,
    SUBSCRIPTIONS,
    EntitlementRow,
    OrderRow,
    PaymentRow,
    ProductRow,
    ReceiptRow,
    SubscriptionRow,
)
from tests.support.facts import History, fold, rows_of
from tests.support.memory_log import MemoryLog
from tests.support.shop import keep_busy, order, paid
from tests.support.usecases import AT, COURSE, END, RUN, RUNS, SHUT, SMALL, Campus

MONTH = timedelta(days=30)


async def busy_shop() -> MemoryLog:
    """Everything that can become of an order, a payment, a right and a plan."""
    log = MemoryLog()
    campus = Campus(log)
    await keep_busy(campus)
    return log


def shown(rows: list[Any], *names: str) -> dict[str, list[Any]]:
    """Fields of rows, by the last part of their key."""
    return {getattr(row, row.__struct_fields__[1]): [getattr(row, name) for name in names] for row in rows}


async def test_rows_say_what_the_aggregates_say() -> None:
    """Status and amounts of each order, payment, right, plan and product are those that its own facts make."""
    log = await busy_shop()
    history = History()
    history.facts = await log.read(0, 1_000)
    stored = fold(Orders, history)

    orders = rows_of(stored, ORDERS, OrderRow)
    for row in orders:
        one = log.replay(Order, f"order-{row.learner_id}:{row.order_id}")
        assert (row.status, row.end, row.captured, row.refunds) == (one.status, one.end, one.captured, one.refunds)
        assert (row.lines, row.total, row.disputes) == (one.lines, one.total, one.disputes)
    statuses = shown(orders, "status")
    assert [statuses[f"o{number}"] for number in (1, 2, 3, 4, 5)] == [
        ["partly_refunded"],
        ["disputed"],
        ["refunded"],
        ["cancelled"],
        ["paid"],
    ]
    reasons = shown(orders, "reason")
    assert [reasons[f"o{number}"][0] for number in (1, 2, 3, 5)] == [""] * 4
    assert is_sealed(reasons["o4"][0]), "rows have the words that were said as the log has them"
    for payment in rows_of(stored, PAYMENTS, PaymentRow):
        attempt = log.replay(Payment, f"payment-{payment.learner_id}:{payment.payment_id}")
        assert (payment.status, payment.captured, payment.intent_id) == (
            attempt.status,
            attempt.captured,
            attempt.intent_id,
        )
    assert shown(rows_of(stored, PAYMENTS, PaymentRow), "order_id", "fee")["o1.1"] == ["o1", 98]

    rights = rows_of(stored, ENTITLEMENTS, EntitlementRow)
    assert rights
    for right in rights:
        found = log.replay(Entitlement, f"entitlement-{right.learner_id}:{right.entitlement_id}")
        assert (right.runs, right.over, right.is_suspended) == (found.runs, found.over, found.suspended)
        assert (right.access_from, right.access_until) == (found.access_from, found.access_until)
    assert shown(rights, "over", "reason")["o3.1"][0] == "revoked"

    for product in rows_of(stored, PRODUCTS, ProductRow):
        sold = log.replay(Product, f"product-{product.product_id}")
        assert (product.prices, product.is_retired, product.title) == (sold.prices, sold.retired, sold.terms.title)
    sold_rows = rows_of(stored, PRODUCTS, ProductRow)
    offers = log.replay(Offers, "offers-algebra")
    for run_id in (RUN, SMALL, SHUT):
        granted = granting(sold_rows, "algebra", run_id)
        assert {row.product_id for row in granted if not row.is_retired} == set(offers.granting(run_id))
        assert bool(granted) == offers.sells(run_id)
    assert [(row.order_id, row.number) for row in rows_of(stored, RECEIPTS, ReceiptRow)] == [("o1", "2026-000001")]


async def test_a_row_of_a_subscription_says_what_it_says() -> None:
    """With the plan that it has, and the one that the provider is asked for."""
    log = await busy_shop()
    history = History()
    history.facts = await log.read(0, 1_000)
    stored = fold(Orders, history)
    (plan,) = rows_of(stored, SUBSCRIPTIONS, SubscriptionRow)
    subscription = log.replay(Subscription, "subscription-ann:o5.s")
    assert (plan.status, plan.periods, plan.product_id) == (
        subscription.status,
        len(subscription.periods),
        subscription.product_id,
    )
    assert subscription.asked is not None
    assert (plan.amount, plan.asked_product_id) == (subscription.amount, subscription.asked.product_id)
    assert (plan.grace_until, plan.cancel_at, plan.period_end) == (
        subscription.grace_until,
        subscription.cancel_at,
        subscription.paid_until,
    )


async def test_runs_that_a_renewal_adds_are_of_the_row() -> None:
    """Beside those of before, until the new end: as the aggregate has them."""
    campus = Campus(log := MemoryLog())
    plan = CreateProduct("term", "Algebra", "plan", "algebra", interval="month", interval_count=1)
    await campus.give(*COURSE, *RUNS[:2], plan, ChangePrice("term", "EUR", 900), order("o1", "term"), paid("o1.1", 900))
    await campus.give(StartSubscription("ann", "o1", "o1", "sub_1", AT, AT + MONTH), FollowSubscription("ann", "o1"))
    await campus.give(ScheduleRun("algebra-2", "algebra", 1, AT, END), OpenRun("algebra-2"))
    await campus.give(RenewSubscription("ann", "o1", AT + MONTH, AT + 2 * MONTH, 900, "EUR", "pi_2", "ch_2"))
    await campus.give(FollowSubscription("ann", "o1"), AddCurrentRuns("ann", "o1", "o1.p2"))
    history = History()
    history.facts = await log.read(0, 1_000)
    (row,) = rows_of(fold(Orders, history), ENTITLEMENTS, EntitlementRow)
    one = log.replay(Entitlement, "entitlement-ann:o1")
    assert row.runs == one.runs == [RUN, "algebra-2"]
    assert row.access_until == one.access_until
