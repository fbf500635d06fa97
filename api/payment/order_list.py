"""The orders of all learners, for the staff."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import orders
from api.http import paging
from api.http.as_of import AsOf
from api.http.folds import LATER
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Limit, Time
from api.payment.reading import ROWS, payable
from projections.orders.rows import ORDERS, PAYMENTS, RECEIPTS

router = strict_router("payment", "/v1")

Status = Literal["awaiting_payment", "paid", "partly_refunded", "refunded", "disputed", "cancelled", "expired"]
OfId = Annotated[str | None, Query(pattern=ID, max_length=64, description="Only of this one.", examples=["28400"])]


class OrderPage(msgspec.Struct, kw_only=True):
    """Orders by when they were placed; `total` is null unless asked for, 10001 for more than 10,000."""

    total: int | None
    items: list[orders.OrderDetails]
    next: str | None


@router.get(
    "/orders", responses={**query(OrderPage(total=1, items=[orders.EXAMPLE], next=paging.NEXT), 403, 404), **LATER}
)
async def list_orders(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    status: Annotated[Status | None, Query(description="Only those that stand there.")] = None,
    learner_id: OfId = None,
    product_id: OfId = None,
    coupon: OfId = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$", description="Only in it.", examples=["EUR"])] = None,
    overpaid: Annotated[bool | None, Query(description="Only those that hold more money than they cost.")] = None,
    placed_after: Annotated[Time | None, Query(description="Only those placed after it.")] = None,
    placed_before: Annotated[Time | None, Query(description="Only those placed before it.")] = None,
    order: Annotated[Literal["asc", "desc"], Query(description="The oldest or the newest first.")] = "desc",
    total: Annotated[bool, Query(description="Count the orders of all pages, too.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Orders of all learners, with their payments, refunds, disputes and receipts."""
    listing = f"orders:{order}"
    after = paging.after(listing, cursor, [int, str])
    filters = {
        "status": status,
        "learner_id": learner_id,
        "product_id": product_id,
        "coupon": coupon,
        "currency": currency,
        "overpaid": overpaid,
        "placed_after": placed_after,
        "placed_before": placed_before,
    }
    reader, descending = await ask.whole_at(moment, ORDERS, PAYMENTS, RECEIPTS), order == "desc"
    found = await ask.read_at_least(
        ROWS, lambda: orders.orders(reader, filters, after, limit + 1, descending=descending, total=total)
    )
    if learner_id is not None and not found.page.rows:
        await ask.check_learner(learner_id, moment)
    page = found.page._replace(rows=[(*row[:-1], _payable(ask, row[-1])) for row in found.page.rows])
    members = b'"total":%s,' % msgspec.json.encode(found.total)
    headers = ask.headers_at(moment, ROWS)
    return paging.reply(request, ask, page, listing, limit, members=members, headers=headers)


def _payable(ask: QueryContext, body: str) -> str:
    found = msgspec.json.decode(body, type=orders.OrderDetails)
    return msgspec.json.encode(payable(ask, [found])[0]).decode()
