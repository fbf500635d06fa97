"""What runs now: how fast the log grows, how far each worker and each read model is, and what keeps it."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/admin/workers")
async def workers_page(page: Page) -> Response:
    """Positions, lag and facts by minute; with a script it is drawn again every few seconds."""
    ready, rate = await asyncio.gather(page.api.get("/readyz"), page.api.get("/v1/log/rate"))
    facts = [each["facts"] for each in rate["minutes"]]
    return page.html("admin/workers.html", ready=ready.body, facts=facts, position=rate["position"])
