"""
What a learner has ordered: orders with their state and the way to pay, subscriptions, and access.

Paying happens on a page of the provider. Who comes back is not believed to have paid: the page of the order waits for
the fact that says so.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import Answer, Problem
from web.page import Page
from web.routing import Pages
from web.titles import titles_of

pages = Pages()

OPEN = "awaiting_payment"
ASKS_AGAIN = 3  # seconds after which the page of an order that may just be paid is drawn again, without a script
FAILED = ("failed", "cancelled")
CLAIMS = ("claim", "withdraw-claim")
LINE = "line-"


@pages.get("/learn/orders")
async def orders_page(page: Page) -> Response:
    """All orders, the newest first, and what they have opened."""
    purchases = await page.api.read("/v1/me/purchases")
    return await _orders_page(page, purchases)


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
        return await _orders_page(page, purchases, problem)
    notice = page.say("It ends with what is paid.") if ends else page.say("It goes on.")
    return page.go("/learn/orders", answer, notice)


async def _orders_page(page: Page, purchases: Answer, problem: Problem | None = None) -> Response:
    return page.html(
        "learn/orders.html",
        200 if problem is None else problem.status,
        purchases=purchases.body,
        titles=await titles_of(page, (run for each in purchases["entitlements"] for run in each["runs"])),
        problem=problem,
        position=purchases.position,
    )


@pages.get("/learn/orders/{order_id}")
async def order_page(page: Page) -> Response:
    """One order: what it is for, what it costs, and how it stands."""
    return await _order_page(page)


@pages.post("/learn/orders/{order_id}")
async def change_order(page: Page) -> Response:
    """Give the order up, begin another attempt to pay, ask for money back, or take that back."""
    order_id, form = page.parts["order_id"], await page.form()
    what = form.get("do", "")
    if what in CLAIMS:
        return await _claim(page, form)
    try:
        if what == "cancel":
            answer = await page.api.send("/v1/orders/{}/cancel", order_id)
        else:
            answer = await page.api.send("/v1/orders/{}/payments", order_id)
    except Problem as problem:
        return await _order_page(page, problem)
    notice = page.say("The order is cancelled.") if what == "cancel" else page.say("A new attempt to pay has begun.")
    return page.go(f"/learn/orders/{order_id}", answer, notice)


async def _claim(page: Page, form: Mapping[str, str]) -> Response:
    """Ask for the money of the lines that were ticked, or of all; or take a claim back."""
    order_id, path = page.parts["order_id"], "/v1/orders/{}/refund-claims"
    lines = [int(name.removeprefix(LINE)) for name in form if name.startswith(LINE) and name[len(LINE) :].isdigit()]
    try:
        if form["do"] == "claim":
            answer = await page.api.send(path, order_id, body={"words": form.get("words", ""), "lines": lines})
        else:
            answer = await page.api.send(f"{path}/{{}}/withdraw", order_id, form.get("claim_no", ""))
    except Problem as problem:
        return await _order_page(page, problem, form)
    asked = page.say("Your request is with the staff. The answer will stand here.")
    return page.go(f"/learn/orders/{order_id}", answer, asked if form["do"] == "claim" else page.say("Taken back."))


async def _order_page(page: Page, problem: Problem | None = None, typed: Mapping[str, str] = {}) -> Response:
    order_id = page.parts["order_id"]
    found, claims = await asyncio.gather(
        page.api.read("/v1/orders/{}", order_id), page.api.read("/v1/orders/{}/refund-claims", order_id)
    )
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
        claims=claims["items"],
        left=order["captured"] - order["refunded"] if order["paid_at"] else 0,
        typed=typed,
        position=found.position,
    )
