"""The forum of a run, on the desk of those who teach it, who decide about its threads and posts."""

import asyncio
from collections.abc import Mapping

from fastapi import Response

from web.client import Answer, Problem
from web.forum import asked, done, note_read, texts_of, thread_of, threads_of
from web.page import Page
from web.routing import Pages
from web.teach.shared import on_the_form, run_of

pages = Pages()
FORUM = "/teach/runs/{run_id}/forum"
DESK = "teach"


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
    """Reply, remove, restore, vote, accept, pin, close, move, or hear more or less of the thread."""
    form = await page.form()
    try:
        return await done(page, DESK, form)
    except Problem as problem:
        return await _thread(page, on_the_form(problem), form)


async def _threads(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    run, threads = await asyncio.gather(run_of(page), threads_of(page))
    return page.html(
        "teach/forum.html",
        problem.status if problem else 200,
        run=run.body,
        units=await _units(page, run),
        threads=threads.body,
        form=form,
        problem=problem,
        position=threads.position,
    )


async def _thread(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    run, found = await asyncio.gather(run_of(page), thread_of(page))
    if problem is None:
        await note_read(page, found)
    return page.html(
        "teach/thread.html",
        problem.status if problem else 200,
        run=run.body,
        units=await _units(page, run),
        found=found.body,
        texts=texts_of(found),
        form=form,
        problem=problem,
        position=found.position,
    )


async def _units(page: Page, run: Answer) -> list[tuple[str, str]]:
    """The units of the run, by id and title."""
    version = await page.api.read("/v1/courses/{}/versions/{}", run["course_id"], str(run["course_version"]))
    return [(unit["unit_id"], unit["title"]) for unit in version["units"]]
