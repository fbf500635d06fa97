"""The rows of the read model orders: what is sold, ordered and paid, and to what it gives access."""

from datetime import datetime

import msgspec

from domain.payment.order_line import Line
from domain.payment.order_state import DisputedPart, RefundPart, Status
from domain.payment.product import Price
from projections.engine.projection import Table


class OrderRow(msgspec.Struct):
    """
    An order.

    Attributes:
        end: `awaiting_payment`, `paid`, `cancelled` or `expired`; `status` also says what has become of the money.
        captured, refunds, disputes: by payment, refund and dispute.
    """

    learner_id: str
    order_id: str
    placed_at: datetime | None = None
    currency: str = ""
    subtotal: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0
    coupon_id: str | None = None
    country: str | None = None
    subscription_id: str | None = None
    expires_at: datetime | None = None
    end: str = Status.NONE.value
    status: str = Status.NONE.value
    paid_at: datetime | None = None
    reason: str = ""
    lines: list[Line] = []
    captured: dict[str, int] = {}
    refunds: dict[str, RefundPart] = {}
    disputes: dict[str, DisputedPart] = {}


class PaymentRow(msgspec.Struct):
    """An attempt to pay an order; `status` is that of its last fact, but a capture is final."""

    learner_id: str
    payment_id: str
    order_id: str = ""
    requested_at: datetime | None = None
    amount: int = 0
    currency: str = ""
    provider: str = ""
    status: str = "none"
    reason: str = ""
    intent_id: str | None = None
    captured: int | None = None
    captured_at: datetime | None = None
    fee: int = 0


class EntitlementRow(msgspec.Struct):
    """A right to access some runs; `over` is empty as long as it was neither revoked nor has expired."""

    learner_id: str
    entitlement_id: str
    cause: str = ""
    order_id: str | None = None
    line: int | None = None
    subscription_id: str | None = None
    product_id: str | None = None
    runs: list[str] = []
    granted_at: datetime | None = None
    access_from: datetime | None = None
    access_until: datetime | None = None
    is_suspended: bool = False
    over: str = ""
    reason: str = ""


class SubscriptionRow(msgspec.Struct):
    """A plan that a learner pays for, with the last period that is paid; `asked_product_id` is a plan on its way."""

    learner_id: str
    subscription_id: str
    order_id: str = ""
    product_id: str = ""
    provider_id: str = ""
    status: str = "none"
    amount: int = 0
    currency: str = ""
    started_at: datetime | None = None
    periods: int = 0
    period_start: datetime | None = None
    period_end: datetime | None = None
    trial_until: datetime | None = None
    past_due_since: datetime | None = None
    grace_until: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    asked_product_id: str | None = None


class ProductRow(msgspec.Struct):
    """Something that can be bought, with all its prices by currency."""

    product_id: str
    title: str = ""
    kind: str = ""
    course_id: str | None = None
    run_id: str | None = None
    products: list[str] = []
    interval: str | None = None
    interval_count: int | None = None
    trial_days: int = 0
    grace_days: int = 0
    access_days: int | None = None
    on_dispute: str = ""
    is_retired: bool = False
    created_at: datetime | None = None
    prices: dict[str, list[Price]] = {}


class ReceiptRow(msgspec.Struct):
    """A receipt of an order; its number is its place among those of a year."""

    year: str
    order_id: str
    number: str = ""
    learner_id: str = ""
    total: int = 0
    currency: str = ""
    issued_at: datetime | None = None


ORDERS = Table(
    "orders", OrderRow, ("learner_id", "order_id"), indexes=(("placed_at", "order_id"), ("order_id",), ("status",))
)
PAYMENTS = Table("payments", PaymentRow, ("learner_id", "payment_id"), indexes=(("order_id",), ("intent_id",)))
ENTITLEMENTS = Table("entitlements", EntitlementRow, ("learner_id", "entitlement_id"), indexes=(("order_id",),))
SUBSCRIPTIONS = Table("subscriptions", SubscriptionRow, ("learner_id", "subscription_id"))
PRODUCTS = Table("products", ProductRow, ("product_id",), indexes=(("course_id",),))
RECEIPTS = Table("receipts", ReceiptRow, ("year", "order_id"), indexes=(("order_id",),))
