"""Orders, refunds, the ledger, revenue, and whether the provider, the facts and the books agree."""

import asyncio
from collections import defaultdict

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
STATES = ("awaiting_payment", "paid", "partly_refunded", "refunded", "disputed", "cancelled", "expired")


@pages.get("/admin/orders")
async def orders_page(page: Page) -> Response:
    """Orders of all, the newest first."""
    wanted = {name: page.query.get(name) for name in ("status", "learner_id", "cursor")}
    orders = await page.api.read("/v1/orders", order="desc", **wanted)
    return page.html(
        "admin/orders.html",
        orders=orders["items"],
        next=orders["next"],
        wanted=wanted,
        states=STATES,
        position=orders.position,
    )


@pages.get("/admin/orders/{order_id}")
async def order_page(page: Page) -> Response:
    """One order with its payments, refunds and disputes."""
    return await _order(page)


@pages.post("/admin/orders/{order_id}/refund")
async def refund(page: Page) -> Response:
    """Give money back for the lines that were ticked."""
    form = await page.form()
    lines = [int(name.removeprefix("line-")) for name in form if name.startswith("line-") and name[5:].isdigit()]
    reason = form.get("reason", "")
    try:
        body = {"lines": lines, "reason": reason}
        answer = await page.api.send("/v1/orders/{}/refunds", page.parts["order_id"], body=body, reason=reason)
    except Problem as problem:
        return await _order(page, problem)
    return page.go(f"/admin/orders/{page.parts['order_id']}", answer, page.say("The money is on its way back."))


@pages.get("/admin/ledger")
async def ledger_page(page: Page) -> Response:
    """Balances of all accounts, revenue by month, and the last reconciliation."""
    balances, revenue, reconciliation = await asyncio.gather(
        page.api.read("/v1/ledger/balances"),
        page.api.read("/v1/revenue", by="month", limit=200),
        page.api.read("/v1/reconciliation"),
    )
    months: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in revenue["items"]:
        months[each["currency"]][each["period"]] += each["net"]
    return page.html(
        "admin/ledger.html",
        balances=balances["balances"],
        months={currency: sorted(by.items()) for currency, by in sorted(months.items())},
        reconciliation=reconciliation.body,
        every=page.services.settings.reconcile_every,
        position=min(balances.position, revenue.position),
    )


async def _order(page: Page, problem: Problem | None = None) -> Response:
    order = await page.api.read("/v1/orders/{}", page.parts["order_id"])
    status = 200 if problem is None else problem.status
    return page.html("admin/order.html", status, order=order.body, position=order.position, problem=problem)
