"""How a run goes, in one look: who came how far, activity, grades, who is at risk and why, what waits for a grade."""

import asyncio

from fastapi import Response

from domain.grading import PASS_BP
from domain.progress.at_risk import QUIET_DAYS
from web.page import Page
from web.routing import Pages
from web.teach.activity import heat_map_of
from web.teach.names import names_of
from web.teach.shared import run_of

pages = Pages()


@pages.get("/teach/runs/{run_id}")
async def run_page(page: Page) -> Response:
    """The state of now; it is drawn again whenever a figure of the run changes."""
    run_id = page.parts["run_id"]
    run, dashboard, at_risk, ungraded, unanswered, cases = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/dashboard", run_id),
        page.api.read("/v1/runs/{}/at-risk", run_id, limit=20, cursor=page.query.get("risk")),
        page.api.read("/v1/runs/{}/ungraded", run_id),
        page.api.read("/v1/runs/{}/unanswered", run_id, limit=1),
        page.api.read("/v1/runs/{}/moderation", run_id, limit=1),
    )
    return page.html(
        "teach/run.html",
        run=run.body,
        dashboard=dashboard.body,
        heat=heat_map_of(dashboard["weeks"], page.reader),
        at_risk=at_risk.body,
        names=await names_of(page, (each["learner_id"] for each in at_risk["items"])),
        quiet_days=QUIET_DAYS,
        pass_bp=PASS_BP,
        ungraded=ungraded.body,
        unanswered=unanswered["waiting"],
        cases=cases["waiting"],
        position=min(each.position for each in (dashboard, at_risk, ungraded, unanswered, cases)),
    )
