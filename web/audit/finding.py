"""Where an audit begins: a person, an order, a request or a fact."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()
FOUND: Mapping[str, str] = {
    "learner": "/audit/learners/{}",
    "order": "/audit/orders/{}",
    "request": "/audit/requests/{}",
    "fact": "/audit/facts/{}",
}
"""Where each kind of thing is shown."""


@pages.get("/audit")
async def audit_home(page: Page) -> Response:
    """The ways in, and what the staff have done last."""
    done = await page.api.read("/v1/audit", limit=15)
    return page.html("audit/home.html", done=done["items"], position=done.position, kinds=FOUND)


@pages.get("/audit/find")
async def find(page: Page) -> Response:
    """The way to what was asked for."""
    path, text = FOUND.get(page.query.get("kind", "")), page.query.get("id", "").strip()
    if path is None or not text:
        return page.go("/audit")
    reason = page.query.get("reason", "").strip()
    return page.go(path.format(quote(text, safe="")) + (f"?reason={quote(reason)}" if reason else ""))
