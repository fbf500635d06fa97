"""What a learner sees on arrival: one document of the read model learner_dashboard."""

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/learn")
async def learner_home(page: Page) -> Response:
    """The courses, and what is next in each."""
    dashboard = await page.api.read("/v1/me/dashboard")
    return page.html("learn/home.html", dashboard=dashboard.body)
