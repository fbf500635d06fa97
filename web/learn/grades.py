"""Grades of a run with what they are made of and why, appeals against its outcome, and the transcript."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
GRADES = "/learn/runs/{run_id}/grades"
MOST = 200  # entries of one answer of the API
OF_RUN = {"grade": "grade_bp", "grade_so_far": "grade_so_far_bp", "percent": "percent", "outcome": "outcome"}
"""What is asked about in an address, and the field of the learner's dashboard that it is."""


@pages.get(GRADES)
async def grades_page(page: Page) -> Response:
    """Both grades, the categories, each assessment, the outcome with its history, appeals."""
    return await _shown(page)


@pages.post(GRADES)
async def appeal(page: Page) -> Response:
    """Appeal against the outcome, or take an appeal back."""
    form, run_id = await page.form(), page.parts["run_id"]
    if taken_back := form.get("withdraw"):
        path = "/v1/progress/appeals/{}/withdraw"
        answer = await page.api.send(path, taken_back, body={"run_id": run_id})
        return page.go(GRADES.format(run_id=run_id), answer, page.say("Your appeal was taken back."))
    try:
        answer = await page.api.send("/v1/progress/appeals", body={"run_id": run_id, "words": form.get("words", "")})
    except Problem as problem:
        return await _shown(page, problem, form.get("words", ""))
    return page.go(GRADES.format(run_id=run_id), answer, page.say("Your appeal was sent. You see the answer here."))


@pages.get(f"{GRADES}/why")
async def why_page(page: Page) -> Response:
    """Why a number of the grades is what it is: the facts that made it, in order, and the rule."""
    run_id, of = page.parts["run_id"], page.query.get("of", "")
    learner_id = page.user.subject if page.user is not None else ""
    if not of or "," in of or "/" in of:
        raise NoSuchThing
    place = {"view": "gradebook", "key": f"{run_id},{of},{learner_id}", "field": "best_bp"}
    if of in OF_RUN:
        place = {"view": "learner_dashboard", "key": learner_id, "field": f"courses/{run_id}/{OF_RUN[of]}"}
    why, run = await asyncio.gather(
        page.api.get("/v1/why", **place, cursor=page.query.get("cursor")),
        page.api.read("/v1/me/runs/{}", run_id, limit=MOST),
    )
    titles = {unit["unit_id"]: unit["title"] for unit in run["items"]}
    if of not in OF_RUN:
        grades = await page.api.read("/v1/me/runs/{}/grades", run_id, limit=MOST)
        titles |= {each["quiz_id"]: each["title"] for each in grades["items"]}
    values = {"why": why.body, "of": of, "run": run["run"], "titles": titles, "is_of_run": of in OF_RUN}
    return page.html("learn/why.html", position=why.position, **values)


@pages.get("/learn/transcript")
async def transcript_page(page: Page) -> Response:
    """All courses with a place or an outcome, and what certifies it."""
    transcript = await page.api.read("/v1/me/transcript")
    return page.html("learn/transcript.html", transcript=transcript.body, position=transcript.position)


async def _shown(page: Page, problem: Problem | None = None, words: str = "") -> Response:
    run_id = page.parts["run_id"]
    run, grades, transcript, appeals = await asyncio.gather(
        page.api.read("/v1/me/runs/{}", run_id, limit=MOST),
        page.api.read("/v1/me/runs/{}/grades", run_id, limit=MOST),
        page.api.read("/v1/me/transcript"),
        page.api.read("/v1/me/runs/{}/appeals", run_id),
    )
    ended = next((each for each in transcript["runs"] if each["run_id"] == run_id), None)
    values = {
        "run": run["run"],
        "units": {unit["unit_id"]: unit for unit in run["items"]},
        "assessments": grades["items"],
        "counts": _counts(run["run"]),
        "ended": ended,
        "appeals": appeals["items"],
        "has_open": any(each["status"] == "open" for each in appeals["items"]),
        "position": min(run.position, grades.position),
    }
    return page.html("learn/grades.html", problem.status if problem else 200, problem=problem, words=words, **values)


def _counts(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """How each unit counts in the grade, where grades are by categories."""
    return {unit["unit_id"]: unit for category in run.get("categories", ()) for unit in category["units"]}
