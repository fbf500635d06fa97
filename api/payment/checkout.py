"""
The page between the campus and the provider: it leads on as soon as there is a page to pay on, and says what has come
of it. Its address has a ticket in it and is all that is needed to open it; it works without scripts.
"""

from html import escape
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from adapters.command_bus.replay import replayed
from adapters.payments.ticket import learner_of
from api.http.openapi import Responses
from api.http.openapi import page as described
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.payment.orders import OrderId
from api.payment.reading import order_of
from commands.log import Context
from commands.payment.payments import StartPayment
from domain.payment.errors import NoSuchOrder
from domain.payment.money import shown
from domain.payment.order import Order
from domain.payment.order_state import Status
from domain.payment.payment import Payment, PaymentStatus, payment_stream

router = strict_router("payment", "/v1/orders")
REFRESH = 2  # seconds
LEADS_ON: Responses = {
    **described("Where the order stands.", 409),
    303: {"description": "To the page of the provider."},
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
Ticket = Annotated[str, Query(max_length=200, description="What allows to open the page.", examples=["Mjg0MDA.5f1c"])]
Returned = Annotated[
    Literal["paid", "cancelled"] | None, Query(description="How the learner comes back.", examples=["paid"])
]

TEXTS = {
    Status.PAID: "Paid. Thank you. You can close this page.",
    Status.PARTLY_REFUNDED: "Paid. A part was refunded.",
    Status.REFUNDED: "The payment was refunded.",
    Status.DISPUTED: "The payment is disputed.",
    Status.CANCELLED: "This order was cancelled. Nothing is to be paid.",
    Status.EXPIRED: "The time to pay this order is over. Order again.",
}
CONFIRMING = "Your payment is being confirmed."
PREPARING = "The payment page is being prepared."
FAILED = "The payment page could not be made."
UNPAID = "The order is not paid yet."

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 34rem; margin: 3rem auto;
  padding: 0 1rem }}
a, button {{ display: inline-block; font: inherit; color: #fff; background: #14507a; border: 0; border-radius: .3rem;
  padding: .6rem 1.2rem; text-decoration: none }}
a:focus-visible, button:focus-visible {{ outline: 3px solid #b35900; outline-offset: 3px }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{lines}: <strong>{total}</strong></p>
<p role="status">{text}</p>
{more}
<p><a href="{campus}">To your order on the campus</a></p>
</main>
</body>
</html>
"""


@router.get("/{order_id}/checkout", responses=LEADS_ON, response_class=HTMLResponse)
async def checkout(order_id: OrderId, ticket: Ticket, services: ServicesDep, returned: Returned = None) -> Response:
    """Go on to the page of the provider; while it is being made, a page that asks again by itself."""
    order = await _order(services, order_id, ticket)
    if not order.is_open:
        return page(order, TEXTS[order.status])
    payment = await _last_payment(services, order)
    if returned == "paid":
        return page(order, CONFIRMING, refresh=True)
    here = f"checkout?ticket={escape(ticket)}"
    if payment.status is PaymentStatus.CANCELLED or (payment.status is PaymentStatus.FAILED and payment.url is None):
        again = f'<form method="post" action="{here}"><button>Try again</button></form>'
        return page(order, FAILED, more=again)
    if payment.url is None:
        return page(order, PREPARING, refresh=True)
    if returned == "cancelled":
        return page(order, UNPAID, more=f'<p><a href="{here}">Pay now</a></p>')
    return RedirectResponse(payment.url, 303, HEADERS)


@router.post("/{order_id}/checkout", responses=described("Where the order stands.", 409), response_class=HTMLResponse)
async def try_again(request: Request, order_id: OrderId, ticket: Ticket, services: ServicesDep) -> Response:
    """
    Begin another attempt to pay, after one that has failed.

    A browser follows no redirect from a form to the provider (`form-action`), so the page goes on by itself.
    """
    order = await _order(services, order_id, ticket)
    now, request_id = services.bus.clock.now(), request.scope["request_id"]
    context = Context(actor=order.learner_id, at=now, source="api", correlation_id=request_id)
    await services.bus.handle(StartPayment(order.learner_id, order_id), context)
    return page(order, PREPARING, refresh=True)


async def _order(services: Services, order_id: str, ticket: str) -> Order:
    """The order of a ticket; raises NoSuchOrder if it is not one of it."""
    learner_id = learner_of(services.settings.token_secret, ticket, order_id)
    if learner_id is None:
        raise NoSuchOrder(order_id=order_id)
    return await order_of(services, learner_id, order_id)


async def _last_payment(services: Services, order: Order) -> Payment:
    payment_id = [*order.payments][-1]
    return await replayed(services.log, Payment, payment_stream(order.learner_id, payment_id))


def page(order: Order, text: str, *, refresh: bool = False, more: str = "") -> HTMLResponse:
    """A page about an order."""
    body = PAGE.format(
        refresh=f'<meta http-equiv="refresh" content="{REFRESH}">\n' if refresh else "",
        title="Your order",
        lines=escape(", ".join(line.title for line in order.lines)),
        total=escape(shown(order.total, order.currency)),
        text=escape(text),
        more=more,
        campus=f"/learn/orders/{escape(order.order_id)}{'?returned=paid' if text == CONFIRMING else ''}",
    )
    return HTMLResponse(body, headers=HEADERS)
