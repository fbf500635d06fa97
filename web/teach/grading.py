"""What waits for a person to grade it: the queue of a run, the oldest first, and one answer with its rubric."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem, on_the_form
from web.page import Page
from web.routing import Pages
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
MOST = 200
LEVEL = "level-"


@pages.get("/teach/runs/{run_id}/grading")
async def queue_page(page: Page) -> Response:
    """All that waits, in all quizzes of the run."""
    run, queue = await asyncio.gather(run_of(page), _queue(page))
    return page.html(
        "teach/grading.html",
        run=run.body,
        waiting=queue["waiting"],
        items=queue["items"],
        names=await names_of(page, (each["learner_id"] for each in queue["items"])),
        position=queue["position"],
    )


@pages.get("/teach/runs/{run_id}/grading/{quiz_id}/{handle}/{item_id}")
async def item_page(page: Page) -> Response:
    """One answer."""
    return await _item(page)


@pages.post("/teach/runs/{run_id}/grading/{quiz_id}/{handle}/{item_id}")
async def grade(page: Page) -> Response:
    """Give points, and go on with the next one."""
    form = await page.form()
    levels = {name.removeprefix(LEVEL): value for name, value in form.items() if name.startswith(LEVEL) and value}
    body = {"levels": levels, "comment": form.get("comment", "")}
    if form.get("earned"):
        body["earned"] = form["earned"].replace(",", ".")
    parts = [page.parts[name] for name in ("quiz_id", "handle", "item_id")]
    following = _after((await _queue(page))["items"], parts)
    try:
        answer = await page.api.send("/v1/quizzes/{}/grading/{}/items/{}", *parts, body=body)
    except Problem as problem:
        return await _item(page, on_the_form(problem), form)
    return page.go(_address(page.parts["run_id"], following), answer, page.say("Graded."))


async def _item(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    run, queue = await asyncio.gather(run_of(page), _queue(page))
    wanted = [page.parts[name] for name in ("quiz_id", "handle", "item_id")]
    places = [at for at, each in enumerate(queue["items"]) if _parts(each) == wanted]
    if not places:
        raise problem or NoSuchThing()
    return page.html(
        "teach/grade.html",
        200 if problem is None else problem.status,
        run=run.body,
        item=queue["items"][places[0]],
        names=await names_of(page, (queue["items"][places[0]]["learner_id"],)),
        place=places[0] + 1,
        among=len(queue["items"]),
        following=_address(page.parts["run_id"], _after(queue["items"], wanted)),
        position=queue["position"],
        problem=problem,
        sent=sent or {},
    )


async def _queue(page: Page) -> dict[str, Any]:
    found = await page.api.read("/v1/runs/{}/grading", page.parts["run_id"], limit=MOST)
    return {**found.body, "position": found.position}


def _parts(item: dict[str, Any]) -> list[str]:
    return [item["quiz_id"], item["handle"], item["item_id"]]


def _after(items: list[dict[str, Any]], parts: list[str]) -> dict[str, Any] | None:
    """The next item after this one that the reader can grade, from the top again at the end; None if there is none."""
    at = next((place for place, each in enumerate(items) if _parts(each) == parts), -1)
    around = [*items[at + 1 :], *items[: max(at, 0)]]
    return next((each for each in around if not each["graded_by_me"]), None)


def _address(run_id: str, item: dict[str, Any] | None) -> str:
    return address(run_id, "/grading" if item is None else "/grading/" + "/".join(_parts(item)))
