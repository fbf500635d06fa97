"""How the campus is, in one look: processes and read models, what has failed, and the figures of all courses."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/admin")
async def admin_home(page: Page) -> Response:
    """The state of now; it is drawn again whenever a figure changes."""
    ready, failed, reactions, overview, reconciliation, claims = await asyncio.gather(
        page.api.get("/readyz"),
        page.api.get("/v1/jobs/failed", limit=1),
        page.api.get("/v1/reactions/failed", limit=1),
        page.api.read("/v1/overview", limit=1),
        page.api.read("/v1/reconciliation"),
        page.api.read("/v1/refund-claims", limit=1),
    )
    return page.html(
        "admin/home.html",
        ready=ready.body,
        failed=bool(failed["items"]),
        reactions=bool(reactions["items"]),
        claims=bool(claims["items"]),
        campus=overview["campus"],
        reconciliation=reconciliation["outcome"],
        position=overview.position,
    )
