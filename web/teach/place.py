"""Where a thread of a forum stands: its topic and run, and the thread to which it leads on, as the staff decide."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem, on_the_form
from web.forum import AT_ONCE, thread_of, topics_of
from web.page import Page
from web.routing import Pages
from web.teach.shared import address, run_of

pages = Pages()
PLACE = "/teach/runs/{run_id}/forum/{thread_id}/place"
MOST_RUNS = 100  # of the course, to choose from


@pages.get(PLACE)
async def place_page(page: Page) -> Response:
    """Forms to put the thread into another topic, to move it to another run, to merge and to separate it."""
    return await _shown(page)


@pages.post(PLACE)
async def act(page: Page) -> Response:
    """Do what the form asks for, and go to the thread where it then stands."""
    form = await page.form()
    run_id, thread_id = page.parts["run_id"], page.parts["thread_id"]
    path, body = _command(form)
    try:
        answer = await page.api.send(f"/v1/runs/{{}}/threads/{{}}{path}", run_id, thread_id, body=body)
    except Problem as problem:
        return await _shown(page, on_the_form(problem), form)
    return page.go(
        address(body.get("to_run", run_id), f"/forum/{thread_id}"), answer, page.say("The thread was moved.")
    )


def _command(form: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The route of a form's command under that of the thread, and its body."""
    match form.get("do"):
        case "topic":
            return "/topic", {"topic_id": form.get("topic_id", "")}
        case "run":
            return "/run", {"to_run": form.get("to_run", "")}
        case "merge":
            return "/merge", {"into": form.get("other", "").rpartition("/")[2] or form.get("into", "")}
        case "separate":
            return "/separate", {}
    raise NoSuchThing


async def _shown(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    run, found, topics, threads = await asyncio.gather(
        run_of(page),
        thread_of(page),
        topics_of(page),
        page.api.read("/v1/runs/{}/threads", page.parts["run_id"], limit=AT_ONCE),
    )
    runs = await page.api.read("/v1/runs", course_id=run["course_id"], sort="starts_at", order="desc", limit=MOST_RUNS)
    return page.html(
        "teach/place.html",
        problem.status if problem else 200,
        run=run.body,
        thread=found["thread"],
        topics=topics["items"],
        threads=[each for each in threads["items"] if each["thread_id"] != page.parts["thread_id"]],
        runs=[each for each in runs["items"] if each["run_id"] != page.parts["run_id"]],
        form=form,
        problem=problem,
        position=found.position,
    )
