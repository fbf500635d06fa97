"""Orders, refunds, the ledger, revenue, and whether the provider, the facts and the books agree."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

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
    orders, claims = await asyncio.gather(
        page.api.read("/v1/orders", order="desc", **wanted),
        page.api.read("/v1/refund-claims", cursor=page.query.get("claims")),
    )
    return page.html(
        "admin/orders.html",
        orders=orders["items"],
        claims=claims["items"],
        next_claims=claims["next"],
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
        return await _order(page, problem, form)
    return page.go(f"/admin/orders/{page.parts['order_id']}", answer, page.say("The money is on its way back."))


@pages.post("/admin/orders/{order_id}/claims/{claim_no}")
async def answer_claim(page: Page) -> Response:
    """Give the money back that the learner asks for, or say why not."""
    form, order_id = await page.form(), page.parts["order_id"]
    grants, words = form.get("answer") == "grant", form.get("words", "")
    body = {"granted": grants, "words": words}
    path = "/v1/orders/{}/refund-claims/{}/answer"
    try:
        answer = await page.api.send(path, order_id, page.parts["claim_no"], body=body, reason=words[:200])
    except Problem as problem:
        return await _order(page, problem, form)
    said = (
        page.say("The money is on its way back.") if grants else page.say("It is refused, and the learner reads why.")
    )
    return page.go(f"/admin/orders/{order_id}", answer, said)


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
        months={
            currency: [(page.reader.month(period), net) for period, net in sorted(by.items())]
            for currency, by in sorted(months.items())
        },
        reconciliation=reconciliation.body,
        every=page.services.settings.reconcile_every,
        position=min(balances.position, revenue.position),
    )


async def _order(page: Page, problem: Problem | None = None, sent: Mapping[str, str] | None = None) -> Response:
    order_id = page.parts["order_id"]
    order, claims = await asyncio.gather(
        page.api.read("/v1/orders/{}", order_id), page.api.read("/v1/orders/{}/refund-claims", order_id)
    )
    return page.html(
        "admin/order.html",
        200 if problem is None else problem.status,
        order=order.body,
        claims=claims["items"],
        sent=sent or {},
        position=order.position,
        problem=problem,
    )
