"""The forum of a run, on the desk of a learner."""

import asyncio
from collections.abc import Mapping

from fastapi import Response

from web.client import Problem
from web.forum import asked, done, note_read, texts_of, thread_of, threads_of
from web.page import Page
from web.routing import Pages
from web.teach.shared import on_the_form

pages = Pages()
FORUM = "/learn/runs/{run_id}/forum"
DESK = "learn"


@pages.get(FORUM)
async def forum_page(page: Page) -> Response:
    """The threads of the run, and the form for a new one."""
    return await _threads(page)


@pages.post(FORUM)
async def ask(page: Page) -> Response:
    """Ask a question, or begin a discussion."""
    form = await page.form()
    try:
        return await asked(page, DESK, form)
    except Problem as problem:
        return await _threads(page, on_the_form(problem), form)


@pages.get(f"{FORUM}/{{thread_id}}")
async def thread_page(page: Page) -> Response:
    """A thread with its posts; what the page shows is read."""
    return await _thread(page)


@pages.post(f"{FORUM}/{{thread_id}}")
async def act(page: Page) -> Response:
    """Reply, change, remove, vote, accept, or hear more or less of the thread."""
    form = await page.form()
    try:
        return await done(page, DESK, form)
    except Problem as problem:
        return await _thread(page, on_the_form(problem), form)


async def _threads(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    player, threads = await asyncio.gather(
        page.api.read("/v1/me/runs/{}/player", page.parts["run_id"]), threads_of(page)
    )
    units = [(unit["unit_id"], unit["title"]) for section in player["sections"] for unit in section["units"]]
    values = {"run": {"run_id": page.parts["run_id"], "title": player["title"]}, "units": units, "form": form}
    status = problem.status if problem else 200
    return page.html(
        "learn/forum.html", status, threads=threads.body, problem=problem, position=threads.position, **values
    )


async def _thread(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    player, found = await asyncio.gather(page.api.read("/v1/me/runs/{}/player", page.parts["run_id"]), thread_of(page))
    if problem is None:
        await note_read(page, found)
    values = {"run": {"run_id": page.parts["run_id"], "title": player["title"]}, "form": form, "found": found.body}
    status = problem.status if problem else 200
    return page.html(
        "learn/thread.html", status, texts=texts_of(found), problem=problem, position=found.position, **values
    )
