"""What the pages of admins have in common."""

from web.page import Page


async def for_admins(page: Page) -> None:
    """Ask what only admins may, for a page of the desk whose parts each user may read; raises Problem."""
    await page.api.get("/v1/settings")
