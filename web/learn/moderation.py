"""What a learner has reported in the forum of a run, and what was decided about own posts there."""

import asyncio
from collections.abc import Mapping

from fastapi import Response

from web.client import Problem, on_the_form
from web.page import Page
from web.routing import Pages

pages = Pages()
PATH = "/learn/runs/{run_id}/moderation"


@pages.get(PATH)
async def moderation_page(page: Page) -> Response:
    """Own reports, and decisions about own posts."""
    return await _shown(page)


@pages.post(PATH)
async def act(page: Page) -> Response:
    """Take a report back, or contest a decision."""
    form = await page.form()
    try:
        return await _done(page, form)
    except Problem as problem:
        return await _shown(page, on_the_form(problem), form)


async def _shown(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    run_id = page.parts["run_id"]
    player, own = await asyncio.gather(
        page.api.read("/v1/me/runs/{}/player", run_id), page.api.read("/v1/me/runs/{}/moderation", run_id)
    )
    return page.html(
        "learn/moderation.html",
        problem.status if problem else 200,
        run={"run_id": run_id, "title": player["title"]},
        own=own.body,
        form=form,
        problem=problem,
        position=own.position,
    )


async def _done(page: Page, form: Mapping[str, str]) -> Response:
    do, run_id, key = form.get("do"), page.parts["run_id"], form.get("key", "")
    parts = form.get("report" if do == "withdraw" else "decision", "").split("/")
    post = "/v1/runs/{}/threads/{}/posts/{}"
    if do == "withdraw" and len(parts) == 2:
        answer = await page.api.send(f"{post}/report/withdraw", run_id, *parts, body={}, key=key)
        said = page.say("Your report is taken back.")
    elif do == "appeal" and len(parts) == 3 and parts[2].isdecimal() and len(parts[2]) < 6:
        body = {"case_no": int(parts[2]), "words": form.get("words", "")}
        answer = await page.api.send(f"{post}/appeal", run_id, *parts[:2], body=body, key=key)
        said = page.say("Your appeal is with those who teach the run.")
    else:
        raise Problem(400, {"code": "bad_request", "detail": ""})
    return page.go(f"/learn/runs/{run_id}/moderation", answer, said)
