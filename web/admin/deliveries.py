"""What has become of notifications, and the mails that are in doubt."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()
DAYS = 30


@pages.get("/admin/deliveries")
async def deliveries_page(page: Page) -> Response:
    """Numbers by template, why something was not sent, and what may have gone out twice."""
    report, doubtful = await asyncio.gather(
        page.api.read("/v1/notifications/report", days=DAYS),
        page.api.read("/v1/notifications/doubtful", cursor=page.query.get("cursor")),
    )
    return page.html(
        "admin/deliveries.html", report=report.body, doubtful=doubtful.body, days=DAYS, position=report.position
    )
