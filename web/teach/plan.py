"""
Runs as those who plan them have them: a new one, a clone, and what of a run can be changed: seats, version, cohorts.

Times are typed by the clocks of the run.
"""

import asyncio
from datetime import datetime
from typing import Any

from fastapi import Response

from domain.catalog import PACINGS
from web.client import NoSuchThing, Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form, as_local, id_of, late_of, tomorrow
from web.teach.shared import address, run_of
from web.words import NOTHING, zone_of

pages = Pages()
NEW, PLAN = "/teach/courses/{course_id}/new-run", "/teach/runs/{run_id}/plan"
ABOUT = {
    "would end before": "ends_at",
    "time zone": "time_zone",
    "registration for run": "registration_closes_at",
    "late policy": "late-rule",
    "with another plan": "run_id",
    "has no version": "course_version",
    "needs a seat": "capacity",
}
CHANGES = {
    "open": ("/v1/runs/{}/open", ()),
    "close": ("/v1/runs/{}/close", ()),
    "capacity": ("/v1/runs/{}/capacity", ("capacity", "excess")),
    "version": ("/v1/runs/{}/version", ("course_version",)),
    "cohort": ("/v1/runs/{}/cohorts", ("cohort_id", "name", "begins_at")),
    "extension": ("/v1/runs/{}/extensions", ("unit_id", "learner_ids", "new_due", "reason")),
}
NUMBERS, TIMES = ("capacity", "course_version"), ("begins_at", "new_due")


@pages.get(NEW)
async def new_run_page(page: Page) -> Response:
    """A form for a run, empty but for what is usual."""
    now, zone = page.reader.now, page.reader.zone
    fields = {
        "starts_at": tomorrow(now, 14, zone),
        "ends_at": tomorrow(now, 98, zone),
        "time_zone": zone.key,
        "pacing": "instructor",
        "seat_offer_hours": "48",
    }
    return await _new(page, Form(page, fields))


@pages.post(NEW)
async def schedule(page: Page) -> Response:
    """Plan the run, and open it if that is wished."""
    form = Form(page, await page.form())
    plan = _plan(form)
    if not form.is_right:
        return await _new(page, form)
    try:
        answer = await page.api.send("/v1/runs", body=plan)
        if form["open"]:
            answer = await page.api.send("/v1/runs/{}/open", plan["run_id"])
    except Problem as problem:
        form.refused(problem, ABOUT)
        return await _new(page, form)
    return page.go(address(plan["run_id"], "/plan"), answer, page.say("The run is planned."))


def _plan(form: Form) -> dict[str, Any]:
    zone = form["time_zone"] or "UTC"
    times = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
    moments = {name: form.moment(name, zone) for name in times}
    for name in times[:2]:
        if moments[name] is None:
            form.errors.setdefault(name, form.page.say("A run has a beginning and an end"))
    course_id, starts = form.page.parts["course_id"], moments["starts_at"] or ""
    return {
        "run_id": form["run_id"] or id_of(f"{course_id}-{starts[:10]}"),
        "course_id": course_id,
        "course_version": form.whole("course_version", 1, 100_000) or 1,
        **moments,
        "capacity": form.whole("capacity", 1, 1_000_000),
        "pacing": form["pacing"],
        "seat_offer_hours": form.whole("seat_offer_hours", 0, 8_760),
        "time_zone": zone,
        "waitlist_limit": form.whole("waitlist_limit", 0, 1_000_000),
        "late": late_of(form),
        "due_from": form["due_from"] or None,
    }


async def _new(page: Page, form: Form) -> Response:
    course = await page.api.read("/v1/courses/{}", page.parts["course_id"])
    return page.html(
        "teach/new-run.html", form.status, course=course.body, pacings=PACINGS, form=form, position=course.position
    )


@pages.get(PLAN)
async def plan_page(page: Page) -> Response:
    """How the run is planned."""
    return await _shown(page, Form(page, {}))


@pages.post(PLAN)
async def change(page: Page) -> Response:
    """Change one thing of the plan, by the button that was pressed."""
    form, run_id = Form(page, await page.form()), page.parts["run_id"]
    if form["do"] == "clone":
        return await _clone(page, form)
    if form["do"] not in CHANGES:
        raise NoSuchThing
    path, names = CHANGES[form["do"]]
    run = (await run_of(page)).body
    body: dict[str, Any] = {name: form.whole(name, 1, 1_000_000) if name in NUMBERS else form[name] for name in names}
    body |= {name: form.moment(name, run["time_zone"]) for name in TIMES if name in body}
    if "learner_ids" in body:
        body["learner_ids"] = form["learner_ids"].replace(",", " ").split()
    if "cohort_id" in body:
        taken = [each["cohort_id"] for each in run["cohorts"]]
        body["cohort_id"] = form["cohort_id"] or id_of(form["name"], taken, "cohort")
    if not form.is_right:
        return await _shown(page, form)
    try:
        answer = await page.api.send(path, run_id, body=body)
    except Problem as problem:
        form.refused(problem, {"seat": "capacity", "cohort": "begins_at", "deadline": "new_due"})
        return await _shown(page, form)
    return page.go(address(run_id, "/plan"), answer, page.say("The plan is changed."))


async def _clone(page: Page, form: Form) -> Response:
    """Plan the run once more, from another time on, with its quizzes and their rules."""
    run = (await run_of(page)).body
    starts = form.moment("starts_at", run["time_zone"])
    if starts is None:
        form.errors.setdefault("starts_at", page.say("A run has a beginning and an end"))
        return await _shown(page, form)
    body = {"run_id": form["run_id"] or id_of(f"{run['course_id']}-{starts[:10]}"), "starts_at": starts}
    version = form.whole("course_version", 1, 100_000)
    try:
        answer = await page.api.send(
            "/v1/runs/{}/clone", page.parts["run_id"], body={**body, "course_version": version}
        )
    except Problem as problem:
        form.refused(problem, ABOUT)
        return await _shown(page, form)
    return page.go(address(body["run_id"], "/plan"), answer, page.say("The run is planned as the other was."))


async def _shown(page: Page, form: Form) -> Response:
    run = await run_of(page)
    course_id, version = run["course_id"], str(run["course_version"])
    course, structure, staff = await asyncio.gather(
        page.api.read("/v1/courses/{}", course_id),
        page.api.read("/v1/courses/{}/versions/{}", course_id, version),
        _staff(page, run.body),
    )
    return page.html(
        "teach/plan.html",
        form.status,
        run=run.body,
        course=course.body,
        sees_course=_sees_course(page, course_id),
        due=[each for each in structure["units"] if each.get("due_after_days") is not None],
        staff=staff,
        form=form,
        in_zone=lambda moment: _in_zone(page, moment, run["time_zone"]),
        next_start=as_local(run["ends_at"], run["time_zone"]),
        position=min(run.position, course.position),
    )


def _in_zone(page: Page, moment: str | None, zone: str) -> str:
    """A moment by the clocks of the run."""
    if moment is None:
        return NOTHING
    local = datetime.fromisoformat(moment).astimezone(zone_of(zone))
    return f"{page.reader._replace(zone=zone_of(zone)).date(local)}, {local:%H:%M}"


def _sees_course(page: Page, course_id: str) -> bool:
    """Whether the pages of the course are for the reader, who may assist on the run only."""
    roles = page.user.roles if page.user is not None else ()
    return not {"admin", "auditor", "analyst", f"instructor@course:{course_id}"}.isdisjoint(roles)


async def _staff(page: Page, run: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Who teaches or assists, by roles of the run and of its course; None for readers who may not see that."""
    try:
        found = await asyncio.gather(
            page.api.read("/v1/roles", scope=f"run:{run['run_id']}", limit=200),
            page.api.read("/v1/roles", scope=f"course:{run['course_id']}", limit=200),
        )
    except Problem as problem:
        if problem.status == 403:
            return None
        raise
    return [each for answer in found for each in answer["items"]]
