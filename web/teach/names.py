"""The names of learners for the pages of a run: of those whose ids a page shows, as far as its reader may see them."""

import asyncio
from collections.abc import Iterable
from typing import Any

from api.http.names import may_see_names
from web.client import Problem
from web.page import Page

AT_ONCE = 200  # ids of one request


async def names_of(page: Page, learner_ids: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    """What the learners are called, by id; nothing for a reader who sees ids, or while the names cannot be read."""
    wanted = sorted({each for each in learner_ids if each})
    if page.user is None or not await may_see_names(page.services, page.user, page.parts["run_id"]):
        return {}
    parts = [wanted[first : first + AT_ONCE] for first in range(0, len(wanted), AT_ONCE)]
    try:
        answers = await asyncio.gather(*(_read(page, part) for part in parts))
    except Problem as problem:
        if problem.status in (403, 404, 503):
            return {}
        raise
    return {each["learner_id"]: each for items in answers for each in items}


async def _read(page: Page, part: list[str]) -> list[dict[str, Any]]:
    found = await page.api.get("/v1/runs/{}/names", page.parts["run_id"], ids=",".join(part), limit=AT_ONCE)
    items: list[dict[str, Any]] = found["items"]
    return items
