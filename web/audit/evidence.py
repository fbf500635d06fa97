"""
One fact and what it belongs to: its causal tree, the proof that it is in the signed log, why a value is what it is, and
dossiers.
"""

import asyncio
from datetime import timedelta
from typing import Any

from fastapi import Response

from web.audit.timeline import pretty
from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
OPENED_FOR = timedelta(hours=1)


@pages.get("/audit/facts/{position}")
async def fact_page(page: Page) -> Response:
    """A fact as it stands in the log, what led to it, what followed, and its proof: one look (decisions/0396)."""
    position, reason = page.parts["position"], page.query.get("reason")
    trace, proof = await asyncio.gather(
        page.api.get("/v1/facts/{}/trace", position, reason=reason), _proof(page, position)
    )
    fact = trace["fact"]
    return page.html("audit/fact.html", fact=fact, text=pretty(fact["data"]), trace=trace.body, proof=proof)


@pages.get("/audit/orders/{order_id}")
async def order_page(page: Page) -> Response:
    """All that happened to an order."""
    trace = await page.api.get("/v1/traces", order_id=page.parts["order_id"], reason=page.query.get("reason"))
    return page.html("audit/trace.html", trace=trace.body, what=page.say("Order"), id=page.parts["order_id"])


@pages.get("/audit/requests/{request_id}")
async def request_page(page: Page) -> Response:
    """All that followed from a request."""
    trace = await page.api.get("/v1/traces", request_id=page.parts["request_id"], reason=page.query.get("reason"))
    return page.html("audit/trace.html", trace=trace.body, what=page.say("Request"), id=page.parts["request_id"])


@pages.get("/audit/why")
async def why_page(page: Page) -> Response:
    """The facts that changed a value, and the rule; a form where nothing was asked yet."""
    asked = {name: page.query.get(name, "") for name in ("view", "key", "field", "known_at", "reason")}
    if not (asked["view"] and asked["key"] and asked["field"]):
        return page.html("audit/why.html", asked=asked, found=None, problem=None)
    try:
        found = await page.api.get("/v1/why", **asked)
    except Problem as problem:
        return page.html("audit/why.html", problem.status, asked=asked, found=None, problem=problem)
    return page.html("audit/why.html", asked=asked, found=found.body, problem=None)


@pages.post("/audit/learners/{learner_id}/dossiers")
async def ask_for_dossier(page: Page) -> Response:
    """Have a dossier made; the page of it follows."""
    learner_id, reason = page.parts["learner_id"], (await page.form()).get("reason", "")
    made = await page.api.send("/v1/learners/{}/dossiers", learner_id, reason=reason)
    return page.go(f"/audit/learners/{learner_id}/dossiers/{made['dossier_id']}")


@pages.get("/audit/learners/{learner_id}/dossiers/{dossier_id}")
async def dossier_page(page: Page) -> Response:
    """How far a dossier is, and where it is had."""
    dossier = await page.api.get("/v1/learners/{}/dossiers/{}", page.parts["learner_id"], page.parts["dossier_id"])
    return page.html("audit/dossier.html", dossier=dossier.body)


@pages.post("/audit/learners/{learner_id}/break-glass")
async def break_glass(page: Page) -> Response:
    """Open who the person is for an hour, with a reason that the person can read."""
    learner_id, reason = page.parts["learner_id"], (await page.form()).get("reason", "")
    body = {"reason": reason, "until": (page.reader.now + OPENED_FOR).isoformat(timespec="seconds")}
    answer = await page.api.send("/v1/learners/{}/break-glass", learner_id, body=body, reason=reason)
    return page.go(f"/admin/people/{learner_id}", answer, page.say("The person is open to you for an hour."))


async def _proof(page: Page, position: str) -> dict[str, Any]:
    """Whether the fact is in the signed tree, and what the newest checkpoint says; empty where there is none yet."""
    try:
        inclusion, checkpoint = await asyncio.gather(
            page.api.get("/v1/proofs/inclusion", position=position), page.api.get("/v1/proofs/checkpoint")
        )
    except Problem:
        return {}
    return {"inclusion": inclusion.body, "checkpoint": checkpoint.body}
