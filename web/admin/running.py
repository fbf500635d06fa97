"""Work that has failed and waits for a person: jobs of the dispatcher, and reactions; bulk jobs."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/admin/jobs")
async def jobs_page(page: Page) -> Response:
    """What has failed, and what is done in bulk."""
    jobs, reactions, bulk = await asyncio.gather(
        page.api.get("/v1/jobs/failed", cursor=page.query.get("jobs")),
        page.api.get("/v1/reactions/failed", cursor=page.query.get("reactions")),
        page.api.get("/v1/bulk-jobs", cursor=page.query.get("bulk")),
    )
    return page.html("admin/jobs.html", jobs=jobs.body, reactions=reactions.body, bulk=bulk.body)


@pages.post("/admin/jobs/{job_id}/{act}")
async def settle_job(page: Page) -> Response:
    """Try a job again, or take it off the list."""
    return await _settle(page, f"/v1/jobs/{page.parts['job_id']}")


@pages.post("/admin/reactions/{position}/{reaction}/{act}")
async def settle_reaction(page: Page) -> Response:
    """Try a reaction again, or take it off the list."""
    return await _settle(page, f"/v1/reactions/{page.parts['position']}/{page.parts['reaction']}")


async def _settle(page: Page, path: str) -> Response:
    reason = (await page.form()).get("reason", "")
    if page.parts["act"] == "dismiss":
        answer = await page.api.send(f"{path}/dismiss", body={"reason": reason}, reason=reason)
        return page.go("/admin/jobs", answer, page.say("It is off the list."))
    answer = await page.api.send(f"{path}/retry", body={}, reason=reason)
    return page.go("/admin/jobs", answer, page.say("It is tried again."))
