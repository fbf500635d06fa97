"""What runs are called, where an answer of the API has their ids alone."""

import asyncio
from collections.abc import Iterable

from web.client import Problem
from web.page import Page


async def titles_of(page: Page, run_ids: Iterable[str]) -> dict[str, str]:
    """The titles of runs by id; the id itself where the catalog has not got that far."""

    async def title(run_id: str) -> str:
        try:
            found: str = (await page.api.get("/v1/runs/{}", run_id))["title"]
        except Problem:
            return run_id
        return found

    wanted = sorted(set(run_ids))
    return dict(zip(wanted, await asyncio.gather(*map(title, wanted)), strict=True))
