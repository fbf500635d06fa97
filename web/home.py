"""The front: `/` is the landing page of visitors, and leads others to their desk; the language of the pages."""

from fastapi import Response

from web.page import Page, own_address
from web.routing import Pages

pages = Pages()


@pages.get("/", visitors=True)
async def front(page: Page) -> Response:
    """What the campus is, or the way to the desk: for the staff that of their role."""
    if page.user is None:
        return page.html("landing.html")
    others = page.desks[1:]
    return page.go("/admin" if "admin" in others else f"/{[*others, 'learn'][0]}")


@pages.post("/language", visitors=True)
async def choose_language(page: Page) -> Response:
    """Show pages in another language from now on."""
    form = await page.form()
    return page.in_language(page.go(own_address(form.get("next", "/"))), form.get("language", ""))
