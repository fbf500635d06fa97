"""Who is on a run and who waits: let one in or out, invite, or take a list from elsewhere, first as a trial."""

import asyncio
from base64 import b64encode
from typing import Any

from fastapi import Response

from web.client import Problem, on_the_form
from web.page import Page
from web.routing import Pages
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
STATES = ("active", "waitlisted", "offered", "requested", "suspended", "completed", "withdrawn", "expired", "ended")
SORTS = ("learner", "grade", "grade_so_far", "percent")


@pages.get("/teach/runs/{run_id}/roster")
async def roster_page(page: Page) -> Response:
    """The learners of the run."""
    return await _roster(page)


@pages.get("/teach/runs/{run_id}/roster.csv", whole=False)
async def roster_file(page: Page) -> Response:
    """All learners of the run, for a spreadsheet."""
    return page.file(await page.api.csv("/v1/runs/{}/learners", page.parts["run_id"]))


@pages.post("/teach/runs/{run_id}/roster/enroll")
async def enroll(page: Page) -> Response:
    """Let a person in, or onto the waitlist if the run is full."""
    form = await page.form()
    body = {"run_id": page.parts["run_id"], "learner_id": form.get("learner_id", "")}
    return await _act(page, "/v1/enrollments", body, form, page.say("The place is given."))


@pages.post("/teach/runs/{run_id}/roster/withdraw")
async def withdraw(page: Page) -> Response:
    """Take a place away, with why."""
    form = await page.form()
    body = {"run_id": page.parts["run_id"], **{name: form.get(name, "") for name in ("learner_id", "reason")}}
    return await _act(page, "/v1/enrollments/withdraw", body, form, page.say("The place is taken away."))


@pages.post("/teach/runs/{run_id}/roster/invite")
async def invite(page: Page) -> Response:
    """Invite a person by mail, who may have no account yet."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("email", "display_name")}
    path = f"/v1/runs/{page.parts['run_id']}/invitations"
    return await _act(page, path, body, form, page.say("The invitation is on its way."))


@pages.post("/teach/runs/{run_id}/roster/import")
async def import_list(page: Page) -> Response:
    """A list as CSV: what it would do, line by line, or do it."""
    form = await page.form()
    body = {"file": b64encode(form.get("list", "").encode()).decode(), "dry_run": form.get("act") != "import"}
    try:
        report = await page.api.send("/v1/runs/{}/roster-imports", page.parts["run_id"], body=body)
    except Problem as problem:
        return await _roster(page, on_the_form(problem), form)
    if body["dry_run"] or report["refused"]:
        return await _roster(page, sent=form, report=report.body)
    said = page.say("The list is being worked through, line by line.")
    return page.go(address(page.parts["run_id"], "/roster"), report, said)


async def _act(page: Page, path: str, body: dict[str, Any], form: dict[str, str], notice: str) -> Response:
    """Send a command, and come back to the roster."""
    try:
        answer = await page.api.send(path, body=body, reason=form.get("reason", ""))
    except Problem as problem:
        return await _roster(page, on_the_form(problem), form)
    return page.go(address(page.parts["run_id"], "/roster"), answer, notice)


async def _roster(
    page: Page,
    problem: Problem | None = None,
    sent: dict[str, str] | None = None,
    report: dict[str, Any] | None = None,
) -> Response:
    run_id = page.parts["run_id"]
    wanted = {name: page.query.get(name, "") for name in ("status", "q", "cohort_id", "sort", "order", "cursor")}
    wanted["sort"] = wanted["sort"] if wanted["sort"] in SORTS else "learner"
    wanted["order"] = "desc" if wanted["order"] == "desc" else "asc"
    wanted["status"] = wanted["status"] if wanted["status"] in STATES else ""
    run, learners, waitlist = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/learners", run_id, **wanted),
        page.api.read("/v1/runs/{}/waitlist", run_id),
    )
    shown = [each["learner_id"] for each in (*learners["items"], *waitlist["items"])]
    return page.html(
        "teach/roster.html",
        200 if problem is None else problem.status,
        run=run.body,
        learners=learners.body,
        waitlist=waitlist.body,
        names=await names_of(page, shown),
        wanted=wanted,
        states=STATES,
        position=min(learners.position, waitlist.position),
        problem=problem,
        sent=sent or {},
        report=report,
    )
