"""Looks that the routes of payment share: at the rows of read model orders, and at the log where a command follows."""

from typing import Any, NamedTuple

import msgspec
from fastapi import Request, Response

from adapters.command_bus.replay import replayed
from adapters.payments.ticket import ticket_for
from adapters.postgres.queries import orders
from adapters.postgres.queries.orders import OrderDetails
from adapters.postgres.queries.reader import Reader
from api.http.looks import record_look
from api.http.query import QueryContext
from api.http.services import Services
from domain.payment.errors import NoSuchOrder, OrderNotFound
from domain.payment.order import Order, order_stream
from domain.tags import QueryItem, tag
from projections.engine.moment import Moment
from projections.orders import Orders

ROWS = Orders.name
STREAMS = """
SELECT stream_id FROM events
 WHERE stream_id > %s || '-' || %s AND stream_id < %s || '.' AND stream_version = 1 ORDER BY stream_id LIMIT %s
"""


class FoundOrder(NamedTuple):
    """An order, and the position for which it is true."""

    order: OrderDetails
    position: int


async def owner_of(services: Services, order_id: str) -> str:
    """
    The learner whose order it is, by the log.

    Raises:
        NoSuchOrder: there is none.
    """
    found = await services.log.matching((QueryItem(("order.placed",), (tag("order", order_id),)),), limit=1)
    if not found[0]:
        raise NoSuchOrder(order_id=order_id)
    return found[0][0].id("learner_id")


async def page_of_streams(services: Services, category: str, after: str, limit: int) -> list[str]:
    """The streams of a category, in the order of their ids, after one."""

    async def look(connection: Any) -> list[str]:
        cursor = await connection.execute(STREAMS, (category, after, category, limit))
        return [stream for (stream,) in await cursor.fetchall()]

    return await services.log.link.run(look)


async def order_of(services: Services, learner_id: str, order_id: str) -> Order:
    """
    An order of a learner, by the log.

    Raises:
        OrderNotFound: the learner has no such order.
    """
    order = await replayed(services.log, Order, order_stream(learner_id, order_id))
    order.must_exist()
    return order


async def reader_at(ask: QueryContext, learner_id: str, moment: Moment | None) -> Reader:
    """What answers queries about what a learner has ordered and has access to, now or at a moment."""
    return ask.services.reader if moment is None else await ask.reader_at(moment, learner_id, ROWS)


async def record_order_look(request: Request, ask: QueryContext, order_id: str, moment: Moment | None) -> None:
    """Record that the user looks at an order of another person as of a moment, or gives a reason for it."""
    if ask.check.reaches_all and (moment is not None or "reason" in request.query_params):
        learner_id = await owner_of(ask.services, order_id)
        await record_look(request, learner_id, request.scope["path"], moment)


async def read_order(ask: QueryContext, order_id: str, moment: Moment | None = None) -> FoundOrder:
    """
    An order, now or at a moment, if the user may see it: a learner their own, the staff and auditors all.

    Raises:
        OrderNotFound, NoSuchOrder: there is none.
    """
    learner_id = None if ask.check.reaches_all else ask.user.subject
    await ask.check.permit(learner_id=learner_id)
    reader = ask.services.reader
    if moment is not None:
        reader = await reader_at(ask, learner_id or await owner_of(ask.services, order_id), moment)
    answer = await ask.read_at_least(ROWS, lambda: orders.order(reader, order_id, learner_id))
    if answer.body is None:
        if learner_id is None:
            raise NoSuchOrder(order_id=order_id)
        raise OrderNotFound(learner_id=learner_id, order_id=order_id)
    found = msgspec.json.decode(answer.body, type=OrderDetails)
    ask.check.note_read(found.learner_id)
    return FoundOrder(payable(ask, [found])[0], answer.position)


def payable(ask: QueryContext, found: list[OrderDetails]) -> list[OrderDetails]:
    """
    Orders as they were read from the rows, those that wait for a payment with the address where they are paid.

    Auditors do not get that address, nor does an admin who acts as the learner: it is all that is needed to pay.
    """
    may_pay = "checkout_url" not in ask.check.redacts and ask.user.actor is None
    for order in found:
        if order.checkout_url is not None:
            paid_at = checkout_url(ask.services, order.learner_id, order.order_id)
            order.checkout_url = paid_at if may_pay else None
    return found


def checkout_url(services: Services, learner_id: str, order_id: str) -> str:
    """Where an order that waits for a payment is paid."""
    ticket = ticket_for(services.settings.token_secret, learner_id, order_id)
    return f"{services.settings.web_url}/v1/orders/{order_id}/checkout?ticket={ticket}"


async def reply(ask: QueryContext, answer: Any) -> Response:
    """An answer that was read from the log, which is true for a head that was there before."""
    head = await ask.services.log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(answer), head)
