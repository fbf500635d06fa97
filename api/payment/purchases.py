"""What a learner has bought, on one page: orders, access until when and why, and what renews; beside the dashboard."""

import msgspec
from fastapi import Response

from adapters.postgres.queries import access
from adapters.postgres.queries.access import SUBSCRIPTION_EXAMPLE, SubscriptionDetails
from adapters.postgres.queries.orders import EXAMPLE as ORDER_EXAMPLE
from adapters.postgres.queries.orders import OrderDetails
from api.http.as_of import AsOf
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import LearnerId
from api.payment.entitlements import EXAMPLE as ACCESS_EXAMPLE
from api.payment.entitlements import Access, shown_at
from api.payment.reading import ROWS, payable, reader_at
from projections.engine.moment import Moment
from projections.orders.rows import EntitlementRow

router = strict_router("payment", "/v1")


class Purchases(msgspec.Struct, kw_only=True):
    """What a learner has bought or was given: each list with the newest first."""

    orders: list[OrderDetails]
    entitlements: list[Access]
    subscriptions: list[SubscriptionDetails]


class _Rows(msgspec.Struct):
    orders: list[OrderDetails]
    entitlements: list[EntitlementRow]
    subscriptions: list[SubscriptionDetails]


EXAMPLE = Purchases(orders=[ORDER_EXAMPLE], entitlements=[ACCESS_EXAMPLE], subscriptions=[SUBSCRIPTION_EXAMPLE])


@router.get("/me/purchases", responses=query(EXAMPLE))
async def my_purchases(ask: QueryDep, moment: AsOf) -> Response:
    """What the user has bought: orders, access until when and why, and when subscriptions renew."""
    return await _purchases(ask, ask.user.subject, moment)


@router.get("/learners/{learner_id}/purchases", responses=query(EXAMPLE, 403, 404))
async def learner_purchases(learner_id: LearnerId, ask: QueryDep, moment: AsOf) -> Response:
    """What a learner has bought."""
    return await _purchases(ask, learner_id, moment)


async def _purchases(ask: QueryContext, learner_id: str, moment: Moment | None) -> Response:
    reader = await reader_at(ask, learner_id, moment)
    answer = await ask.read_at_least(ROWS, lambda: access.purchases(reader, learner_id))
    found = msgspec.json.decode(answer.body or b"{}", type=_Rows)
    if not (found.orders or found.entitlements or found.subscriptions):
        await ask.check_learner(learner_id, moment)
    shown = Purchases(
        orders=payable(ask, found.orders),
        entitlements=await shown_at(ask, ask.now(moment), found.entitlements),
        subscriptions=found.subscriptions,
    )
    return ask.reply(msgspec.json.encode(shown), answer.position, ask.headers_at(moment, ROWS))
