"""The forum of a run, on the desk of those who teach it, who decide about its threads and posts."""

from web.forum import ForumRun, pages_of
from web.page import Page
from web.teach.shared import run_of


async def _run(page: Page) -> ForumRun:
    run = await run_of(page)
    version = await page.api.read("/v1/courses/{}/versions/{}", run["course_id"], str(run["course_version"]))
    return ForumRun(run.body, [(unit["unit_id"], unit["title"]) for unit in version["units"]])


pages = pages_of("teach", _run)
