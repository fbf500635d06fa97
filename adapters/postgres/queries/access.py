"""
What a learner has access to, and what is paid for it: the SQL over the rows of projections/orders.

How an entitlement stands depends on the time at which it is read, so it comes as its row.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from adapters.postgres.queries import orders
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from domain.payment.subscription_state import OVER
from projections.orders.rows import EntitlementRow


class SubscriptionDetails(msgspec.Struct, kw_only=True):
    """
    A subscription.

    Attributes:
        renews_at: the end of what is paid, null if it does not renew: it is over, or will be.
        asked_product_id: the plan with which it is to go on, while the provider is asked.
    """

    subscription_id: str
    order_id: str
    product_id: str
    status: str
    amount: int
    currency: str
    paid_until: datetime
    renews_at: datetime | None
    grace_until: datetime | None
    cancel_at: datetime | None
    asked_product_id: str | None


class ListedSubscription(SubscriptionDetails, kw_only=True):
    """A subscription, and whose it is; *periods* are those that were paid, a trial among them."""

    learner_id: str
    started_at: datetime
    periods: int


AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SUBSCRIPTION_EXAMPLE = SubscriptionDetails(
    subscription_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    product_id="all-courses",
    status="active",
    amount=1_900,
    currency="EUR",
    paid_until=AT,
    renews_at=AT,
    grace_until=AT,
    cancel_at=AT,
    asked_product_id="all-courses-yearly",
)

LISTED_EXAMPLE = ListedSubscription(
    **msgspec.structs.asdict(SUBSCRIPTION_EXAMPLE), learner_id="28400", started_at=AT, periods=3
)
_AT = CHECKPOINT.format("orders")
_GOES_ON = f"cancel_at IS NULL AND status NOT IN {tuple(status.value for status in OVER)}"
_COMPUTED = {"paid_until": "period_end", "renews_at": f"(CASE WHEN {_GOES_ON} THEN period_end END)"}
_SUBSCRIPTION = json_object(SubscriptionDetails, **_COMPUTED)
_ENTITLEMENTS = f"""(
    SELECT {json_array(json_object(EntitlementRow), "granted_at DESC, entitlement_id DESC")} FROM entitlements
     WHERE learner_id = %(learner)s AND granted_at IS NOT NULL)"""
_SUBSCRIPTIONS = f"""(
    SELECT {json_array(_SUBSCRIPTION, "started_at DESC, subscription_id DESC")} FROM subscriptions
     WHERE learner_id = %(learner)s AND started_at IS NOT NULL)"""
LIST = f"""
SELECT {_AT}, page.learner_id, page.subscription_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, subscription_id, {json_object(ListedSubscription, **_COMPUTED)}::text AS body FROM subscriptions
     WHERE started_at IS NOT NULL AND (learner_id COLLATE "C", subscription_id COLLATE "C") > (%(a)s, %(b)s)
       AND (%(status)s::text IS NULL OR status = %(status)s)
       AND (%(product_id)s::text IS NULL OR product_id = %(product_id)s)
     ORDER BY learner_id COLLATE "C", subscription_id COLLATE "C" LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id COLLATE "C", page.subscription_id COLLATE "C"
"""
ENTITLEMENTS = f"SELECT {_AT}, {_ENTITLEMENTS}::text"
SUBSCRIPTIONS = f"SELECT {_AT}, {_SUBSCRIPTIONS}::text"
PURCHASES = f"""
SELECT {_AT}, json_build_object(
    'orders', {orders.OF_LEARNER}, 'entitlements', {_ENTITLEMENTS}, 'subscriptions', {_SUBSCRIPTIONS})::text
"""


async def entitlements(reader: Reader, learner_id: str) -> Answer:
    """All entitlements of a learner as their rows, the newest first."""
    return await reader.answer(ENTITLEMENTS, {"learner": learner_id})


async def subscriptions(reader: Reader, learner_id: str) -> Answer:
    """All subscriptions of a learner, the newest first."""
    return await reader.answer(SUBSCRIPTIONS, {"learner": learner_id})


async def all_subscriptions(
    reader: Reader, status: str | None, product_id: str | None, after: Sequence[str] | None, limit: int
) -> RowPage:
    """Up to *limit* subscriptions of all learners, in the order of these, after a learner and a subscription."""
    a, b = after or ("", "")
    return await reader.page(LIST, {"status": status, "product_id": product_id, "a": a, "b": b, "limit": limit})


async def purchases(reader: Reader, learner_id: str) -> Answer:
    """Orders, entitlements (as their rows) and subscriptions of a learner, the newest first."""
    return await reader.answer(PURCHASES, {"learner": learner_id})
