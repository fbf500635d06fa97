"""`/styleguide`: every component of the pages in its states, for those who write pages."""

import re
from functools import cache

from fastapi import Response

from web.assets import STATIC
from web.page import Page
from web.routing import Pages

pages = Pages()
ICON = re.compile(r'<symbol id="([a-z0-9-]+)"')


@pages.get("/styleguide", visitors=True)
async def styleguide(page: Page) -> Response:
    """All of them."""
    return page.html("styleguide.html", icons=icons())


@cache
def icons() -> tuple[str, ...]:
    """The names of all icons."""
    return tuple(ICON.findall((STATIC / "icons.svg").read_text()))
