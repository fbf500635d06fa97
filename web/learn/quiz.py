"""A quiz before an attempt: its rules, the attempts so far, and what it takes to start."""

import asyncio

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.titles import titles_of

pages = Pages()
QUIZ = "/learn/runs/{run_id}/quizzes/{quiz_id}"
OF_ENTRY = frozenset(("wrong_quiz_password", "honour_needed"))


@pages.get(QUIZ)
async def quiz_page(page: Page) -> Response:
    """The rules and the attempts."""
    return await _shown(page)


@pages.post(QUIZ)
async def start(page: Page) -> Response:
    """Start an attempt, or go on with the one that runs."""
    form, quiz_id = await page.form(), page.parts["quiz_id"]
    body = {"password": form.get("password", ""), "honour": "honour" in form}
    try:
        answer = await page.api.send("/v1/quizzes/{}/attempts", quiz_id, body=body)
    except Problem as problem:
        return await _shown(page, problem, honour=body["honour"] is True)
    return page.go(f"/learn/quizzes/{quiz_id}/attempts/{answer['attempt_no']}", answer)


async def _shown(page: Page, problem: Problem | None = None, *, honour: bool = False) -> Response:
    quiz_id, run_id = page.parts["quiz_id"], page.parts["run_id"]
    entry, attempts, titles = await asyncio.gather(
        page.api.read("/v1/me/quizzes/{}", quiz_id),
        page.api.read("/v1/me/quizzes/{}/attempts", quiz_id),
        titles_of(page, [run_id]),
    )
    of_field = problem.code if problem is not None and problem.code in OF_ENTRY else ""
    values = {"quiz": entry.body, "attempts": attempts["items"], "position": entry.position, "honour": honour}
    values["course_title"] = titles.get(entry["run_id"], entry["run_id"])
    status = problem.status if problem is not None else 200
    return page.html("learn/quiz.html", status, problem=problem, of_field=of_field, **values)
