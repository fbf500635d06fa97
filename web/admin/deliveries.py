"""What has become of notifications, and the mails that are in doubt."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()
DAYS = 30


@pages.get("/admin/deliveries/mails")
async def mails_page(page: Page) -> Response:
    """What mails say and look like, with sample data: each template in each language."""
    template, language = page.query.get("template", "digest"), page.query.get("language") or page.reader.language
    found = await page.api.get("/v1/notifications/mail-preview", template=template, language=language)
    return page.html("admin/mails.html", mail=found)


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
