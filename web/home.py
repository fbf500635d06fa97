"""The front: `/` is the landing page of visitors, and leads others to their desk; the language of the pages."""

from fastapi import Response

from web.page import Page, own_address
from web.routing import Pages

pages = Pages()


@pages.get("/", visitors=True)
async def front(page: Page) -> Response:
    """What the campus is, or the way to the desk."""
    return page.go("/learn") if page.user is not None else page.html("landing.html")


@pages.post("/language", visitors=True)
async def choose_language(page: Page) -> Response:
    """Show pages in another language from now on."""
    form = await page.form()
    return page.in_language(page.go(own_address(form.get("next", "/"))), form.get("language", ""))
