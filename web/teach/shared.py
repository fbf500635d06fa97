"""What the pages of a run have in common: the run of the address, and which refusals are shown on the form itself."""

from collections.abc import Container

from web.client import Answer
from web.page import Page

MOST_ROLES = 200


async def run_of(page: Page) -> Answer:
    """The run of the address."""
    return await page.api.read("/v1/runs/{}", page.parts["run_id"])


async def scopes_of(page: Page, roles: Container[str]) -> set[str]:
    """Where the reader has one of some roles: `campus`, `course:ID` or `run:ID`."""
    found = await page.api.read("/v1/me/roles", limit=MOST_ROLES)
    return {each["scope"] for each in found["items"] if each["role"] in roles}


def address(run_id: str, rest: str = "") -> str:
    """The address of a page of a run."""
    return f"/teach/runs/{run_id}{rest}"
