"""Keys whose facts wait because a read model fails at one of them, and facts that are left out."""

from collections.abc import Mapping

from fastapi import Response

from web.client import FACTOR, Problem
from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/analyze/parked")
async def parked_page(page: Page) -> Response:
    """What waits, and what is left out."""
    return await _parked(page)


@pages.post("/analyze/parked/retry")
async def retry(page: Page) -> Response:
    """Try the facts of a key again."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("projection", "key")}
    try:
        answer = await page.api.send("/v1/projections/parked/retry", body=body)
    except Problem as problem:
        return await _parked(page, problem)
    return page.go("/analyze/parked", answer, page.say("The key is tried again."))


@pages.post("/analyze/parked/skip")
async def skip(page: Page) -> Response:
    """Leave out the fact at which a key fails."""
    form = await page.form()
    position = form.get("position", "")
    sent = {name: form.get(name, "") for name in ("projection", "key", "reason")}
    body = sent | {"position": int(position) if position.isascii() and position.isdigit() else position}
    try:
        answer = await page.api.send("/v1/projections/parked/skip", body=body)
    except Problem as problem:
        return await _parked(page, problem, body)
    return page.go("/analyze/parked", answer, page.say("The fact is left out, and those after it are folded."))


async def _parked(page: Page, problem: Problem | None = None, sent: Mapping[str, object] | None = None) -> Response:
    try:
        found = (await page.api.get("/v1/projections/parked")).body
    except Problem as refusal:
        if refusal.status != 403 or refusal.code == FACTOR:
            raise
        return page.html("analyze/parked.html", refusal.status, found=None, sent={})
    status = 200 if problem is None else problem.status
    return page.html("analyze/parked.html", status, found=found, problem=problem, sent=sent or {})
