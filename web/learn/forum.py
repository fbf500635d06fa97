"""The forum of a run, on the desk of a learner."""

from web.forum import ForumRun, pages_of
from web.page import Page


async def _run(page: Page) -> ForumRun:
    player = await page.api.read("/v1/me/runs/{}/player", page.parts["run_id"])
    units = [(unit["unit_id"], unit["title"]) for section in player["sections"] for unit in section["units"]]
    return ForumRun({"run_id": page.parts["run_id"], "title": player["title"]}, units)


pages = pages_of("learn", _run)
