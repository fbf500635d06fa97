"""Orders: placed, looked at, cancelled, paid once more, refunded."""

from typing import Annotated

import msgspec
import uuid_utils
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.postgres.queries import orders
from adapters.postgres.queries.orders import EXAMPLE, OrderDetails
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, CommandDispatcher, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import ActingFor, Id, LearnerId, Reason
from api.payment.reading import (
    ROWS,
    checkout_url,
    order_of,
    owner_of,
    payable,
    read_order,
    reader_at,
    record_order_look,
)
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.payment.payments import StartPayment
from commands.payment.refunds import RequestRefund
from commands.payment.tax import inclusive
from domain.payment.errors import BadOrder
from projections.engine.moment import Moment

router = strict_router("payment", "/v1")
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="A code of ISO 4217.")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="A code of ISO 3166.")]
Amount = Annotated[int, Field(ge=0, le=10**12, description="Minor units of the currency.")]
OrderId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="The order.", examples=["0199c7f0a1b2"])]


class OrderList(msgspec.Struct, kw_only=True):
    """The orders of a learner, the newest first."""

    orders: list[OrderDetails]


PLACED = {
    "order_id": EXAMPLE.order_id,
    "total": EXAMPLE.total,
    "currency": "EUR",
    "status": "awaiting_payment",
    "checkout_url": EXAMPLE.checkout_url,
    "position": 1713,
}


class OrderRequest(Body):
    """What is ordered: one product, or several at once."""

    model_config = example(product_id="algebra", currency="EUR", coupon="SPRING")

    product_id: Id | None = None
    products: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list)
    currency: Currency
    coupon: Id | None = None
    country: Country | None = None
    learner_id: ActingFor = None


class PlacedOrder(Accepted):
    """The order, or the one that was open for the same products; `checkout_url` is null if nothing is to be paid."""

    model_config = example(**PLACED)

    order_id: str
    total: int
    currency: str
    status: str
    checkout_url: str | None


class Cancellation(Body):
    """Why the order is given up."""

    model_config = example(reason="changed my mind")

    reason: Reason = "cancelled by the learner"


class RefundRequest(Body):
    """What goes back: lines, an amount, an amount from some lines, or (neither) all that is left."""

    model_config = example(lines=[1], reason="the course was not what was promised")

    lines: Annotated[list[Annotated[int, Field(ge=1, le=100)]] | None, Field(max_length=100)] = None
    amount: Annotated[int, Field(ge=1, le=10**12)] | None = None
    reason: Reason


@router.post("/orders", status_code=202, response_model=PlacedOrder, responses=command(403, 404, 409))
async def place_order(body: OrderRequest, handle: Dispatch, services: ServicesDep) -> Response:
    """Order products; open `checkout_url` in a browser to pay."""
    learner_id = await handle.acts_for(body.learner_id)
    products = tuple(body.products) if body.product_id is None else (body.product_id, *body.products)
    if not products:
        raise BadOrder("an order is for one product at least: give product_id")
    order = PlaceOrder(
        learner_id,
        uuid_utils.uuid7().hex,
        products,
        body.currency,
        body.coupon,
        body.country,
        inclusive(services.settings.tax_table)(body.country),
    )
    position = await handle.position(order, learner_id)
    (fact,) = await services.log.read(position - 1, 1)  # of the order that was open, if there was one
    placed = await order_of(services, learner_id, fact.id("order_id"))
    answer = {
        "order_id": placed.order_id,
        "total": placed.total,
        "currency": placed.currency,
        "status": placed.status.value,
        "checkout_url": checkout_url(services, learner_id, placed.order_id) if placed.is_open else None,
        "position": position,
    }
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.get("/orders/{order_id}", responses=query(EXAMPLE, 403, 404))
async def get_order(request: Request, order_id: OrderId, ask: QueryDep, moment: AsOf) -> Response:
    """An order, for the learner whose it is, and for the staff."""
    await record_order_look(request, ask, order_id, moment)
    found = await read_order(ask, order_id, moment)
    return ask.reply(msgspec.json.encode(found.order), found.position, ask.headers_at(moment, ROWS))


@router.get("/me/orders", responses=query(OrderList(orders=[EXAMPLE])))
async def my_orders(ask: QueryDep, moment: AsOf) -> Response:
    """The orders of the user."""
    return await _orders(ask, ask.user.subject, moment)


@router.get("/learners/{learner_id}/orders", responses=query(OrderList(orders=[EXAMPLE]), 403, 404))
async def learner_orders(learner_id: LearnerId, ask: QueryDep, moment: AsOf) -> Response:
    """The orders of a learner."""
    return await _orders(ask, learner_id, moment)


async def _orders(ask: QueryContext, learner_id: str, moment: Moment | None) -> Response:
    reader = await reader_at(ask, learner_id, moment)
    answer = await ask.read_at_least(ROWS, lambda: orders.of_learner(reader, learner_id))
    found = msgspec.json.decode(answer.body or b"[]", type=list[OrderDetails])
    if not found:
        await ask.check_learner(learner_id, moment)
    body = msgspec.json.encode(OrderList(orders=payable(ask, found)))
    return ask.reply(body, answer.position, ask.headers_at(moment, ROWS))


@router.post("/orders/{order_id}/cancel", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def cancel_order(order_id: OrderId, body: Cancellation, handle: Dispatch, services: ServicesDep) -> Response:
    """Give up an order that is not paid."""
    learner_id = await _may_change(handle, services, order_id)
    return await handle(CancelOrder(learner_id, order_id, body.reason), learner_id)


@router.post("/orders/{order_id}/payments", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def start_payment(order_id: OrderId, handle: Dispatch, services: ServicesDep) -> Response:
    """Try once more to pay an open order whose last attempt has failed."""
    learner_id = await _may_change(handle, services, order_id)
    return await handle(StartPayment(learner_id, order_id), learner_id)


@router.post("/orders/{order_id}/refunds", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def refund_order(order_id: OrderId, body: RefundRequest, handle: Dispatch, services: ServicesDep) -> Response:
    """Give money back, never more than was paid and not yet given back."""
    learner_id = await owner_of(services, order_id)
    await handle.check.permit(learner_id=learner_id)
    lines = None if body.lines is None else tuple(body.lines)
    return await handle(RequestRefund(learner_id, order_id, body.reason, body.amount, lines), learner_id)


async def _may_change(handle: CommandDispatcher, services: Services, order_id: str) -> str:
    """The learner whose order it is, if the user may act for them."""
    learner_id = await owner_of(services, order_id) if handle.check.reaches_all else handle.user.subject
    return await handle.acts_for(learner_id)
