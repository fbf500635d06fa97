"""Appeals against outcomes: those of a run that are open, the oldest first, and an answer to each."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
APPEALS = "/teach/runs/{run_id}/appeals"


@pages.get(APPEALS)
async def appeals_page(page: Page) -> Response:
    """The appeals of the run."""
    return await _shown(page, Form(page, {}))


@pages.post(APPEALS)
async def answer_appeal(page: Page) -> Response:
    """Answer one; with a granted one the outcome from now on."""
    form, run_id = Form(page, await page.form()), page.parts["run_id"]
    learner_id, _, number = form["appeal"].partition("/")
    granted = form["answer"] == "grant"
    body: dict[str, Any] = {"granted": granted, "words": form["words"]}
    if granted and form["outcome"]:
        body["outcome"] = form["outcome"]
    try:
        answer = await page.api.send("/v1/learners/{}/runs/{}/appeals/{}/answer", learner_id, run_id, number, body=body)
    except Problem as problem:
        form.refused(problem)
        return await _shown(page, form)
    return page.go(address(run_id, "/appeals"), answer, page.say("Answered. The learner sees your words."))


async def _shown(page: Page, form: Form) -> Response:
    run_id, everything = page.parts["run_id"], page.query.get("all") == "1"
    run, appeals = await asyncio.gather(
        run_of(page), page.api.read("/v1/runs/{}/appeals", run_id, all="true" if everything else None)
    )
    return page.html(
        "teach/appeals.html",
        form.status,
        run=run.body,
        appeals=appeals["items"],
        names=await names_of(page, (each["learner_id"] for each in appeals["items"])),
        everything=everything,
        form=form,
        position=appeals.position,
    )
