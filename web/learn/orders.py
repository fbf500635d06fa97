"""
What a learner has ordered: orders with their state and the way to pay, subscriptions, and access.

Paying happens on a page of the provider. Who comes back is not believed to have paid: the page of the order waits for
the fact that says so.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()

OPEN = "awaiting_payment"
ASKS_AGAIN = 3  # seconds after which the page of an order that may just be paid is drawn again, without a script
FAILED = ("failed", "cancelled")


@pages.get("/learn/orders")
async def orders_page(page: Page) -> Response:
    """All orders, the newest first, and what they have opened."""
    purchases = await page.api.read("/v1/me/purchases")
    return page.html("learn/orders.html", purchases=purchases.body, problem=None, position=purchases.position)


@pages.post("/learn/orders")
async def change_subscription(page: Page) -> Response:
    """End a subscription with what is paid, or let it go on after all."""
    form = await page.form()
    ends = form.get("do") == "cancel"
    path = "/v1/subscriptions/{}/cancel" if ends else "/v1/subscriptions/{}/resume"
    try:
        answer = await page.api.send(path, form.get("subscription_id", ""))
    except Problem as problem:
        purchases = await page.api.read("/v1/me/purchases")
        return page.html(
            "learn/orders.html", problem.status, purchases=purchases.body, problem=problem, position=purchases.position
        )
    notice = page.say("It ends with what is paid.") if ends else page.say("It goes on.")
    return page.go("/learn/orders", answer, notice)


@pages.get("/learn/orders/{order_id}")
async def order_page(page: Page) -> Response:
    """One order: what it is for, what it costs, and how it stands."""
    return await _order_page(page)


@pages.post("/learn/orders/{order_id}")
async def change_order(page: Page) -> Response:
    """Give the order up, or begin another attempt to pay."""
    order_id, what = page.parts["order_id"], (await page.form()).get("do", "")
    try:
        if what == "cancel":
            answer = await page.api.send("/v1/orders/{}/cancel", order_id)
        else:
            answer = await page.api.send("/v1/orders/{}/payments", order_id)
    except Problem as problem:
        return await _order_page(page, problem)
    notice = page.say("The order is cancelled.") if what == "cancel" else page.say("A new attempt to pay has begun.")
    return page.go(f"/learn/orders/{order_id}", answer, notice)


async def _order_page(page: Page, problem: Problem | None = None) -> Response:
    found = await page.api.read("/v1/orders/{}", page.parts["order_id"])
    order: Mapping[str, Any] = found.body
    is_open = order["status"] == OPEN
    last = order["payments"][-1]["status"] if order["payments"] else ""
    waits = is_open and page.query.get("returned") == "paid"
    return page.html(
        "learn/order.html",
        200 if problem is None else problem.status,
        order=order,
        is_open=is_open,
        has_failed=is_open and last in FAILED,
        waits=ASKS_AGAIN if waits else 0,
        problem=problem,
        position=found.position,
    )
